"""The motion of a debugger: it holds deliveries, notices when the run has come to rest, and takes down what is then.

A run has come to rest when nothing is ready to start and everything that has started is held, waits, or was already at
work when the debugger was told to hold. Rest is looked for in a turn of the event loop of its own, after whatever may
have brought it about: a delivery that arrived, or a record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from wfkit.diagnosis import explain
from wfkit.events import Event, StopEvent
from wfkit.hooks import look
from wfkit.hooks.breakpoints import Breakpoint
from wfkit.hooks.coming import Coming
from wfkit.hooks.holds import GO, Choice, Hold
from wfkit.hooks.past import Past
from wfkit.hooks.recorder import Recorder
from wfkit.hooks.stops import Delivery, Stop, said
from wfkit.hooks.writing import Writer
from wfkit.plain import brief
from wfkit.records import EventSent, RunEnded, RunIdle, StateChanged
from wfkit.run import Run
from wfkit.seam import Hook, Proceed, StepCall, observers, with_another
from wfkit.snapshot import load_store
from wfkit.store import state_type_of
from wfkit.work import Work

logger = logging.getLogger("wfkit")

SOURCES = 10_000  # events whose senders are remembered
START = "break at start"


class Holding(Hook):
    """What a `Debugger` does by itself; the commands are there."""

    rank: ClassVar[int] = 10

    def __init__(self, break_at_start: bool, breakpoints: Iterable[Breakpoint], keep: int, keep_bytes: int) -> None:
        self._run: Run | None = None
        self._holding = break_at_start
        self._breakpoints = list(breakpoints)
        self._goals: list[Breakpoint] = []  # of step_until
        self._holds: dict[Work, Hold] = {}
        self._excused: set[Work] = set()  # what was at work already when the run was told to hold
        self._told_to_hold = False  # by a breakpoint or `pause`, and no stop has come of it yet
        self._pass: set[int] = set()  # of a fork: what was at work or waiting there, and is not to be held for it
        self._why = START
        self._problems: list[str] = []
        self._changed: dict[str, None] = {}
        self._past = Past(keep, keep_bytes)
        self._number = 0
        self._current: Stop | None = None  # the stop at which the run rests
        self._coming: list[Coming] = []
        self._sources: dict[tuple[int, int], str | None] = {}
        self._records = 0
        self._hears = False  # whether the records reach it
        self._looking = self._looking_if_idle = False  # whether rest is about to be looked for
        self._writer: Writer | None = None
        self._notes: list[tuple[int, str]] = []

    # -- the run -----------------------------------------------------------------------------------------------

    def for_run(self) -> Hook:
        if self._run is None:
            return self
        if any(hook is self for hook in observers()):
            return self._twin()
        raise RuntimeError(
            f"This debugger watches run {self._run.run_id} of {self._run.plan.name} already. Make one for each run: "
            f"workflow.run(hooks=[Debugger()])."
        )

    def _twin(self) -> Hook:
        """Return a debugger with the same settings, for another run."""
        raise NotImplementedError

    def attach(self, run: Run) -> None:
        if self._run is not None:
            raise RuntimeError(f"This debugger watches run {self._run.run_id} of {self._run.plan.name} already.")
        for point in self._breakpoints:
            point.check(run.plan)
        self._run = run
        run.on_failing = self._before_failing
        run.around.remove(self)
        if self._armed:
            self._arm()

    @property
    def _recorder(self) -> Recorder | None:
        hooks = () if self._run is None else self._run.hooks
        return next((hook for hook in hooks if isinstance(hook, Recorder)), None)

    def may_hold(self) -> bool:
        return self._armed

    @property
    def _armed(self) -> bool:
        return self._holding or bool(self._breakpoints or self._goals)

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
        if self._armed:
            self._hear()

    def _hear(self) -> None:
        """Get the records from now on, and what the recorder has of those before."""
        run = self._run
        if self._hears or run is None or run.ended:
            return
        self._hears = True
        recorder = self._recorder
        if recorder is not None:
            for record in recorder.records[-SOURCES:] if len(recorder) else ():
                if isinstance(record, EventSent):
                    self._sources[record.parent, record.n] = record.source
            self._records = len(recorder)
        run.emit = with_another(run.emit, self._take)

    # -- around the steps --------------------------------------------------------------------------------------

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
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
                    return result
        return choice.result  # type: ignore[no-any-return]  # checked by the command

    async def _stop_here(self, call: StepCall, error: Exception | None = None, result: Event | None = None) -> Choice:
        run = self._run
        assert run is not None
        try:
            if run.ending or not self._shall_hold(call, error, result):
                return GO
            hold = Hold(call, run.loop.create_future(), run.now(), error, result)
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
        self._why = f"{self._why}; {why}" if self._told_to_hold else why
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
        kind = fields[0]
        self._records += 1
        try:
            if kind is EventSent:
                self._sources[fields[4], fields[5]] = fields[3]
                if len(self._sources) > SOURCES:
                    del self._sources[next(iter(self._sources))]
            elif kind is StateChanged:
                self._state_changed(fields[2], fields[4])
            elif kind is RunIdle:
                self._look_if_idle()
            elif kind is RunEnded:
                self._ended()
            if self._holding and self._current is None:
                self._look_soon()
        except Exception:
            logger.exception("A debugger failed at a record; the run goes on.")

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
        coming, self._coming = self._coming, []
        for each in coming:
            each.come(None)
        self._current = None
        self._excused.clear()

    def _before_failing(self, work: Work, error: BaseException) -> None:
        """Take down the run as it was just before a failure ends it, to fork from."""
        last = self._past.all()[-1:]
        if last and any(found.error is error for found in last[0].ready):
            return
        try:
            self._hear()
            self._take_down(f"failed: {type(error).__name__}", (look.failed(work, error, self._source),))
        except Exception:
            logger.exception("A debugger could not take down a failing run.")

    # -- rest --------------------------------------------------------------------------------------------------

    def _move(self) -> None:
        """The run rests no more; see when it does again."""
        self._current = None
        if self._holding:
            self._look_soon()

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
            self._why, self._told_to_hold = "something arrived", False

    def _mark(self, why: str) -> None:
        """Make a stop of a change to a run at rest."""
        if self._current is not None:
            self._current = self._tell_stop(why)

    def _look_if_idle(self) -> None:
        """Tell whoever waits for a stop of a run that is not held that it waits for somebody outside, or is stuck."""
        run = self._run
        if self._coming and run is not None and not self._looking_if_idle:
            self._looking_if_idle = True
            run.loop.call_soon(self._idle)

    def _idle(self) -> None:
        self._looking_if_idle = False
        run = self._run
        if self._coming and not self._holding and run is not None and run.begun and not run.ending and run.ledger.idle:
            self._tell_stop(f"waits: {explain(run.ledger)}")

    def _tell_stop(self, why: str) -> Stop:
        """Keep what is so now as a stop, and tell all who wait for one."""
        try:
            stop = self._take_down(why)
        except Exception as mistake:
            assert self._run is not None
            logger.exception("A debugger could not take down where the run has stopped.")
            stop = self._past.add(Stop(self._number, why, self._run.now(), problem=repr(mistake)))
        coming, self._coming = self._coming, []
        for each in coming:
            each.come(stop)
        return stop

    def _rests(self, run: Run) -> bool:
        ledger, holds, excused = run.ledger, self._holds, self._excused
        if any(work not in holds and work not in excused for work in ledger.active):
            return False
        if holds:
            return True
        if self._told_to_hold:  # at once, whatever is at work
            return all(work in excused for work in ledger.retrying)
        return not (ledger.active or ledger.retrying)  # what is under way is waited for, there is nothing else to do

    def _take_down(self, why: str, failing: tuple[Delivery, ...] = ()) -> Stop:
        """Keep what is so now as a stop."""
        self._number += 1
        stop = self._seen_now(self._number, why, failing)
        self._problems.clear()
        self._changed.clear()
        return self._past.add(stop)

    def _seen_now(self, number: int, why: str, failing: tuple[Delivery, ...] = (), with_text: bool = True) -> Stop:
        run = self._run
        assert run is not None
        ledger, source = run.ledger, self._source
        text, problem = self._write() if with_text else ("", "")
        gone = {found.id for found in failing}
        return Stop(
            number=number,
            why=brief(why, 200),
            time=run.now(),
            ready=(*failing, *look.held(self._holds.values(), source)),
            running=tuple(found for found in look.running(ledger, self._holds, source) if found.id not in gone),
            waiting=look.waiting(ledger, source, run.now()),
            queued=look.queued(ledger),
            questions=tuple(ledger.questions),
            buffers=look.put_aside(ledger),
            changed=tuple(self._changed),
            record=self._records,
            text=text,
            problem=" ".join(filter(None, (*self._problems, problem))),
            read_state=partial(_read_state, run, self._own_writer()),
        )

    def _own_writer(self) -> Writer:
        """Return what writes and reads the run's snapshots."""
        assert self._run is not None
        if self._writer is None:
            self._writer = Writer(self._run.context._reader())
        return self._writer

    def _write(self) -> tuple[str, str]:
        """Return the run as text, or why it cannot be written."""
        assert self._run is not None
        try:
            return self._own_writer().write(self._run.context), ""
        except Exception as error:
            return "", brief(f"No snapshot: {type(error).__name__}: {said(error)}", 500)

    def _source(self, work: Work) -> str | None:
        """Return which step has sent a delivery's event, None for somebody outside, "" if it is not known."""
        found = self._sources.get((work.parent, work.n), "")
        return found if found or work.parent else None


def _read_state(run: Run, reader: Writer, data: dict[str, Any]) -> Any:
    return load_store(data, state_type_of(run.plan.state_types), reader).state
