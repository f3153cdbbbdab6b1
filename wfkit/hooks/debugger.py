"""Stops a run, shows it, changes it, goes on step by step, back, and along another way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wfkit.cell import in_notebook
from wfkit.context import CURRENT
from wfkit.events import Event
from wfkit.handler import WorkflowHandler
from wfkit.hooks.breakpoints import Breakpoint, Condition
from wfkit.hooks.commands import Commands, Which
from wfkit.hooks.comparison import Comparison
from wfkit.hooks.forking import fork_context
from wfkit.hooks.handover import handed_over
from wfkit.hooks.stops import Stop
from wfkit.hooks.telling import lines_of
from wfkit.plain import brief
from wfkit.records import Record
from wfkit.run import Run

_TURNS = 50  # of the event loop


class Debugger(Commands):
    """Stops one run where it is told to, and lets it be looked at, changed and led on from there.

    It holds deliveries: an event that a step is about to get. A held one does not hold up the event loop or other
    runs, and no timeout of the run counts meanwhile. A *stop* is the moment at which everything is held, waits, or was
    at work before; each is kept with a snapshot. Every command works in any thread and at once; what the commands that
    lead on return can be awaited for the next stop.

    Args:
        break_at_start: whether it holds from the beginning.
        breakpoints: where else it stops; see `break_at`.
        on_failure: whether it stops when a step raises, before that counts.
        keep: how many stops are kept.
        keep_bytes: how many bytes their snapshots may have together; the oldest stops go first.

    Raises:
        ValueError: `keep` or `keep_bytes` is no whole number from 1 on.

    Example:
        debugger = Debugger(break_at_start=True)
        handler = workflow.run(topic="pirates", hooks=[debugger])
        while stop := await debugger.step():
            print(stop)
    """

    def __init__(
        self,
        break_at_start: bool = False,
        breakpoints: Iterable[Breakpoint] = (),
        on_failure: bool = False,
        keep: int = 200,
        keep_bytes: int = 50_000_000,
    ) -> None:
        points = [*breakpoints, *([Breakpoint(failure=True)] if on_failure else ())]
        super().__init__(break_at_start, points, keep, keep_bytes)
        self.parent: Debugger | None = None
        self.forked_at: int | None = None
        self._forked_record = 0
        self._break_at_start = break_at_start

    def _twin(self) -> Debugger:
        points = [replace(point, hits=0, problem="") for point in self._breakpoints]
        return Debugger(
            self._why == "break at start" and self._holding, points, False, self._past.keep, self._past.keep_bytes
        )

    @staticmethod
    def of(handler: WorkflowHandler[Any]) -> Debugger | None:
        """Return the debugger that watches a run, None if there is none."""
        return next((hook for hook in handler.__wfkit_run__().hooks if isinstance(hook, Debugger)), None)

    def __repr__(self) -> str:
        if self._run is None:
            return "<Debugger: not started>"
        ready = ", ".join(dict.fromkeys(hold.call.step.name for hold in self._holds.values()))
        where = f"held before {brief(ready, 80)}" if ready and self.status == "held" else self.status
        count = self._number
        return f"<Debugger of {brief(self._run.plan.name, 80)}: {where}, {count} stop{'' if count == 1 else 's'}>"

    def attach(self, run: Run) -> None:
        super().attach(run)
        if run.guard is None:
            run.guard = self.warn_who_waits

    async def warn_who_waits(self, handler: WorkflowHandler[Any]) -> None:
        """Say what to do in a notebook cell that is about to wait for a held run, unless a panel sees to that."""
        run = self._the_run()
        if run.guard != self.warn_who_waits or not in_notebook() or CURRENT.get() is not None:
            return
        for _ in range(_TURNS):  # what was just let go may be the last that the run had to do
            if run.ended or not self._holding:
                return
            await asyncio.sleep(0)
        if self.status == "held":
            print(
                f"The run of {brief(run.plan.name, 80)} is held by its debugger, and this cell waits for it. Interrupt "
                f"the cell, then use step() or continue_() of the debugger in another one, or show its widget().",
                file=sys.stderr,
            )

    # -- looking -----------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._the_run().run_id

    @property
    def status(self) -> str:
        """ "not started", "held", or what the handler says: "running", "waiting", "done", "failed" and the like.

        "held" while something is held; a run that is to hold, but still comes to rest, is "running".
        """
        if self._run is None:
            return "not started"
        if self._run.ending or self._current is None:
            return self.handler.status
        return "held" if self._holds or self._excused else self.handler.status

    @property
    def holding(self) -> bool:
        """Whether everything that comes is held; else only what a breakpoint stops."""
        return self._holding

    @property
    def stop(self) -> Stop | None:
        """The latest stop."""
        return self._past.find(-1) if len(self._past) else None

    @property
    def now(self) -> Stop:
        """What is so at this moment, stop or not; without a snapshot. Its number is that of the latest stop."""
        return self._seen_now(self._number, self._current.why if self._current else self.status, with_text=False)

    @property
    def stops(self) -> list[Stop]:
        """The stops that are kept, oldest first."""
        return self._past.all()

    @property
    def memory(self) -> str:
        """In words, how many stops are kept, how large they are, and how many that may be."""
        return str(self._past)

    @property
    def records(self) -> tuple[Record, ...]:
        """What happened in the run, as far as its recorder has it."""
        recorder = self._recorder
        return () if recorder is None else recorder.records

    @property
    def history(self) -> tuple[Record, ...]:
        """What led to where the run is: for a fork, what happened in its parent up to there comes first."""
        if self.parent is None:
            return self.records
        return (*self.parent.history[: self._forked_record], *self.records)

    @property
    def log(self) -> list[str]:
        """What happened, a line each, with what the debugger did among it."""
        return lines_of(self.records, self._notes)

    def widget(self) -> Any:
        """Return what shows this debugger in a notebook, with buttons for its commands."""
        from wfkit.widgets.debugger import DebuggerPanel

        return DebuggerPanel(self)

    async def stopped(self) -> Stop | None:
        """Return the stop at which the run rests, else wait for the next one; None when the run has ended."""
        return self._current if self._current is not None else await self._next()

    def rewind(self, number: int) -> Stop:
        """Return an earlier stop. Looking at it changes nothing; `fork` goes on from there.

        Args:
            number: of the stop, from 1; a negative one counts from the latest.

        Raises:
            ValueError: there is none, or it is not kept any more.
        """
        return self._past.find(number)

    def compare(self, other: Debugger) -> Comparison:
        """Say where this run and another one part, such as two forks, and what differs.

        Args:
            other: the debugger of the other run.
        """
        return Comparison(self, other)

    # -- breakpoints -------------------------------------------------------------------------------------------

    @handed_over
    def break_at(
        self,
        step: str | None = None,
        *,
        event: type[Event] | None = None,
        when: Condition | None = None,
        failure: bool = False,
        state: str | None = None,
        once: bool = False,
        after: int = 0,
    ) -> Breakpoint:
        """Set a breakpoint; see `Breakpoint` for the arguments.

        Raises:
            ValueError: nothing is named, or the condition is no expression.
            WorkflowValidationError: there is no such step.
        """
        point = Breakpoint(step, event, when, failure, state, once, after)
        if self._run is not None:
            point.check(self._run.plan)
        self._breakpoints.append(point)
        self._arm()
        return point

    @handed_over
    def clear(self, point: Breakpoint | None = None) -> None:
        """Take a breakpoint away, or all of them. One that is gone already is ignored."""
        self._breakpoints = [found for found in self._breakpoints if point is not None and found is not point]
        self._arm()

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints that are set."""
        return tuple(self._breakpoints)

    # -- forking -----------------------------------------------------------------------------------------------

    @handed_over
    def fork(
        self,
        number: int | None = None,
        /,
        *,
        held: Which = None,
        event: Event | None = None,
        state: Mapping[str, Any] | None = None,
        workflow: Any = None,
        **changes: Any,
    ) -> Debugger:
        """Start a new run from a stop, held there; this run stays as it is.

        Args:
            number: of the stop; by default the latest.
            held: the delivery that is changed; by default the first that was ready.
            event: another event for it.
            state: other values, by dotted paths of the store.
            workflow: the instance to run; by default this run's. A cell that was run again gives a new one.
            changes: other values for fields of its event.

        Returns:
            The debugger of the new run, with its `handler`; `parent` and `forked_at` say where it comes from.

        Raises:
            ValueError: there is no such stop, it has no snapshot, or an event or a state cannot be changed so.
            ContextSerdeError: the snapshot does not fit the workflow.
        """
        stop = self._past.find(-1 if number is None else number)
        twin = self._twin()
        twin._holding, twin._why = True, f"forked at {stop.number}"
        twin._pass = {found.id for found in (*stop.running, *stop.waiting)} - {found.id for found in stop.ready}
        twin._sources = dict(self._sources)
        twin.parent, twin.forked_at = self, stop.number
        twin._forked_record = stop.record + len(self.history) - len(self.records)
        flow: Any = self._the_run().workflow if workflow is None else workflow
        context = fork_context(stop, flow, held, event, changes, state or {})
        twin._handler = flow.run(ctx=context, hooks=[twin])
        return twin
