"""Prints what the steps do, a line each: what `Workflow(verbose=True)` shows."""

from __future__ import annotations

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
            made = "no event" if record.event is None else f"event {type(record.event).__name__}"
            print(f"Step {record.step} produced {made}")
        elif isinstance(record, StepFailed):
            if record.retry_in is None:
                print(f"Step {record.step} failed: {type(record.error).__name__}: {record.error}")
            else:
                print(f"Step {record.step} produced an error, retry in {record.retry_in} seconds")
