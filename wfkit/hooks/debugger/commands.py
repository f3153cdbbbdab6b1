"""The commands that lead a held run on, and those that change it on the way."""

from __future__ import annotations

from typing import Any

from wfkit.diagnosis import explain
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import MISSING, Event
from wfkit.handler import WorkflowHandler
from wfkit.hooks.debugger.breakpoints import Breakpoint, Condition
from wfkit.hooks.debugger.changes import changed_event, check_result, fitting
from wfkit.hooks.debugger.coming import Coming
from wfkit.hooks.debugger.handover import handed_over, made_there
from wfkit.hooks.debugger.holding import Holding
from wfkit.hooks.debugger.holds import GO, RETRY, Choice, Hold
from wfkit.hooks.debugger.stops import kind_of
from wfkit.hooks.debugger.which import Which, find, listed, told
from wfkit.values import shown

NOTES = 1_000  # commands that are remembered for the log


class Commands(Holding):
    """What one can tell a `Debugger` to do with its run. They work in any thread, and at once."""

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self._handler: WorkflowHandler[Any] | None = None
        self._notes: list[tuple[int, str]] = []

    @property
    def handler(self) -> WorkflowHandler[Any]:
        """The handler of the run."""
        if self._handler is None:
            self._handler = WorkflowHandler(self._the_run(), self._recorder)  # type: ignore[arg-type]  # it is an Engine
        return self._handler

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
        self._show()
        return point

    @handed_over
    def clear(self, point: Breakpoint | None = None) -> None:
        """Take a breakpoint away, or all of them. One that is gone already is ignored."""
        self._breakpoints = [found for found in self._breakpoints if point is not None and found is not point]
        self._arm()
        self._show()

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints that are set."""
        return tuple(self._breakpoints)

    # -- leading on --------------------------------------------------------------------------------------------

    @handed_over
    def step(self, held: Which = None, /, event: Event | None = None, **changes: Any) -> Coming:
        """Let one delivery go and hold what comes of it.

        One that has failed fails, unless its event was changed: then it is tried again. With nothing held, as while a
        step sleeps, this leads to the next stop; in a run that is not held, to the first.

        Args:
            held: which: as a stop names it, its id, its step's name, or its place among what is ready. By default the
                first.
            event: another event for it.
            changes: other values for fields of its event.

        Returns:
            To be awaited: the next stop, None if the run ends before.

        Raises:
            WorkflowRuntimeError: the run has ended, or waits for somebody outside; or that is not held.
            ValueError, TypeError: the event cannot be changed so; nothing has happened then.
        """
        self._check_alive()
        if held is None and not self._holds:
            self._check_can_move()
            if self._past.number or not self._holding:
                self._why = "step" if self._holding else "pause"
            self._holding, self._told_to_hold = True, False
            self._goals.clear()
            self._excused.clear()
            self._arm()
            self._move()
            return self._next()
        hold = self._find(held)
        self._change(hold, event, changes)
        choice = _onward(hold)
        fails = choice is GO and hold.error is not None
        self._let_go(hold, choice, f"let {hold.step} fail" if fails else f"stepped {hold.step}")
        return self._next()

    @handed_over
    def step_until(
        self,
        step: str | None = None,
        *,
        event: type[Event] | None = None,
        when: Condition | None = None,
        failure: bool = True,
    ) -> Coming:
        """Go on until a step is about to get an event, one of a type, or until a step fails.

        Args:
            step: the name of a step.
            event: a type of events.
            when: a condition, as for `break_at`.
            failure: whether it stops at the next failure, too.

        Raises:
            WorkflowRuntimeError: the run has ended.
            WorkflowValidationError: there is no such step.
        """
        self._check_alive()
        goals = [Breakpoint(step=step, event=event, when=when)] if step or event or when else []
        for goal in goals:
            goal.check(self._the_run().plan)
        self._goals = [*goals, *([Breakpoint(failure=True)] if failure else ())]
        return self._go_on()

    @handed_over
    def continue_(self) -> Coming:
        """Let everything go, up to the next breakpoint. After the end of the run it does nothing.

        What has failed fails, unless its event was changed: then it is tried again. A run that comes to wait for
        somebody outside makes a stop, too, with its questions; it is not held then.
        """
        self._goals.clear()
        return self._go_on()

    @handed_over
    def pause(self) -> Coming:
        """Hold what comes from now on, and stop at once; steps at work go on to their end."""
        run = self._the_run()
        if self._holding and self._current is not None:  # it has stopped
            coming = Coming(run.loop)
            coming.come(self._current)
            return coming
        if not run.ending:
            self._note("paused")
            self._hold_on("pause")
        return self._next()

    async def cancel(self) -> None:
        """Cancel the run and wait until it has ended."""
        await made_there(self._the_run(), self.handler.cancel_run())

    # -- changing ----------------------------------------------------------------------------------------------

    @handed_over
    def edit(self, held: Which = None, /, **changes: Any) -> Event:
        """Change fields of a held event and return the new one; it is still held. This makes a new stop.

        Of a step that is held at its end, what it has returned is changed.

        Args:
            held: which; see `step`.
            changes: the new values, validated by the event's class.

        Raises:
            ValueError: a value does not fit, or there is no such field; nothing has happened then.
        """
        return self._changed_stop(self._find(held), None, changes)

    @handed_over
    def replace(self, held: Which, event: Event, /) -> Event:
        """Put another event in the place of a held one. This makes a new stop.

        Raises:
            TypeError: the step does not take it.
        """
        return self._changed_stop(self._find(held), event, {})

    @handed_over
    def drop(self, held: Which = None, /) -> Coming:
        """Throw a held event away, as if its step had returned None. One held at its end loses what it returned."""
        hold = self._find(held)
        self._let_go(hold, Choice("give"), f"dropped {kind_of(hold.call.event)} of {hold.step}")
        return self._next()

    @handed_over
    def skip(self, held: Any, result: Any = MISSING, /) -> Coming:
        """Give the result of a held step in its place. With one argument that is the result, and the first is meant.

        Args:
            held: which; see `step`.
            result: an event, also of a type that the step does not declare; a list of events for a step that returns
                lists; or None.

        Raises:
            TypeError: it is nothing that a step can return.
        """
        if result is MISSING:
            held, result = None, held
        hold = self._find(held)
        check_result(result, hold.call.step)
        self._let_go(hold, Choice("give", result), f"skipped {hold.step}")
        return self._next()

    @handed_over
    def retry(self, held: Which = None, /, event: Event | None = None, **changes: Any) -> Coming:
        """Run a step that has failed, or is held at its end, once more, with the same or a changed event.

        What its first run has sent is not sent again.

        Raises:
            WorkflowRuntimeError: it has not been run.
        """
        hold = self._find(held)
        if hold.error is None and hold.result is None:
            raise WorkflowRuntimeError(f"Step {hold.step!r} has not been run on this event: step() lets it.")
        self._change(hold, event, changes, at_end=False)
        self._let_go(hold, RETRY, f"tried {hold.step} again")
        return self._next()

    @handed_over
    def give_up(self, held: Which = None, /) -> Coming:
        """Let a failure count: the step is tried again if it has a retry policy, else the run fails.

        Raises:
            WorkflowRuntimeError: what is held has not failed.
        """
        hold = self._find(held)
        if hold.error is None:
            raise WorkflowRuntimeError(f"Step {hold.step!r} has not failed: step() lets it go on.")
        hold.edited = False
        self._let_go(hold, GO, f"gave up {hold.step}")
        return self._next()

    @handed_over
    def send(self, event: Event, step: str | None = None) -> Coming:
        """Send an event into the run from outside; see `WorkflowHandler.send_event`.

        Raises:
            WorkflowRuntimeError: the run has ended, or the step does not take the event.
        """
        run = self._the_run()
        if not isinstance(event, Event):
            raise WorkflowRuntimeError(f"send() takes an Event, got {shown(event, 80)}.")
        self._check_alive()
        run.calls.send(event, None, step)
        self._why = f"sent {type(event).__name__}"
        self._note(self._why)
        self._move()
        return self._next()

    @handed_over
    def answer(self, event: Event) -> Coming:
        """Answer a question: send an event to whoever takes or waits for it."""
        return self.send(event)

    async def set_state(self, path: str, value: Any) -> None:
        """Put a value at a dotted path of the store. This makes a new stop of a held run.

        Raises:
            ValueError: the path does not lead anywhere, or a model that declares the value there does not take it.
            WorkflowRuntimeError: the run has ended.
        """
        self._check_alive()
        await made_there(self._the_run(), self._set_state(path, value))

    async def _set_state(self, path: str, value: Any) -> None:
        store = self._the_run().context.store
        await store.set(path, fitting(store.state, path, value))
        self._changed[path] = None
        self._note(f"set {path}")
        self._mark(f"set {path}")

    # -- help --------------------------------------------------------------------------------------------------

    def _note(self, text: str) -> None:
        self._notes.append((0 if self._scribe is None else self._scribe.count, text))
        del self._notes[:-NOTES]
        self._show()

    def _check_alive(self) -> None:
        run = self._the_run()
        if run.ending:
            raise WorkflowRuntimeError(
                f"The run has ended: {run.verdict.outcome}. Look back with rewind(n), or go on from there with fork(n)."
            )

    def _check_can_move(self) -> None:
        """Raise if nothing is held, and nothing will come by itself."""
        run = self._the_run()
        if self._current is not None and run.ledger.idle:
            raise WorkflowRuntimeError(f"Nothing is held. {explain(run.ledger)} Or use answer(event) or send(event).")

    def _find(self, which: Which) -> Hold:
        """Return a held delivery.

        Raises:
            WorkflowRuntimeError: there is none like that.
        """
        self._check_alive()
        holds = self._holds.values()
        found = find(which, holds)
        if found is None:
            named = "Nothing is held" if which is None or not holds else f"No held delivery is {told(which)}"
            going = f"The run is {self.handler.status}: await the command before, or stopped()."
            raise WorkflowRuntimeError(f"{named}. {f'Held: {listed(holds)}.' if holds else going}")
        return found

    def _change(self, hold: Hold, event: Event | None, changes: dict[str, Any], at_end: bool = True) -> Event | None:
        """Change what is held, or raise before anything has happened. Returns the new event, None if nothing is asked.

        Of a delivery that is held at its end that is what the step has returned, unless `at_end` is False.
        """
        if event is None and not changes:
            return None
        before = hold.result if at_end and hold.result is not None else hold.call.event
        new = before if event is None else event
        new = changed_event(new, changes, hold.call.step) if changes else new
        if before is hold.result:
            check_result(new, hold.call.step)
            hold.put_result(new)
        else:
            hold.put(new, self._the_run().plan)
        self._note(f"edited {kind_of(new)} of {hold.step}")
        return new

    def _changed_stop(self, hold: Hold, event: Event | None, changes: dict[str, Any]) -> Event:
        new = self._change(hold, event, changes)
        self._mark(f"edited {hold.step}")
        return new or hold.result or hold.call.event

    def _let_go(self, hold: Hold, choice: Choice, note: str) -> None:
        """Let one delivery go; the others, and what comes, stay held."""
        self._release(hold, choice)
        self._note(note)
        self._why = "step"
        self._move()

    def _go_on(self) -> Coming:
        """Let everything go that is held."""
        if not self._the_run().ending:
            self._holding = self._told_to_hold = False
            self._why = "breakpoint"
            self._note("continued")
            self._excused.clear()
            self._pass.clear()
            for hold in list(self._holds.values()):
                self._release(hold, _onward(hold))
            self._arm()
            self._move()
        return self._next()


def _onward(hold: Hold) -> Choice:
    """Return what leads a held delivery on: a step that has failed on another event is tried with this one."""
    return RETRY if hold.error is not None and hold.edited else GO
