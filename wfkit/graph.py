"""The flow of a workflow as a graph, and everything that can be wrong with it.

`FlowGraph` is what every drawing is made from. `find_problems` returns all problems at once, each with a hint; it
never raises, so that a drawing of a broken workflow is still possible.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeAlias

from wfkit.errors import WorkflowConfigurationError, WorkflowValidationError
from wfkit.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
)
from wfkit.plan import Plan
from wfkit.steps import StepSpec

NodeKind: TypeAlias = Literal["step", "event", "start", "stop", "question", "answer", "person"]
PERSON = "external_step"


class Node(NamedTuple):
    """A step, an event type or the person outside.

    Attributes:
        id: unique in the graph: a step's name, an event class's name, or "external_step" for the person.
        kind: what it is; start, stop, question and answer are kinds of events.
        name: what to write on it.
        doc: the docstring, or "".
        fields: for an event its fields as (name, type), for a step its signature as (parameter, types) and
            ("return", types).
        num_workers: for a step, how many events it works on at once; otherwise 0.
    """

    id: str
    kind: NodeKind
    name: str
    doc: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    num_workers: int = 0


class Edge(NamedTuple):
    """A step produces an event, an event goes to a step, or either meets the person outside."""

    source: str
    target: str


class FlowGraph(NamedTuple):
    """The steps and events of a workflow and how they hang together.

    Nodes are in the order of the steps, each followed by the events it is the first to name; the same workflow gives
    the same graph, byte for byte.
    """

    name: str
    doc: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, plan: Plan) -> FlowGraph:
        """Read the graph off a workflow's compiled steps."""
        ids = _event_ids(plan)
        nodes: dict[str, Node] = {}
        edges: dict[Edge, None] = {}
        for spec in plan.steps:
            nodes[spec.name] = _step_node(spec)
            for kind in (*spec.accepted, *spec.produced):
                nodes.setdefault(ids[kind], _event_node(ids[kind], kind))
            edges |= dict.fromkeys(Edge(ids[kind], spec.name) for kind in spec.accepted)
            edges |= dict.fromkeys(Edge(spec.name, ids[kind]) for kind in spec.produced)
        if any(node.kind in ("question", "answer") for node in nodes.values()):
            nodes[PERSON] = Node(PERSON, "person", "person")
            edges |= dict.fromkeys(Edge(node.id, PERSON) for node in nodes.values() if node.kind == "question")
            edges |= dict.fromkeys(Edge(PERSON, node.id) for node in nodes.values() if node.kind == "answer")
        return cls(plan.name, plan.doc, tuple(nodes.values()), tuple(edges))


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
        stop = "" if problems[0].message.endswith((".", ")")) else "."
        message = f"{problems[0].message}{stop} {problems[0].hint}"
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


def _event_ids(plan: Plan) -> dict[type[Event], str]:
    """Give each event type an id: its class name, numbered where a step or another class has the same."""
    taken = {PERSON, *plan.by_name}
    ids: dict[type[Event], str] = {}
    for kind in plan.events:
        candidate, number = kind.__name__, 2
        while candidate in taken:
            candidate, number = f"{kind.__name__}#{number}", number + 1
        taken.add(candidate)
        ids[kind] = candidate
    return ids


def _event_node(id: str, kind: type[Event]) -> Node:
    kinds: list[tuple[type[Event], NodeKind]] = [
        (StartEvent, "start"),
        (StopEvent, "stop"),
        (InputRequiredEvent, "question"),
        (HumanResponseEvent, "answer"),
    ]
    fields = tuple((name, _spell_type(field.annotation)) for name, field in kind.model_fields.items())
    doc = inspect.cleandoc(vars(kind).get("__doc__") or "")  # its own, not pydantic's nor a base class's
    return Node(id, next((name for base, name in kinds if issubclass(kind, base)), "event"), kind.__name__, doc, fields)


def _step_node(spec: StepSpec) -> Node:
    takes = " | ".join(kind.__name__ for kind in spec.accepted)
    gives = " | ".join(_spell_type(kind) for kind in spec.returned) or "None"
    fields = ((spec.event_param, takes), ("return", gives))
    return Node(spec.name, "step", spec.name, spec.doc, fields, spec.num_workers)


def _spell_type(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
