"""What a run shows to whoever watches it: its stream, and the fuller streams that somebody has asked for.

The fuller ones have internal events in them, or what child runs have shown. They are made from the records when they
are first asked for, so a run that nobody watches that closely pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wfkit.events import Event
from wfkit.plan import Plan
from wfkit.records import ChildStreamed, EventStreamed, Record
from wfkit.seam import Emit
from wfkit.stream import Stream


class Shown:
    """The streams of one run.

    Args:
        plan: the run's steps.

    Attributes:
        plain: the events that the run shows, and nothing else.
        write: adds an event to it. A step's own events get into the fuller streams by their records.
    """

    __slots__ = ("_faces", "_plan", "last", "plain", "write")

    def __init__(self, plan: Plan) -> None:
        self.plain = Stream(plan.name)
        self.write: Callable[[Event], None] = self.plain.write
        self.last: Event | None = None
        self._plan = plan
        self._faces: dict[tuple[bool, bool], Stream] = {}

    def look(self, internal: bool, children: bool, past: Iterable[Record]) -> tuple[Stream, Emit | None]:
        """Return a stream, and for a new one what must see each record from now on.

        Args:
            internal: whether it has internal events.
            children: whether it has what child runs have shown.
            past: the records so far.
        """
        if not internal and not children:
            return self.plain, None
        known = self._faces.get((internal, children))
        if known is not None:
            return known, None
        stream = self._faces[internal, children] = Stream(self._plan.name)
        self.plain.optional = True  # whoever looks here does not read there
        own = self._translator() if internal else _streamed

        def translate(record: Record) -> Iterable[Event]:
            if isinstance(record, ChildStreamed):
                return (record.event,) if children else ()
            return own(record)

        stream.optional = True  # for now: whoever asks is about to read
        for record in past:
            for event in translate(record):
                stream.write(event)
        stream.optional = False
        if self.last is not None:
            stream.close(self.last)
            return stream, None

        def take(fields: tuple[Any, ...]) -> None:
            for event in translate(fields[0](*fields[1:])):
                stream.write(event)

        return stream, take

    def _translator(self) -> Callable[[Record], Iterable[Event]]:
        from wfkit.internal_events import Translator  # few ask for them; import wfkit stays light

        return Translator(self._plan)

    def close(self, event: Event) -> None:
        """End all streams with the run's last event."""
        self.last = event
        for stream in (self.plain, *self._faces.values()):
            stream.close(event)


def _streamed(record: Record) -> Iterable[Event]:
    return (record.event,) if isinstance(record, EventStreamed) else ()
