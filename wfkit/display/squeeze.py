"""Our scripts and style sheets without what only their writers need: they travel in every output of a notebook.

This is no minifier for anybody's code. It knows the code in `static`: names stay as they are, statements end in
semicolons, a comment after code holds no quotation marks, and a division has blanks around it.
"""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r'^\s*//.*$|\s//[^"`\n]*$', re.MULTILINE)
# Strings, templates and regular expressions stay as they are. The last begin where no value stands before.
_KEPT: Final = re.compile(
    r'("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`'
    r'|(?<![\w)\]"`])(?<![\w)\]"`]\s)/(?![/*\s])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*)'
)
# No blank goes from between two signs that would become another one: a + +b.
_SIGN: Final = re.compile(r" ?([{}()\[\];,<>=*%&|^!?:~/]|(?<![+-])(?<![+-] )[+-](?! ?[+-])) ?")
_OPENED: Final = re.compile(r"(?<=[{(\[,;:?=&|>])\n")
_CLOSED: Final = re.compile(r";?\n?(?=})|\n(?=[)\].?:&|])")


def squeeze_script(text: str) -> str:
    """Return a script of ours without comments and needless blanks."""
    lines = (line.strip() for line in _COMMENT.sub("", text).split("\n"))
    parts = _KEPT.split("\n".join(filter(None, lines)))
    parts[::2] = (_CLOSED.sub("", _OPENED.sub("", _SIGN.sub(r"\1", part))) for part in parts[::2])
    return "".join(parts)


def squeeze_style(text: str) -> str:
    """Return a style sheet of ours without comments and needless blanks."""
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    return re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r":\s", ":", text)).replace(";}", "}").strip()
