"""A value as a person reads it: all of it as text, line by line, and its own rich picture where it has one."""

from __future__ import annotations

import base64
import dataclasses
import re
import sys
import types
from collections import UserList, deque
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr

from wfkit.display.words import clean, field_name, name_of_type, shown
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.spelling import ABSENT, named_parts

_DEEPEST: Final = 20
LINE: Final = 76  # characters
_ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
_SCRIPT: Final = re.compile(r"<script\b.*?(</script\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")
_MOST_HTML: Final = 300_000
_MOST_IMAGE: Final = 2_000_000
_IMAGES: Final = {"image/png": "_repr_png_", "image/jpeg": "_repr_jpeg_", "image/svg+xml": "_repr_svg_"}
_HTML: Final = "text/html"
_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
}


def whole(value: Any, limit: int, line: int = LINE) -> tuple[str, bool]:
    """Return a value as text on as many lines as it takes, cleaned, with secrets masked.

    Args:
        value: anything; it may raise when it is looked at.
        limit: greatest number of characters.
        line: a list, a dictionary or a model that takes fewer characters stands on one line; 0: none does.

    Returns:
        The text, and whether there is more of it.
    """
    pieces: list[str] = []
    total = 0
    for piece in _spelled(value, limit, line):
        pieces.append(piece)
        total += len(piece)
        if total > limit:
            return "".join(pieces)[:limit], True
    return "".join(pieces), False


def _spelled(value: Any, limit: int, line: int) -> Iterator[str]:
    if type(value) is str:
        yield _cleaned(value[: limit + 1])
        return
    try:
        yield from _spell(value, "", (limit, line), ())
    except Exception:  # of the user's own: a mapping, an iteration, a class
        yield f"<{name_of_type(value)}, not showable>"


def _spell(value: Any, indent: str, room: tuple[int, int], above: tuple[int, ...]) -> Iterator[str]:
    limit, line = room
    short = shown(value, line) if line else "…"
    if len(short) < line and "…" not in short and not _is_other(value):
        yield short
        return
    if issubclass(type(value), (SecretStr, SecretBytes)):
        yield MASK
        return
    found = _members(value)
    if found is None:
        yield _own_words(value, limit)
        return
    opening, closing, members = found
    if id(value) in above or len(above) >= _DEEPEST:
        yield f"{opening}…{closing}"
        return
    yield f"{opening}\n"
    for name, item in members:
        yield f"{indent}  {name}"
        secret = item is ABSENT
        yield from ((MASK,) if secret else _spell(item, f"{indent}  ", room, (*above, id(value))))
        yield ",\n"
    yield f"{indent}{closing}"


def _members(value: Any) -> tuple[str, str, Iterator[tuple[str, Any]]] | None:
    """Return what opens and closes a value, and its members with their names; ABSENT stands for a secret."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(kind):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}
        hidden = {field.name for field in dataclasses.fields(kind) if not field.repr}
        return f"{name_of_type(value)}(", ")", _named(fields, hidden)
    if issubclass(kind, types.SimpleNamespace):
        return "namespace(", ")", _named(vars(value), ())
    if issubclass(kind, Mapping):
        return "{", "}", _keyed(value)
    named = named_parts(value)
    if named is not None:
        return f"{name_of_type(value)}(", ")", _named(named.parts, named.hidden)
    if issubclass(kind, UserList):
        return "[", "]", (("", item) for item in value.data)
    for base, (opening, closing) in _BRACKETS.items():
        if issubclass(kind, base) and kind.__repr__ is base.__repr__:
            return opening, closing, (("", item) for item in value)
    return None


def _named(fields: Mapping[Any, Any], hidden: Container[Any]) -> Iterator[tuple[str, Any]]:
    for name, item in fields.items():
        yield f"{field_name(name)}=", ABSENT if name in hidden or is_secret_name(name) else item


def _keyed(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key in value:
        yield f"{shown(key, LINE)}: ", ABSENT if is_secret_name(key) else value[key]


def _is_other(value: Any) -> bool:
    """Whether a value spells itself, perhaps on several lines."""
    return _members(value) is None and not issubclass(
        type(value), (str, bytes, int, float, complex, type(None), SecretStr, SecretBytes, BaseException)
    )


def _own_words(value: Any, limit: int) -> str:
    if issubclass(type(value), (str, bytes, BaseException)):
        return shown(value, limit + 2)
    try:
        text = str.__str__(repr(value))
    except Exception:
        return f"<{name_of_type(value)}, not showable>"
    return _ADDRESS.sub("", _cleaned(text[: limit + 100]))


def _cleaned(text: str) -> str:
    return "\n".join(clean(line) for line in text.split("\n"))


def rich(value: Any) -> dict[str, str] | None:
    """Return the picture that a value makes of itself for a notebook, None if it makes none, or one that is too large.

    Args:
        value: anything.

    Returns:
        `type`, "text/html" or that of an image, and `data`: HTML, or the image in base64. It is the user's: show it in
        a frame that is shut in.
    """
    if issubclass(type(value), (str, bytes, int, float, dict, list, tuple, type(None), BaseModel, type)):
        return None
    for kind, data in _offered(value):
        if kind == _HTML:
            if isinstance(data, str) and data and len(data) <= _MOST_HTML:
                return {"type": kind, "data": _SCRIPT.sub("", data).encode("utf-8", "replace").decode()}
            continue
        image = data.encode("utf-8", "replace") if isinstance(data, str) and kind == "image/svg+xml" else data
        if isinstance(image, str) and _BASE64.fullmatch(image[: _MOST_IMAGE + 1]):  # in base64 already
            return {"type": kind, "data": "".join(image.split())} if len(image) <= _MOST_IMAGE else None
        if isinstance(image, bytes) and 0 < len(image) <= _MOST_IMAGE:
            return {"type": kind, "data": base64.b64encode(image).decode()}
    return None


def _offered(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a value shows of itself, by type: by its own methods, else as the notebook would show it."""
    found = False
    for kind, method in (*_IMAGES.items(), (_HTML, "_repr_html_")):
        try:
            shows = getattr(type(value), method, None)
            data = shows(value) if shows is not None else None
        except Exception:
            continue
        data = data[0] if isinstance(data, tuple) and data else data
        if data is not None:
            found = True
            yield kind, data
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None or found:
        return
    try:
        bundle, _ = formatter.format(value, include=[*_IMAGES, _HTML])
    except Exception:
        return
    yield from bundle.items()
