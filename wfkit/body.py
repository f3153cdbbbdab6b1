"""How a step's body is run: in place if it is async, in a thread if it is not, with the hooks around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import partial
from typing import Any

from wfkit.context import CURRENT, Context
from wfkit.events import Event
from wfkit.resources import ResourceManager
from wfkit.seam import Hook, StepCall
from wfkit.work import Work


class ThreadEach(Executor):
    """Runs every call in a thread of its own.

    Not the loop's pool: a plain step keeps its thread while it waits for an event, so enough of them would leave no
    thread for the step that sends it. How many run at once is up to `num_workers`. Daemons, because a step that hangs
    must not keep the program from ending.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a call; the future gets what it returns or raises."""
        future: Future[Any] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except StopIteration as error:  # no future takes it, asyncio's would never be done
                future.set_exception(RuntimeError(f"a plain step raised {error!r}"))
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="wfkit-step", daemon=True).start()
        return future


async def run_body(
    workflow: object, work: Work, manager: ResourceManager | None, context: Context[Any], event: Event
) -> Any:
    """Run a step's body once on an event, with the resources it asks for, and return what it returns."""
    spec = work.lane.spec
    resources = await manager.fill(spec.resources) if spec.resources and manager is not None else {}
    if spec.is_async:
        return await spec.call(workflow, context, event, resources)
    from wfkit.sync_context import SyncContext  # few workflows have plain steps; import wfkit stays light

    loop = asyncio.get_running_loop()
    plain = SyncContext(context, loop)
    here = CURRENT.get()
    assert here is not None
    here.plain = plain
    try:
        call = partial(spec.call, workflow, plain, event, resources)
        return await loop.run_in_executor(ThreadEach(), copy_context().run, call)
    finally:
        here.plain = None


async def run_hooked(
    hooks: Sequence[Hook],
    body: Callable[[Context[Any], Event], Awaitable[Any]],
    context: Context[Any],
    work: Work,
    hold: Callable[[], AbstractContextManager[None]],
    tell: Callable[..., object],
    start_over: Callable[[], None],
) -> Any:
    """Run a step's body inside the hooks, the first one outermost."""
    runs = 0

    async def innermost(call: StepCall) -> Event | None:
        nonlocal runs
        runs += 1
        if runs > 1:  # a hook proceeds once more: the body begins again
            start_over()
        result: Event | None = await body(call.context, call.event)
        return result

    proceed: Callable[[StepCall], Any] = innermost
    for hook in reversed(hooks):
        proceed = partial(hook.around_step, proceed=proceed)
    return await proceed(StepCall(work.lane.spec, work.event, context, work.id, work.attempt, hold, tell))
