"""The flow of a workflow as a graph: what every drawing is made from."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Literal, NamedTuple, TypeAlias

from wfkit.collect import Join, Members
from wfkit.descriptors import Resource, ResourceDefinition
from wfkit.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
)
from wfkit.plan import Plan, names_in
from wfkit.steps import StepSpec

NodeKind: TypeAlias = Literal["step", "event", "start", "stop", "question", "answer", "person", "resource", "config"]
EdgeKind: TypeAlias = Literal["event", "many", "failure", "resource"]
PERSON = "external_step"
ERROR_HANDLER = "error handler"
MOST_CHILDREN = 50  # children of children of children can be more than anybody could look at


class Node(NamedTuple):
    """A step, an event type, a resource or the person outside.

    Attributes:
        id: unique in the graph: a step's name, an event class's name, a resource's id, or "external_step" for the
            person.
        kind: what it is; start, stop, question and answer are kinds of events.
        name: what to write on it.
        doc: the docstring, or "".
        fields: for an event its fields as (name, type), for a step its signature as (parameter, types) and
            ("return", types), for a resource its name, its type and how often it is made.
        num_workers: for a step, how many events it works on at once; otherwise 0.
        note: a few words that belong on it, such as "gathers all" or "any step fails"; else "".
    """

    id: str
    kind: NodeKind
    name: str
    doc: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    num_workers: int = 0
    note: str = ""


class Edge(NamedTuple):
    """A step produces an event, an event goes to a step, or either meets the person outside.

    Attributes:
        source: id of a node.
        target: id of a node.
        kind: "many" where a step sends a list of events, "failure" from a step to the StepFailedEvent that a handler
            takes for it, "resource" from a step, or a resource, to what fills its parameters; else "event".
    """

    source: str
    target: str
    kind: EdgeKind = "event"


class Child(NamedTuple):
    """A workflow inside a workflow.

    Attributes:
        name: the attribute that holds it.
        users: the steps whose code names that attribute.
        workflow: the name of the child workflow.
        graph: its flow; None for one that is around it too, whose flow would never end, and for one too many.
    """

    name: str
    users: tuple[str, ...]
    workflow: str
    graph: FlowGraph | None


class FlowGraph(NamedTuple):
    """The steps and events of a workflow and how they hang together.

    Nodes are in the order of the steps, each followed by the events and resources it is the first to name; the same
    workflow gives the same graph, byte for byte.
    """

    name: str
    doc: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    children: tuple[Child, ...] = ()

    @classmethod
    def of(cls, plan: Plan, children: Mapping[str, Any] | None = None) -> FlowGraph:
        """Read the graph off a workflow's compiled steps.

        Args:
            plan: the steps.
            children: the workflows inside it by their attributes, as `Workflow.__wfkit_children__()` gives them.
        """
        return _read(plan, children or {}, (plan,), count())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from wfkit.display import graph_bundle

        return graph_bundle(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the drawing in a terminal too: IPython has a printer of its own for tuples."""
        printer.text(self._repr_mimebundle_()["text/plain"])


def _read(plan: Plan, children: Mapping[str, Any], around: tuple[Plan, ...], read: Iterator[int]) -> FlowGraph:
    """Return the graph of a plan; `around` are the plans from the outermost one to this, `read` counts children."""
    reader = _Reader(plan)
    reader.read_steps()
    reader.add_person()
    named = {spec.name: names_in(spec.func) for spec in plan.steps} if children else {}
    found = []
    for name, child in children.items():
        inner = child.__wfkit_plan__()
        # An instance and its class have one plan, unless a step was added to either: then the functions tell.
        left_out = any(_same_steps(inner, outer) for outer in around) or next(read) >= MOST_CHILDREN
        graph = None if left_out else _read(inner, child.__wfkit_children__(), (*around, inner), read)
        users = tuple(step for step, names in named.items() if name in names)
        found.append(Child(name, users, inner.name, graph))
    return FlowGraph(plan.name, plan.doc, tuple(reader.nodes.values()), tuple(reader.edges), tuple(found))


def _same_steps(one: Plan, other: Plan) -> bool:
    return one is other or (one.name == other.name and [s.func for s in one.steps] == [s.func for s in other.steps])


class Takers:
    """Tells which events a step takes; one that takes subclasses takes those of the workflow, too.

    Args:
        events: the workflow's event types.
    """

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self._events = tuple(events)
        self._by_base: dict[type, list[type[Event]]] | None = None

    def taken_by(self, spec: StepSpec) -> tuple[type[Event], ...]:
        """Return the event types of a workflow that a step takes, those of its signature first."""
        if not spec.accept_event_subclasses:
            return spec.accepted
        if self._by_base is None:
            self._by_base = {}
            for kind in self._events:
                # A stop goes to no step, and a failure only to error handlers.
                for base in () if issubclass(kind, (StopEvent, StepFailedEvent)) else kind.__mro__:
                    self._by_base.setdefault(base, []).append(kind)
        found = (kind for base in spec.accepted for kind in self._by_base.get(base, ()))
        return tuple(dict.fromkeys((*spec.accepted, *found)))


