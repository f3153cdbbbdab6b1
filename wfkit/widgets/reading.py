"""What stands in a control, read as the value that was meant. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from wfkit.display.words import count
from wfkit.widgets.fields import Field
from wfkit.widgets.spelling import ABSENT, from_json, is_spelled, read_as

_INTEGER: Final = re.compile(r"[+-]?\d+(_\d+)*")
_LONG: Final = 4_000  # digits
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}


def read_value(field: Field, value: Any, old: Any = ABSENT) -> Any:
    """Return the value that is meant by what stands in a control.

    Args:
        field: what was asked for.
        value: what the page sent: text, a truth value, the place of a choice, None.
        old: what stood there before, for whatever in it stays as it is.

    Raises:
        ValueError: it cannot be read; the message says why, and tells no secret.
    """
    if field.kind == "fixed":
        raise ValueError("This cannot be changed here.")
    if value is None or (value == "" and field.nullable):
        if field.nullable:
            return None
        raise ValueError("Needed.")
    if field.reads == "bool":
        return _read_truth(value)
    if field.reads == "choice":
        return _read_choice(field, value)
    if not isinstance(value, str):
        raise ValueError("This is no text.")
    if field.reads == "number":
        return _read_number(value)
    if field.reads == "json":
        return from_json(_read_json(value), old, field.free)
    if field.reads == "any":
        try:
            typed = _read_json(value)
        except ValueError:
            return value
        return from_json(typed, old, field.free)
    return _read_text(field, value, old)


def stands_as_it_was(field: Field, value: Any) -> bool:
    """Whether a control shows what it showed at first, so that nothing was meant by it."""
    return field.kind not in ("secret", "fixed") and type(value) is type(field.value) and value == field.value


def _read_text(field: Field, value: str, old: Any) -> Any:
    if field.free and is_spelled(old):
        return read_as(type(old), value)
    if type(old) is str and "\r\n" in old:  # a page has its own ends of lines
        return value.replace("\r\n", "\n").replace("\n", "\r\n")
    return value


def _read_truth(value: Any) -> bool:
    truth = _TRUTH.get(value.strip().lower()) if type(value) is str else value
    if not isinstance(truth, bool):
        raise ValueError("Say true or false.")
    return truth


def _read_choice(field: Field, value: Any) -> Any:
    if type(value) is str:  # typed unseen
        value = next((n for n, choice in enumerate(field.choices) if str(choice) == value), -1)
    if type(value) is not int or not 0 <= value < len(field.choices):
        raise ValueError(f"Choose one of the {count(len(field.choices), 'value')}.")
    return field.choices[value]


def _read_number(text: str) -> int | float:
    text = text.strip()
    try:
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        told = "This is no number." if text else "Needed."
        raise ValueError(told if len(text) < _LONG else "This number is too long.") from None


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"This is no JSON: {error.msg} at {where}.") from None
    except (RecursionError, ValueError):
        raise ValueError("This is no JSON that can be read: it is too deep, or a number in it too long.") from None
