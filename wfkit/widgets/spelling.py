"""Values as text that a person edits, and back: what still reads the same is the very object that it was. Pure.

What no text can stand for is refused here, so that nobody edits half of it. Secrets leave as masks, and a mask that
comes back stands for the secret that was at its place.
"""

from __future__ import annotations

import copy
import dataclasses
import ipaddress
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel, RootModel, SecretBytes, SecretStr, TypeAdapter, ValidationError

from wfkit.display.words import brief
from wfkit.masking import MASK, is_secret_name

ABSENT: Any = object()  # there is no value
LONGEST: Final = 20_000  # characters that a control holds
DEEPEST: Final = 20
_SECRETS: Final = (SecretStr, SecretBytes)
_LISTS: Final = (list, tuple, set, frozenset, deque)


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _duration(value: timedelta) -> str:
    return str(adapter(timedelta).dump_python(value, mode="json"))


def _pattern(value: re.Pattern[Any]) -> str:
    if not isinstance(value.pattern, str) or value.flags != re.compile(value.pattern).flags:
        raise ValueError("flags and bytes cannot be told")
    return value.pattern


# What one line of text stands for, as pydantic reads it too.
_SPELLED: Final[dict[type, Callable[[Any], str]]] = {
    **dict.fromkeys((datetime, date, time), _iso),
    **dict.fromkeys((UUID, Decimal, PosixPath, WindowsPath, PurePosixPath, PureWindowsPath, complex), str),
    **dict.fromkeys((ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network), str),
    timedelta: _duration,
    bytes: lambda value: value.decode("utf-8") if len(value) <= 4 * LONGEST else _refuse("too long"),
    re.Pattern: _pattern,
}


def _refuse(why: str) -> Any:
    raise ValueError(why)


