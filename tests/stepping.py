"""Workflows to debug, with what a person says in them, and ways to lead one to its end stop by stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from tests.flows import Answer, Ask, Fan, Line
from tests.shapes import Interview, Joins, Nested, Number, Rescue, Shaky, Squares, ThreeTimes
from wfkit import Event, Hook, StartEvent, StopEvent, Workflow, step
from wfkit.hooks.debugger import Debugger, Stop
from wfkit.records import RunEnded, StepFailed, StepFinished, StepStarted
from wfkit.seam import Proceed, StepCall
from wfkit.testing import Probe

OF_THE_MOMENT = {"failed_at", "elapsed_seconds"}  # fields that are others in every run
MOST_STOPS = 200


class Family(Workflow):
    """A step that runs another workflow, and one after it."""

    @step
    async def call(self, ev: StartEvent) -> Answer:
        return Answer(text=await Line().run(text="child"))

    @step
    async def finish(self, ev: Answer) -> StopEvent:
        return StopEvent(result=ev.text)


class Shape(NamedTuple):
    """A workflow, what it begins with, and what a person says when nothing else can move."""

    make: Callable[[], Workflow]
    fields: dict[str, Any] = {}  # noqa: RUF012  # never changed
    answers: tuple[Event, ...] = ()


FIVE = {
    "loop": Shape(ThreeTimes),
    "fan": Shape(Fan, {"count": 3}),
    "human": Shape(Ask, answers=(Answer(text="Ada"),)),
    "retry": Shape(Squares),
    "child": Shape(Family),
}
MORE = {
    "joins": Shape(Joins),
    "nested": Shape(Nested),
    "rescue": Shape(Rescue),
    "shaky": Shape(Shaky),
    "wait": Shape(Interview, answers=(Number(n=0), Number(n=5))),
}


class Outcome(NamedTuple):
    """How a run ended: its result, or its error in words, what its steps have done, and how often each body was run."""

    result: Any
    finished: Counter[Any]
    bodies: Counter[Any]


class Bodies(Hook):
    """Counts how often the body of each step is run, whatever the records say."""

    rank = 90

    def __init__(self) -> None:
        self.counts: Counter[Any] = Counter()

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        """Count the one that is about to be run."""
        self.counts[call.step.name, spelled(call.event)] += 1
        return await proceed(call)


def spelled(value: Any) -> str:
    """Write a value down; the order of a list's members is another on another schedule."""
    if isinstance(value, (list, tuple)):
        return str(sorted(map(spelled, value)))
    if not isinstance(value, Event):
        return repr(value)
    fields = sorted((name, spelled(each)) for name, each in value.items() if name not in OF_THE_MOMENT)
    return f"{type(value).__name__} {fields}"


def in_order(result: Any) -> Any:
    """Return a result with its list sorted."""
    return sorted(result) if isinstance(result, list) else result


def accounts(probe: Probe) -> Counter[Any]:
    """Return how often each step has finished with which event; raise if a delivery was lost or came twice."""
    starts = Counter((record.id, record.attempt) for record in probe.of(StepStarted))
    ends = Counter(record.id for record in probe.of(StepFinished))
    failed = Counter((record.id, record.attempt) for record in probe.of(StepFailed))
    assert max(starts.values(), default=0) <= 1, "a delivery was started twice"
    assert max(ends.values(), default=0) <= 1, "a delivery has ended twice"
    assert max(failed.values(), default=0) <= 1, "a delivery has failed twice"
    assert len(probe.of(RunEnded)) == 1
    events = {record.id: record for record in probe.of(StepStarted)}
    return Counter((record.step, spelled(events[record.id].event)) for record in probe.of(StepFinished))


class Run:
    """A run of a shape with a debugger that holds from the start.

    Args:
        shape: what is run.
        debugger: another debugger than that.
    """

    def __init__(self, shape: Shape, debugger: Debugger | None = None, *hooks: Hook) -> None:
        self.probe = Probe()
        self.debugger = debugger or Debugger(break_at_start=True)
        self.answers = list(shape.answers)
        self.bodies = Bodies()
        self.handler = shape.make().run(hooks=[self.probe, self.debugger, self.bodies, *hooks], **shape.fields)

    async def answered(self, stop: Stop | None) -> Stop | None:
        """Say what a person says until something is held, or the run has ended."""
        return await answered(self.debugger, stop, self.answers)

    async def until(self, number: int) -> Stop | None:
        """Step to a stop that has something ready."""
        stop = await self.answered(await self.debugger.stopped())
        for _ in range(number - 1):
            if stop is None:
                break
            stop = await self.answered(await self.debugger.step())
        return stop

    async def to_the_end(self, stop: Stop | None) -> Outcome:
        """Step on to the end, whatever is ready first."""
        for _ in range(MOST_STOPS):
            if stop is None:
                return await self.outcome()
            stop = await self.answered(await self.debugger.step())
        raise AssertionError(f"the run does not end: {stop}")

    async def freely(self) -> Outcome:
        """Let everything go, to the end."""
        await go_on(self.debugger, self.answers)
        return await self.outcome()

    async def outcome(self) -> Outcome:
        """Return how the run has ended."""
        return Outcome(await result_of(self.handler), accounts(self.probe), self.bodies.counts)


async def answered(debugger: Debugger, stop: Stop | None, answers: list[Event]) -> Stop | None:
    """Say what a person says until something is held, or the run has ended."""
    while stop is not None and debugger.status == "waiting":
        assert answers, f"nothing is held, and there is nothing to say: {stop}"
        stop = await debugger.answer(answers.pop(0))
    return stop


async def go_on(debugger: Debugger, answers: Sequence[Event]) -> None:
    """Let everything go, and say what a person says when the run waits for it, until the run has ended."""
    said = list(answers)
    stop = await debugger.continue_()
    while stop is not None:
        assert not stop.ready, f"this run is to go on: {stop}"
        stop = await debugger.answer(said.pop(0))


async def result_of(handler: Awaitable[Any]) -> Any:
    """Return what a run gives, its error in words if it fails."""
    try:
        return in_order(await handler)
    except Exception as error:
        return repr(error)
