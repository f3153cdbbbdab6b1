"""Copies of state that can be changed and thrown away."""

from __future__ import annotations

import copy
from collections.abc import Iterator, MutableMapping
from typing import Any

from pydantic import BaseModel

_ATOMIC = frozenset({str, int, float, bool, type(None), bytes, complex, type, range})


def isolated(value: Any) -> Any:
    """Return a deep copy in which whatever cannot be copied (a lock, a client, a connection) is shared.

    Fields that a pydantic model excludes from its dump are shared as well: they are declared not to be data.
    """
    if type(value) in _ATOMIC:
        return value
    if isinstance(value, BaseModel):
        return _isolated_model(value)
    try:
        return copy.deepcopy(value)
    except Exception:  # a live thing somewhere inside: copy around it
        return _isolated_container(value)


def _isolated_model(model: BaseModel) -> BaseModel:
    twin = model.model_copy()
    fields = type(model).model_fields
    for name, value in model.__dict__.items():
        if not (name in fields and fields[name].exclude):
            twin.__dict__[name] = isolated(value)
    if twin.__pydantic_extra__:
        twin.__pydantic_extra__.update({key: isolated(value) for key, value in twin.__pydantic_extra__.items()})
    return twin


def _isolated_container(value: Any) -> Any:
    if type(value) is list:
        return [isolated(item) for item in value]
    if type(value) is tuple:
        return tuple(isolated(item) for item in value)
    if isinstance(value, dict):
        twin = copy.copy(value)
        for key, item in value.items():
            twin[key] = isolated(item)
        return twin
    return value


class KeysAsAttributes:
    """A mapping whose keys can be written as attributes, too."""

    def __getattr__(self: Any, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the state has no key {name!r}") from None

    def __setattr__(self: Any, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self: Any, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the state has no key {name!r}") from None


class Draft(KeysAsAttributes, MutableMapping[str, Any]):
    """A dictionary as it will be: reads fall through to the original, and a value is copied when first touched.

    Keys can be written as attributes, as on the state itself.
    """

    def __init__(self, original: dict[str, Any]) -> None:
        # Around __setattr__, which writes keys.
        self.__dict__.update(_original=original, _copied={}, _written={}, _deleted=set())

    def __getitem__(self, key: str) -> Any:
        if key in self._written:
            return self._written[key]
        if key in self._copied:
            return self._copied[key]
        if key in self._deleted:
            raise KeyError(key)
        value = self._original[key]
        if type(value) not in _ATOMIC:
            value = self._copied[key] = isolated(value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._written[key] = value
        if self._deleted:
            self._deleted.discard(key)

    def __delitem__(self, key: str) -> None:
        self[key]  # a missing key raises, as in any mapping
        self._written.pop(key, None)
        self._copied.pop(key, None)
        if key in self._original:
            self._deleted.add(key)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._original if key not in self._deleted)
        yield from (key for key in self._written if key not in self._original)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return key in self._written or (key in self._original and key not in self._deleted)

    def __repr__(self) -> str:
        return f"Draft({dict(self)!r})"

    def commit(self) -> tuple[str, ...]:
        """Put the changes into the original and return the keys that changed."""
        original: dict[str, Any] = self._original
        written: dict[str, Any] = self._written
        changed = list(written)
        for key, value in self._copied.items():
            if key not in written:
                if differs(value, original[key]):
                    changed.append(key)
                # In place even if it looks the same: not everything that can change takes part in a comparison.
                original[key] = value
        original.update(written)
        for key in self._deleted:
            del original[key]
        return (*changed, *sorted(self._deleted))


def differs(value: Any, other: Any) -> bool:
    """Whether two values are unequal, or do not say."""
    try:
        return bool(value != other)
    except Exception:  # arrays and the like do not compare to a truth value; call it changed
        return True
