"""What a step's Context calls do to the run: the engine's side of `Port`.

Every call that changes anything leaves exactly one record.
"""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop as get_running_loop  # None where no loop is running
from collections.abc import Sequence
from typing import Any

from wfkit import records
from wfkit.attempts import RetryInfo
from wfkit.context import CURRENT, Context
from wfkit.errors import ContextStateError, WorkflowRuntimeError
from wfkit.events import Event, InputRequiredEvent
from wfkit.records import Change
from wfkit.report import run_is_over
from wfkit.run import Run
from wfkit.scoped_ledger import ledger_of
from wfkit.serialize import BaseSerializer
from wfkit.snapshot import dump_ledger
from wfkit.work import Wait, Work


class Calls:
    """The port of one run.

    Args:
        engine: the run's engine.
    """

    __slots__ = ("engine",)

    def __init__(self, engine: Run) -> None:
        self.engine = engine

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""
        return not self.engine.ending

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and everybody has been told."""
        return self.engine.ended

    def send(self, event: Event, work: Work | None, step: str | None) -> None:
        """Put an event on its way; a step of a run that has ended is not heard any more."""
        engine = self.engine
        if engine.ending:
            if work is None:
                raise run_is_over(event, engine.verdict.outcome)
            return
        only = None if step is None else self._index(event, step)
        if get_running_loop() is not engine.loop:  # a thread of the step's or the user's, a widget's callback
            engine.loop.call_soon_threadsafe(self._send_here, event, work, only)
        else:
            self._send_here(event, work, only)

    def _send_here(self, event: Event, work: Work | None, only: int | None) -> None:
        engine = self.engine
        if work is None:
            self._take_in(event, only)
            return
        if work.lane.spec.retry_policy is None and not work.skip:
            work.sends += 1
        elif work.has_been_sent(event):
            return
        if not engine.ending:
            engine.route(event, work, only)
            engine.wake()

    def _take_in(self, event: Event, only: int | None) -> None:
        """Put an event from outside on its way, or keep it until the run's turn has come."""
        engine = self.engine
        if not engine.begun:
            engine.early.append((event, only))
        elif not engine.ending:
            engine.route(event, None, only)
            engine.wake()

    def _index(self, event: Event, step: str) -> int:
        plan = self.engine.plan
        index = plan.by_name.get(step)
        if index is None:
            raise WorkflowRuntimeError(f"Step {step} does not exist. The steps are {', '.join(plan.by_name)}.")
        if plan.steps[index].gathers is not None:
            raise WorkflowRuntimeError(
                f"Step {step!r} gathers the events of a fan-out or joins several; send {type(event).__name__} without "
                f"step=..., and it gets it when all are there."
            )
        if index not in plan.route(type(event)).steps:
            taken = ", ".join(kind.__name__ for kind in plan.steps[index].accepted)
            raise WorkflowRuntimeError(f"Step {step} does not accept event of type {type(event)}. It takes {taken}.")
        return index

    def write(self, event: Event, work: Work | None) -> None:
        """Write an event to the stream; a question among them is one to a person."""
        engine = self.engine
        if get_running_loop() is not engine.loop:
            engine.loop.call_soon_threadsafe(self.write, event, work)
            return
        if self.show(event, work) and isinstance(event, InputRequiredEvent):
            engine.ledger.ask(event)

    def show(self, event: Event, work: Work | None) -> bool:
        """Write an event to the stream; False if the run has ended or an earlier run of the body has shown it."""
        engine = self.engine
        if engine.ending:
            return False
        if work is not None:
            work.streamed += 1
            if work.streamed <= work.skip_streamed:
                return False
        (engine._shown or engine.shown).write(event)
        if engine.parent is not None:
            engine.tell_parent(event)
        if engine.emit is not None:
            id, name = (0, None) if work is None else (work.id, work.lane.spec.name)
            engine.emit((records.EventStreamed, engine.clock.now(), id, name, event))
        return True

    def collect(self, work: Work, event: Event, expected: Sequence[type[Event]], buffer_id: str) -> list[Event] | None:
        """Put an event aside, or return a complete set."""
        if not expected:
            return []
        engine = self.engine
        if get_running_loop() is not engine.loop:
            raise ContextStateError(
                "collect_events() was called in a thread that the step has started. Call it in the step."
            )
        done = engine.ledger.collect(work, event, expected, buffer_id)
        if done is None:
            return None
        if engine.emit is not None and not done.told:
            done.told = True
            now, name = engine.clock.now(), work.lane.spec.name
            if done.taken:
                engine.emit((records.EventsCollected, now, work.id, name, buffer_id, done.ids, done.lineage))
            elif done.kind is not None:  # else it was put aside before the snapshot was taken
                engine.emit((records.EventBuffered, now, work.id, name, buffer_id, event))
        return done.events

    async def wait(
        self,
        work: Work,
        event_type: type[Event],
        question: Event | None,
        waiter_id: str | None,
        requirements: dict[str, Any],
        timeout: float | None,
    ) -> Event:
        """Suspend a step until an event is there."""
        engine = self.engine
        if engine.ending:
            raise asyncio.CancelledError(f"the run of {engine.plan.name} is over")
        if get_running_loop() is not engine.loop:
            raise ContextStateError(
                "wait_for_event() was called in a thread that the step has started. Call it in the step."
            )
        if not engine.ledger.at_work(work):
            raise ContextStateError(
                f"Step {work.lane.spec.name!r} has returned; a task it left behind cannot wait for events. "
                f"Await the task in the step."
            )
        id = waiter_id or _next_waiter_id(work, event_type, requirements)
        answered = bool((work.replay or {}).get(id))
        if question is not None and not self.show(question, work) and engine.restored and not answered:
            self.show(question, None)  # the run before this one has shown it, to somebody who may be gone
        arrived: asyncio.Future[None] = engine.loop.create_future()
        wait = Wait(work, id, event_type, requirements, lambda: _set(arrived))
        wait.asks = wait.asks or question is not None
        event = engine.ledger.wait(wait)
        name = work.lane.spec.name
        if event is not None:
            if engine.emit is not None:
                engine.emit((records.StepResumed, engine.clock.now(), work.id, name, id, event))
            return event
        if engine.emit is not None:
            engine.emit((records.StepWaiting, engine.clock.now(), work.id, name, id, event_type))
        if engine.ledger.idle:
            engine.rest()
        else:
            engine.wake()
        alarm = None
        if timeout is not None:
            alarm = engine.patience.waits.set(timeout, lambda: self._give_up(wait))
        engine.sleepers.add(arrived)
        try:
            await arrived
        except BaseException:  # the step gave it up, or is cancelled
            engine.ledger.abandon(wait)
            if engine.emit is not None and not engine.ending:
                engine.emit((records.StepResumed, engine.clock.now(), work.id, name, id, None))
            engine.wake()
            raise
        finally:
            engine.sleepers.discard(arrived)
            if alarm is not None:
                alarm.cancel()
        if engine.emit is not None:
            engine.emit((records.StepResumed, engine.clock.now(), work.id, name, id, wait.event))
        if wait.event is None:
            raise TimeoutError(f"Timed out waiting for {event_type.__name__}")
        return wait.event

    def _give_up(self, wait: Wait) -> None:
        ledger = self.engine.ledger
        if wait in ledger.waits:
            ledger.answer(wait, None)
            self.engine.wake()

    def state_changed(self, change: Change, keys: tuple[str, ...]) -> None:
        """Note that the store changed."""
        engine = self.engine
        if engine.emit is not None and not engine.ending:
            found = CURRENT.get()
            step = found.work.lane.spec.name if found is not None and found.port is self else None
            engine.emit((records.StateChanged, engine.clock.now(), step, change, keys))

    def step_context(self, work: Work) -> Context[Any]:
        """Return the Context of a delivery."""
        return self.engine.context._for_step(work)

    def running_steps(self) -> list[str]:
        """Return the names of the steps at work, waiting ones included."""
        return self.engine.ledger.steps_at_work()

    def retry_info(self, work: Work) -> RetryInfo:
        """Return what earlier attempts at a delivery came to."""
        elapsed = 0.0 if work.first_start is None else self.engine.now() - work.first_start
        return RetryInfo(work.attempt - 1, elapsed, work.last_error, work.last_failed_at)

    def snapshot(self, serializer: BaseSerializer) -> dict[str, Any]:
        """Return the run's live work, ready for JSON."""
        engine = self.engine
        work = dump_ledger(engine.ledger, serializer, engine.now())
        if not engine.begun:  # it queues for its turn: what it will begin with comes too
            coming = ledger_of(engine.plan)
            coming.from_outside = engine.ledger.from_outside
            for event, only in engine.early:
                coming.send(event, None, only)
            ahead = dump_ledger(coming, serializer, engine.now())
            for part in ("deliveries", "buffers", "unclaimed"):
                work[part] += ahead[part]
            work["from_outside"] = ahead["from_outside"]
        work["stop"] = None if engine.stop is None else serializer.encode(engine.stop)
        return work


def _next_waiter_id(work: Work, event_type: type[Event], requirements: dict[str, Any]) -> str:
    """Name a wait by what it waits for, and number those that wait for the same.

    Not by the order of the calls: waits that a body has open at once may begin in another order when it is run again,
    and each must find its own answer.
    """
    wanted = event_type.__qualname__
    for key, value in sorted(requirements.items()) if requirements else ():
        wanted += f" {key}={value!r}" if type(value) in (str, int, float, bool, type(None)) else f" {key}"
    if work.asked is None:
        work.asked = {}
    number = work.asked[wanted] = work.asked.get(wanted, 0) + 1
    return f"{work.id:016x}:{wanted}:{number}"


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
