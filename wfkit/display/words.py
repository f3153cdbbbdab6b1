"""Text that comes from users' data, made fit to be shown: clean, short, and without secrets.

Whatever an event carries is hostile here: it may be a megabyte long, hold control characters or a password, or raise
when asked for its repr. Nothing in this module raises. Escaping for a format (HTML, Mermaid) is done where the format
is written.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from wfkit.events import Event
from wfkit.masking import MASK, is_secret_name

TIMES = "\u00d7"
VALUE_LIMIT = 200
_DEPTH, _ITEMS = 4, 6

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# Line breaks of every kind become a space; the other control characters, the marks that turn the direction of
# writing, lone surrogates and the code points that XML forbids go.
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def clean(text: str) -> str:
    """Return text on one line, without control characters, escape sequences or marks that reorder it."""
    return _UNFIT.sub("", _BREAKS.sub(" ", _ANSI.sub("", text)))


def cut(text: str, limit: int) -> str:
    """Return text of at most `limit` characters; what is left out shows as an ellipsis."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def columns(text: str) -> int:
    """Return how many columns of a monospaced font the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def shown(value: Any, limit: int = VALUE_LIMIT) -> str:
    """Return what to show of a value: its repr, cleaned, cut, stable from run to run, with secrets masked.

    Args:
        value: anything; it may raise when it is looked at.
        limit: greatest number of characters.
    """
    return cut(clean(_spell(value, limit, _DEPTH)), limit)


def fields_of(event: Event, limit: int = VALUE_LIMIT) -> list[tuple[str, str]]:
    """Return an event's fields, declared and undeclared, as (name, what to show of the value)."""
    try:
        found = {**event.__dict__, **(event.__pydantic_extra__ or {})}
    except Exception:  # an event built in some way of its own still gets drawn
        return []
    return [(clean(str(name)), MASK if is_secret_name(name) else shown(value, limit)) for name, value in found.items()]


def _spell(value: Any, limit: int, depth: int) -> str:
    try:
        return _spell_known(value, limit, depth)
    except Exception:  # a repr, an attribute or an iteration of the user's own that fails
        return f"<{type(value).__name__}, not showable>"


def _spell_known(value: Any, limit: int, depth: int) -> str:
    if isinstance(value, (SecretStr, SecretBytes)):
        return MASK
    if type(value) in (str, bytes):
        # Cut before repr: the repr of a megabyte is a megabyte of work.
        return repr(value[: limit + 1])
    if isinstance(value, BaseModel):
        fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        return _spell_fields(type(value).__name__, fields, limit, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _spell_fields(type(value).__name__, fields, limit, depth)
    if isinstance(value, Mapping):
        pairs = (
            f"{_spell(key, limit, depth - 1)}: {MASK if is_secret_name(key) else _spell(item, limit, depth - 1)}"
            for key, item in value.items()
        )
        return "{" + _join(pairs, len(value), depth) + "}"
    if type(value) in (list, tuple, set, frozenset):
        items: Iterable[Any] = (
            sorted(value, key=repr) if isinstance(value, AbstractSet) and len(value) < 1_000 else value
        )
        opening, closing = "[]" if type(value) is list else "()" if type(value) is tuple else "{}"
        return opening + _join((_spell(item, limit, depth - 1) for item in items), len(value), depth) + closing
    text: str = repr(value)
    return _ADDRESS.sub("", cut(text, 4 * limit))


def _spell_fields(name: str, fields: Mapping[str, Any], limit: int, depth: int) -> str:
    pairs = (f"{key}={MASK if is_secret_name(key) else _spell(item, limit, depth - 1)}" for key, item in fields.items())
    return f"{name}({_join(pairs, len(fields), depth)})"


def _join(parts: Iterable[str], count: int, depth: int) -> str:
    if depth <= 0 and count:
        return "…"
    taken = [part for _, part in zip(range(_ITEMS), parts, strict=False)]
    return ", ".join([*taken, "…"] if count > len(taken) else taken)
