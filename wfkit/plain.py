"""Text of anybody's, made plain: on one line, without what a terminal or a page would take for more than text."""

from __future__ import annotations

import re
from collections.abc import Callable

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# Line breaks of every kind become a space; the other control characters, the marks that turn the direction of
# writing, lone surrogates and the code points that XML forbids or that are not for plain text go.
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_NAME_OF: Callable[[type], str] = type.__dict__["__name__"].__get__


def clean(text: str) -> str:
    """Return text on one line, without control characters, escape sequences or marks that reorder it."""
    return _UNFIT.sub("", _BREAKS.sub(" ", _ANSI.sub("", text)))


def cut(text: str, limit: int) -> str:
    """Return text of at most `limit` characters; what is left out shows as an ellipsis."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def name_of_type(value: object, limit: int = 120) -> str:
    """Return the name of a value's class, which its metaclass may give otherwise, or not at all."""
    return cut(clean(_NAME_OF(type(value))), limit)


def exact(text: str) -> str:
    """Return text as a plain `str`, whatever a class of its own would make of its length, parts and comparisons."""
    return str.__str__(text)


def brief(text: str, limit: int) -> str:
    """Return text fit to be shown, of at most `limit` characters; of an endless one only the beginning is looked at."""
    return cut(clean(text if len(text) <= 4 * limit else text[: 4 * limit] + "…"), limit)
