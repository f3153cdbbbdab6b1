"""Records as lines to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from wfkit import records
from wfkit.events import HumanResponseEvent, InputRequiredEvent, StopEvent
from wfkit.hooks.debugger.stops import NAME, kind_of
from wfkit.plain import brief
from wfkit.records import Record, spell
from wfkit.values import said

TEXT = 200  # characters of an error's text


def lines_of(
    happened: Sequence[Record], notes: Sequence[tuple[int, str]] = (), first: int = 0, origin: float | None = None
) -> list[str]:
    """Return a line for each record.

    Args:
        happened: the records, oldest first.
        notes: what else was done, each with the number of records before it.
        first: how many records there were before these.
        origin: seconds on the run's clock when it began; by default the time of the first record.
    """
    if origin is None:
        origin = happened[0].time if happened else 0.0
    lines: list[str] = []
    left = deque(note for note in notes if note[0] >= first)
    for number, record in enumerate(happened, first):
        while left and left[0][0] <= number:
            lines.append(f"{'':>14}> {brief(left.popleft()[1], TEXT)}")
        lines.append(f"{number + 1:>5}  {record.time - origin:>8.3f}  {tell(record)}")
    return [*lines, *(f"{'':>14}> {brief(text, TEXT)}" for _, text in left)]


def tell(record: Record) -> str:
    """Return what happened in one line."""
    told = _tell(record)
    name = getattr(record, "step", None)
    if isinstance(name, str):
        id = getattr(record, "id", 0)
        told = f"{brief(name, NAME)} {told}" + (f"  [{spell(id)}]" if id else "")
    return told


def _tell(record: Record) -> str:
    match record:
        case records.RunStarted():
            return f"run of {_cut(record.workflow)} {'goes on' if record.restored else 'begins'}"
        case records.EventSent():
            sender = "somebody outside" if record.source is None else _cut(record.source)
            return f"{sender} sends {kind_of(record.event)}{_target(record)}"
        case records.StepStarted():
            again = f", attempt {record.attempt}" if record.attempt > 1 else ""
            return f"starts on {kind_of(record.event)}{again}"
        case records.StepFinished():
            return f"returns {_made(record.event)}"
        case records.StepFailed():
            again = "" if record.retry_in is None else f"; again in {record.retry_in:.3g} s"
            return f"fails: {_error(record.error)}{again}"
        case records.StepCancelled():
            return "is cancelled"
        case records.StepHeld():
            return "is held"
        case records.StepReleased():
            return "is let go"
        case records.EventReplaced():
            return f"is given another {kind_of(record.event)}"
        case records.StepSkipped():
            return "is given what it returns"
        case records.StepWaiting():
            return f"waits for {_cut(record.event_type.__name__)}"
        case records.StepResumed():
            return "waits no longer" if record.event is None else f"gets {kind_of(record.event)}"
    return _tell_the_rest(record)


def _tell_the_rest(record: Record) -> str:
    match record:
        case records.EventBuffered():
            return f"puts {kind_of(record.event)} aside"
        case records.EventsCollected() | records.EventsGathered():
            return f"has its {len(record.ids)} events"
        case records.EventStreamed():
            return f"shows {kind_of(record.event)}" if record.step else f"{kind_of(record.event)} is shown"
        case records.ChildStreamed():
            return f"child {_cut(record.event.child)} shows {kind_of(record.event.event)}"
        case records.StateChanged():
            keys = ", ".join(map(_cut, record.keys)) or "all"
            return f"changes {keys}" if record.step else f"{keys} changed from outside"
        case records.RunIdle():
            return f"run rests. {brief(record.waiting_for, TEXT)}"
        case records.RunEnded():
            error = "" if record.error is None else f": {_error(record.error)}"
            return f"run ends: {record.outcome}{error}"
    return type(record).__name__


def _target(sent: records.EventSent) -> str:
    if sent.targets:
        return f" to {', '.join(map(_cut, sent.targets))}"
    if isinstance(sent.event, StopEvent):
        return ", which ends the run"
    if isinstance(sent.event, InputRequiredEvent):
        return " to a person"
    # A step may wait for it: that is told a line later.
    return "" if isinstance(sent.event, HumanResponseEvent) else ", for whoever waits for it"


def _made(result: Any) -> str:
    if isinstance(result, tuple):
        return f"{len(result)} events"
    return "nothing" if result is None else kind_of(result)


def _error(error: BaseException) -> str:
    return brief(f"{type(error).__name__}: {said(error)}", TEXT)


def _cut(name: str) -> str:
    return brief(name, NAME)
