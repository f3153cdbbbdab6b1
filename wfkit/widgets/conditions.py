"""A breakpoint's condition that comes from a page: an expression that can compare and count, and do nothing else.

What is typed in a cell may be any expression. A page is more than a cell: a dashboard shows widgets to people who may
run no code, so what a page sends must not be able to reach beyond the event and the state.
"""

from __future__ import annotations

import ast
from typing import Final

from wfkit.masking import is_secret_name

LONGEST: Final = 500  # characters
MOST_PARTS: Final = 100
_CALLED: Final = frozenset({"abs", "all", "any", "bool", "float", "int", "len", "max", "min", "round", "sum"})
_PLAIN: Final = (
    *(ast.Expression, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.unaryop, ast.Compare, ast.cmpop, ast.IfExp, ast.Load),
    *(ast.Constant, ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.Set),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Div, ast.FloorDiv),  # no product or power, which a short text can make endless
)


def checked(text: str) -> str:
    """Return a condition that is harmless.

    Args:
        text: what was written.

    Raises:
        ValueError: it is no expression, or one that only a cell may use.

    Example:
        assert checked("score > 0.5 and state['user'] == 'Ada'")
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"A condition has at most {LONGEST} characters here.")
    try:
        parts = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r} is no expression: {getattr(error, 'msg', error)}. Write n > 3.") from None
    odd = next((part for part in parts if not _is_plain(part)), None)
    if odd is not None or len(parts) > MOST_PARTS:
        raise ValueError(
            f"{text!r} is more than a comparison of fields, event and state. Set that one in a cell: "
            f"debugger.break_at(when=...)."
        )
    if any(_names_secret(part) for part in parts):  # asked often enough, it would be told letter by letter
        raise ValueError("A condition here may not ask about what is masked. Use debugger.break_at(...) in a cell.")
    return text


def _names_secret(part: ast.AST) -> bool:
    name = {ast.Name: "id", ast.Attribute: "attr", ast.Constant: "value"}.get(type(part))
    return name is not None and is_secret_name(getattr(part, name))


def _is_plain(part: ast.AST) -> bool:
    if isinstance(part, ast.Name):
        return not part.id.startswith("_")
    if isinstance(part, ast.Attribute):
        return not part.attr.startswith("_")
    if isinstance(part, ast.Call):
        return isinstance(part.func, ast.Name) and part.func.id in _CALLED and not part.keywords
    if isinstance(part, ast.BinOp):  # of numbers: names are not put together here
        return isinstance(part, _PLAIN) and not any(_is_text(found) for found in ast.walk(part))
    return isinstance(part, _PLAIN)


def _is_text(part: ast.AST) -> bool:
    return isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes))
