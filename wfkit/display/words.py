"""The words of the drawings: what they tell of values, counts, and how wide a text is."""

from __future__ import annotations

import unicodedata

from wfkit.plain import brief, clean, cut, exact, name_of_type
from wfkit.values import FIELD_LIMIT, VALUE_LIMIT, field_name, fields_of, shown, values_of

__all__ = [
    "FIELD_LIMIT",
    "TIMES",
    "VALUE_LIMIT",
    "brief",
    "clean",
    "columns",
    "count",
    "cut",
    "exact",
    "field_name",
    "fields_of",
    "name_of_type",
    "shown",
    "values_of",
]

TIMES = "\u00d7"


def columns(text: str) -> int:
    """Return how many columns of a monospaced font the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def count(number: int, word: str) -> str:
    """Return how many there are of something.

    Example:
        assert count(1_200, "event") == "1,200 events"
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"
