"""The commands that lead a held run on, and those that change it on the way."""

from __future__ import annotations

from typing import Any

from wfkit.diagnosis import explain
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event
from wfkit.handler import WorkflowHandler
from wfkit.hooks.breakpoints import Breakpoint, Condition
from wfkit.hooks.coming import Coming
from wfkit.hooks.handover import handed_over
from wfkit.hooks.holding import Holding
from wfkit.hooks.holds import GO, RETRY, Choice, Hold, changed_event, check_result
from wfkit.hooks.stops import Delivery
from wfkit.records import spell
from wfkit.run import Run

NOTES = 1_000  # commands that are remembered for the log

Which = Delivery | int | str | None


class Commands(Holding):
    """What one can tell a `Debugger` to do with its run. They work in any thread, and at once."""

    _handler: WorkflowHandler[Any] | None = None

    @property
    def handler(self) -> WorkflowHandler[Any]:
        """The handler of the run."""
        if self._handler is None:
            self._handler = WorkflowHandler(self._the_run(), self._recorder)  # type: ignore[arg-type]  # it is an Engine
        return self._handler

    # -- leading on --------------------------------------------------------------------------------------------

    @handed_over
    def step(self, held: Which = None, /, event: Event | None = None, **changes: Any) -> Coming:
        """Let one delivery go and hold what comes of it.

        One that has failed fails, unless its event is changed: then it is tried again. With nothing held, as while a
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
            if self._number or not self._holding:
                self._why = "step" if self._holding else "pause"
            self._holding, self._told_to_hold = True, False
            self._goals.clear()
            self._excused.clear()
            self._arm()
            self._move()
            return self._next()
        hold = self._find(held)
        changed = self._change(hold, event, changes)
        self._let_go(hold, RETRY if changed and hold.error is not None else GO, f"stepped {hold.call.step.name}")
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

        A run that comes to wait for somebody outside makes a stop, too, with its questions; it is not held then.
        """
        self._goals.clear()
        return self._go_on()

    @handed_over
    def pause(self) -> Coming:
        """Hold what comes from now on, and stop at once; steps at work go on to their end."""
        run = self._the_run()
        if not run.ending:
            self._note("paused")
            self._hold_on("pause")
        return self._next()

    async def cancel(self) -> None:
        """Cancel the run and wait until it has ended. In the event loop of the run only."""
        await self.handler.cancel_run()

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
        self._let_go(hold, Choice("give"), f"dropped {type(hold.call.event).__name__} of {hold.call.step.name}")
        return self._next()

    @handed_over
    def skip(self, held: Which, result: Any, /) -> Coming:
        """Give the result of a held step in its place.

        Args:
            held: which; see `step`.
            result: an event, also of a type that the step does not declare; a list of events for a step that returns
                lists; or None.

        Raises:
            TypeError: it is nothing that a step can return.
        """
        hold = self._find(held)
        check_result(result, hold.call.step)
        self._let_go(hold, Choice("give", result), f"skipped {hold.call.step.name}")
        return self._next()

    @handed_over
    def retry(self, held: Which = None, /, event: Event | None = None, **changes: Any) -> Coming:
        """Run a step that has failed, or is held at its end, once more, with the same or a changed event.

        What its first run has sent is not sent again.
        """
        hold = self._find(held)
        self._change(hold, event, changes, at_end=False)
        self._let_go(hold, RETRY, f"tried {hold.call.step.name} again")
        return self._next()

    @handed_over
    def give_up(self, held: Which = None, /) -> Coming:
        """Let a failure count: the step is tried again if it has a retry policy, else the run fails.

        Raises:
            WorkflowRuntimeError: what is held has not failed.
        """
        hold = self._find(held)
        if hold.error is None:
            raise WorkflowRuntimeError(f"Step {hold.call.step.name!r} has not failed: step() lets it go on.")
        self._let_go(hold, GO, f"gave up {hold.call.step.name}")
        return self._next()

    @handed_over
    def send(self, event: Event, step: str | None = None) -> Coming:
        """Send an event into the run from outside; see `WorkflowHandler.send_event`.

        Raises:
            WorkflowRuntimeError: the run has ended, or the step does not take the event.
        """
        run = self._the_run()
        if not isinstance(event, Event):
            raise WorkflowRuntimeError(f"send() takes an Event, got {event!r}.")
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
            ValueError: the path does not lead anywhere.
        """
        run = self._the_run()
        await run.context.store.set(path, value)
        self._changed[path] = None
        self._note(f"set {path}")
        self._mark(f"set {path}")

    # -- help --------------------------------------------------------------------------------------------------

    def _the_run(self) -> Run:
        if self._run is None:
            raise WorkflowRuntimeError("This debugger watches no run yet: workflow.run(hooks=[debugger], ...).")
        return self._run

    def _next(self) -> Coming:
        """Return what will be the next stop."""
        coming = Coming()
        if self._the_run().ended:
            coming.come(None)
        else:
            self._coming.append(coming)
            self._hear()  # else it would not learn of the end
            self._look_if_idle()
        return coming

    def _note(self, text: str) -> None:
        self._notes.append((self._records, text))
        del self._notes[:-NOTES]

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
        holds = list(self._holds.values())
        found = [hold for hold in holds if _is_that(hold, which)]
        if not found and type(which) is int and -len(holds) <= which < len(holds):
            found = [holds[which]]
        if not found:
            named = "Nothing is held" if which is None or not holds else f"No held delivery is {which!s}"
            ready = ", ".join(f"{spell(hold.work.id)} ({hold.call.step.name})" for hold in holds[:10])
            going = f"The run is {self.handler.status}: await the command before, or stopped()."
            raise WorkflowRuntimeError(f"{named}. {f'Held: {ready}.' if ready else going}")
        return found[0]

    def _change(self, hold: Hold, event: Event | None, changes: dict[str, Any], at_end: bool = True) -> Event | None:
        """Change what is held, or raise before anything has happened. Returns the new event, None if nothing is asked.

        Of a delivery that is held at its end that is what the step has returned, unless `at_end` is False.
        """
        if event is None and not changes:
            return None
        ending = at_end and hold.result is not None
        before = hold.result if ending and hold.result is not None else hold.call.event
        new = before if event is None else event
        new = changed_event(new, changes) if changes else new
        if ending:
            check_result(new, hold.call.step)
            hold.result, hold.told = new, None
        else:
            hold.put(new, self._the_run().plan)
        self._note(f"edited {type(new).__name__} of {hold.call.step.name}")
        return new

    def _changed_stop(self, hold: Hold, event: Event | None, changes: dict[str, Any]) -> Event:
        new = self._change(hold, event, changes)
        self._mark(f"edited {hold.call.step.name}")
        return new or hold.result or hold.call.event

    def _let_go(self, hold: Hold, choice: Choice, note: str) -> None:
        """Let one delivery go; the others, and what comes, stay held."""
        self._release(hold, choice)
        self._note(note)
        self._why = "step"
        self._move()

    def _release(self, hold: Hold, choice: Choice) -> None:
        del self._holds[hold.work]
        # What a step has returned may have been changed.
        hold.future.set_result(Choice("give", hold.result) if choice is GO and hold.result is not None else choice)

    def _go_on(self) -> Coming:
        """Let everything go that is held."""
        if not self._the_run().ending:
            self._holding = self._told_to_hold = False
            self._why = "breakpoint"
            self._note("continued")
            self._excused.clear()
            self._pass.clear()
            for hold in list(self._holds.values()):
                self._release(hold, GO)
            self._arm()
            self._move()
        return self._next()


def _is_that(hold: Hold, which: Which) -> bool:
    """Whether a held delivery is the one that is meant."""
    if which is None:
        return True
    if isinstance(which, Delivery):
        return (hold.call.id, hold.call.attempt) == (which.id, which.attempt)
    if isinstance(which, str):
        return which in (hold.call.step.name, spell(hold.work.id))
    return hold.call.id == which
