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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from wfkit import records, report
from wfkit.attempts import delay_of
from wfkit.body import run_body, run_hooked
from wfkit.calls import Calls
from wfkit.context import CURRENT, Here
from wfkit.events import Event, InputRequiredEvent, StepFailedEvent, WorkflowFailedEvent
from wfkit.records import EventSent, EventsGathered, StepFinished, StepStarted
from wfkit.run import Run
from wfkit.scoped_ledger import ScopedLedger
from wfkit.steps import StepSpec, seed_of
from wfkit.variables import Variables
from wfkit.work import Work

_OWN = ("wfkit", "wfkit.hooks", "wfkit.hooks.debugger")  # where our frames come from
INLINE_STEPS = 64  # steps between two yields to the event loop; longest stall measured 0.3 ms


class Engine(Run):
    """Moves one run. See `Run` for the arguments."""

    calls: Calls
    _spare = False  # whether a driver is on its way that has no work yet
    _last_calls = 0
    _moment = 0.0  # when the latest step returned, or its driver began

    def _open_port(self) -> Calls:
        return Calls(self)

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
        around, timed = self.around, bool(self.plan.bindings.catchers)
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
                if timed and work.first_start is None:
                    work.first_start = self._moment
                emit = self.emit
                if emit is not None:
                    emit((StepStarted, self._moment, work.id, spec.name, work.event, work.parent, work.n, work.attempt))
                try:
                    if around or not spec.shape:
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
        except BaseException as mistake:  # not a step's: better a failed run than one that hangs
            self._lost_driver(mistake)
            if not isinstance(mistake, Exception):
                raise
        finally:
            self.drivers.discard(task)
        if self.stop is not None and not self._last_calls:
            self.end("done", self.stop)
        elif self.ledger.idle:
            self.rest()

    def _lost_driver(self, mistake: BaseException) -> None:
        """End the run, which has nobody to drive it any more; not for one whose event loop is gone."""
        if not isinstance(mistake, GeneratorExit):
            lost = report.lost_driver(mistake)
            self.end("failed", WorkflowFailedEvent(step_name=None, exception=lost), lost, wait=False)

    def _may_start(self) -> bool:
        """After a StopEvent: whether the next delivery was ready by then, and so still starts."""
        if not self._last_calls:
            return False
        self._last_calls -= 1
        return True

    async def _run(self, work: Work) -> Any:
        """Run a step that is not a plain method, or has hooks around it."""
        if work.brought and self.emit is not None and work.attempt == 1:
            self.emit((EventsGathered, self.now(), work.id, work.lane.spec.name, work.brought))
        if work.lane.spec.retry_policy is not None and work.first_start is None:
            work.first_start = self.now()
        context = self.context._for_step(work)
        if self.around:
            start_over = partial(self.ledger.start_over, work)
            body = partial(run_body, self.workflow, work, self.resources)
            hold, tell = partial(self._hold, work), partial(self._tell, work)
            return await run_hooked(self.around, body, context, work, hold, tell, start_over)
        return await run_body(self.workflow, work, self.resources, context, work.event)

    @contextmanager
    def _hold(self, work: Work) -> Iterator[None]:
        """Let the time stand still while a hook holds a delivery."""
        self._tell(work, records.StepHeld)
        try:
            with self.patience.hold():
                yield
        finally:
            self._tell(work, records.StepReleased)

    def _tell(self, work: Work, kind: type, *fields: Any) -> None:
        """Leave a record of what a hook does to a step."""
        if self.emit is not None and not self.ending:
            self.emit((kind, self.now(), work.id, work.lane.spec.name, *fields))

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
                    self._returned_no_event(work, result)
                    return
                route = ledger.plan.route(type(result))
            if ledger.scoped and not _may_be_bare(work.lane.spec, result):
                self._fail(work, report.bare_item(work.lane.spec.name, result))
                return
            if route.ends and hasattr(result.__dict__.get("result"), "__await__"):
                self._fail(work, report.forgotten_await(work.lane.spec.name, result.result))
                return
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
        if ledger.scoped:
            ledger.leave(work)
        if emit is not None:
            emit((StepFinished, now, work.id, work.lane.spec.name, result))
            if route is not None:
                emit((EventSent, now, result, work.lane.spec.name, parent, n, targets))
        if route is not None and route.asks:
            self.calls.show(result, work)

    def _returned_no_event(self, work: Work, result: Any) -> None:
        """Send the events of a returned list into a scope of their own; anything else fails the step."""
        ledger, spec, emit = self.ledger, work.lane.spec, self.emit
        wrong = report.bad_list(spec.name, result) if spec.listed and type(result) is list else None
        if wrong is not None or not isinstance(ledger, ScopedLedger) or not spec.listed or type(result) is not list:
            self._fail(work, wrong or report.bad_result(spec.name, result))
            return
        now = self._moment = self.now()
        parent, n = work.lineage, work.made
        ledger.finish(work)
        sent = [] if self.stop is not None else ledger.fan_out(work, result)
        questions = [event for event in result[: len(sent)] if isinstance(event, InputRequiredEvent)]
        for question in questions:
            ledger.ask(question)
        ledger.leave(work)
        if emit is not None:
            emit((StepFinished, now, work.id, spec.name, tuple(result)))
            for place, (event, targets) in enumerate(zip(result, sent, strict=False)):
                emit((EventSent, now, event, spec.name, parent, n + place, targets))
        for question in questions:
            self.calls.show(question, work)

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
        self._moment = self.now()
        if self.ending:
            if self.emit is not None:
                self.emit((records.StepCancelled, self.now(), work.id, work.lane.spec.name))
            if not isinstance(error, asyncio.CancelledError):
                report.late_error(work.lane.spec.name, error)
            return
        _forget_own_frames(error)
        if isinstance(error, asyncio.CancelledError):
            wrapped = report.stray_cancellation(work.lane.spec.name)
            wrapped.__cause__ = error
            if task.cancelling():
                self._fail(work, wrapped, wait=False)
                return
            error = wrapped
        if isinstance(error, Exception) and self.stop is None:
            try:
                policy, seed = work.lane.spec.retry_policy, (work.id ^ seed_of(self.run_id)) + work.attempt
                delay = None if policy is None else delay_of(policy, self._elapsed(work), work.attempt, error, seed)
            except Exception as mistake:
                mistake.__cause__ = error
                self._fail(work, mistake, recover=False)
                return
            if delay is not None:
                self._retry(work, error, delay)
                return
        self._fail(work, error)

    def _retry(self, work: Work, error: Exception, delay: float) -> None:
        attempt = work.attempt
        self.ledger.retry(work)
        work.last_error, work.last_failed_at = error, datetime.now(UTC)
        work.due = self.now() + delay
        if self.emit is not None:
            self.emit((records.StepFailed, self.now(), work.id, work.lane.spec.name, error, attempt, delay))
        self._try_again_when_due(work)

    def _try_again_when_due(self, work: Work) -> None:
        def again() -> None:
            if not self.ending:
                self.ledger.requeue(work)
                self.wake()

        delay = work.due - self.now()
        if delay > 0:
            self.alarms.set(delay, again)
        else:
            again()

    def _fail(self, work: Work, error: BaseException, *, wait: bool = True, recover: bool = True) -> None:
        name, failed = work.lane.spec.name, (records.StepFailed, self.now(), work.id, work.lane.spec.name, error)
        if recover and self.stop is None and isinstance(error, Exception) and self._recover(work, error, failed):
            return
        if self.on_failing is not None and self.stop is None:
            self.on_failing(work, error)
        # First the record: whoever saves the run now has the failing step in it, and not a run without any work.
        if self.emit is not None:
            self.emit((*failed, work.attempt, None))
        self.ledger.finish(work)
        if self.stop is not None:
            report.late_error(name, error)
            return
        if isinstance(work.event, StepFailedEvent) and work.lane.spec.catches and error.__context__ is None:
            error.__context__ = work.event.exception if work.event.exception is not error else None
        elapsed = None if work.first_start is None else self._elapsed(work)
        event = WorkflowFailedEvent(step_name=name, exception=error, attempts=work.attempt, elapsed_seconds=elapsed)
        self.end("failed", event, error, wait=wait)

    def _elapsed(self, work: Work) -> float:
        """Return the seconds since the first attempt at a delivery began."""
        return 0.0 if work.first_start is None else self.now() - work.first_start

    def _recover(self, work: Work, error: Exception, failed: tuple[Any, ...]) -> bool:
        """Hand a failure to the step's error handler. Returns whether it has one that takes it."""
        ledger, spec = self.ledger, work.lane.spec
        handler = self.plan.bindings.catchers.get(self.plan.by_name[spec.name]) if self.plan.scoped else None
        if handler is None or not isinstance(ledger, ScopedLedger):
            return False
        catches = self.plan.steps[handler].catches
        if catches is None or ledger.recovered(work, handler) >= catches.max_recoveries:
            return False
        event = StepFailedEvent(
            step_name=spec.name,
            input_event=work.event,
            exception=error,
            attempts=work.attempt,
            elapsed_seconds=self._elapsed(work),
            failed_at=datetime.now(UTC),
        )
        parent, n = work.lineage, work.made
        ledger.finish(work)
        targets = ledger.recover(work, handler, event)
        ledger.leave(work)
        if self.emit is not None:
            self.emit((*failed, work.attempt, None))
            self.emit((EventSent, self.now(), event, spec.name, parent, n, targets))
        return True


def _forget_own_frames(error: BaseException) -> None:
    """Let an error's traceback begin in the step: our frames refer to the run, which refers to the error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__package__") in _OWN:
        traceback = traceback.tb_next
    if traceback is not None:
        error.__traceback__ = traceback


def _may_be_bare(spec: StepSpec, event: Event) -> bool:
    """Whether a step may return an event of this type by itself; not if it declares it inside a list only."""
    return type(event) not in spec.listed or type(event) in spec.bare
