"""The Context: a step's access to its run, and the user's access to a run from outside.

It decides nothing. Every call goes through the small `Port` that the running engine offers; before a run there is no
port, and only the store and a snapshot to continue from are here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, cast

from pydantic import ValidationError
from typing_extensions import TypeVar

from wfkit.attempts import RetryInfo
from wfkit.errors import ContextStateError, WorkflowRuntimeError
from wfkit.events import Event
from wfkit.masking import misfits
from wfkit.plan import Plan
from wfkit.port import Port
from wfkit.report import check_wait, run_is_over
from wfkit.serialize import BaseSerializer, JsonSerializer
from wfkit.snapshot import check_snapshot, check_steps, dump_store, load_store
from wfkit.store import DictState, Store, new_state, state_type_of
from wfkit.work import Work

StateT = TypeVar("StateT", default=DictState)
AnyStateT = TypeVar("AnyStateT", default=Any)
EventT = TypeVar("EventT", bound=Event)


class Here:
    """The delivery that code belongs to: one for each driver, which puts its current delivery in.

    Setting a context variable for each step instead would cost a tenth of a step. The price: a background task that
    outlives the step that started it finds the driver's later steps here; the Context it was given stays right.
    """

    __slots__ = ("plain", "port", "work")

    def __init__(self, port: Port) -> None:
        self.port = port
        self.work: Work
        self.plain: Any = None  # the context of a plain step, while one is at work


CURRENT: ContextVar[Here | None] = ContextVar("wfkit_current", default=None)


# What users of earlier systems look for on a context, and where it is.
_MOVED = {
    "get": "`await ctx.store.get(path)`",
    "set": "`await ctx.store.set(path, value)`",
    "data": "`ctx.store`",
    "lock": "`async with ctx.store.edit_state() as state`",
    "session": "`ctx.store`, or an attribute of the workflow",
    "stream_events": "`handler.stream_events()`",
    "streaming_queue": "`handler.stream_events()`",
    "get_result": "`await handler`",
}


def _run_at_work() -> Port | None:
    """Return the run whose step's code is at work here, None outside.

    Raises:
        ContextStateError: that run is over, and its step goes on all the same.
    """
    found = CURRENT.get()
    if found is None:
        return None
    if found.port.is_over:
        raise ContextStateError("The run of this step is over; what it does now cannot change the store.")
    return found.port


class Planned(Protocol):
    """A workflow, as far as a Context needs to know it."""

    @property
    def serializer(self) -> BaseSerializer | None:
        """What writes and reads snapshots of its runs, if not a JsonSerializer."""

    def __wfkit_plan__(self) -> Plan:
        """Return the workflow's compiled steps."""


