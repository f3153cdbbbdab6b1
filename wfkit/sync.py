"""Running a workflow from code that cannot await."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from wfkit.errors import WorkflowRuntimeError
from wfkit.patience import GRACE
from wfkit.report import logger
from wfkit.resources import standing_still
from wfkit.seam import Hook, observers
from wfkit.workflow import ResultT, Workflow


def run_sync(workflow: Workflow[ResultT], *, nested: bool = False, **kwargs: Any) -> ResultT:
    """Run a workflow to its end and return its result, without await.

    Where no event loop is running, as in a script, it makes one. Where one is, as in a notebook, the run gets a fresh
    thread with a loop of its own and a copy of the context variables; the calling loop stands still meanwhile, so
    objects bound to it (an HTTP client, an asyncio.Lock) must be made inside the run.

    Args:
        workflow: the instance to run.
        nested: run in the loop that is already running instead, by way of nest-asyncio (nest-asyncio2 on ipykernel 7,
            where nest-asyncio stops all later cells). It patches asyncio for good.
        kwargs: what `workflow.run` takes.

    Raises:
        TypeError: it is given something that is no workflow.
        WorkflowRuntimeError: a debugger would hold it, and nobody could let it go.
        Whatever awaiting the run raises.

    Example:
        result = run_sync(JokeFlow(timeout=60), topic="pirates")
    """
    if not isinstance(workflow, Workflow):
        raise TypeError(
            f"run_sync() takes a workflow instance, got {workflow!r}. A handler is awaited: `await handler`."
        )
    for hook in (*observers(), *workflow.__wfkit_hooks__(), *kwargs.get("hooks", ())):
        if isinstance(hook, Hook) and hook.may_hold():
            raise WorkflowRuntimeError(
                f"run_sync() blocks until the run has ended, so nobody could let go of what {hook!r} holds. "
                f"Use `handler = workflow.run(hooks=[...])`, and await the handler."
            )
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None:  # outside the except, or every error of a step would tell of a missing loop first
        with asyncio.Runner() as runner:
            return runner.run(_run(workflow, kwargs))
    if nested:
        _allow_nesting()
        return loop.run_until_complete(_run(workflow, kwargs))
    result: ResultT = _run_in_thread(_run(workflow, kwargs))
    return result


async def _run(workflow: Workflow[ResultT], kwargs: dict[str, Any]) -> ResultT:
    handler = workflow.run(**kwargs)
    loop = asyncio.get_running_loop()

    def look() -> None:
        if handler.status == "waiting":
            logger.warning(
                "run_sync: %s Nobody else has the handler of this run, so it may wait for ever. To answer, use "
                "`handler = workflow.run(...)` and `await handler.send_event(...)`.",
                handler.waiting_for,
            )
        elif not handler.is_done():
            loop.call_later(GRACE, look)

    alarm = loop.call_later(GRACE, look)
    try:
        return await handler
    finally:
        alarm.cancel()


def _run_in_thread(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a new thread with a loop of its own; an interrupt here cancels it there."""
    outcome: dict[str, Any] = {}
    started = threading.Event()

    async def supervised() -> Any:
        outcome["loop"], outcome["task"] = asyncio.get_running_loop(), asyncio.current_task()
        started.set()
        return await main

    def work() -> None:
        try:
            with asyncio.Runner() as runner:
                outcome["result"] = runner.run(supervised())
        except BaseException as error:
            outcome["error"] = error
        finally:
            started.set()

    # A copy of the context keeps prints in the right notebook cell. One thread for each call: a shared loop would wait
    # for itself when a step calls run_sync.
    token = standing_still.set((*standing_still.get(), asyncio.get_running_loop()))
    context = contextvars.copy_context()
    standing_still.reset(token)
    thread = threading.Thread(target=context.run, args=(work,), name="wfkit-run-sync", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)  # in short steps, so that an interrupt gets through on every system
    except KeyboardInterrupt:
        started.wait(1)
        if "loop" in outcome and not outcome["loop"].is_closed():
            outcome["loop"].call_soon_threadsafe(outcome["task"].cancel)
        thread.join(5)
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def _allow_nesting() -> None:
    """Patch asyncio so that a running loop can be entered again, with the patch that is safe here."""
    if _kernel_version() >= 7:
        if hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2"):
            raise RuntimeError(
                "nest_asyncio has been applied in this kernel, which stops all later cells on ipykernel 7. Restart "
                "the kernel and leave nest_asyncio.apply() out; run_sync(..., nested=True) uses nest-asyncio2."
            )
        import nest_asyncio2

        nest_asyncio2.apply()
    else:
        import nest_asyncio

        nest_asyncio.apply()


def _kernel_version() -> int:
    kernel = sys.modules.get("ipykernel")
    return int(kernel.version_info[0]) if kernel is not None else 0
