"""Everything that can be wrong with the flow of a workflow.

`find_problems` returns all problems at once, each with a hint; it never raises, so that a drawing of a broken workflow
is still possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from wfkit.collect import Join
from wfkit.errors import WorkflowConfigurationError, WorkflowValidationError
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StepFailedEvent, StopEvent
from wfkit.plan import Plan
from wfkit.steps import StepSpec


class Problem(NamedTuple):
    """Something wrong with a workflow.

    Attributes:
        check: the rule it breaks, by name.
        message: what is wrong, naming the thing.
        hint: what to do about it.
    """

    check: str
    message: str
    hint: str

    def spelled(self) -> str:
        """Return the message and the hint as sentences."""
        stop = "" if self.message.endswith((".", ")")) else "."
        return f"{self.message}{stop} {self.hint}"


CONFIGURATION = frozenset({"steps", "start", "stop"})


def find_problems(plan: Plan, skip: Iterable[str] = ()) -> list[Problem]:
    """Return everything that is wrong with a workflow, the gravest first; an empty list if nothing is.

    Args:
        plan: the workflow's compiled steps.
        skip: graph checks to leave out: "reachability", "dead_end", "terminal_event".
    """
    found = find_configuration_problems(plan)
    if any(problem.check == "steps" for problem in found):
        return found
    skipped = frozenset(skip)
    found += _accepted_stop(plan)
    found += _handlers(plan)
    found += _unfed(plan)
    found += _unproduced(plan)
    if "terminal_event" not in skipped:
        found += _unconsumed(plan)
    if "reachability" not in skipped:
        found += _unreachable(plan)
    if "dead_end" not in skipped:
        found += _dead_ends(plan)
    return found


def find_configuration_problems(plan: Plan) -> list[Problem]:
    """Return what a workflow lacks to be one at all: steps, one start, one stop."""
    if not plan.steps:
        return [
            Problem(
                "steps",
                f"Workflow {plan.name!r} has no configured steps.",
                "Did you forget to annotate methods with @step or to register free-function steps "
                "via @step(workflow=...)?",
            )
        ]
    return [
        *_exactly_one(plan, "start", plan.start_types, StartEvent, "received by", "accepts"),
        *_exactly_one(plan, "stop", plan.stop_types, StopEvent, "returned by", "returns"),
    ]


def complain(problems: list[Problem]) -> None:
    """Raise one error that tells all problems, if there are any.

    Raises:
        WorkflowConfigurationError: all of them are about missing steps, start or stop.
        WorkflowValidationError: any other.
    """
    if not problems:
        return
    if len(problems) == 1 and problems[0].check not in ("reachability", "dead_end"):
        message = problems[0].spelled()
    else:
        lines = [f"  - [{problem.check}] {problem.message}\n    {problem.hint}" for problem in problems]
        message = "Graph validation failed:\n" + "\n".join(lines)
    if all(problem.check in CONFIGURATION for problem in problems):
        raise WorkflowConfigurationError(message)
    raise WorkflowValidationError(message)


def _exactly_one(
    plan: Plan, check: str, found: tuple[type[Event], ...], base: type[Event], passive: str, active: str
) -> list[Problem]:
    if len(found) == 1:
        return []
    if not found:
        message = (
            f"At least one Event of type {base.__name__} must be {passive} any step. "
            f"(Workflow {plan.name!r} has no @step that {active} {base.__name__}.)"
        )
        return [Problem(check, message, f"Annotate a step so that it {active} {base.__name__} or a subclass of it.")]
    names = ", ".join(sorted(kind.__name__ for kind in found))
    message = (
        f"Only one type of {base.__name__} is allowed per workflow, found {len(found)}: {{{names}}} "
        f"in workflow {plan.name!r}."
    )
    return [Problem(check, message, f"Use one {base.__name__} class in all its steps.")]


def _accepted_stop(plan: Plan) -> list[Problem]:
    return [
        Problem(
            "accepts_stop",
            f"Step {spec.name!r} cannot accept StopEvent. StopEvent signals the end of the workflow.",
            "Use a different Event type instead.",
        )
        for spec in plan.steps
        if any(issubclass(kind, StopEvent) for kind in spec.accepted)
    ]


def _unfed(plan: Plan) -> list[Problem]:
    """Find steps that gather or join and can never get what they want."""
    problems = []
    for spec in (plan.steps[index] for index in plan.bindings.unfed):
        kinds = ", ".join(kind.__name__ for kind in spec.accepted)
        if isinstance(spec.gathers, Join):
            slots = zip(spec.gathers.params, spec.gathers.kinds, strict=True)
            origins = "; ".join(f"{param!r}, {kind.__name__}, {_origin(plan, kind)}" for param, kind in slots)
            message = f"Step {spec.name!r} joins events that never meet: {origins}."
            hint = "Gather what comes of a list with a list[...] parameter first, or send both from the same place."
        else:
            message = f"Step {spec.name!r} gathers list[{kinds}], but none comes of a step that returns a list."
            hint = "Annotate the step that sends the items `-> list[MyEvent]`, or gather with ctx.collect_events(...)."
            if any(issubclass(kind, HumanResponseEvent) for kind in spec.accepted):
                hint = "Answers come from outside: wait for each in a step, await ctx.wait_for_event(...)."
        problems.append(Problem("unfed", message, hint))
    return problems


def _origin(plan: Plan, kind: type[Event]) -> str:
    """Say of which returned lists an event comes."""
    lists = {plan.steps[place].name for place in plan.bindings.origins.get(kind, ()) if place is not None}
    return f"comes of the list of {' or '.join(map(repr, sorted(lists)))}" if lists else "comes of no list"


def _handlers(plan: Plan) -> list[Problem]:
    """Find error handlers that contradict each other or name steps that are not there."""
    handlers = {spec.name: spec.catches.steps for spec in plan.steps if spec.catches is not None}
    problems = []
    everything = [name for name, steps in handlers.items() if steps is None]
    if len(everything) > 1:
        problems.append(
            Problem(
                "catch_error",
                f"Only one wildcard @catch_error handler is allowed, found {', '.join(everything)}.",
                "Give the others for_steps=[...].",
            )
        )
    claimed: dict[str, str] = {}
    for name, steps in handlers.items():
        for step in sorted(steps or ()):
            if step not in plan.by_name:
                message, hint = (
                    f"names step {step!r}, which does not exist",
                    f"The steps are {', '.join(plan.by_name)}.",
                )
            elif step in handlers:
                message, hint = f"covers the handler {step!r}", "A handler's own failure fails the run."
            elif step in claimed:
                message, hint = f"claims step {step!r}, as does {claimed[step]!r}", "Let one of them have it."
            else:
                claimed[step] = name
                continue
            problems.append(Problem("catch_error", f"@catch_error handler {name!r} {message}.", hint))
    return problems


_FROM_OUTSIDE = (StartEvent, InputRequiredEvent, HumanResponseEvent, StopEvent, StepFailedEvent)
_TO_OUTSIDE = (InputRequiredEvent, HumanResponseEvent, StopEvent)


def _unproduced(plan: Plan) -> list[Problem]:
    produced = {kind for spec in plan.steps for kind in spec.produced}
    missing = [
        kind
        for spec in plan.steps
        for kind in spec.accepted
        if kind not in produced
        and not issubclass(kind, _FROM_OUTSIDE)
        and not (spec.accept_event_subclasses and any(issubclass(made, kind) for made in produced))
    ]
    if not missing:
        return []
    return [
        Problem(
            "unproduced",
            f"The following events are consumed but never produced: {_names(missing)}",
            "Name them in the return annotation of the step that returns or sends them. "
            "An event from outside is a HumanResponseEvent.",
        )
    ]


def _unconsumed(plan: Plan) -> list[Problem]:
    unused = [
        kind
        for spec in plan.steps
        for kind in spec.returned
        if not (isinstance(kind, type) and issubclass(kind, _TO_OUTSIDE))
        and not (isinstance(kind, type) and any(other.takes(kind) for other in plan.steps))
    ]
    if not unused:
        return []
    return [
        Problem(
            "terminal_event",
            f"The following events are produced but never consumed: {_names(unused)}",
            "Add a step that takes them, or end the run with a StopEvent.",
        )
    ]


def _unreachable(plan: Plan) -> list[Problem]:
    seen: set[str] = set()
    frontier = [
        spec
        for spec in plan.steps
        if any(issubclass(kind, (StartEvent, HumanResponseEvent, StepFailedEvent)) for kind in spec.accepted)
    ]
    while frontier:
        spec = frontier.pop()
        if spec.name not in seen:
            seen.add(spec.name)
            frontier += [other for other in plan.steps if any(other.takes(kind) for kind in spec.produced)]
    lost = [spec.name for spec in plan.steps if spec.name not in seen and "reachability" not in spec.skip_graph_checks]
    if not lost:
        return []
    return [
        Problem(
            "reachability",
            f"Unreachable steps: {', '.join(lost)}",
            "Steps must be reachable from StartEvent or HumanResponseEvent.",
        )
    ]


def _dead_ends(plan: Plan) -> list[Problem]:
    alive: dict[str, StepSpec] = {}
    ends = (StopEvent, InputRequiredEvent)
    while True:
        grown = {
            spec.name: spec
            for spec in plan.steps
            if spec.name not in alive
            and any(
                issubclass(kind, ends) or any(other.takes(kind) for other in alive.values()) for kind in spec.produced
            )
        }
        if not grown:
            break
        alive |= grown
    dead = [
        spec.name
        for spec in plan.steps
        if spec.produced and spec.name not in alive and "dead_end" not in spec.skip_graph_checks
    ]
    if not dead:
        return []
    return [
        Problem(
            "dead_end",
            f"Dead-end steps: {', '.join(dead)}",
            "Steps must have a path to StopEvent or InputRequiredEvent.",
        )
    ]


def _names(kinds: Iterable[Any]) -> str:
    return ", ".join(sorted({getattr(kind, "__name__", str(kind)) for kind in kinds}))
