"""The event that begins a run."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError

from wfkit.errors import WorkflowRuntimeError
from wfkit.events import StartEvent
from wfkit.masking import masked
from wfkit.plan import Plan

logger = logging.getLogger("wfkit")


def first_event(plan: Plan, given: StartEvent | None, kwargs: dict[str, Any]) -> StartEvent:
    """Return the first event of a run, made from the keyword arguments unless it is given.

    Raises:
        WorkflowRuntimeError: it cannot be made from the keyword arguments.
        ValueError: what is given is no start event, or one that no step takes.
    """
    if given is None:
        try:
            return plan.start_type(**kwargs)
        except ValidationError as error:
            raise WorkflowRuntimeError(
                f"Failed creating a start event of type '{plan.start_type.__name__}' with the keyword arguments: "
                f"{masked(kwargs)}. {_spell(error)}"
            ) from error
    if not isinstance(given, StartEvent):
        raise ValueError("The 'start_event' argument must be an instance of 'StartEvent'.")
    if kwargs:
        logger.warning(
            "Keyword arguments are not supported when 'run()' is invoked with the 'start_event' parameter. "
            "These keyword arguments will be ignored: %s",
            masked(kwargs),
        )
    if not plan.route(type(given)).steps:
        raise ValueError(
            f"The start event is a {type(given).__name__}, which no step of {plan.name!r} takes. "
            f"It begins with a {plan.start_type.__name__}."
        )
    return given


def _spell(error: ValidationError) -> str:
    """Say what is wrong with which field, without the values: they may be secret."""
    found = error.errors(include_input=False, include_url=False)
    return " ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}." for each in found)
