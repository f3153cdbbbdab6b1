"""Prints what the steps do, a line each: what `Workflow(verbose=True)` shows."""

from __future__ import annotations

from wfkit.events import Event
from wfkit.records import Record, StepFailed, StepFinished, StepStarted
from wfkit.seam import Hook


class Verbose(Hook):
    """Prints each step as it starts and what came of it.

    A failed attempt says so, with the error and the delay before the next one.
    """

    def on_record(self, record: Record) -> None:
        if isinstance(record, StepStarted):
            if record.attempt == 1:
                print(f"Running step {record.step}")
        elif isinstance(record, StepFinished):
            print(f"Step {record.step} produced {_made(record.event)}")
        elif isinstance(record, StepFailed):
            if record.retry_in is None:
                print(f"Step {record.step} failed: {type(record.error).__name__}: {record.error}")
            else:
                print(f"Step {record.step} produced an error, retry in {record.retry_in} seconds")


def _made(result: Event | tuple[Event, ...] | None) -> str:
    """Say what a step returned."""
    if isinstance(result, tuple):
        names = " | ".join(dict.fromkeys(type(event).__name__ for event in result))
        return f"{len(result)} event{'' if len(result) == 1 else 's'} {names}" if result else "no event"
    return "no event" if result is None else f"event {type(result).__name__}"