@lru_cache(maxsize=64)
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads values of a type. The latest are kept: making one takes a millisecond."""
    return TypeAdapter(kind)


def is_spelled(value: Any) -> bool:
    """Whether one line of text stands for a value that is no text itself, such as a date."""
    return type(value) in _SPELLED


def spelled(value: Any) -> str:
    """Return the line of text that stands for a value.

    Raises:
        ValueError: none does.
    """
    return _SPELLED[type(value)](value)


def read_as(kind: type, text: Any) -> Any:
    """Return a value of a type that was typed, or is plain data.

    Raises:
        ValueError: it is none; the message does not tell what was typed.
    """
    try:
        return adapter(kind).validate_python(text, strict=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, found["loc"]))
        raise ValueError(brief(f"{where}: {found['msg']}" if where else found["msg"], 300)) from None


class Named(NamedTuple):
    """What is in an object that has named parts.

    Attributes:
        parts: by name.
        hidden: names of parts that their author keeps out of its repr, or that are named like secrets.
    """

    parts: Mapping[Any, Any]
    hidden: frozenset[Any]


def named_parts(value: Any) -> Named | None:
    """Return what is in a model, a data class, a named tuple or a dictionary; None for anything else."""
    kind = type(value)
    hidden: Iterable[Any] = ()
    parts: Mapping[Any, Any]
    if issubclass(kind, BaseModel):
        parts = parts_of(value)
        hidden = (name for name, info in kind.model_fields.items() if not info.repr)
    elif dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(kind)
        parts = {field.name: getattr(value, field.name) for field in fields if field.init}
        hidden = (field.name for field in fields if not field.repr)
    elif issubclass(kind, tuple) and isinstance(names := getattr(kind, "_fields", None), tuple):
        parts = dict(zip(names, value, strict=True))
    elif issubclass(kind, dict):
        parts = value
    else:
        return None
    return Named(parts, frozenset(hidden) | {name for name in parts if is_secret_name(name)})


def parts_of(value: Any) -> dict[Any, Any]:
    """Return what is in a dictionary or a model, by name."""
    kind = type(value)
    if issubclass(kind, BaseModel):
        own = value.__dict__
        declared = {name: own[name] for name in kind.model_fields if name in own}
        return {**declared, **(getattr(value, "__pydantic_extra__", None) or {})}
    return value if issubclass(kind, dict) else {}


# -- to JSON -------------------------------------------------------------------------------------------------------


def as_json(value: Any, room: int = LONGEST) -> Any:
    """Return a value as JSON says it, with secrets masked.

    Args:
        value: anything.
        room: about how many characters it may take.

    Raises:
        ValueError: JSON cannot say it, or it takes more room.
    """
    return _told(value, [room], 0)


def _told(value: Any, room: list[int], depth: int) -> Any:
    kind = type(value)
    room[0] -= len(value) if issubclass(kind, (str, dict, *_LISTS)) else 1
    if room[0] < 0 or depth > DEEPEST:
        raise ValueError("too long, or too deep")
    if issubclass(kind, _SECRETS):
        return MASK
    if value is None or kind in (str, int, float, bool):
        return value
    if issubclass(kind, Enum):
        return _told(value.value, room, depth + 1)
    if kind in _SPELLED:
        return spelled(value)
    if issubclass(kind, RootModel):
        return _told(value.root, room, depth + 1)
    named = named_parts(value)
    if named is not None:
        return {
            _json_name(name): MASK if name in named.hidden else _told(item, room, depth + 1)
            for name, item in named.parts.items()
        }
    if issubclass(kind, _LISTS):
        told = [_told(item, room, depth + 1) for item in value]
        return sorted(told, key=_mark) if issubclass(kind, (set, frozenset)) else told
    raise ValueError("nothing that JSON can say")


def _json_name(name: Any) -> str:
    if type(name) is int:  # as JSON, and pydantic after it, has them
        return str(name)
    return name if type(name) is str else _refuse("JSON has names only")


def _mark(told: Any) -> str:
    """Return what tells plain data apart; True is not 1."""
    return json.dumps(told, sort_keys=True)


# -- and back ------------------------------------------------------------------------------------------------------


def from_json(typed: Any, old: Any, free: bool) -> Any:
    """Return what was meant by JSON that a person has typed in the place of a value.

    Args:
        typed: the JSON, read.
        old: what stood there, or ABSENT. What reads as before is taken from it.
        free: whether nothing but the old value tells what is meant; else its class reads what comes of it.

    Raises:
        ValueError: a mask stands where no secret was, or the old value's class refuses it.
    """
    if old is not ABSENT and _reads_as(old, typed):
        return old
    kind = type(old)
    if isinstance(typed, dict):
        return _of_kind(_from_dict(typed, old, free), old, free)
    if isinstance(typed, list):
        inside = list(old) if issubclass(kind, _LISTS) and named_parts(old) is None else []
        return _of_kind(_from_list(typed, inside, free), old, free)
    if free and isinstance(typed, str) and (kind in _SPELLED or issubclass(kind, (Enum, *_SECRETS))):
        try:
            return read_as(kind, typed)
        except ValueError:
            return typed
    return typed


def _reads_as(old: Any, typed: Any) -> bool:
    try:
        return _mark(as_json(old)) == _mark(typed)
    except Exception:  # it does not let itself be looked at, or JSON cannot say it
        return False


def _from_dict(typed: dict[str, Any], old: Any, free: bool) -> dict[Any, Any]:
    named = named_parts(old) or Named({}, frozenset())
    names = {str(name): name for name in named.parts if type(name) in (str, int)}
    numbered = bool(named.parts) and all(type(name) is int for name in named.parts)
    made = {}
    for told, item in typed.items():
        name = names.get(told, int(told) if numbered and told.isdecimal() and len(told) < 20 else told)
        before = named.parts.get(name, ABSENT)
        hidden = name in named.hidden or is_secret_name(told)
        if hidden and item == MASK:
            made[name] = before if before is not ABSENT else _refuse(_UNKNOWN)
        else:
            made[name] = from_json(item, before, free)
    return made


_UNKNOWN: Final = f"{MASK} stands for a secret that is not known here; type the secret."


def _from_list(typed: list[Any], old: list[Any], free: bool) -> list[Any]:
    """Take items that read as before from where they were, and compare the others with what was at their place."""
    marks = [_mark_of(item) for item in old]
    places: dict[str | None, list[int]] = {}
    for place in reversed(range(len(old))):
        places.setdefault(marks[place], []).append(place)
    made = []
    for place, item in enumerate(typed):
        mark = _mark(item)
        if place < len(old) and marks[place] == mark:
            made.append(old[place])
        elif places.get(mark):
            found = places[mark]
            made.append(old[found.pop() if len(found) > 1 else found[0]])
        else:
            made.append(from_json(item, old[place] if len(old) == len(typed) else ABSENT, free))
    return made


def _mark_of(value: Any) -> str | None:
    try:
        return _mark(as_json(value))
    except Exception:  # the user's own
        return None


def _of_kind(made: Any, old: Any, free: bool) -> Any:
    """Return a list or a dictionary as an object of the class that stood there."""
    kind = type(old)
    if kind is deque and isinstance(made, list):
        return deque(made, old.maxlen)
    if kind in (tuple, set, frozenset) and isinstance(made, list):
        return kind(made)
    if isinstance(made, dict) and issubclass(kind, dict) and kind is not dict:
        twin = copy.copy(old)
        twin.clear()
        twin.update(made)
        return twin
    if isinstance(made, dict) and issubclass(kind, tuple):  # a named one: no class takes a dictionary for it
        return kind(*made.values()) if tuple(made) == getattr(kind, "_fields", None) else made
    return read_as(kind, made) if free and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)) else made
