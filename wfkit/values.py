"""Values of users, fit to be shown: clean, short, and without secrets.

Whatever an event, the state or an error carries is hostile here: it may be a megabyte long, hold control characters or
a password, or raise when asked for its repr, its class or its name. Nothing in this module raises. Escaping for a
format (HTML, Mermaid) is done where the format is written.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections import UserList, deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from wfkit.events import Event
from wfkit.masking import MASK, is_secret_name, misfits, veiled
from wfkit.plain import brief, clean, cut, exact, name_of_type

VALUE_LIMIT = 200
FIELD_LIMIT = 60  # characters of a field's name
_DEPTH, _ITEMS = 4, 6
_MOST_SORTED = 1_000
_ERROR = 4_000  # characters of an argument of an error
_INPUT = re.compile(
    r", input_value=[\s\S]{0,2000}?, input_type=\w+(?=\])"
)  # what pydantic writes of data that do not fit

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
# Containers whose items are looked at one by one, so that secrets in them are masked. A subclass with a repr of its own
# shows itself.
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
    deque: ("deque([", "])"),
}


def shown(value: Any, limit: int = VALUE_LIMIT) -> str:
    """Return what to show of a value: its repr, cleaned, cut, stable from run to run, with secrets masked.

    Args:
        value: anything; it may raise when it is looked at.
        limit: greatest number of characters.
    """
    return cut(clean(_spell(value, limit, _DEPTH)), limit)


def fields_of(event: Event, limit: int = VALUE_LIMIT, most: int | None = None) -> list[tuple[str, str]]:
    """Return an event's fields, declared and undeclared, as (name, what to show of the value).

    Args:
        event: the event.
        limit: greatest number of characters of a value.
        most: of more fields than this, the first ones.
    """
    found = islice(values_of(event).items(), most)
    return [(field_name(name), MASK if is_secret_name(name) else shown(value, limit)) for name, value in found]


def values_of(event: Event) -> dict[Any, Any]:
    """Return an event's fields as they are, but for those that their author keeps out of its repr.

    One that does not let itself be read, because it was built in some way of its own, has none.
    """
    try:
        return _read(event)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return {}


def _read(model: BaseModel) -> dict[Any, Any]:
    fields = {**model.__dict__, **(model.__pydantic_extra__ or {})}
    for name, field in type(model).model_fields.items():
        if not field.repr:
            fields.pop(name, None)
    return fields


def field_name(name: object) -> str:
    """Return the name of a field, fit to be shown."""
    return brief(exact(name), FIELD_LIMIT) if isinstance(name, str) else "?"


def _spell(value: Any, limit: int, depth: int) -> str:
    try:
        text = _spell_known(value, limit, depth)
        return exact(text)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a repr, an attribute, a class or an iteration of the user's own that fails, or exits
        return f"<{name_of_type(value)}, not showable>"


def _spell_known(value: Any, limit: int, depth: int) -> str:
    kind = type(value)
    own_repr: Any = kind.__repr__
    if issubclass(kind, (SecretStr, SecretBytes)):
        return MASK
    for text in (str, bytes):
        if issubclass(kind, text) and own_repr is text.__repr__:
            # Cut before repr: the repr of a megabyte is a megabyte of work.
            return repr(text.__getitem__(value, slice(0, limit + 1)))
    if issubclass(kind, BaseModel):
        return _spell_fields(name_of_type(value), _read(value), limit, depth)
    if dataclasses.is_dataclass(kind):
        told = {field.name: getattr(value, field.name) for field in dataclasses.fields(kind) if field.repr}
        return _spell_fields(name_of_type(value), told, limit, depth)
    if issubclass(kind, types.SimpleNamespace):
        return _spell_fields("namespace", vars(value), limit, depth)
    if issubclass(kind, BaseException):
        arguments = _join((_spell(item, limit, depth - 1) for item in value.args), len(value.args), depth)
        return f"{name_of_type(value)}({arguments})"
    named = getattr(kind, "_fields", None)
    if issubclass(kind, tuple) and isinstance(named, tuple):
        return _spell_fields(name_of_type(value), dict(zip(named, value, strict=False)), limit, depth)
    if issubclass(kind, Mapping):
        return _spell_mapping(value, limit, depth)
    if issubclass(kind, UserList):
        return _spell_items(value.data, _BRACKETS[list], limit, depth)
    for base, brackets in _BRACKETS.items():
        if issubclass(kind, base) and own_repr is base.__repr__:
            return _spell_items(value, brackets, limit, depth)
    return _ADDRESS.sub("", cut(repr(value), 4 * limit))


def _spell_mapping(value: Mapping[Any, Any], limit: int, depth: int) -> str:
    pairs = (
        f"{_spell(key, limit, depth - 1)}: {MASK if is_secret_name(key) else _spell(item, limit, depth - 1)}"
        for key, item in value.items()
    )
    return "{" + _join(pairs, len(value), depth) + "}"


def _spell_items(value: Any, brackets: tuple[str, str], limit: int, depth: int) -> str:
    """Spell a list or the like; a set in an order that is the same in every process."""
    opening, closing = brackets
    count = len(value)
    if not issubclass(type(value), (set, frozenset)):
        return opening + _join((_spell(item, limit, depth - 1) for item in value), count, depth) + closing
    if count > _MOST_SORTED:
        return f"{{… {count:,} items …}}"
    if not count:
        return f"{name_of_type(value)}()"
    items = sorted(_spell(item, min(limit, 40), depth - 1) for item in value)
    return opening + _join(items, count, depth) + closing


def _spell_fields(name: str, fields: Mapping[str, Any], limit: int, depth: int) -> str:
    pairs = (
        f"{field_name(key)}={MASK if is_secret_name(key) else _spell(item, limit, depth - 1)}"
        for key, item in fields.items()
    )
    return f"{name}({_join(pairs, len(fields), depth)})"


def _join(parts: Iterable[str], count: int, depth: int) -> str:
    if depth <= 0 and count:
        return "…"
    taken = list(islice(parts, _ITEMS))
    return ", ".join([*taken, "…"] if count > len(taken) else taken)


def said(error: BaseException) -> str:
    """Return the text of an error without the secrets that were given to it; "" if it has none.

    Python and pydantic write into it what did not fit. Here pydantic's errors tell the place and the reason, and
    arguments with a secret in them are masked. What its author has put into words is left as it is.

    Example:
        assert said(ValueError({"password": "hunter2"})) == "{'password': ****}"
    """
    try:
        return without_input(exact(_said(error)))
    except KeyboardInterrupt:
        raise
    except BaseException:  # an error of the user's own whose text raises
        return "(its message cannot be shown)"


def without_input(text: str) -> str:
    """Return text in which somebody quotes an error of pydantic's, without the data that did not fit."""
    return _INPUT.sub("", text) if "input_value=" in text else text


def _said(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        number = error.error_count()
        return f"{number} validation error{'' if number == 1 else 's'} for {error.title}: {misfits(error)}"
    if type(error).__str__ in (BaseException.__str__, KeyError.__str__):
        told = error.args[0] if len(error.args) == 1 else error.args
        if isinstance(told, BaseException):
            return said(told)
        if not isinstance(told, str) and veiled(told) is not told:
            return shown(told, _ERROR)
    return str(error)
