"""Stops a run, shows it, changes it, goes on step by step, back, and along another way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import ref

from wfkit.cell import in_notebook
from wfkit.context import CURRENT
from wfkit.draft import isolated
from wfkit.events import Event
from wfkit.handler import WorkflowHandler
from wfkit.hooks.debugger.breakpoints import Breakpoint, Place, breakpoints_at
from wfkit.hooks.debugger.coming import Coming
from wfkit.hooks.debugger.commands import Commands
from wfkit.hooks.debugger.comparison import Comparison
from wfkit.hooks.debugger.forking import fork_context
from wfkit.hooks.debugger.handover import handed_over
from wfkit.hooks.debugger.stops import Stop
from wfkit.hooks.debugger.telling import lines_of
from wfkit.hooks.debugger.which import Which
from wfkit.plain import brief
from wfkit.records import Record
from wfkit.run import Run
from wfkit.seam import Hook
from wfkit.values import shown

_TURNS = 50  # of the event loop
_PATIENCE = 5.0  # seconds in which a program is expected to let a run go that it waits for


class Debugger(Commands):
    """Stops one run where it is told to, and lets it be looked at, changed and led on from there.

    It holds deliveries: an event that a step is about to get. A held one does not hold up the event loop or other
    runs, and no timeout of the run counts meanwhile. A *stop* is the moment at which everything is held, waits, or was
    at work before; each is kept with a snapshot. Every command works in any thread and at once; what the commands that
    lead on return can be awaited for the next stop.

    Given to `workflow.run(hooks=[debugger])` it watches that run and no other. Attached to a workflow, or in a block of
    `observing`, it watches the first run; each later one gets a debugger of its own with the same settings, which
    `Debugger.of(handler)` finds. A run that is given one of its own has that one alone.

    Args:
        break_at_start: whether it holds from the beginning.
        breakpoints: where else it stops: names of steps, types of events, or `Breakpoint` objects.
        on_failure: whether it stops when a step raises, before that counts.
        keep: how many stops are kept.
        keep_bytes: how many bytes their snapshots may have together; the oldest stops go first.

    Raises:
        TypeError: there is something else among the breakpoints.
        ValueError: `keep` or `keep_bytes` is no whole number from 1 on.

    Attributes:
        parent: the debugger of the run that this one was forked from, None for a run that began by itself.
        forked_at: the number of the stop there.

    Example:
        debugger = Debugger(break_at_start=True)
        handler = workflow.run(topic="pirates", hooks=[debugger])
        while stop := await debugger.step():
            print(stop)
    """

    def __init__(
        self,
        break_at_start: bool = False,
        breakpoints: Place | Iterable[Place] = (),
        on_failure: bool = False,
        keep: int = 200,
        keep_bytes: int = 50_000_000,
    ) -> None:
        points = [*breakpoints_at(breakpoints), *([Breakpoint(failure=True)] if on_failure else ())]
        super().__init__(break_at_start, points, keep, keep_bytes)
        self.parent: Debugger | None = None
        self.forked_at: int | None = None
        self._forked_record = 0
        self._forks: list[Debugger] = []
        self._twins: list[ref[Debugger]] = []
        self._break_at_start = break_at_start
        self._warned = False  # whether it has been said that somebody waits for what is held
        self._shared = False  # whether it came with a workflow or an `observing` block, and not for one run

    # -- its run -----------------------------------------------------------------------------------------------

    def for_run(self) -> Hook:
        if self._run is not None:
            raise RuntimeError(
                f"This debugger watches run {self._run.run_id} of {self._run.plan.name} already. Make one for each "
                f"run: workflow.run(hooks=[Debugger()])."
            )
        self._shared = False
        return self

    def for_each_run(self) -> Hook:
        hook = self
        if self._run is not None:
            hook = self._twin(self._break_at_start)
            hook._fits_any_run = True
            self._twins = [known for known in self._twins if known() is not None]
            self._twins.append(ref(hook))
        hook._shared = True
        return hook

    def attach(self, run: Run) -> None:
        super().attach(run)
        if self._run is run and run.guard is None:
            run.guard = self.warn_who_waits

    def _stand_back(self) -> None:
        if not self._shared:
            raise RuntimeError("A run has one debugger, and this one was given two. Pass one: run(hooks=[Debugger()]).")

    def _twin(self, break_at_start: bool) -> Debugger:
        """Return a debugger with the same settings, for another run."""
        points = [replace(point, hits=0, problem="") for point in self._breakpoints]
        return Debugger(break_at_start, points, False, self._past.keep, self._past.keep_bytes)

    @staticmethod
    def of(handler: WorkflowHandler[Any]) -> Debugger | None:
        """Return the debugger that watches a run, None if there is none."""
        run = handler.__wfkit_run__()
        return next((hook for hook in run.hooks if isinstance(hook, Debugger) and hook._run is run), None)

    def __repr__(self) -> str:
        if self._run is None:
            return "<Debugger: not started>"
        ready = ", ".join(dict.fromkeys(hold.call.step.name for hold in self._holds.values()))
        where = f"held before {brief(ready, 80)}" if ready and self.status == "held" else self.status
        count = self._past.number
        return f"<Debugger of {brief(self._run.plan.name, 80)}: {where}, {count} stop{'' if count == 1 else 's'}>"

    async def warn_who_waits(self, handler: WorkflowHandler[Any]) -> None:
        """Say what to do where somebody is about to wait for a held run, unless a panel sees to that."""
        run = self._the_run()
        if run.guard != self.warn_who_waits or CURRENT.get() is not None:
            return
        if not in_notebook():  # somebody else may be about to let it go
            run.alarms.set(_PATIENCE, self._warn)
            return
        for _ in range(_TURNS):  # what was just let go may be the last that the run had to do
            if run.ended or not self._holding:
                return
            await asyncio.sleep(0)
        self._warn()

    def _warn(self) -> None:
        if self.status == "held" and not self._warned:
            self._warned = True
            name = brief(self._the_run().plan.name, 80)
            where, how = "this program", "another task, or use a debugger without anything to stop at"
            if in_notebook():
                where, how = "this cell", "another cell after interrupting this one, or show its widget()"
            print(
                f"The run of {name} is held by its debugger, and {where} waits for it. Use step() or continue_() of "
                f"the debugger in {how}.",
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
    def current(self) -> Stop | None:
        """The stop at which the run rests just now; None while it moves, before its first stop, and after its end."""
        return self._current

    @property
    def stop(self) -> Stop | None:
        """The latest stop."""
        return self._past.latest

    @property
    def now(self) -> Stop:
        """What is so at this moment, stop or not; without a snapshot. Its number is that of the latest stop."""
        self._the_run()
        assert self._scribe is not None
        why = self._current.why if self._current else self.status
        seen = (self._past.number, why, self._holds, self._changed, self._problems)
        return self._scribe.take_down(*seen, with_text=False)

    @property
    def stops(self) -> list[Stop]:
        """The stops that are kept, oldest first."""
        return self._past.all()

    @property
    def forks(self) -> tuple[Debugger, ...]:
        """The debuggers of the runs that were forked from this one, in that order."""
        return tuple(self._forks)

    @property
    def twins(self) -> tuple[Debugger, ...]:
        """The debuggers of the other runs of its workflow or `observing` block, in that order, as long as they live."""
        return tuple(twin for known in self._twins if (twin := known()) is not None)

    @property
    def memory(self) -> str:
        """In words, how many stops are kept, how large they are, and how many that may be."""
        return str(self._past)

    @property
    def records(self) -> tuple[Record, ...]:
        """What happened in the run, as far as its recorder has it."""
        return () if self._recorder is None else self._recorder.records

    @property
    def history(self) -> tuple[Record, ...]:
        """What led to where the run is: for a fork, what happened in its parent up to there comes first."""
        return (*self._inherited(), *self.records)

    def led_to(self, number: int) -> tuple[Record, ...]:
        """Return what led to a stop, as far as the recorders have it; for a fork from the beginning of its parent.

        Raises:
            ValueError: there is no such stop, or it is not kept any more.
        """
        return self._history_until(self._past.find(number).record)

    def _inherited(self) -> tuple[Record, ...]:
        return () if self.parent is None else self.parent._history_until(self._forked_record)

    def _history_until(self, record: int) -> tuple[Record, ...]:
        lost = 0 if self._scribe is None else self._scribe.lost
        return (*self._inherited(), *self.records[: max(0, record - lost)])

    @property
    def notes(self) -> tuple[tuple[int, str], ...]:
        """What the latest commands did, in words, each with how many records there were before it."""
        return tuple(self._notes)

    @property
    def log(self) -> list[str]:
        """What happened, a line each, with what the debugger did among it."""
        return self._lines(self.records)

    def log_tail(self, most: int) -> list[str]:
        """Return the last lines of the log; it costs what they cost.

        Args:
            most: how many lines, from 1.
        """
        return self._lines(() if self._recorder is None else self._recorder.latest(most))[-most:]

    def _lines(self, records: Sequence[Record]) -> list[str]:
        before, began = 0, 0.0
        if self._scribe is not None:
            before, began = self._scribe.count - len(records), self._scribe.began
        return lines_of(records, self._notes, before, began)

    @handed_over
    def watch(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back when something has changed that may be shown: a record, a hold, a stop, an edit, the end.

        It is called in the event loop of the run, once for all that changes in one turn. What it raises is logged.

        Args:
            callback: called without arguments. Also before there is a run it may be given.

        Returns:
            What ends the watching.
        """
        leave = self._audience.watch(callback)
        self._hear()
        return leave

    def widget(self) -> Any:
        """Return what shows this debugger in a notebook, with buttons for its commands."""
        from wfkit.widgets.debugger import DebuggerPanel

        return DebuggerPanel(self)

    async def stopped(self) -> Stop | None:
        """Return the stop at which the run rests, else wait for the next one; None when the run has ended."""
        return self._current if self._current is not None else await self._coming()

    @handed_over
    def _coming(self) -> Coming:
        return self._next()

    def rewind(self, number: int) -> Stop:
        """Return an earlier stop. Looking at it changes nothing; `fork` goes on from there.

        Args:
            number: of the stop, from 1; a negative one counts from the latest.

        Raises:
            ValueError: there is none, or it is not kept any more.
        """
        return self._past.find(number)

    def compare(self, other: Debugger | WorkflowHandler[Any]) -> Comparison:
        """Say where this run and another one part, such as two forks, and what differs.

        Args:
            other: the debugger of the other run, or its handler.

        Raises:
            TypeError: it is something else, or the handler of a run without a debugger.
        """
        found = Debugger.of(other) if isinstance(other, WorkflowHandler) else other
        if not isinstance(found, Debugger):
            raise TypeError(f"compare() takes the debugger of another run, not {shown(other, 80)}.")
        other = found
        return Comparison(self, other)

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

        What was at work there, or waited, begins anew. A step that was held at its end is so again, with what it had
        returned, unless its event or the workflow is another one: then it is run again. The new run counts among the
        concurrent runs of its workflow.

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
            TypeError: `workflow` is no instance, or the step does not take the event.
            ValueError: there is no such stop, it has no snapshot, or an event or a state cannot be changed so.
            ContextSerdeError: the snapshot does not fit the workflow.
        """
        flow: Any = self._the_run().workflow if workflow is None else workflow
        if isinstance(flow, type):
            raise TypeError(f"fork() goes on with an instance of a workflow, not with the class: {flow.__name__}().")
        stop = self._past.find(-1 if number is None else number)
        twin = self._twin(True)
        twin._why = f"forked at {stop.number}"
        at_work = stop.running if stop.ready else ()  # where nothing was held, what was at work begins held
        twin._pass = {found.id for found in (*at_work, *stop.waiting)}
        twin._sources = {} if self._scribe is None else dict(self._scribe.sources)
        twin.parent, twin.forked_at, twin._forked_record = self, stop.number, stop.record
        context, changed = fork_context(stop, flow, held, event, changes, state or {})
        if workflow is None:  # a mended step shall show what it does
            twin._returned = {
                found.id: isolated(found.result)
                for found in stop.ready
                if found.result is not None and found.id != changed
            }
        twin._handler = flow.run(ctx=context, hooks=[twin])
        self._forks.append(twin)
        self._show()
        return twin
