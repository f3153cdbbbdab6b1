"""A moment at which a debugged run stands still. Nothing that happens later changes it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from wfkit.events import CollectionReleaseEvent, Event
from wfkit.hooks.debugger.writing import Text
from wfkit.plain import brief
from wfkit.records import spell
from wfkit.values import said

LONGEST = 200  # characters of an error's text, and of why a run stopped
NAME = 80  # characters of a name


class Delivery(NamedTuple):
    """An event and the step that has it, or is to get it.

    Attributes:
        id: its lineage number.
        step: the name of the step.
        event: the event.
        attempt: how often it has been tried, this time included.
        source: the step that sent the event; None for somebody outside, "" if that is not known.
        parent: the lineage number of the delivery that sent the event, 0 for somebody outside.
        error: what the step has raised, for one that is held before that counts.
        result: the event that it has returned, for one that is held before that counts.
        waits: what it waits for, in words.
    """

    id: int
    step: str
    event: Event
    attempt: int = 1
    source: str | None = ""
    parent: int = 0
    error: BaseException | None = None
    result: Event | None = None
    waits: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """What the step gets: the one event, or those that it gathers."""
        return tuple(self.event.events) if isinstance(self.event, CollectionReleaseEvent) else (self.event,)

    def __str__(self) -> str:
        told = f"{kind_of(self.event)} -> {self.step}"
        if self.attempt > 1:
            told += f", attempt {self.attempt}"
        if self.source:
            told += f", from {self.source}"
        if self.error is not None:
            told += f", failed: {brief(f'{type(self.error).__name__}: {said(self.error)}', LONGEST)}"
        if self.result is not None:
            told += f", has returned {type(self.result).__name__}"
        if self.waits:
            told += f", waits for {', '.join(self.waits)}"
        return brief(told, 4 * LONGEST)

    def __repr__(self) -> str:
        return f"<Delivery {spell(self.id)}: {brief(str(self), 4 * LONGEST)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Stop:
    """One stop of a run.

    The events are those of the run itself, not copies; `state` and `text` are as they were then.

    Attributes:
        number: the how-manyth stop, from 1.
        why: in words, why it stopped there.
        time: seconds on the run's clock.
        ready: what is held, and can be let go; what came first is first.
        running: what is at work all the same.
        waiting: steps that wait for an event or for another attempt.
        queued: for each step how many deliveries wait for a free worker; `pending` has them one by one.
        questions: what a person has been asked and has not answered.
        buffers: what was put aside, by step and buffer.
        changed: keys of the store that changed since the stop before, in the order in which they did.
        record: how many records there were.
        problem: what went wrong, such as why there is no snapshot; "" if nothing did.
    """

    number: int
    why: str
    time: float
    ready: tuple[Delivery, ...] = ()
    running: tuple[Delivery, ...] = ()
    waiting: tuple[Delivery, ...] = ()
    queued: Mapping[str, int] = field(default_factory=dict)
    questions: tuple[Event, ...] = ()
    buffers: Mapping[tuple[str, str], tuple[Event, ...]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    record: int = 0
    problem: str = ""
    written: Text = field(default=Text(), repr=False)
    read_state: Callable[[dict[str, Any]], Any] | None = field(default=None, repr=False)
    read_queue: Callable[[], tuple[Delivery, ...]] = field(default=tuple, repr=False)

    @cached_property
    def pending(self) -> tuple[Delivery, ...]:
        """What waits for a free worker, step by step, the next one of each step first; at most 1,000 of them."""
        return self.read_queue()

    @property
    def text(self) -> str:
        """The run at that moment as JSON, from which `fork` goes on; "" if it could not be written."""
        return str(self.written)

    @property
    def snapshot(self) -> dict[str, Any] | None:
        """The run at that moment, a new copy each time, as `Context.to_dict` gives it; None if there is none."""
        return json.loads(self.text) if self.size else None

    @cached_property
    def size(self) -> int:
        """Bytes of the snapshot."""
        return self.written.size

    @cached_property
    def state(self) -> Any:
        """The state as it was, a copy of its own: a dictionary or a model. None if there is no snapshot."""
        snapshot = self.snapshot
        return None if snapshot is None or self.read_state is None else self.read_state(snapshot["state"])

    def __repr__(self) -> str:
        ready = ", ".join(brief(found.step, 80) for found in self.ready[:5]) + (", …" if len(self.ready) > 5 else "")
        return f"<Stop {self.number}: {brief(self.why, LONGEST)}; ready: {ready or 'nothing'}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show all of it as the last value of a cell, and a line of it within a list."""
        printer.text(str(self) if len(getattr(printer, "stack", ())) < 2 else repr(self))

    def __str__(self) -> str:
        lines = [f"Stop {self.number}: {self.why}"]
        for name in ("ready", "running", "waiting"):
            lines += [f"  {name:<8} {spell(found.id)}  {found}" for found in getattr(self, name)]
        lines += [f"  queued   {count} for {step}" for step, count in self.queued.items()]
        lines += [f"  asked    {type(question).__name__}" for question in self.questions]
        lines += [f"  aside    {len(events)} in {step}, {name!r}" for (step, name), events in self.buffers.items()]
        if self.changed:
            lines.append(f"  changed  {', '.join(key or 'all' for key in self.changed)}")
        if self.problem:
            lines.append(f"  problem  {self.problem}")
        return "\n".join(brief(line, 4 * LONGEST) for line in lines)


def kind_of(event: object) -> str:
    """Return the name of an event's class; of events that a step gathers, "3 x Item" for each of their classes."""
    if not isinstance(event, CollectionReleaseEvent):
        return brief(type(event).__name__, NAME)
    counts = Counter(brief(type(each).__name__, NAME) for each in event.events)
    told = (name if count == 1 else f"{count} \u00d7 {name}" for name, count in counts.items())
    return brief(", ".join(told), LONGEST) or "no events"
