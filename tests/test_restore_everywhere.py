"""A snapshot at every single record of a run: from each of them a fresh workflow in a fresh loop ends the same way.

The same result, and in both runs together the same deliveries finished as in the uninterrupted one, each once.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from tests.flows import Answer, Ask, Fail, Fan, Join, Line, Slow, Sync
from tests.shapes import Crowd, FirstTwo, Interview, Joins, Nested, Number, Pairs, Rescue, Shaky, Squares, ThreeTimes
from wfkit import (
    Context,
    Event,
    Hook,
    StartEvent,
    Workflow,
    WorkflowHandler,
)
from wfkit.records import EventSent, Record, RunEnded, RunIdle, StepFinished, StepStarted
from wfkit.testing import simulate

SEEDS = range(3)
OF_THE_MOMENT = {"failed_at", "elapsed_seconds"}  # fields that are others in a run that was interrupted


class Shape(NamedTuple):
    """A workflow, what it begins with, and what a person says when it waits."""

    make: Callable[[], Workflow]
    fields: dict[str, Any] = {}  # noqa: RUF012  # never changed
    answers: tuple[Event, ...] = ()


@dataclass
class Moment:
    """What was so when a record was made: the snapshot, what had finished and how many answers had been given."""

    record: Record
    text: str
    finished: Counter[Any]
    answered: int

    def after(self, earlier: Moment) -> Moment:
        """Return this moment of a run that went on from an earlier one, with what had happened by then."""
        return Moment(self.record, self.text, earlier.finished + self.finished, earlier.answered + self.answered)


class Camera(Hook):
    """Takes a snapshot at every record, and keeps account of what has finished and what a person has said."""

    def __init__(self, context: Context[Any]) -> None:
        self.moments: list[Moment] = []
        self.finished: Counter[Any] = Counter()
        self.answered = 0
        self.quiet = asyncio.Event()  # nothing moves
        self.trouble: Exception | None = None
        self._context = context
        self._events: dict[int, Event] = {}

    def on_record(self, record: Record) -> None:
        """Take note; what goes wrong is kept, since a hook must not raise."""
        if isinstance(record, StepStarted):
            self._events[record.id] = record.event
        elif isinstance(record, StepFinished):
            self.finished[record.step, spelled(self._events[record.id])] += 1
        elif isinstance(record, EventSent):
            self.answered += record.source is None and not isinstance(record.event, StartEvent)
        elif isinstance(record, (RunIdle, RunEnded)):
            self.quiet.set()
        try:
            snapshot = self._context.to_dict()
            if snapshot["is_running"]:
                moment = Moment(record, json.dumps(snapshot), self.finished.copy(), self.answered)
                self.moments.append(moment)
        except Exception as error:
            self.trouble = self.trouble or error


def spelled(event: Any) -> str:
    """Write an event down; the order of a list's members is another on another schedule."""
    if isinstance(event, (list, tuple)):
        return str(sorted(map(spelled, event)))
    if not isinstance(event, Event):
        return repr(event)
    fields = sorted((name, spelled(value)) for name, value in event.items() if name not in OF_THE_MOMENT)
    return f"{type(event).__name__} {fields}"


def in_order(result: Any) -> Any:
    """Return a result with its list sorted."""
    return sorted(result) if isinstance(result, list) else result


async def answer(handler: WorkflowHandler, quiet: asyncio.Event, answers: Sequence[Event]) -> None:
    """Say one thing whenever the run rests."""
    for event in answers:
        await quiet.wait()
        quiet.clear()
        if handler.is_done():
            break
        await handler.send_event(event)


async def ended(shape: Shape, context: Context[Any], workflow: Workflow, said: int = 0) -> tuple[Any, Camera]:
    """Run a workflow to its end; return its result, or its error in words, and what happened."""
    camera = Camera(context)
    fields = {} if context.is_running else shape.fields
    handler = workflow.run(ctx=context, hooks=[camera], **fields)
    person = asyncio.ensure_future(answer(handler, camera.quiet, shape.answers[said:]))
    try:
        result = in_order(await handler)
    except Exception as error:
        result = repr(error)
    await person
    for _ in range(5):  # what the run has just ended may take its last steps
        await asyncio.sleep(0)
    if camera.trouble is not None:
        raise camera.trouble
    return result, camera


def play(shape: Shape, seed: int, moment: Moment | None = None) -> tuple[Any, Camera]:
    """Run a fresh workflow in a fresh loop, from its beginning or from a moment on."""
    workflow = shape.make()

    async def main() -> tuple[Any, Camera]:
        if moment is None:
            return await ended(shape, Context(workflow), workflow)
        return await ended(shape, Context.from_dict(workflow, json.loads(moment.text)), workflow, moment.answered)

    outcome = simulate(main(), seed)
    assert outcome.left == []
    result: tuple[Any, Camera] = outcome.result
    return result


SHAPES = {
    "line": Shape(Line, {"text": "hi"}),
    "loop": Shape(ThreeTimes),
    "fan": Shape(Fan, {"count": 4}),
    "join": Shape(Join),
    "ask": Shape(Ask, answers=(Answer(text="Ada"),)),
    "fail": Shape(Fail),
    "slow": Shape(Slow, {"seconds": 3}),
    "sync": Shape(lambda: Sync(timeout=None)),
    "retry": Shape(Shaky),
    "wait": Shape(Interview, answers=(Number(n=0), Number(n=5))),
    "crowd": Shape(Crowd, answers=tuple(Number(n=n) for n in (0, 1, 2, 12, 10, 11))),
    "collect": Shape(Pairs),
    "list": Shape(Squares),
    "nested": Shape(Nested),
    "take": Shape(FirstTwo),
    "joins": Shape(Joins),
    "rescue": Shape(Rescue),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_run_restored_from_any_record_ends_as_if_nothing_had_happened(name: str, seed: int) -> None:
    shape = SHAPES[name]
    expected, whole = play(shape, seed)

    for number, moment in enumerate(whole.moments):
        way = [moment]
        try:
            result, rest = play(shape, seed + number, moment)
            assert result == expected
            assert moment.finished + rest.finished == whole.finished
            if rest.moments:
                way.append(rest.moments[number % len(rest.moments)].after(moment))
                result, rest = play(shape, seed + number, way[-1])
                assert result == expected
                assert way[-1].finished + rest.finished == whole.finished
        except Exception as error:
            error.add_note("\n".join(f"from {each.record}:\n{each.text}" for each in way))
            raise
    assert len(whole.moments) > 3
