"""What a workflow checks beside its graph: arguments, children that were not given, resources that cannot be made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextvars import copy_context
from typing import Any

from wfkit.children import children_of
from wfkit.errors import WorkflowValidationError
from wfkit.plan import Plan
from wfkit.problems import Problem
from wfkit.resources import ResourceManager, config_problems
from wfkit.seam import Hook


def find_missing_children(workflow: Any, base: type) -> Iterator[Problem]:
    """Yield a problem for each child workflow that is declared and that an instance has not got."""
    for name, child in children_of(workflow, base).items():
        if isinstance(child, type) and not hasattr(workflow, name):
            yield Problem(
                "child",
                f"Workflow {type(workflow).__name__!r} has no child workflow {name!r}.",
                f"Pass it, {type(workflow).__name__}({name}={child.__name__}(...)), or set self.{name} in __init__.",
            )


def check_configs(plan: Plan, manager: ResourceManager) -> None:
    """Raise WorkflowValidationError if the file of a ResourceConfig is not there or does not fit."""
    lines = [line for spec in plan.steps for line in config_problems(spec.resources, spec.name, manager)]
    if lines:
        raise WorkflowValidationError(
            "Resource config validation failed:\n" + "\n".join(f"  - {line}" for line in lines)
        )


def check_resources(plan: Plan, manager: ResourceManager) -> None:
    """Make every resource once, to see that it can be made. What is made so is not kept.

    In a thread with an event loop of its own, so that it works in a notebook cell, too.

    Raises:
        WorkflowValidationError: one cannot be made; the factory's own error is its cause.
    """
    failed: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_make_all(plan, manager))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="wfkit-validate", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


async def _make_all(plan: Plan, manager: ResourceManager) -> None:
    for spec in plan.steps:
        try:
            await manager.fill(spec.resources)
        except Exception as error:
            raise WorkflowValidationError(
                f"A resource of step {spec.name!r} cannot be made: {type(error).__name__}: {error}"
            ) from error


def check_timeout(timeout: object) -> None:
    """Raise WorkflowValidationError if something is no number of seconds."""
    if timeout is None or (isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout >= 0):
        return
    child = " A child workflow is passed by the name of its attribute." if hasattr(timeout, "__wfkit_plan__") else ""
    raise WorkflowValidationError(
        f"timeout must be a number of seconds, at least 0, or None. It is {timeout!r}.{child}"
    )


def check_concurrency(limit: object) -> None:
    """Raise WorkflowValidationError if something is no number of runs."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise WorkflowValidationError(
            f"num_concurrent_runs must be an integer greater than 0 or None. It is {limit!r}."
        )


def check_runtime(runtime: object) -> None:
    """Raise WorkflowValidationError if a workflow is given a runtime."""
    if runtime is not None:
        raise WorkflowValidationError(
            f"wfkit has no runtimes, got {runtime!r}. Leave it out; what changes runs attaches with hooks=[...]."
        )


def checked_hooks(hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return hooks as a tuple.

    Raises:
        WorkflowValidationError: one of them is none.
    """
    checked = tuple(hooks)
    for hook in checked:
        if not isinstance(hook, Hook):
            raise WorkflowValidationError(f"A hook is an instance of a subclass of wfkit.Hook, got {hook!r}.")
    return checked


def need_loop() -> None:
    """Raise RuntimeError if no event loop is running here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "no running event loop: call workflow.run(...) in async code, or use wfkit.run_sync(workflow, ...)."
        ) from None
