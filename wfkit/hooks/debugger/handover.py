"""Calls from any thread, made in the thread of the run's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from wfkit.run import Run

PATIENCE = 10.0  # seconds in which the event loop is expected to take a call


class Watching(Protocol):
    """Something that watches a run."""

    _run: Run | None


P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=Watching)


def handed_over(method: Callable[Concatenate[W, P], T]) -> Callable[Concatenate[W, P], T]:
    """Let a method be called from any thread: the event loop of the run makes the call, and the caller gets the result.

    Raises:
        TimeoutError: the event loop does not come to it, because something blocks it.
    """

    @wraps(method)
    def call(self: W, /, *args: P.args, **kwargs: P.kwargs) -> T:
        run = self._run
        # No loop is running in this thread, but neither does the run's: nobody can interfere.
        if run is None or not run.loop.is_running() or _loop_here() is run.loop:
            return method(self, *args, **kwargs)
        answer: Future[T] = Future()

        def make() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(method(self, *args, **kwargs))
            except BaseException as error:
                answer.set_exception(error)

        run.loop.call_soon_threadsafe(make)
        try:
            return answer.result(PATIENCE)
        except TimeoutError:
            if not answer.cancel():  # it was the method's own, or has come at the last moment
                return answer.result()
            raise TimeoutError(f"The event loop of run {run.run_id} has not answered for {PATIENCE:g} s.") from None

    return call


async def made_there(run: Run, call: Coroutine[Any, Any, T]) -> T:
    """Await a call in the event loop of a run, from whatever loop this is."""
    if not run.loop.is_running() or _loop_here() is run.loop:
        return await call
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, run.loop))


def _loop_here() -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
