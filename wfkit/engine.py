"""Drives one run.

A *driver* is a task that takes a ready delivery from the ledger and awaits the step in place; the result goes straight
to the next one. A chain of steps that never suspend costs one task for the whole run. Whenever a driver begins a step
while more work is ready, a spare driver is on its way, so a step that suspends never holds others up.

Steps share a task one after another, never at the same time, and a step must not inherit anything from the one before:
a driver whose context variables changed, or that has a cancellation pending, retires after the step and a fresh one
takes over. Rejected: a task for each step (7 to 10 us each, three times the rest of the work), and running a step's
first part outside its task (`asyncio.timeout` and `current_task` would see the wrong one).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from wfkit import records, report
from wfkit.alarms import Alarms
from wfkit.body import run_body, run_hooked
from wfkit.calls import Calls
from wfkit.clock import current_clock
from wfkit.context import CURRENT, Context, Here
from wfkit.diagnosis import explain
from wfkit.events import Event, StopEvent, WorkflowCancelledEvent, WorkflowFailedEvent, WorkflowTimedOutEvent
from wfkit.ledger import Ledger
from wfkit.patience import GRACE, Patience
from wfkit.plan import Plan
from wfkit.records import EventSent, Outcome, StepFinished, StepStarted
from wfkit.seam import Hook, emitter, overrides
from wfkit.stream import Stream
from wfkit.variables import Variables
from wfkit.verdict import Verdict
from wfkit.work import Work

INLINE_STEPS = 64  # steps between two yields to the event loop; longest stall measured 0.3 ms
STUBBORN = 0.5  # seconds a step that swallows its cancellation can delay the end of its run


class Engine:
    """One run of a workflow.

    Args:
        workflow: the instance that the steps get as `self`.
        plan: its compiled steps; a later change of the workflow does not touch this run.
        context: the run's Context.
        ledger: the work to do; with work in it for a run that is restored.
        hooks: everything attached to this run, in the order of their rank.
        timeout: seconds, None for ever.
        run_id: names the run.
        start: the first event, or None for a run that is restored.
        on_end: called once when the run has ended.
    """

    def __init__(
        self,
        workflow: object,
        plan: Plan,
        context: Context[Any],
        ledger: Ledger,
        hooks: Sequence[Hook],
        timeout: float | None,
        run_id: str | None,
        start: Event | None,
        on_end: Callable[[Engine], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = current_clock()
        self.now = self.clock.now
        self.alarms = Alarms(self.clock)
        self.workflow, self.plan, self.context, self.ledger = workflow, plan, context, ledger
        self.timeout = timeout
        self.run_id = run_id or os.urandom(5).hex()
        self._stream: Stream | None = None
        self.emit = emitter(hooks)
        self.around = [hook for hook in hooks if overrides(hook, "around_step")]
        self.patience = Patience(self.clock, self.alarms, timeout, self._time_is_up, self._say_stuck)
        self.drivers: set[asyncio.Task[None]] = set()
        self.sleepers: set[asyncio.Future[None]] = set()  # waits of steps
        self.parent: Engine | None = None
        self.children: set[Engine] = set()
        self.verdict = Verdict(self.run_id, plan.name)
        self.begun = False
        self.ending = False  # from now on nothing counts any more
        self.ended = False  # and everybody has been told
        self.restored = start is None
        # What was sent from outside before the run's turn had come, each with the one step it is for, if so.
        self.early: list[tuple[Event, int | None]] = [] if start is None else [(start, None)]
        self._on_end = on_end
        self._variables = copy_context()
        self._spare = False
        self.stop: StopEvent | None = None  # what a step has returned to end the run
        self._last_calls = 0
        self.closer: asyncio.Task[None] | None = None  # waits for what was cancelled at the end
        self._moment = 0.0  # when the latest step returned, or its driver began
        self.calls = Calls(self)
        context._bind(self.calls)

    # -- beginning and end -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the run: send on what was sent from outside before its turn had come, the start event first."""
        if self.ending:
            return
        self.begun = True
        if self.emit is not None:
            self.emit((records.RunStarted, self.now(), self.run_id, self.plan.name, self.restored))
        if self.timeout is not None and self.timeout <= 0:
            self._time_is_up()
            return
        self.patience.start()
        early, self.early = self.early, []
        for event, only in early:
            self.route(event, None, only)
        self._spawn()

    def end(self, outcome: Outcome, event: Event, error: BaseException | None = None, *, wait: bool = True) -> None:
        """End the run: cancel what is at work, wait for it, then tell everybody. The first call wins.

        `wait` is False when the task that ends it was cancelled itself: if all others were too, the event loop is
        shutting down, and nothing can be waited for any more.
        """
        if self.ending:
            return
        self.ending = True
        self.verdict.settle(outcome, event, error)
        self.patience.stop()
        self.alarms.stop()
        here = asyncio.current_task() if asyncio._get_running_loop() is not None else None
        others = [driver for driver in self.drivers if driver is not here]
        closing = wait or not all(driver.cancelling() for driver in others)
        children: list[asyncio.Task[None]] = []
        for child in tuple(self.children):
            if child.loop is not self.loop:  # run_sync in a plain step: it ends in its own thread
                with suppress(RuntimeError):  # its loop was closed meanwhile
                    child.loop.call_soon_threadsafe(child.cancel)
                continue
            child.cancel()
            if child.closer is not None:
                children.append(child.closer)
        for waiting in (*others, *self.sleepers):
            waiting.cancel()
        if (others or children) and closing:
            self.closer = self.loop.create_task(self._close(others, children))
        else:
            self.verdict.seen = self.verdict.seen or not closing
            self._finalize()

    async def _close(self, others: list[asyncio.Task[None]], children: list[asyncio.Task[None]]) -> None:
        try:
            if children:
                await asyncio.wait(children)
            _, stubborn = await asyncio.wait(others, timeout=STUBBORN) if others else ((), ())
            if stubborn:
                report.stubborn_steps(self.plan.name, len(stubborn), STUBBORN)
        finally:
            self._finalize()

    def _finalize(self) -> None:
        verdict = self.verdict
        self.ended = True
        if self.emit is not None:
            self.emit((records.RunEnded, self.now(), verdict.outcome, verdict.event, verdict.error))
            self.emit = None  # the ring of records must not live on in the cycles that an engine is part of
        if self._stream is not None and verdict.event is not None:
            self._stream.close(verdict.event)
        self.ledger.clear()
        self.context._bind(None, verdict.outcome)
        del self.calls  # it refers back to us: without it, what the run showed goes when its handler goes
        if not verdict.tell() and verdict.error is not None and not self.loop.is_closed():
            self.clock.call_later(GRACE, verdict.show_if_unseen)
        self._on_end(self)

    @property
    def stream(self) -> Stream:
        """What the run shows to whoever watches it; made when something is first shown or somebody first looks."""
        if self._stream is None:
            self._stream = Stream()
            if self.ended and self.verdict.event is not None:
                self._stream.close(self.verdict.event)
        return self._stream

    def cancel(self) -> None:
        """Cancel the run."""
        self.end("cancelled", WorkflowCancelledEvent(), report.cancelled(self.plan.name))

    # -- drivers -----------------------------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._spare = True
        self.drivers.add(self.loop.create_task(self._drive(), context=self._variables.copy()))

    def wake(self) -> None:
        """See to it that ready work is driven."""
        if self.ending or not self.begun:
            return
        if self.patience.resting:
            self.patience.move()
            if self.ledger.idle:
                self.rest()
        if self.ledger.ready and not self._spare:
            self._spawn()

    async def _drive(self) -> None:
        self._spare = False
        task: Any = asyncio.current_task()
        here = Here(self.calls)
        CURRENT.set(here)
        variables = Variables()
        ready, take, workflow = self.ledger.ready, self.ledger.take, self.workflow
        emit, hooked = self.emit, bool(self.around)
        inline = 0
        try:
            while ready:
                if self.stop is not None and not self._may_start():
                    break
                if not inline:
                    self._moment = self.now()
                inline += 1
                work = here.work = take()
                if (ready or self.stop is not None) and not self._spare:
                    self._spawn()
                spec = work.lane.spec
                if emit is not None:
                    emit((StepStarted, self._moment, work.id, spec.name, work.event, work.parent, work.n, work.attempt))
                try:
                    if hooked or not spec.shape:
                        result = await self._run(work)
                    elif spec.shape == "event":
                        result = await spec.func(workflow, work.event)
                    else:
                        result = await spec.func(workflow, self.context._for_step(work), work.event)
                except BaseException as error:
                    if isinstance(error, GeneratorExit) and self.loop.is_closed():
                        raise
                    self._raised(work, error, task)
                    if isinstance(error, SystemExit):
                        raise
                else:
                    self._returned(work, result)
                if self.ending:
                    return
                if variables.changed() or task.cancelling():
                    self._spawn()
                    return
                if inline == INLINE_STEPS:
                    inline = 0
                    await asyncio.sleep(0)
        except (Exception, asyncio.CancelledError) as mistake:  # not a step's: better a failed run than one that hangs
            lost = report.lost_driver(mistake)
            self.end("failed", WorkflowFailedEvent(step_name=None, exception=lost), lost, wait=False)
            if isinstance(mistake, asyncio.CancelledError):
                raise
        finally:
            self.drivers.discard(task)
        if self.stop is not None and not self._last_calls:
            self.end("done", self.stop)
        elif self.ledger.idle:
            self.rest()

    def _may_start(self) -> bool:
        """After a StopEvent: whether the next delivery was ready by then, and so still starts."""
        if not self._last_calls:
            return False
        self._last_calls -= 1
        return True

    async def _run(self, work: Work) -> Any:
        """Run a step that is not a plain method, or has hooks around it."""
        if work.lane.spec.retry_policy is not None and work.first_start is None:
            work.first_start = self.now()
        context = self.context._for_step(work)
        if self.around:
            start_over = partial(self.ledger.start_over, work)
            return await run_hooked(self.around, self.workflow, context, work, self.patience.hold, start_over)
        return await run_body(self.workflow, context, work, work.event)

    def _returned(self, work: Work, result: Any) -> None:
        """Close a delivery and send what it returned on its way."""
        ledger, emit = self.ledger, self.emit
        if self.ending:
            if emit is not None:
                emit((records.StepCancelled, self.now(), work.id, work.lane.spec.name))
            return
        route = None
        if result is not None:
            route = ledger.routes.get(type(result))
            if route is None:
                if not isinstance(result, Event):
                    self._fail(work, report.bad_result(work.lane.spec.name, result))
                    return
                route = ledger.plan.route(type(result))
            if self.stop is not None:
                route = None  # a StopEvent has been returned before; nothing new begins
            elif route.ends:
                # Whatever was ready by now still starts, so that it does not matter which of the steps that take the
                # same event comes first in the alphabet.
                self.stop, self._last_calls = result, len(ledger.ready)
        now = self._moment = self.now()
        parent, n = work.lineage, work.made
        # First the books, then the records: whoever sees a record finds the event in a snapshot.
        ledger.finish(work)
        targets: tuple[str, ...] = ()
        if route is not None and not route.ends:
            targets = ledger.send(result, work)
            if route.asks:
                ledger.ask(result)
        if emit is not None:
            emit((StepFinished, now, work.id, work.lane.spec.name, result))
            if route is not None:
                emit((EventSent, now, result, work.lane.spec.name, parent, n, targets))
        if route is not None and route.asks:
            self.calls.show(result, work)

    def route(self, event: Event, work: Work | None, only: int | None = None) -> None:
        """Put an event that a step or somebody outside sends on its way, to all that take it or to one of them."""
        ledger = self.ledger
        if work is None:
            name, parent, n = None, 0, ledger.from_outside
        else:
            name, parent, n = work.lane.spec.name, work.lineage, work.made
        targets = ledger.send(event, work, only)
        if self.emit is not None:
            self.emit((EventSent, self.now(), event, name, parent, n, targets))

    # -- failure -----------------------------------------------------------------------------------------------

    def _raised(self, work: Work, error: BaseException, task: asyncio.Task[None]) -> None:
        if self.ending:
            if self.emit is not None:
                self.emit((records.StepCancelled, self.now(), work.id, work.lane.spec.name))
            if not isinstance(error, asyncio.CancelledError):
                report.late_error(work.lane.spec.name, error)
            return
        if isinstance(error, asyncio.CancelledError):
            wrapped = report.stray_cancellation(work.lane.spec.name)
            wrapped.__cause__ = error
            self._fail(work, wrapped, wait=not task.cancelling())
            return
        if isinstance(error, Exception) and self.stop is None:
            try:
                delay = work.lane.spec.delay_before_retry(self.now() - (work.first_start or 0.0), work.attempt, error)
            except Exception as mistake:
                mistake.__cause__ = error
                self._fail(work, mistake)
                return
            if delay is not None:
                self._retry(work, error, delay)
                return
        self._fail(work, error)

    def _retry(self, work: Work, error: Exception, delay: float) -> None:
        if self.emit is not None:
            self.emit((records.StepFailed, self.now(), work.id, work.lane.spec.name, error, work.attempt, delay))
        self.ledger.retry(work)

        def again() -> None:
            if not self.ending:
                self.ledger.requeue(work)
                self.wake()

        if delay > 0:
            self.alarms.set(delay, again)
        else:
            again()

    def _fail(self, work: Work, error: BaseException, *, wait: bool = True) -> None:
        name = work.lane.spec.name
        if self.emit is not None:
            self.emit((records.StepFailed, self.now(), work.id, name, error, work.attempt, None))
        self.ledger.finish(work)
        if self.stop is not None:
            report.late_error(name, error)
            return
        elapsed = None if work.first_start is None else self.now() - work.first_start
        event = WorkflowFailedEvent(step_name=name, exception=error, attempts=work.attempt, elapsed_seconds=elapsed)
        self.end("failed", event, error, wait=wait)

    def _time_is_up(self) -> None:
        active = self.calls.running_steps()
        assert self.timeout is not None
        error = report.timed_out(self.timeout, active, explain(self.ledger))
        self.end("timed out", WorkflowTimedOutEvent(timeout=self.timeout, active_steps=active), error)

    def rest(self) -> None:
        """Note that nothing can move until somebody outside does something."""
        if not (self.patience.resting or self.ending or self.stop is not None):
            stuck = self.patience.rest(self.ledger)
            if self.emit is not None:
                self.emit((records.RunIdle, self.now(), explain(self.ledger), stuck))

    def _say_stuck(self) -> None:
        report.stuck_run(self.run_id, self.plan.name, explain(self.ledger))
