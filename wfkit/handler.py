"""The handler of a run: what `workflow.run()` returns and the user awaits."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from wfkit.cell import done, in_notebook
from wfkit.context import CURRENT, Context
from wfkit.diagnosis import explain, is_stuck
from wfkit.engine import Engine
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import Event, StopEvent
from wfkit.plan import Plan
from wfkit.records import Record
from wfkit.report import run_is_over
from wfkit.run import Run

ResultT = TypeVar("ResultT", default=Any)
Status: TypeAlias = Literal["queued", "running", "waiting", "stuck", "done", "failed", "timed out", "cancelled"]


# What users of earlier systems look for on a handler, and where it is.
_MOVED = {
    "done": "`handler.is_done()`",
    "cancel": "`await handler.cancel_run()`",
    "cancelled": "`handler.status`",
    "exception": "`await handler`, which raises it, or `handler.status`",
    "result": "`await handler`",
    "draw": "`draw_most_recent_execution(handler)`",
}


class WorkflowHandler(Generic[ResultT]):
    """A run that goes on in the background.

    Await it for the result: the `result` of a plain StopEvent, or the event itself if it is of a subclass. It can be
    awaited any number of times, and from several places. A failed run raises the step's own exception.

    Cancelling the last task that awaits a handler cancels the run. In a notebook it does not, because there it is
    somebody interrupting the cell: the run goes on, and the handler can be awaited again in the next cell.

    Example:
        handler = workflow.run(topic="pirates")
        async for event in handler.stream_events():
            print(event)
        result = await handler
    """

    _live: Any = None  # what shows it in a notebook while it goes on
    _told = False  # whether its error has a note of the way that led there

    def __init__(self, engine: Engine, history: Any) -> None:
        self._engine = engine
        self._history = history

    def __await__(self) -> Generator[Any, None, ResultT]:
        return self._result().__await__()

    async def _result(self) -> ResultT:
        await self._finished()
        verdict = self._engine.verdict
        if verdict.error is not None and not self._told:
            self._told = True
            if self._history is not None and verdict.outcome != "cancelled":
                from wfkit.trail import note_way  # late: most runs need none of it

                note_way(verdict.error, self._history.records, self._engine.plan.name)
        result: ResultT = verdict.result()
        return result

    async def _finished(self) -> None:
        """Wait for the end of the run, without taking it along if the wait is cut short in a notebook cell."""
        engine = self._engine
        self._must_be_here("await its handler")
        if engine.ended:
            return
        if engine.guard is not None:
            await engine.guard(self)
            if engine.ended:
                return
        ended = engine.verdict.wait()
        try:
            await done(ended)
        except asyncio.CancelledError:
            others = engine.verdict.leave(ended)
            if CURRENT.get() is None and in_notebook():
                print(self._interrupted(), file=sys.stderr)
            elif not others:
                engine.cancel()
                if not engine.ended:  # whoever cancelled us finds it over, as with any task
                    await asyncio.wait([engine.verdict.wait()])
            raise

    def _must_be_here(self, what: str) -> None:
        """Raise RuntimeError if the run goes on in another event loop than the one that is running."""
        engine = self._engine
        if not engine.ended and asyncio.get_running_loop() is not engine.loop:
            raise RuntimeError(f"Run {self.run_id} of {engine.plan.name} goes on in another event loop; {what} there.")

    def _interrupted(self) -> str:
        return (
            f"The wait was cut short; run {self.run_id} of {self._engine.plan.name} goes on in the background. "
            f"Await its handler again for the result, or stop it with `await handler.cancel_run()`."
        )

    def stream_events(self, expose_internal: bool = False, include_children: bool = False) -> AsyncIterator[Event]:
        """Yield the events that the run shows, as they come; the last one ends the run.

        Several readers at once are independent. One that begins when no other reads goes on where the last one broke
        off, also after the run has ended. While nobody reads, the latest 10,000 events are kept.

        Args:
            expose_internal: have the events in it that tell what the steps do: `StepStateChanged`, `UnhandledEvent`,
                `WorkflowIdleEvent`.
            include_children: have what child runs show in it, each as a `ChildEvent` with the child's name.

        Raises:
            WorkflowRuntimeError: all has been read. Raised when the reading begins.
        """
        past = self.__wfkit_records__() or () if expose_internal or include_children else ()
        return self._engine.look(expose_internal, include_children, past).read()

    async def send_event(self, event: Event, step: str | None = None) -> None:
        """Send an event into the run, such as a person's answer. See `Context.send_event`."""
        if not isinstance(event, Event):
            raise WorkflowRuntimeError(f"send_event() takes an Event, got {event!r}.")
        engine = self._engine
        if engine.ending:
            raise run_is_over(event, engine.verdict.outcome)
        engine.calls.send(event, None, step)

    async def cancel_run(self, *, timeout: float = 5.0) -> None:
        """Cancel the run and wait until it has ended; a run that has ended already stays as it is.

        Args:
            timeout: seconds to wait at most.
        """
        engine = self._engine
        self._must_be_here("cancel it")
        engine.verdict.seen = True
        if engine.ended:
            return
        ended = engine.verdict.wait()
        if asyncio.current_task() in engine.drivers:
            engine.loop.call_soon(engine.cancel)  # one of its own steps calls, which could not be awaited from here
        else:
            engine.cancel()
        await asyncio.wait([ended], timeout=timeout)

    @property
    def ctx(self) -> Context[Any]:
        """The run's Context."""
        return self._engine.context

    @property
    def run_id(self) -> str:
        """The run's name: ten characters, or what was given to `run(run_id=...)`."""
        return self._engine.run_id

    @property
    def status(self) -> Status:
        """How the run is doing.

        "queued" until one of the workflow's concurrent runs ends, "running", "waiting" for an event from outside,
        "stuck" if nothing can move any more, or how it ended.
        """
        engine = self._engine
        if engine.verdict.outcome is not None:
            return engine.verdict.outcome
        if not engine.begun:
            return "queued"
        if not engine.ledger.idle:
            return "running"
        return "stuck" if is_stuck(engine.ledger) else "waiting"

    @property
    def waiting_for(self) -> str:
        """In words, what a run that is waiting or stuck waits for; "" for any other."""
        return explain(self._engine.ledger) if self.status in ("waiting", "stuck") else ""

    def is_done(self) -> bool:
        """Whether the run has ended, however."""
        return self._engine.ended

    if not TYPE_CHECKING:  # a type checker shall go on to find what is not there

        def __getattr__(self, name: str) -> Any:
            """Say where something is that was here in earlier systems."""
            if name not in _MOVED:
                return object.__getattribute__(self, name)  # raises what it has raised before, also for a property
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}. Use {_MOVED[name]}.", name=name, obj=self
            )

    def get_stop_event(self) -> StopEvent | None:
        """Return the StopEvent that a step returned, or None while there is none."""
        verdict = self._engine.verdict
        return verdict.event if verdict.outcome == "done" and isinstance(verdict.event, StopEvent) else None

    async def stop_event_result(self) -> StopEvent:
        """Wait for the run and return its StopEvent itself; raises what awaiting the handler raises."""
        await self._result()
        event = self._engine.verdict.event
        assert isinstance(event, StopEvent)
        return event

    def __wfkit_plan__(self) -> Plan:
        return self._engine.plan

    def __wfkit_children__(self) -> dict[str, Any]:
        ask = getattr(self._engine.workflow, "__wfkit_children__", None)
        return ask() if callable(ask) else {}

    def __wfkit_run__(self) -> Run:
        return self._engine

    def __wfkit_records__(self) -> tuple[Record, ...] | None:
        return None if self._history is None else self._history.records

    def __str__(self) -> str:
        return f"WorkflowHandler(workflow={self._engine.plan.name}, run_id={self.run_id}, result={self._last()})"

    def _last(self) -> str:
        return str(self._engine.verdict.event)

    def __repr__(self) -> str:
        return f"<Run of {self._engine.plan.name}: {self.status}>"

    def _ipython_display_(self) -> None:
        """Show in a notebook how the run is doing, while it goes on.

        Raises:
            NotImplementedError: there is nothing live to show; IPython then asks for a picture.
        """
        if self._engine.ended or not in_notebook():
            raise NotImplementedError
        from wfkit.display.live import show_live

        show_live(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from wfkit.display import handler_bundle

        return handler_bundle(self)
