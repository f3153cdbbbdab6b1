"""The one place to attach to a run.

A `Hook` sees every record and may stand around every step. Debugger, journal, remote execution, verbose output and
the recorder are hooks; the engine knows none of them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeAlias

from wfkit.events import Event
from wfkit.records import EventReplaced, Record, StepSkipped
from wfkit.steps import StepSpec

logger = logging.getLogger("wfkit")

Proceed: TypeAlias = "Callable[[StepCall], Awaitable[Event | None]]"


Emit: TypeAlias = Callable[[tuple[Any, ...]], object]


class StepCall:
    """One attempt of one step at one event, as it passes through the hooks.

    Attributes:
        step: the step as declared.
        event: the event it will work on; a hook may put another in its place before it proceeds.
        context: the step's Context.
        id: the lineage number of the delivery.
        attempt: how often it has been tried, this time included, from 1.
    """

    __slots__ = ("_event", "_hold", "_tell", "attempt", "context", "id", "step")

    def __init__(
        self,
        step: StepSpec,
        event: Event,
        context: Any,
        id: int,
        attempt: int,
        hold: Callable[[], AbstractContextManager[None]],
        tell: Callable[..., object] = lambda *_: None,
    ) -> None:
        self.step = step
        self._event = event
        self.context = context
        self.id = id
        self.attempt = attempt
        self._hold = hold
        self._tell = tell

    @property
    def event(self) -> Event:
        """The event that the step will work on. To set it is to `replace` it."""
        return self._event

    @event.setter
    def event(self, event: Event) -> None:
        self.replace(event)

    def replace(self, event: Event) -> None:
        """Put another event in the place of the one that the step gets, also for a snapshot and a later attempt."""
        self._event = self.context._work.event = event
        self._tell(EventReplaced, event)

    def skipped(self) -> None:
        """Say in the records that what the hook returns, or proceeds to, stands in the place of what the body does."""
        self._tell(StepSkipped)

    def hold(self) -> AbstractContextManager[None]:
        """Return a context manager: while it is open, the run's timeout stands still.

        Example:
            async def around_step(self, call, proceed):
                with call.hold():
                    await self.somebody_pressed_continue()
                return await proceed(call)
        """
        return self._hold()


class Hook:
    """Base of everything that watches or changes a run. Override what you need; the rest costs nothing.

    Attributes:
        rank: hooks stand around a step, and see the records, in the order of their rank, the lowest first and
            outermost. Debugger 10, journal 20, remote 30, anything else 50.
        on_unmade_record: takes records as they leave the engine, `(class, *fields)`, instead of `on_record`. It must
            not raise.
    """

    rank: ClassVar[int] = 50
    on_unmade_record: Emit | None = None

    def for_run(self) -> Hook:
        """Return the hook that watches one run. Called as `Workflow.run` starts it, where the caller's context holds.

        Records do not say which run they are of. A hook that keeps something for each run returns a new hook here,
        which gets the records of that run and stands around its steps; others watch all runs themselves.
        """
        return self

    def for_each_run(self) -> Hook:
        """Return the hook that watches one run of the workflow, or of the `observing` block, that this one is given to.

        One that is given to a run itself is asked `for_run` alone.
        """
        return self.for_run()

    def attach(self, run: Any) -> None:
        """Get to know a run, before anything happens in it; for hooks of wfkit's own that change more than a step."""

    def may_hold(self) -> bool:
        """Whether it may hold a step until somebody lets it go. `run_sync` refuses that: nobody could."""
        return False

    def on_record(self, record: Record) -> None:
        """See what happened. Called at once, cannot change the run; a hook that raises here is logged and removed."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        """Stand around a step: hold it, change its event, replace it. An error raised here fails the step.

        Args:
            call: the attempt that is about to be made.
            proceed: runs the step, and the hooks further in; may be called once, several times or not at all.

        Returns:
            What the step is taken to have returned.
        """
        return await proceed(call)


def emitter(hooks: Sequence[Hook]) -> Emit | None:
    """Return what the engine calls with each record, or None if nobody watches.

    A record leaves the engine unmade, as `(its class, *its fields)`: a third of the price of a named tuple. Hooks get
    it made, unless one has an `on_unmade_record`, which takes it as it is.
    """
    if len(hooks) == 1 and hooks[0].on_unmade_record is not None:
        return hooks[0].on_unmade_record  # the recorder alone: what nearly every run has
    unmade = [hook.on_unmade_record for hook in hooks if hook.on_unmade_record is not None]
    watchers = [hook for hook in hooks if hook.on_unmade_record is None and overrides(hook, "on_record")]
    if not watchers:
        return unmade[0] if len(unmade) == 1 else _all_of(unmade)

    def emit(fields: tuple[Any, ...]) -> None:
        for take in unmade:
            take(fields)
        record = fields[0](*fields[1:])
        for hook in tuple(watchers):
            try:
                hook.on_record(record)
            except Exception:
                if hook in watchers:  # it may have been removed by a record that it set off itself
                    watchers.remove(hook)
                logger.exception("%r raised while watching a run and was removed; the run goes on.", hook)

    return emit


def with_another(emit: Emit | None, another: Emit) -> Emit:
    """Return what the engine calls with each record when somebody comes to watch a run that is going on."""
    return another if emit is None else _both(emit, another)


def _both(first: Emit, second: Emit) -> Emit:
    def emit(fields: tuple[Any, ...]) -> None:
        first(fields)
        second(fields)

    return emit


def _all_of(takers: list[Emit]) -> Emit | None:
    if not takers:
        return None

    def emit(fields: tuple[Any, ...]) -> None:
        for take in takers:
            take(fields)

    return emit


def overrides(hook: Hook, method: str) -> bool:
    """Whether a hook has its own version of a method, on its class or on the instance."""
    return method in vars(hook) or getattr(type(hook), method) is not getattr(Hook, method)


_observing: ContextVar[tuple[Hook, ...]] = ContextVar("wfkit_observing", default=())


def observers() -> tuple[Hook, ...]:
    """Return the hooks of the `observing` blocks that are open here, the outermost first."""
    return _observing.get()


@contextmanager
def observing(*hooks: Hook) -> Iterator[None]:
    """Attach hooks to every run that is started inside the block.

    Example:
        with wfkit.observing(recorder):
            await workflow.run()
    """
    token = _observing.set((*_observing.get(), *hooks))
    try:
        yield
    finally:
        _observing.reset(token)