class _Reader:
    """Reads the nodes and edges of one workflow."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Edge, None] = {}
        self._events = event_ids(plan)
        self._person = _free(PERSON, set(plan.by_name))
        self._taken = {self._person, *plan.by_name, *self._events.values()}
        self._resources: dict[Any, str] = {}  # by key

    def read_steps(self) -> None:
        """Add the steps, and what each takes, sends and is given."""
        scoped = any(spec.catches is not None and spec.catches.steps is not None for spec in self.plan.steps)
        takers = Takers(self.plan.events)
        for spec in self.plan.steps:
            self.nodes[spec.name] = _step_node(spec)
            taken = self._failures(spec, scoped) if spec.catches is not None else self._named(takers.taken_by(spec))
            produced = self._named(spec.produced)
            self.edges |= dict.fromkeys(Edge(id, spec.name) for id in taken)
            for id, kind in zip(produced, spec.produced, strict=True):
                self.edges[Edge(spec.name, id, "many" if kind in spec.listed else "event")] = None
            self._add_resources(spec.name, spec.resources)

    def _named(self, kinds: Iterable[type[Event]]) -> list[str]:
        ids = [(self._events[kind], kind) for kind in kinds]
        for id, kind in ids:
            self.nodes.setdefault(id, _event_node(id, kind))
        return [id for id, _ in ids]

    def _failures(self, handler: StepSpec, scoped: bool) -> list[str]:
        """Add the StepFailedEvent that a handler takes, one of its own: each handler takes those of other steps."""
        assert handler.catches is not None
        id = self._events[StepFailedEvent]
        if id in self.nodes:
            id = self._take(id)
        named = handler.catches.steps
        note = "" if named is not None else "any other step fails" if scoped else "any step fails"
        self.nodes[id] = _event_node(id, StepFailedEvent)._replace(note=note)
        failing = [spec.name for spec in self.plan.steps if named is not None and spec.name in named]
        self.edges |= dict.fromkeys(Edge(name, id, "failure") for name in failing)
        return [id]

    def _add_resources(self, user: str, definitions: Iterable[ResourceDefinition]) -> None:
        for definition in definitions:
            resource = definition.resource
            id = self._resources.get(resource.key)
            if id is None:
                id = self._resources[resource.key] = self._take(resource.id)
                self.nodes[id] = _resource_node(id, definition)
                self._add_resources(id, definition.dependencies)
            self.edges[Edge(user, id, "resource")] = None

    def _take(self, wanted: str) -> str:
        id = _free(wanted, self._taken)
        self._taken.add(id)
        return id

    def add_person(self) -> None:
        """Add the person outside, if there are questions or answers."""
        asked = [node.id for node in self.nodes.values() if node.kind == "question"]
        heard = [node.id for node in self.nodes.values() if node.kind == "answer"]
        if asked or heard:
            self.nodes[self._person] = Node(self._person, "person", "person")
            self.edges |= dict.fromkeys(Edge(id, self._person) for id in asked)
            self.edges |= dict.fromkeys(Edge(self._person, id) for id in heard)


def _free(wanted: str, taken: set[str]) -> str:
    """Return an id as it is, or numbered if it is taken."""
    candidate, number = wanted, 2
    while candidate in taken:
        candidate, number = f"{wanted}#{number}", number + 1
    return candidate


def event_ids(plan: Plan) -> dict[type[Event], str]:
    """Return the node id of each event type: its class name, numbered where a step or another class has the same."""
    taken = {PERSON, *plan.by_name}
    ids: dict[type[Event], str] = {}
    for kind in plan.events:
        ids[kind] = _free(kind.__name__, taken)
        taken.add(ids[kind])
    return ids


def _event_node(id: str, kind: type[Event]) -> Node:
    kinds: list[tuple[type[Event], NodeKind]] = [
        (StartEvent, "start"),
        (StopEvent, "stop"),
        (InputRequiredEvent, "question"),
        (HumanResponseEvent, "answer"),
    ]
    fields = tuple((name, _spell_type(field.annotation)) for name, field in kind.model_fields.items())
    own = vars(kind).get("__doc__")  # not pydantic's nor a base class's
    doc = inspect.cleandoc(own) if isinstance(own, str) else ""
    return Node(id, next((name for base, name in kinds if issubclass(kind, base)), "event"), kind.__name__, doc, fields)


def _step_node(spec: StepSpec) -> Node:
    gives = [_spell_type(kind) for kind in spec.bare]
    if spec.listed:
        gives.append(f"list[{' | '.join(kind.__name__ for kind in spec.listed)}]")
    fields = (*_takes(spec), ("return", " | ".join(gives) or "None"))
    return Node(spec.name, "step", spec.name, spec.doc, fields, spec.num_workers, _note(spec))


def _note(spec: StepSpec) -> str:
    """Say of a step what tells it from one that takes one event at a time."""
    if isinstance(spec.gathers, Members):
        return "gathers all" if spec.gathers.take is None else f"gathers {spec.gathers.take}"
    if isinstance(spec.gathers, Join):
        return f"joins {len(spec.gathers.kinds)}"
    return ERROR_HANDLER if spec.catches is not None else ""


def _resource_node(id: str, definition: ResourceDefinition) -> Node:
    resource = definition.resource
    fields = [("name", resource.name), ("type", definition.type_name)]
    if isinstance(resource, Resource):
        fields.append(("made", "once" if resource.cache else "for each attempt"))
    kind: NodeKind = "config" if resource.kind == "config" else "resource"
    return Node(id, kind, resource.label, resource.description, tuple(fields))


def _takes(spec: StepSpec) -> Iterator[tuple[str, str]]:
    """Yield the event parameters of a step and what they take."""
    if isinstance(spec.gathers, Join):
        yield from ((param, kind.__name__) for param, kind in zip(spec.gathers.params, spec.gathers.kinds, strict=True))
        return
    kinds = " | ".join(kind.__name__ for kind in spec.accepted)
    yield (spec.event_param, kinds) if spec.gathers is None else (spec.gathers.param, f"list[{kinds}]")


def _spell_type(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
