"""Writes a run at each of its stops, and what has not changed since the stop before only once."""

from __future__ import annotations

import json
from operator import is_
from typing import Any

from wfkit.context import Context
from wfkit.events import Event
from wfkit.serialize import BaseSerializer

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})


class Writer(BaseSerializer):
    """A serializer that remembers how it has written the events of the last snapshot.

    A thousand held events would else be written anew at every step. Only an event whose fields are all plain values is
    remembered: of any other nobody can tell whether it has changed inside.

    Args:
        serializer: does the work.
    """

    def __init__(self, serializer: BaseSerializer) -> None:
        self._serializer = serializer
        self._before: dict[int, tuple[Event, dict[str, Any], Any]] = {}
        self._now: dict[int, tuple[Event, dict[str, Any], Any]] = {}

    def write(self, context: Context[Any]) -> str:
        """Return a snapshot as JSON.

        Raises:
            ContextSerdeError, TypeError, ValueError: something in it cannot be written.
        """
        self._before, self._now = self._now, {}
        return json.dumps(context.to_dict(self))

    def encode(self, value: Any) -> Any:
        if not isinstance(value, Event):
            return self._serializer.encode(value)
        fields = value.__dict__
        found = self._before.get(id(value)) or self._now.get(id(value))
        if found is None or found[0] is not value or not _same(fields, found[1]) or value.__pydantic_extra__:
            written = self._serializer.encode(value)
            if value.__pydantic_extra__ or not _PLAIN.issuperset(map(type, fields.values())):
                return written
            found = (value, dict(fields), written)
        self._now[id(value)] = found
        return found[2]

    def decode(self, value: Any) -> Any:
        return self._serializer.decode(value)

    def serialize(self, value: Any) -> str:
        return self._serializer.serialize(value)

    def deserialize(self, value: str) -> Any:
        return self._serializer.deserialize(value)


def _same(fields: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether fields hold the very same values as before."""
    return fields.keys() == before.keys() and all(map(is_, fields.values(), before.values()))
