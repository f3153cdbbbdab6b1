"""One run: what it is made of, how it begins and how it ends. The engine adds what moves it."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from wfkit import records, report
from wfkit.alarms import Alarms
from wfkit.clock import current_clock
from wfkit.context import Context
from wfkit.diagnosis import explain
from wfkit.events import ChildEvent, Event, StopEvent, WorkflowCancelledEvent, WorkflowTimedOutEvent
from wfkit.ledger import Ledger
from wfkit.patience import GRACE, Patience
from wfkit.plan import Plan
from wfkit.port import Port
from wfkit.records import Outcome, Record
from wfkit.resources import ResourceManager
from wfkit.seam import Hook, emitter, overrides, with_another
from wfkit.shown import Shown
from wfkit.stream import Stream
from wfkit.verdict import Verdict
from wfkit.work import Work

STUBBORN = 0.5  # seconds a step that swallows its cancellation can delay the end of its run


class Run(ABC):
    """One run of a workflow, without what moves it.

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
        resources: makes what the steps ask for.
    """

    calls: Port

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
        on_end: Callable[[Any], None],
        resources: ResourceManager | None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = current_clock()
        self.now = self.clock.now
        self.alarms = Alarms(self.clock)
        self.workflow, self.plan, self.context, self.ledger = workflow, plan, context, ledger
        self.timeout = timeout
        self.run_id = run_id or os.urandom(5).hex()
        self.resources = resources
        self._shown: Shown | None = None
        self.emit = emitter(hooks)
        self.hooks = hooks
        # Read afresh for each step: a debugger takes itself out while it has nothing to do.
        self.around = [hook for hook in hooks if overrides(hook, "around_step")]
        # Told before a failure ends the run, with the step that failed; None for a run that takes too long.
        self.on_failing: Callable[[Work | None, BaseException], object] | None = None
        # Asked before somebody settles down to wait for the end, with the handler; raises if that could never come.
        self.guard: Callable[[Any], Awaitable[None]] | None = None
        self.patience = Patience(self.clock, self.alarms, timeout, self._time_is_up, self._say_stuck)
        self.drivers: set[asyncio.Task[None]] = set()
        self.sleepers: set[asyncio.Future[None]] = set()  # waits of steps
        self.parent: Run | None = None
        self.name_in_parent = plan.name
        self.children: set[Run] = set()
        self.verdict = Verdict(self.run_id, plan.name)
        self.begun = False
        self.ending = False  # from now on nothing counts any more
        self.ended = False  # and everybody has been told
        self.restored = start is None
        # What was sent from outside before the run's turn had come, each with the one step it is for, if so.
        self.early: list[tuple[Event, int | None]] = [] if start is None else [(start, None)]
        self._on_end = on_end
        ledger.on_note = report.note
        self._variables = copy_context()
        self.calls = self._open_port()
        for hook in hooks:
            hook.attach(self)  # it may refuse: the context has not been given away yet
        context._bind(self.calls)
        self.stop: StopEvent | None = None  # what a step has returned to end the run
        self.closer: asyncio.Task[None] | None = None  # waits for what was cancelled at the end

    @abstractmethod
    def _open_port(self) -> Port:
        """Make what the Context of the run speaks to."""

    @abstractmethod
    def _spawn(self) -> None:
        """Start a driver."""

    @abstractmethod
    def _try_again_when_due(self, work: Work) -> None:
        """See to it that a delivery that waits for another attempt gets it in time."""

    @abstractmethod
    def wake(self) -> None:
        """See to it that ready work is driven."""

    @abstractmethod
    def route(self, event: Event, work: Work | None, only: int | None = None) -> None:
        """Put an event on its way to the steps that take it, or to one of them."""

    # -- beginning and end -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the run: send on what was sent from outside before its turn had come, the start event first."""
        if self.ending:
            return
        if self.emit is not None:
            self.emit((records.RunStarted, self.now(), self.run_id, self.plan.name, self.restored))
        self.begun = True
        for work in tuple(self.ledger.retrying):  # of a run that is restored
            self._try_again_when_due(work)
        for question in self.ledger.questions:  # of a run that is restored: whoever resumes it has not seen them
            self.calls.show(question, None)
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
        if verdict.event is not None:
            if self._shown is not None:
                self._shown.close(verdict.event)
            self.tell_parent(verdict.event)
        self.ledger.clear()
        self.context._bind(None, verdict.outcome)
        del self.calls  # it refers back to us: without it, what the run showed goes when its handler goes
        if not verdict.tell() and verdict.error is not None and not self.loop.is_closed():
            self.clock.call_later(GRACE, verdict.show_if_unseen)
        self._on_end(self)
        # Whoever keeps the handler of a child run shall not keep its parent, nor what its step was working on.
        self.parent = self.patience.parent = None
        del self._variables

    # -- what it shows -----------------------------------------------------------------------------------------

    @property
    def shown(self) -> Shown:
        """What the run shows to whoever watches it; made when something is first shown or somebody first looks."""
        if self._shown is None:
            self._shown = Shown(self.plan)
            if self.ended and self.verdict.event is not None:
                self._shown.close(self.verdict.event)
        return self._shown

    def look(self, internal: bool, children: bool, past: Iterable[Record]) -> Stream:
        """Return the run's stream, with internal events or those of its child runs in it.

        Args:
            internal: whether it shows what the steps do.
            children: whether it shows what the runs show that the steps have started.
            past: the records so far.
        """
        shown = self.shown
        stream, take = shown.look(internal, children, past)
        if take is not None and not self.ended:
            self.emit = with_another(self.emit, take)
        return stream

    def tell_parent(self, event: Event) -> None:
        """Let the run whose step has started this one show what this one shows."""
        parent = self.parent
        if parent is None or parent.ended:
            return
        name, run_id = self.name_in_parent, self.run_id
        if isinstance(event, ChildEvent):  # of a run that a step of this one has started
            name, run_id, event = f"{name}.{event.child}", event.run_id, event.event
        told = ChildEvent(child=name, run_id=run_id, event=event)
        if parent.loop is self.loop:
            parent.hear(told)
        else:  # a plain step's run_sync goes on in another thread
            with suppress(RuntimeError):  # that loop was closed meanwhile
                parent.loop.call_soon_threadsafe(parent.hear, told)

    def hear(self, told: ChildEvent) -> None:
        """Take note of what a child run has shown; the runs around this one hear of it too."""
        if not self.ended:
            if self.emit is not None:
                self.emit((records.ChildStreamed, self.now(), told))
            self.tell_parent(told)

    def cancel(self) -> None:
        """Cancel the run."""
        self.end("cancelled", WorkflowCancelledEvent(), report.cancelled(self.plan.name))

    # -- time --------------------------------------------------------------------------------------------------

    def _time_is_up(self) -> None:
        active = self.ledger.steps_at_work()
        assert self.timeout is not None
        error = report.timed_out(self.timeout, active, explain(self.ledger) if self.ledger.idle else "")
        if self.on_failing is not None:
            self.on_failing(None, error)
        self.end("timed out", WorkflowTimedOutEvent(timeout=self.timeout, active_steps=active), error)

    def rest(self) -> None:
        """Note that nothing can move until somebody outside does something."""
        if not (self.patience.resting or self.ending or self.stop is not None):
            stuck = self.patience.rest(self.ledger)
            if self.emit is not None:
                self.emit((records.RunIdle, self.now(), explain(self.ledger), stuck))

    def _say_stuck(self) -> None:
        report.stuck_run(self.run_id, self.plan.name, explain(self.ledger))
