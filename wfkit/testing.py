"""Tools for testing workflows, used by wfkit's own tests.

`FakeClock` makes time stand still until told otherwise. `simulate` runs a coroutine on an event loop with virtual time
that takes ready callbacks in a random but repeatable order: a thousand schedules of a workflow in a few seconds.
`WorkflowTestRunner` runs a workflow and collects what it streams. `Probe` is a recorder with questions.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from wfkit.context import Context
from wfkit.events import Event, StartEvent
from wfkit.hooks import Recorder
from wfkit.records import Record, StepFinished, StepStarted
from wfkit.workflow import Workflow

T = TypeVar("T")
R = TypeVar("R", bound=Record)

THREAD_MOMENT = 0.02  # real seconds in which a thread that is at work is expected to do something
THREAD_MOMENTS = 3  # in which it does nothing, before the time jumps: on a busy machine its turn may come late
THREAD_PATIENCE = 500  # such moments, after which a program whose threads do nothing is called deadlocked
_TURNS = 50  # of the event loop, enough for whatever a timer set off to come to rest


class _FakeTimer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeClock:
    """A clock that moves only when told to.

    Example:
        with use_clock(FakeClock()) as clock:
            handler = workflow.run()
            await clock.advance(10)
    """

    def __init__(self) -> None:
        self._time = 0.0
        self._order = count()
        self._due: list[tuple[float, int, _FakeTimer]] = []

    def now(self) -> float:
        """Return the time in seconds, from 0."""
        return self._time

    def call_later(self, delay: float, callback: Callable[[], object]) -> _FakeTimer:
        """Call `callback` when the clock has been advanced by `delay` seconds."""
        timer = _FakeTimer(callback)
        heapq.heappush(self._due, (self._time + delay, next(self._order), timer))
        return timer

    async def advance(self, seconds: float = 0.0) -> None:
        """Let time pass: every alarm due meanwhile goes off in its turn, and what it sets off comes to rest.

        Args:
            seconds: how long; 0 only lets what is under way come to rest.
        """
        until = self._time + seconds
        await _come_to_rest()
        while self._due and self._due[0][0] <= until:
            moment, _, timer = heapq.heappop(self._due)
            self._time = max(self._time, moment)
            if timer.callback is not None:
                timer.callback()
                await _come_to_rest()
        self._time = until


async def _come_to_rest() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class Deadlock(AssertionError):
    """A simulated program waits for something that can never come."""


class SeededLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time that runs what is ready in an order drawn from a seed.

    Nothing ever waits: when nothing is ready, the time jumps to the next alarm. A program that waits for nothing
    raises Deadlock instead of hanging. Threads work, but their timing is not repeatable.
    """

    _ready: deque[Any]
    _scheduled: list[Any]
    _stopping: bool
    _selector: Any
    _process_events: Callable[[Any], None]

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._virtual_time = 0.0
        self._threads = 0

    def time(self) -> float:
        """Return the virtual time in seconds, from 0."""
        return self._virtual_time

    def run_in_executor(  # type: ignore[override]  # the base class types the arguments of `func` one by one
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        """Run a function in a thread; the loop waits for it in real time."""
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def expect_thread(self) -> None:
        """Reckon with a thread that was not started through the loop."""
        self._threads += 1

    def _thread_ended(self, future: object) -> None:
        self._threads -= 1

    def _run_once(self) -> None:
        """One turn of the loop: asyncio's own, after shuffling what is ready or jumping to the next alarm."""
        if self._ready:
            ready = list(self._ready)
            self._random.shuffle(ready)
            self._ready.clear()
            self._ready.extend(ready)
        elif not self._stopping:
            self._pass_time()
        super()._run_once()  # type: ignore[misc]

    def _pass_time(self) -> None:
        """Nothing is ready: jump to the next alarm. Threads get some moments of real time to do something first."""
        for moment in range(1, THREAD_PATIENCE + 1 if self._threads else 1):
            events = self._selector.select(THREAD_MOMENT)
            if events:
                self._process_events(events)
                return
            if moment >= THREAD_MOMENTS and self._alarms():
                break
        alarms = self._alarms()
        if not alarms:
            raise Deadlock("nothing is ready, and nothing ever will be")
        self._virtual_time = max(self._virtual_time, min(alarm.when() for alarm in alarms))

    def _alarms(self) -> list[Any]:
        return [alarm for alarm in self._scheduled if not alarm.cancelled()]


@dataclass
class Simulation:
    """How a simulated program ended.

    Attributes:
        result: what it returned.
        seconds: virtual seconds it took.
        left: tasks that were still alive when it ended.
    """

    result: Any
    seconds: float
    left: list[str] = field(default_factory=list)


def simulate(main: Coroutine[Any, Any, T], seed: int = 0) -> Simulation:
    """Run a coroutine to its end on a SeededLoop.

    Args:
        main: the program.
        seed: chooses the order; the same seed gives the same run.

    Raises:
        Deadlock: it waits for something that can never come.
        Whatever the program raises.

    Example:
        for seed in range(1000):
            assert simulate(program(), seed).result == 42
    """
    loop = SeededLoop(seed)
    try:
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(main)
        left = [repr(task.get_coro()) for task in asyncio.all_tasks(loop)]
        return Simulation(result, loop.time(), left)
    finally:
        _clean_up(loop)


def _clean_up(loop: SeededLoop) -> None:
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.expect_thread()  # asyncio shuts its pool down from a thread of its own
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class Probe(Recorder):
    """A recorder that keeps everything and answers the questions that tests ask."""

    def __init__(self) -> None:
        super().__init__(limit=None)

    def of(self, kind: type[R]) -> list[R]:
        """Return the records of one kind, oldest first."""
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def steps(self) -> list[str]:
        """The names of the steps in the order in which they started."""
        return [record.step for record in self.of(StepStarted)]

    @property
    def results(self) -> list[tuple[str, str | None]]:
        """Each step that returned, with the name of the event's class, in order."""
        return [
            (record.step, None if record.event is None else type(record.event).__name__)
            for record in self.of(StepFinished)
        ]


@dataclass
class WorkflowTestResult:
    """What a test run gave.

    Attributes:
        collected: the events of the stream, in order.
        event_types: how many of each type.
        result: what awaiting the run gave.
        ctx: the run's Context.
        records: everything that happened.
    """

    collected: list[Event]
    event_types: dict[type[Event], int]
    result: Any
    ctx: Context[Any]
    records: tuple[Record, ...] = ()


class WorkflowTestRunner:
    """Runs a workflow and collects what it streams.

    Example:
        outcome = await WorkflowTestRunner(Greet()).run(start_event=StartEvent(name="Ada"))
        assert outcome.result == "hello Ada"
    """

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    async def run(
        self,
        start_event: StartEvent | None = None,
        ctx: Context[Any] | None = None,
        expose_internal: bool = True,
        exclude_events: Iterable[type[Event]] | None = None,
    ) -> WorkflowTestResult:
        """Run the workflow to its end.

        Args:
            start_event: the first event; by default the workflow's own, without fields.
            ctx: a Context to run with.
            expose_internal: passed to `stream_events`.
            exclude_events: types to leave out of what is collected.

        Raises:
            Whatever awaiting the run raises.
        """
        probe = Probe()
        handler = self._workflow.run(
            ctx=ctx, start_event=start_event or self._workflow.start_event_class(), hooks=[probe]
        )
        excluded = tuple(exclude_events or ())
        collected = [event async for event in handler.stream_events(expose_internal) if not isinstance(event, excluded)]
        result = await handler
        types = Counter(type(event) for event in collected)
        return WorkflowTestResult(collected, dict(types), result, handler.ctx, probe.records)
