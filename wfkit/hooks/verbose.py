"""Prints what the steps do, a line each: what `Workflow(verbose=True)` shows."""

from __future__ import annotations

from wfkit.events import Event, StartEvent
from wfkit.plain import brief, clean, name_of_type
from wfkit.records import Record, RunEnded, StepFailed, StepFinished, StepStarted
from wfkit.seam import Hook
from wfkit.values import said

NAME = 120  # characters that are printed of a name
LONGEST_ERROR = 2_000  # characters that are printed of an error's text


class Verbose(Hook):
    """Prints each step as it starts and what came of it.

    A failed attempt says so, with the delay before the next one; the last one says on which event, and the error.
    """

    def __init__(self) -> None:
        self._events: dict[int, str] = {}  # what deliveries at work got, by their ids; a StartEvent goes unsaid

    def on_record(self, record: Record) -> None:
        if isinstance(record, StepStarted):
            if not isinstance(record.event, StartEvent):
                self._events[record.id] = f" on {name_of_type(record.event, NAME)}"
            if record.attempt == 1:
                print(f"Running step {brief(record.step, NAME)}")
        elif isinstance(record, StepFinished):
            self._events.pop(record.id, None)
            print(f"Step {brief(record.step, NAME)} produced {_made(record.event)}")
        elif isinstance(record, StepFailed):
            event = self._events.pop(record.id, "")
            if record.retry_in is None:
                print(f"Step {brief(record.step, NAME)} failed{event}: {_spell(record.error)}")
            else:
                print(f"Step {brief(record.step, NAME)} produced an error, retry in {record.retry_in} seconds")
        elif isinstance(record, RunEnded):
            self._events.clear()


def _made(result: Event | tuple[Event, ...] | None) -> str:
    """Say what a step returned."""
    if isinstance(result, tuple):
        names = " | ".join(dict.fromkeys(name_of_type(event, NAME) for event in result))
        return f"{len(result)} event{'' if len(result) == 1 else 's'} {names}" if result else "no event"
    return "no event" if result is None else f"event {name_of_type(result, NAME)}"


def _spell(error: BaseException) -> str:
    """Return an error in words; further lines of its text are set in, so that the lines of steps stand out."""
    text = said(error)
    if len(text) > LONGEST_ERROR:
        text = f"{text[:LONGEST_ERROR]}…"
    text = "\n    ".join(clean(line) for line in text.splitlines())
    name = name_of_type(error, NAME)
    return f"{name}: {text}" if text else name
