"""The words in which a run speaks up: errors it makes and messages it logs."""

from __future__ import annotations

import asyncio
import logging
from inspect import isawaitable, iscoroutine

from wfkit.errors import ContextStateError, WorkflowCancelledByUser, WorkflowRuntimeError, WorkflowTimeoutError
from wfkit.events import Event, StopEvent
from wfkit.values import said

logger = logging.getLogger("wfkit")


def bad_result(step: str, result: object) -> WorkflowRuntimeError:
    """Make the error for a step that returned something that is no event."""
    kind = type(result).__name__
    hint = "Did you mean StopEvent(result=...)?"
    if isinstance(result, type):
        kind, hint = f"the class {result.__name__} itself", f"Did you mean {result.__name__}(...)?"
    elif isawaitable(result):
        hint = "Did you forget to await it?"
        _close(result)
    elif isinstance(result, (list, tuple, set)):
        hint = "To send several events, annotate the step `-> list[MyEvent]` and return a list of them."
    return WorkflowRuntimeError(
        f"Step function {step} returned {kind} instead of an Event instance. A step returns an event or None. {hint}"
    )


def forgotten_await(step: str, result: object) -> WorkflowRuntimeError:
    """Make the error for a step that returned something to await as the run's result."""
    _close(result)
    return WorkflowRuntimeError(
        f"Step {step!r} returned a StopEvent whose result is a {type(result).__name__}, which is still to be awaited. "
        f"Write StopEvent(result=await ...)."
    )


def _close(result: object) -> None:
    """Close a coroutine that will not be awaited; it would warn of it, and has been told of already."""
    if iscoroutine(result):
        result.close()


def bare_item(step: str, result: object) -> WorkflowRuntimeError:
    """Make the error for a step that returned one event where it had promised a list."""
    kind = type(result).__name__
    return WorkflowRuntimeError(
        f"Step function {step} returned a bare {kind} but its return annotation only declares it inside a list. "
        f"Return [{kind}(...)], or annotate the step `-> list[{kind}] | {kind}`."
    )


def bad_list(step: str, result: list[object]) -> WorkflowRuntimeError | None:
    """Make the error for a step that returned a list with something in it that is no event to send."""
    for item in result:
        if not isinstance(item, Event):
            return WorkflowRuntimeError(
                f"Step function {step} returned a list containing {type(item).__name__} instead of an Event instance. "
                f"Put events into it, and nothing else."
            )
        if isinstance(item, StopEvent):
            return WorkflowRuntimeError(
                f"Step function {step} returned a list containing {type(item).__name__}, which ends a run. "
                f"Return it by itself."
            )
    return None


def stray_cancellation(step: str) -> WorkflowRuntimeError:
    """Make the error for a step in which CancelledError came up though nobody cancelled the run."""
    return WorkflowRuntimeError(
        f"Step {step!r} was cancelled although its run was not: it raised CancelledError, or something it awaited was "
        f"cancelled. Catch it in the step if that is meant to happen."
    )


def lost_driver(cause: BaseException) -> WorkflowRuntimeError:
    """Make the error for a run whose driver was stopped between two steps."""
    if isinstance(cause, asyncio.CancelledError):
        message = (
            "The task that drives the run was cancelled between two steps: the event loop is shutting down, or "
            "something kept the task of an earlier step and cancelled it after the step had ended."
        )
    elif not isinstance(cause, Exception):
        message = f"The run was interrupted between two steps by {cause!r}. Start it again, or go on from a snapshot."
    else:
        message = f"The run was stopped by a mistake in wfkit itself, {cause!r}. Please report it."
    error = WorkflowRuntimeError(message)
    error.__cause__ = cause
    return error


def check_wait(event_type: object, question: object) -> None:
    """Raise WorkflowRuntimeError if a wait is for no class of events, or asks with something that is no event."""
    if not isinstance(event_type, type) or not issubclass(event_type, Event):
        hint = f" Write {type(event_type).__name__}." if isinstance(event_type, Event) else ""
        raise WorkflowRuntimeError(f"wait_for_event() takes a class of events, got {event_type!r}.{hint}")
    if question is not None and not isinstance(question, Event):
        hint = f" Write {question.__name__}(...)." if isinstance(question, type) else ""
        raise WorkflowRuntimeError(f"wait_for_event() takes an event as waiter_event, got {question!r}.{hint}")


def run_is_over(event: object, outcome: str | None) -> ContextStateError:
    """Make the error for an event that comes when the run has ended."""
    return ContextStateError(f"{type(event).__name__} cannot be sent: the run is over ({outcome}). Start another run.")


def timed_out(seconds: float, active: list[str], why: str) -> WorkflowTimeoutError:
    """Make the error that awaiting a run raises that took too long."""
    steps = f"Currently active steps: {', '.join(active)}" if active else "No steps active"
    if why:
        steps += f". {why}"
    return WorkflowTimeoutError(f"Operation timed out after {seconds} seconds. {steps}")


def cancelled(workflow: str) -> WorkflowCancelledByUser:
    """Make the error that awaiting a cancelled run raises."""
    return WorkflowCancelledByUser(f"The run of {workflow} was cancelled.")


def unseen_error(run_id: str, workflow: str, outcome: str, error: BaseException, with_traceback: bool) -> None:
    """Show the error of a run that nobody awaited."""
    logger.error(
        "Run %s of %s %s, and nobody awaited it. %s: %s",
        run_id,
        workflow,
        outcome,
        type(error).__name__,
        said(error),
        exc_info=error if with_traceback else None,
    )


def stuck_run(run_id: str, workflow: str, why: str) -> None:
    """Say that a run does not move and never will by itself."""
    logger.warning(
        "Run %s of %s is stuck: no step is active and none will be. %s Cancel it with `await handler.cancel_run()`.",
        run_id,
        workflow,
        why,
    )


def note(workflow: str, text: str) -> None:
    """Pass on what the books of a run say."""
    logger.warning("Run of %s: %s", workflow, text)


def stubborn_steps(workflow: str, count: int, seconds: float) -> None:
    """Say that steps go on although their run has ended."""
    logger.warning(
        "%d step(s) of %s still run %.1f s after their run ended: they swallow CancelledError. What they do from "
        "now on is ignored.",
        count,
        workflow,
        seconds,
    )


def late_error(step: str, error: BaseException) -> None:
    """Say that a step failed when the outcome of its run was already settled."""
    logger.warning("Step %r raised after the outcome of its run was settled, which stands: %r", step, error)