class Context(Generic[StateT]):
    """The shared state of a run and the calls that go beyond returning an event.

    A step gets one by annotating a parameter: `ctx: Context`, or `ctx: Context[MyState]` for typed state. From outside
    a run has one at `handler.ctx`. To keep state over several runs, make one and pass it: `run(ctx=ctx)`.

    Args:
        workflow: the workflow instance it is for.
        previous_context: what an earlier `to_dict()` returned; see `from_dict`.
        serializer: reads it; by default a JsonSerializer that knows the workflow's own types.

    Example:
        ctx = Context(workflow)
        await ctx.store.set("user", "Ada")
        await workflow.run(ctx=ctx)
    """

    def __init__(
        self,
        workflow: Planned,
        previous_context: dict[str, Any] | None = None,
        serializer: BaseSerializer | None = None,
    ) -> None:
        self._root = self  # a step's face has only this, the port and the work; the rest is here
        self._workflow = workflow
        self._port: Port | None = None
        self._work: Work | None = None
        self._outcome: str | None = None  # of the latest run
        self._serializer = serializer
        self._store: Store[Any] | None = None
        self._pending: dict[str, Any] | None = None
        if previous_context is not None:
            check_snapshot(previous_context)
            state_type = state_type_of(workflow.__wfkit_plan__().state_types)
            self._store = load_store(previous_context["state"], state_type, self._reader())
            self._store.who = _run_at_work
            if previous_context["is_running"]:
                check_steps(workflow.__wfkit_plan__(), previous_context["work"])
                self._pending = previous_context["work"]

    def _reader(self, given: BaseSerializer | None = None) -> BaseSerializer:
        """Return what writes and reads this context: what is given here, at its making, or by its workflow."""
        root = self._root
        chosen = given or root._serializer or root._workflow.serializer or JsonSerializer()
        return chosen.knowing(root._workflow.__wfkit_plan__()) if isinstance(chosen, JsonSerializer) else chosen

    def _fit_state(self) -> None:
        """Give the store the type that the workflow's steps declare, where it was made without one.

        Raises:
            ContextStateError: what is in it does not fit that type.
        """
        kind = state_type_of(self._workflow.__wfkit_plan__().state_types)
        if kind is None or self._store is None or not isinstance(self._store.state, DictState):
            return
        try:
            self._store.replace(kind(**self._store.state))
        except ValidationError as error:
            raise ContextStateError(
                f"The state in this context does not fit {kind.__name__}, which the steps declare: {misfits(error)}"
            ) from None

    def _for_step(self, work: Work) -> Context[StateT]:
        """Return the face of this context that a step gets for one delivery."""
        face: Context[StateT] = object.__new__(type(self))
        face._port = self._port
        face._work = work
        face._root = self
        return face

    def _bind(self, port: Port | None, outcome: str | None = None) -> None:
        """Connect to the run behind this context, or part from it with how it ended."""
        if self._store is not None:
            if port is None:
                self._store.drop_edit_of(self._port)
            self._store.on_change = port.state_changed if port is not None else None
        self._port = port
        self._outcome = outcome

    @property
    def store(self) -> Store[StateT]:
        """The state that the steps share. It lives as long as the context, over all its runs."""
        root = self._root
        if self._work is not None and self._port is not None and self._port.is_over:
            raise ContextStateError("The run of this step is over; what it does now cannot change the store.")
        if root._store is None:
            root._store = Store(new_state(root._workflow.__wfkit_plan__()))
            root._store.who = _run_at_work
            root._bind(root._port, root._outcome)
        return root._store

    @property
    def is_running(self) -> bool:
        """Whether a run is going on, or was when the snapshot was taken that this context continues from."""
        if self._port is not None:
            return self._port.is_running
        return self._root._pending is not None

    def send_event(self, message: Event, step: str | None = None) -> None:
        """Send an event into the run: from a step in addition to what it returns, or from outside.

        Args:
            message: the event.
            step: name of the one step that shall get it; by default all that take its type.

        Raises:
            WorkflowRuntimeError: there is no such step, or it does not take this type.
            ContextStateError: no run is going on.
        """
        if not isinstance(message, Event):
            raise WorkflowRuntimeError(f"send_event() takes an Event, got {message!r}.")
        if self._port is None and self._root._outcome is not None:
            raise run_is_over(message, self._root._outcome)
        if self._port is None:
            raise ContextStateError("send_event() called before workflow started. Call workflow.run() first.")
        self._port.send(message, self._work, step)

    def write_event_to_stream(self, ev: Event | None) -> None:
        """Show an event to whoever reads `handler.stream_events()`; no step gets it. None is ignored."""
        if ev is None:
            return
        if not isinstance(ev, Event):
            raise WorkflowRuntimeError(f"write_event_to_stream() takes an Event, got {ev!r}.")
        if self._port is None:
            raise ContextStateError("write_event_to_stream requires a running workflow. Call workflow.run() first.")
        self._port.write(ev, self._work)

    def collect_events(
        self, ev: Event, expected: Sequence[type[Event]], buffer_id: str | None = None
    ) -> list[Event] | None:
        """Put an event aside until one is there for each entry of `expected`.

        Events that a complete set does not need stay for the next one, first in, first out.

        Args:
            ev: the event that the step got.
            expected: the types wanted; the same one may come several times.
            buffer_id: keeps several collections of one step apart.

        Returns:
            The events in the order of `expected`, or None while some are missing.
        """
        work, port = self._work, self._port
        if work is None or port is None:
            raise self._not_in_step("collect_events")
        return port.collect(work, ev, expected, buffer_id or "default")

    async def wait_for_event(
        self,
        event_type: type[EventT],
        waiter_event: Event | None = None,
        waiter_id: str | None = None,
        requirements: dict[str, Any] | None = None,
        timeout: float | None = 2000,
    ) -> EventT:
        """Suspend the step until an event of a type arrives. Its worker slot is free meanwhile.

        An event that arrived before and that nobody took is returned at once.

        Args:
            event_type: the type waited for.
            waiter_event: written to the stream first, such as the question to a person.
            waiter_id: names the wait, so that a run restored from a snapshot finds the answer again.
            requirements: values that the event's fields must have.
            timeout: seconds to wait, None for ever.

        Raises:
            TimeoutError: the event did not come in time.
        """
        work, port = self._work, self._port
        if work is None or port is None:
            raise self._not_in_step("wait_for_event")
        check_wait(event_type, waiter_event)
        event = await port.wait(work, event_type, waiter_event, waiter_id, requirements or {}, timeout)
        return cast(EventT, event)

    def _not_in_step(self, name: str) -> ContextStateError:
        return ContextStateError(
            f"{name} is only available from within step functions. Give the step a parameter `ctx: Context`."
        )

    def retry_info(self) -> RetryInfo:
        """Return how often the step has been retried on this event, and what its last attempt came to.

        Raises:
            ContextStateError: called outside a step.
        """
        work, port = self._work, self._port
        if work is None or port is None:
            raise self._not_in_step("retry_info")
        return port.retry_info(work)

    async def running_steps(self) -> list[str]:
        """Return the names of the steps that are at work now."""
        if self._port is None:
            raise ContextStateError("running_steps requires a running workflow. Call workflow.run() first.")
        return self._port.running_steps()

    def to_dict(self, serializer: BaseSerializer | None = None, *, include_state: bool = True) -> dict[str, Any]:
        """Return a snapshot that JSON can hold: the store, and the live work of a run that is going on.

        Works at any moment, in a step too. The step that is at work then starts again when the run is restored.

        Args:
            serializer: turns values into text; by default a JsonSerializer.
            include_state: whether the store is in it.

        Raises:
            ContextSerdeError: a value cannot be written; the message names it.
        """
        plan = self._root._workflow.__wfkit_plan__()
        writer = self._reader(serializer)
        work = self._port.snapshot(writer) if self._port is not None and self._port.is_running else self._root._pending
        return {
            "wfkit": 1,
            "workflow": plan.name,
            "is_running": work is not None,
            "state": dump_store(self.store if include_state else None, writer),
            "work": work,
        }

    @classmethod
    def from_dict(
        cls, workflow: Planned, data: dict[str, Any], serializer: BaseSerializer | None = None
    ) -> Context[AnyStateT]:
        """Return a context that continues from a snapshot: `workflow.run(ctx=Context.from_dict(workflow, data))`.

        Raises:
            ContextSerdeError: the data is no snapshot, or one that this version or this workflow cannot read.
        """
        return cast("Context[AnyStateT]", cls(workflow, data, serializer))

    @staticmethod
    def get_step_context() -> Context[Any]:
        """Return the Context of the step that this code was called from, however deep; in a plain step its plain one.

        Raises:
            WorkflowRuntimeError: called outside a step.
        """
        found = CURRENT.get()
        if found is None:
            raise WorkflowRuntimeError("Context.get_step_context() may only be called from within a step function")
        return cast(Context[Any], found.plain or found.port.step_context(found.work))

    if not TYPE_CHECKING:  # a type checker shall go on to find what is not there

        def __getattr__(self, name: str) -> Any:
            """Say where something is that was here in earlier systems."""
            if name not in _MOVED:
                return object.__getattribute__(self, name)  # raises what it has raised before, also for a property
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}. Use {_MOVED[name]}.", name=name, obj=self
            )

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: a context belongs to its runs."""
        raise TypeError(
            "A Context cannot be pickled or copied. Use ctx.to_dict() and Context.from_dict(workflow, data)."
        )

    def __wfkit_run__(self) -> Any:
        """Return the run that uses this context, None while none does; for wfkit's own panels."""
        return getattr(self._root._port, "engine", None)

    def __wfkit_plan__(self) -> Plan:
        """Return the compiled steps of its workflow."""
        return self._root._workflow.__wfkit_plan__()

    def __repr__(self) -> str:
        where = "in a step" if self._work is not None else "running" if self.is_running else "idle"
        return f"<Context of {self._root._workflow.__wfkit_plan__().name}, {where}>"
