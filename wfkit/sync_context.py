"""The Context that a plain `def` step gets: the same names, without await.

Such a step runs in a thread. Every call hops to the event loop in one place, `_hop`, and blocks only that thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from wfkit.attempts import RetryInfo
from wfkit.context import Context
from wfkit.events import Event
from wfkit.store import Store

EventT = TypeVar("EventT", bound=Event)
Hop = Callable[[Callable[[], Any]], Any]


class SyncContext:
    """A step's Context for code that cannot await. See `Context` for what each call does."""

    def __init__(self, context: Context[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._loop = loop
        self._store: SyncStore | None = None

    def _hop(self, call: Callable[[], Any]) -> Any:
        """Make a call in the event loop and wait for what it returns, or for what the awaitable it returns gives."""
        answer: Future[Any] = Future()

        def begin() -> None:
            try:
                made = call()
                if isinstance(made, Awaitable):
                    asyncio.ensure_future(made).add_done_callback(finish)
                else:
                    answer.set_result(made)
            except BaseException as error:
                answer.set_exception(error)

        def finish(task: asyncio.Future[Any]) -> None:
            if task.cancelled():
                answer.set_exception(asyncio.CancelledError())
            elif error := task.exception():
                answer.set_exception(error)
            else:
                answer.set_result(task.result())

        self._loop.call_soon_threadsafe(begin)
        return answer.result()

    @property
    def store(self) -> SyncStore:
        """The state that the steps share; its methods return at once instead of being awaited."""
        if self._store is None:
            self._store = SyncStore(self._context, self._hop)
        return self._store

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""
        return self._context.is_running

    def send_event(self, message: Event, step: str | None = None) -> None:
        """Send an event into the run."""
        self._hop(lambda: self._context.send_event(message, step))

    def write_event_to_stream(self, ev: Event | None) -> None:
        """Show an event to whoever reads the stream."""
        self._hop(lambda: self._context.write_event_to_stream(ev))

    def collect_events(
        self, ev: Event, expected: Sequence[type[Event]], buffer_id: str | None = None
    ) -> list[Event] | None:
        """Put an event aside until one is there for each entry of `expected`."""
        events: list[Event] | None = self._hop(lambda: self._context.collect_events(ev, expected, buffer_id))
        return events

    def wait_for_event(
        self,
        event_type: type[EventT],
        waiter_event: Event | None = None,
        waiter_id: str | None = None,
        requirements: dict[str, Any] | None = None,
        timeout: float | None = 2000,
    ) -> EventT:
        """Block the step's thread until an event of a type arrives."""
        event: EventT = self._hop(
            lambda: self._context.wait_for_event(event_type, waiter_event, waiter_id, requirements, timeout)
        )
        return event

    def retry_info(self) -> RetryInfo:
        """Return how often the step has been retried on this event, and what its last attempt came to."""
        info: RetryInfo = self._hop(self._context.retry_info)
        return info

    def running_steps(self) -> list[str]:
        """Return the names of the steps that are at work now."""
        names: list[str] = self._hop(self._context.running_steps)
        return names

    def to_dict(self, **options: Any) -> dict[str, Any]:
        """Return a snapshot that JSON can hold."""
        snapshot: dict[str, Any] = self._hop(lambda: self._context.to_dict(**options))
        return snapshot


class SyncStore:
    """The store of a run for code that cannot await. See `Store` for what each call does."""

    def __init__(self, context: Context[Any], hop: Hop) -> None:
        self._context = context
        self._hop = hop
        self._editing = False

    @property
    def _store(self) -> Store[Any]:
        return self._context.store  # asked each time: it refuses once the step's run is over

    def _write(self, call: Callable[[], Any]) -> None:
        if self._editing:  # it would wait for its own edit to end
            raise RuntimeError("writer called inside edit_state: mutate the yielded state instead")
        self._hop(call)

    def get(self, path: str, *default: Any, **named: Any) -> Any:
        """Return the value at a dotted path."""
        return self._hop(lambda: self._store.get(path, *default, **named))

    def set(self, path: str, value: Any) -> None:
        """Put a value at a dotted path."""
        self._write(lambda: self._store.set(path, value))

    def get_state(self) -> Any:
        """Return a copy of the whole state."""
        return self._hop(lambda: self._store.get_state())

    def set_state(self, state: Any) -> None:
        """Replace the whole state."""
        self._write(lambda: self._store.set_state(state))

    def clear(self) -> None:
        """Put the state back to its defaults."""
        self._write(lambda: self._store.clear())

    @contextmanager
    def edit_state(self) -> Iterator[Any]:
        """Open the state for several changes that take effect together: `with store.edit_state() as state`."""
        if self._editing:
            raise RuntimeError("writer called inside edit_state: mutate the yielded state instead")
        store = self._hop(lambda: self._store)
        draft = self._hop(store.open_draft)
        self._editing, kept = True, False
        try:
            yield draft
            kept = True
        finally:
            self._editing = False
            self._hop(lambda: store.close_draft(draft, keep=kept))
