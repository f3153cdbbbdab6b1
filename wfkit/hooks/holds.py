"""What a debugger holds: a delivery that is about to start, has failed, or is about to end the run."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from wfkit.events import Event, fields_of
from wfkit.hooks.stops import Delivery
from wfkit.plan import Plan
from wfkit.seam import StepCall
from wfkit.steps import StepSpec


class Choice(NamedTuple):
    """What is to become of a held delivery.

    Attributes:
        kind: "go" lets happen what was about to happen, "retry" runs the step (once more), "give" takes `result` for
            what the step has returned.
        result: the result.
    """

    kind: str
    result: Any = None


GO = Choice("go")
RETRY = Choice("retry")


class Hold:
    """A delivery that is held.

    Args:
        call: the attempt.
        future: gets the choice.
        since: seconds on the run's clock.
        error: what the step has raised.
        result: what the step has returned.
    """

    __slots__ = ("call", "error", "future", "result", "since", "told", "work")

    def __init__(
        self,
        call: StepCall,
        future: asyncio.Future[Choice],
        since: float,
        error: BaseException | None = None,
        result: Event | None = None,
    ) -> None:
        self.call = call
        self.work = call.context._work
        self.future = future
        self.since = since
        self.error = error
        self.result = result
        self.told: Delivery | None = None  # how a stop names it, from when it was first asked for

    def put(self, event: Event, plan: Plan) -> None:
        """Put another event in the place of the delivery's.

        Raises:
            TypeError: it is no event, or none that the step takes.
        """
        check_event(event, self.call.step, self.call.event, plan)
        self.call.replace(event)
        self.told = None


def changed_event(event: Event, changes: dict[str, Any]) -> Event:
    """Return an event with other values in some of its fields, validated by its class.

    Raises:
        ValueError: a value does not fit, or it has no such field; pydantic's ValidationError is one.
    """
    kind, fields = type(event), fields_of(event)
    declared = kind.model_fields
    for name in changes:
        if declared and name not in declared and name not in fields:
            raise ValueError(f"{kind.__name__} has no field {name!r} to change. Its fields: {', '.join(fields)}.")
    values = {**fields, **changes}
    if not kind.model_config.get("populate_by_name"):
        for name, info in declared.items():
            alias = info.validation_alias or info.alias
            if isinstance(alias, str) and name in values:
                values[alias] = values.pop(name)
    return kind.model_validate(values)


def check_event(event: Any, step: StepSpec, before: Event, plan: Plan) -> None:
    """Raise TypeError if a step cannot be given an event in the place of the one before."""
    if not isinstance(event, Event):
        raise TypeError(f"Step {step.name!r} works on events; {event!r} is none.")
    if type(event) is type(before):
        return
    if step.gathers is None and plan.by_name[step.name] in plan.route(type(event)).steps:
        return
    taken = ", ".join(kind.__name__ for kind in step.accepted)
    raise TypeError(f"Step {step.name!r} does not take {type(event).__name__}. It takes {taken}.")


def check_result(result: Any, step: StepSpec) -> None:
    """Raise TypeError if a step cannot have returned something."""
    if isinstance(result, list) and step.listed and all(isinstance(each, Event) for each in result):
        if all(type(each) in step.listed for each in result):
            return
    elif result is None or (isinstance(result, Event) and _may_be_bare(step, result)):
        return
    made = ", ".join(getattr(kind, "__name__", str(kind)) for kind in (*step.returned, *step.listed)) or "nothing"
    listed = f"a list of {', '.join(kind.__name__ for kind in step.listed)}, " if step.listed else ""
    raise TypeError(f"Step {step.name!r} returns {listed}an event or None, not {result!r}. It declares {made}.")


def _may_be_bare(step: StepSpec, event: Event) -> bool:
    return type(event) not in step.listed or type(event) in step.bare
