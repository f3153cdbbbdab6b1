"""The motion of a debugger: it holds deliveries, notices when the run has come to rest, and has that taken down.

A run has come to rest when nothing is ready to start and everything that has started is held, waits, or was already at
work when the debugger was told to hold. Rest is looked for in a turn of the event loop of its own, after whatever may
have brought it about: a delivery that arrived, or a record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from wfkit.diagnosis import explain
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event, StopEvent
from wfkit.hooks.debugger.audience import Audience
from wfkit.hooks.debugger.breakpoints import Breakpoint, Place, breakpoints_at
from wfkit.hooks.debugger.coming import Coming
from wfkit.hooks.debugger.holds import GO, Choice, Hold
from wfkit.hooks.debugger.past import Past
from wfkit.hooks.debugger.scribe import Scribe
from wfkit.hooks.debugger.stops import Delivery, Stop
from wfkit.hooks.recorder import Recorder
from wfkit.records import RunEnded, RunIdle, StateChanged, StepFailed, StepFinished, StepWaiting
from wfkit.run import Run
from wfkit.seam import Hook, Proceed, StepCall, with_another
from wfkit.work import Work

logger = logging.getLogger("wfkit")

START = "break at start"
ARRIVED = "something arrived"
WENT_ON = "what was at work went on"


class Holding(Hook):
    """What a `Debugger` does by itself; the commands are there."""

    rank: ClassVar[int] = 10

    def __init__(self, break_at_start: bool, breakpoints: Place | Iterable[Place], keep: int, keep_bytes: int) -> None:
        self._run: Run | None = None
        self._scribe: Scribe | None = None
        self._past = Past(keep, keep_bytes)
        self._audience = Audience()
        self._breakpoints = breakpoints_at(breakpoints)
        self._goals: list[Breakpoint] = []  # of step_until
        self._fits_any_run = False  # breakpoints at steps that a workflow does not have are no mistake
        # What it holds, and why.
        self._holding = break_at_start
        self._holds: dict[Work, Hold] = {}
        self._leaving: set[Work] = set()  # what was let go and has not gone yet
        self._excused: set[Work] = set()  # what was at work already when the run was told to hold
        self._told_to_hold = False  # by a breakpoint or `pause`, and no stop has come of it yet
        # Of a fork: what was at work or waiting there, and is not to be held for it; and who had sent what.
        self._pass: set[int] = set()
        self._sources: dict[tuple[int, int], str | None] = {}
        self._returned: dict[int, Event] = {}  # and what steps had returned that were held at their end
        # The stop at which the run rests, and what the next one will tell.
        self._current: Stop | None = None
        self._why = START
        self._problems: list[str] = []
        self._changed: dict[str, None] = {}
        self._looking = self._looking_if_idle = False  # whether rest is about to be looked for

    # -- the run -----------------------------------------------------------------------------------------------

    def attach(self, run: Run) -> None:
        run.around[:] = [hook for hook in run.around if hook is not self]
        rivals = [hook for hook in run.hooks if isinstance(hook, Holding)]
        if rivals[-1] is not self:
            self._stand_back()
            return
        if self._run is run:
            self._arm()  # it was given to the run in two ways
            return
        if not self._fits_any_run:
            for point in self._breakpoints:
                point.check(run.plan)
        self._run = run
        self._scribe = Scribe(run, self._sources)
        run.on_failing = self._before_failing
        self._arm()
        self._show()

    def _stand_back(self) -> None:
        """Leave the run to the debugger that is meant for it alone."""

    def _the_run(self) -> Run:
        if self._run is None:
            raise WorkflowRuntimeError("This debugger watches no run yet: workflow.run(hooks=[debugger], ...).")
        return self._run

    @property
    def _recorder(self) -> Recorder | None:
        return None if self._scribe is None else self._scribe.recorder

    def may_hold(self) -> bool:
        return self._armed

    @property
    def _armed(self) -> bool:
        return self._holding or bool(self._breakpoints or self._goals or self._leaving or self._returned)

    def _arm(self) -> None:
        """Stand around the steps while there is something to look for, and only then."""
        run = self._run
        if run is None or run.ending:
            return
        there = any(hook is self for hook in run.around)
        if self._armed and not there:
            place = sum(1 for hook in run.around if hook.rank <= self.rank)
            run.around.insert(place, self)
        elif there and not self._armed:
            run.around[:] = [hook for hook in run.around if hook is not self]
        if self._armed or self._audience.watches:
            self._hear()

    def _hear(self) -> None:
        """Get the records from now on."""
        run, scribe = self._run, self._scribe
        if run is not None and scribe is not None and not (scribe.hears or run.ended):
            scribe.begin_to_hear()
            run.emit = with_another(run.emit, self._take)

    def _show(self) -> None:
        """Tell those who watch that there is something new to see."""
        if self._run is not None and self._audience.watches:
            self._audience.changed(self._run.loop)

    # -- around the steps --------------------------------------------------------------------------------------

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        await self._let_leave()
        choice = await self._stop_here(call)
        while choice.kind != "give":
            try:
                result = await proceed(call)
            except Exception as error:
                choice = await self._stop_here(call, error=error)
                if choice is GO:
                    raise
            else:
                choice = GO if result is None else await self._stop_here(call, result=result)
                if choice is GO:
                    choice = Choice("give", result)
        if isinstance(choice.result, StopEvent):
            await self._let_leave()
        return choice.result  # type: ignore[no-any-return]  # checked by the command

    async def _let_leave(self) -> None:
        """Let what was let go begin: without us it would have, before anything that comes of it, or ends the run."""
        while self._leaving:  # noqa: ASYNC110  # it is a turn of the event loop or two
            await asyncio.sleep(0)

    async def _stop_here(self, call: StepCall, error: Exception | None = None, result: Event | None = None) -> Choice:
        run = self._run
        assert run is not None
        returned = self._returned.pop(call.id, None)
        try:
            if run.ending or not self._shall_hold(call, error, result):
                return GO if returned is None else Choice("give", returned)
            hold = Hold(call, run.loop.create_future(), run.now(), error, result)
            if returned is not None:
                hold.put_result(returned)
            if self._current is not None or self._why is WENT_ON:
                self._why = ARRIVED
            self._holds[hold.work] = hold
            self._excused.discard(hold.work)
            self._move()
        except Exception:
            logger.exception("A debugger failed at step %r and lets it go on.", call.step.name)
            return GO
        try:
            with call.hold():
                return await hold.future
        finally:
            self._leaving.discard(hold.work)
            if not self._leaving:
                self._arm()
            if self._holds.get(hold.work) is hold:  # cancelled
                del self._holds[hold.work]
            if hold.work.first_start is not None:  # held time is no time that retries have taken
                hold.work.first_start += run.now() - hold.since

    def _shall_hold(self, call: StepCall, error: Exception | None, result: Event | None) -> bool:
        run = self._run
        assert run is not None
        if result is not None and (not isinstance(result, Event) or run.plan.route(type(result)).steps):
            return False  # it will arrive at a step
        event = call.event if result is None else result
        why = "" if error is None else f"failed: {type(error).__name__}"
        hit = self._hit(lambda point: self._meets(point, call.step.name, event, error, result), why)
        if error is not None or result is not None:
            # What was at work when the run was told to hold must not end it behind the back of whoever looks at it.
            ends = isinstance(result, StopEvent) and self._holding and call.context._work in self._excused
            return hit or ends
        if call.id in self._pass and not hit:
            self._pass.discard(call.id)
            return False
        return self._holding

    def _release(self, hold: Hold, choice: Choice) -> None:
        """Let one delivery go."""
        del self._holds[hold.work]
        if hold.leave(choice):
            self._leaving.add(hold.work)

    # -- breakpoints -------------------------------------------------------------------------------------------

    def _meets(self, point: Breakpoint, step: str, event: Event, error: Exception | None, result: Event | None) -> bool:
        if result is not None and point.event is None:
            return False
        run = self._run
        assert run is not None
        return point.meets(step, event, run.context.store.state, error is not None)

    def _hit(self, meets: Callable[[Breakpoint], bool], why: str) -> bool:
        """Begin to hold if a breakpoint is met; all that are, are counted. Without a `why` they are named."""
        met = [point for point in (*self._breakpoints, *self._goals) if meets(point)]
        for point in met:
            if point.problem:
                self._problems.append(f"The condition of breakpoint {point} failed: {point.problem}")
            if point.once and point in self._breakpoints:
                self._breakpoints.remove(point)
        if met:
            kind = "until" if met[0] in self._goals else "breakpoint:"
            self._hold_on(why or f"{kind} {', '.join(map(str, met))}")
        return bool(met)

    def _hold_on(self, why: str) -> None:
        """Hold what comes from now on; what is at work is not waited for."""
        run = self._run
        told = self._why.split("; ") if self._told_to_hold else []
        self._why = "; ".join(dict.fromkeys((*told, why)))
        self._holding = self._told_to_hold = True
        self._goals.clear()
        if run is not None:
            at_work = {*run.ledger.active, *run.ledger.retrying}
            self._excused = at_work.difference(self._holds)
            self._arm()
            self._move()

    # -- records -----------------------------------------------------------------------------------------------

    def _take(self, fields: tuple[Any, ...]) -> None:
        """Take a record as it leaves the engine."""
        kind, scribe = fields[0], self._scribe
        assert scribe is not None
        try:
            scribe.hear(fields)
            if kind is StateChanged:
                self._state_changed(fields[2], fields[4])
            elif kind is RunIdle:
                self._look_if_idle()
            elif kind is RunEnded:
                self._ended()
            if self._current is not None:
                self._went_on(kind)
            elif self._holding:
                self._look_soon()
            self._show()
        except Exception:
            logger.exception("A debugger failed at a record; the run goes on.")

    def _went_on(self, kind: Any) -> None:
        """Note that a run at rest rests no more: something was at work all the same, or it is not held at all."""
        if not self._holding:
            self._current = None if kind is not StateChanged else self._current
        elif kind in (StepFinished, StepFailed, StepWaiting):
            self._why, self._told_to_hold = WENT_ON, True
            self._move()

    def _state_changed(self, step: str | None, keys: tuple[str, ...]) -> None:
        self._changed.update(dict.fromkeys(keys or ("",)))
        if step is not None:  # a change from outside is ours, or somebody's who knows of it
            met = [point for point in self._breakpoints if point.meets_change(keys)]
            for point in met:
                if point.once:
                    self._breakpoints.remove(point)
            if met:
                self._hold_on(f"state: {', '.join(keys) or 'all'} changed by {step}")

    def _ended(self) -> None:
        """The run has ended: nothing comes any more."""
        self._current = None
        self._excused.clear()
        self._audience.tell(None)

    def _before_failing(self, work: Work | None, error: BaseException) -> None:
        """Take down the run as it was just before a failure, or the end of its time, ends it: to fork from."""
        last = self._past.latest
        if last is not None and any(found.error is error for found in last.ready):
            return
        try:
            self._hear()
            assert self._scribe is not None
            if work is None:
                self._take_down("timed out")
            else:
                self._take_down(f"failed: {type(error).__name__}", (self._scribe.delivery(work, error=error),))
        except Exception:
            logger.exception("A debugger could not take down a failing run.")

    # -- rest --------------------------------------------------------------------------------------------------

    def _move(self) -> None:
        """The run rests no more; see when it does again."""
        self._current = None
        if self._holding:
            self._look_soon()
        self._show()

    def _look_soon(self) -> None:
        if not self._looking and self._run is not None and not self._run.ending:
            self._looking = True
            self._run.loop.call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        run = self._run
        if run is None or run.ending or not run.begun or not self._holding or self._current is not None:
            return
        if run.ledger.ready:
            self._look_soon()
        elif self._rests(run):
            self._current = self._tell_stop(self._why)
            self._why, self._told_to_hold = ARRIVED, False

    def _rests(self, run: Run) -> bool:
        ledger, holds, excused = run.ledger, self._holds, self._excused
        if excused:
            excused.intersection_update((*ledger.active, *ledger.retrying))
        if any(work not in holds and work not in excused for work in ledger.active):
            return False
        if holds:
            return True
        if self._told_to_hold:  # at once, whatever is at work
            return all(work in excused for work in ledger.retrying)
        return not (ledger.active or ledger.retrying)  # what is under way is waited for, there is nothing else to do

    def _look_if_idle(self) -> None:
        """Tell whoever waits for a stop of a run that is not held that it waits for somebody outside, or is stuck."""
        run = self._run
        if self._audience.waits and run is not None and not self._looking_if_idle:
            self._looking_if_idle = True
            run.loop.call_soon(self._idle)

    def _idle(self) -> None:
        self._looking_if_idle = False
        run = self._run
        if run is None or not run.begun or run.ending or self._holding or not self._audience.waits:
            return
        if run.ledger.idle:
            self._current = self._tell_stop(f"waits: {explain(run.ledger)}")

    def _mark(self, why: str) -> None:
        """Make a stop of a change to a run at rest."""
        if self._current is not None:
            self._current = self._tell_stop(why)

    # -- stops -------------------------------------------------------------------------------------------------

    def _tell_stop(self, why: str) -> Stop:
        """Keep what is so now as a stop, and tell all who wait for one."""
        try:
            stop = self._take_down(why)
        except Exception as mistake:
            logger.exception("A debugger could not take down where the run has stopped.")
            stop = self._past.add(Stop(self._past.number + 1, why, self._the_run().now(), problem=repr(mistake)))
        self._audience.tell(stop)
        self._show()
        return stop

    def _take_down(self, why: str, failing: tuple[Delivery, ...] = ()) -> Stop:
        """Keep what is so now as a stop."""
        assert self._scribe is not None
        number, changed, problems = self._past.number + 1, self._changed, self._problems
        stop = self._past.add(self._scribe.take_down(number, why, self._holds, changed, problems, failing))
        problems.clear()
        changed.clear()
        return stop

    def _next(self) -> Coming:
        """Return what will be the next stop."""
        run = self._the_run()
        if run.ended:
            coming = Coming(run.loop)
            coming.come(None)
            return coming
        coming = self._audience.next(run.loop)
        self._hear()  # else it would not learn of the end
        self._look_if_idle()
        return coming
