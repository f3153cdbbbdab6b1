"""Reads a workflow's compiled steps into a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from wfkit.collect import Join
from wfkit.descriptors import ResourceConfig, ResourceDefinition
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent
from wfkit.graph import PERSON, Takers
from wfkit.plan import Plan, names_in
from wfkit.representation.models import WorkflowGraph
from wfkit.representation.schema import facts_of, text
from wfkit.steps import StepSpec


class HasSteps(Protocol):
    """A workflow class or instance, as far as it is read here."""

    def __wfkit_plan__(self) -> Plan:
        """Return the compiled steps."""

    def __wfkit_children__(self) -> dict[str, Any]:
        """Return the child workflows by their attributes."""


_written: WeakKeyDictionary[Plan, str] = WeakKeyDictionary()  # as JSON: the graphs are the user's to change


class Children:
    """The child workflows that were met, each with a name of its own."""

    def __init__(self) -> None:
        self.unread: dict[str, HasSteps] = {}
        self._names: dict[Any, str] = {}
        self._ids = _Ids()

    def read(self, workflow: HasSteps) -> WorkflowGraph:
        """Return the graph of one workflow, without those of its children."""
        plan, children = workflow.__wfkit_plan__(), workflow.__wfkit_children__()
        written = None if children else _written.get(plan)
        if written is not None:
            return WorkflowGraph.model_validate_json(written)
        graph = Reader(plan, children, self).graph()
        # A class that waits for another to be defined may yet change, and so may which children there are.
        if not children and all(kind.__pydantic_complete__ for kind in plan.events):
            _written[plan] = graph.model_dump_json()
        return graph

    def name_of(self, workflow: HasSteps) -> str:
        """Return the key of a child's graph. Two with the same steps and the same children are one."""
        plan = workflow.__wfkit_plan__()
        key = (plan, *((name, id(child)) for name, child in workflow.__wfkit_children__().items()))
        if key not in self._names:
            self._names[key] = self._ids.take(plan.name)
            self.unread[self._names[key]] = workflow
        return self._names[key]


class _Ids:
    """Gives out ids, numbered from the second of a name on."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        found = name = text(name)
        number = 2
        while found in self._taken:
            found, number = f"{name}#{number}", number + 1
        self._taken.add(found)
        return found


class Reader:
    """Reads one workflow. Its nodes and edges are dictionaries until all are there, as one validation is cheaper."""

    def __init__(self, plan: Plan, children: Mapping[str, HasSteps], known: Children) -> None:
        self.plan = plan
        self.children = children
        self.known = known
        self.ids = _Ids()
        self.steps = [self.ids.take(spec.name) for spec in plan.steps]
        self.person = self.ids.take(PERSON)
        self.produced = [spec.produced for spec in plan.steps]
        self.events: dict[type[Event], str] = {}
        for spec, produced in zip(plan.steps, self.produced, strict=True):
            for kind in (*spec.accepted, *produced):
                if kind not in self.events:
                    self.events[kind] = self.ids.take(kind.__name__)
        self.makers: dict[type[Event], dict[str, None]] = {kind: {} for kind in self.events}
        self.handled: dict[int, list[str]] = {}
        self.edges: dict[tuple[str, str, str | None], None] = {}

    def graph(self) -> WorkflowGraph:
        """Return the graph."""
        self._connect_steps_and_events()
        nodes: list[dict[str, Any]] = []
        named: set[type[Event]] = set()
        for index, spec in enumerate(self.plan.steps):
            nodes.append(self._step_node(index, spec))
            for kind in (*spec.accepted, *self.produced[index]):
                if kind not in named:
                    named.add(kind)
                    nodes.append(self._event_node(kind))
        nodes += [*self._person_node(), *self._resource_nodes(), *self._child_nodes()]
        return WorkflowGraph.model_validate(
            {
                "name": text(self.plan.name),
                "nodes": nodes,
                "edges": [{"source": source, "target": target, "label": label} for source, target, label in self.edges],
                "description": text(self.plan.doc) or None,
            }
        )

    def _connect_steps_and_events(self) -> None:
        takers = Takers(self.events)
        for id, spec, produced in zip(self.steps, self.plan.steps, self.produced, strict=True):
            for kind in takers.taken_by(spec):
                self.edges[self.events[kind], id, None] = None
            for kind in produced:
                self._make(id, kind, None)
        for step, handler in self.plan.bindings.catchers.items():
            self.handled.setdefault(handler, []).append(self.steps[step])
            for kind in self.plan.steps[handler].accepted:
                self._make(self.steps[step], kind, "fails")

    def _make(self, step: str, kind: type[Event], label: str | None) -> None:
        self.makers[kind][step] = None
        self.edges[step, self.events[kind], label] = None

    def _step_node(self, index: int, spec: StepSpec) -> dict[str, Any]:
        node: dict[str, Any] = {
            "id": self.steps[index],
            "node_type": "step",
            "label": text(spec.name),
            "description": text(spec.doc) or None,
            "num_workers": spec.num_workers,
            "parameters": self._parameters(spec),
        }
        if isinstance(spec.gathers, Join):
            node["gathers"] = "join"
        elif spec.gathers is not None:
            node |= {"gathers": "list", "take": spec.gathers.take}
        if spec.listed:
            gatherers = self.plan.bindings.collectors.get(index, ())
            node["lists"] = [self.events[kind] for kind in spec.listed]
            node["gathered_by"] = [self.steps[found] for found in gatherers]
        if spec.catches is not None:
            node |= {"is_error_handler": True, "max_recoveries": spec.catches.max_recoveries}
            node["handles"] = self.handled.get(index, [])
        return node

    def _parameters(self, spec: StepSpec) -> dict[str, list[str]]:
        if isinstance(spec.gathers, Join):
            pairs = zip(spec.gathers.params, spec.gathers.kinds, strict=True)
            return {text(param): [self.events[kind]] for param, kind in pairs}
        param = spec.event_param if spec.gathers is None else spec.gathers.param
        return {text(param): [self.events[kind] for kind in spec.accepted]}

    def _event_node(self, kind: type[Event]) -> dict[str, Any]:
        node = facts_of(kind)
        node["id"] = self.events[kind]
        node["produced_by"] = list(self.makers[kind])
        return node

    def _person_node(self) -> Iterator[dict[str, Any]]:
        questions = [id for kind, id in self.events.items() if issubclass(kind, InputRequiredEvent)]
        answers = [id for kind, id in self.events.items() if issubclass(kind, HumanResponseEvent)]
        if questions or answers:
            self.edges |= dict.fromkeys((id, self.person, None) for id in questions)
            self.edges |= dict.fromkeys((self.person, id, None) for id in answers)
            yield {"id": self.person, "node_type": "external", "label": "person"}

    def _resource_nodes(self) -> Iterator[dict[str, Any]]:
        known: dict[Any, str] = {}
        needs = [(id, found) for id, spec in zip(self.steps, self.plan.steps, strict=True) for found in spec.resources]
        for source, definition in needs:
            resource = definition.resource
            key = (resource.kind, resource.key)
            if key not in known:
                prefix = "resource_config" if isinstance(resource, ResourceConfig) else "resource"
                known[key] = self.ids.take(f"{prefix}_{resource.id}")
                yield {"id": known[key], "node_type": prefix, **_facts_of_resource(definition)}
                needs += [(known[key], needed) for needed in definition.dependencies]  # their turn comes
            self.edges[source, known[key], text(definition.name)] = None

    def _child_nodes(self) -> Iterator[dict[str, Any]]:
        if not self.children:
            return
        words = [names_in(spec.func) for spec in self.plan.steps]
        for attribute, child in self.children.items():
            plan = child.__wfkit_plan__()
            id = self.ids.take(f"workflow_{attribute}")
            users = [step for step, named in zip(self.steps, words, strict=True) if attribute in named]
            self.edges |= dict.fromkeys((step, id, text(attribute)) for step in users)
            yield {
                "id": id,
                "node_type": "workflow",
                "label": text(plan.name),
                "description": text(plan.doc) or None,
                "workflow": self.known.name_of(child),
            }


def _facts_of_resource(definition: ResourceDefinition) -> dict[str, Any]:
    resource = definition.resource
    facts = {
        "label": text(resource.label),
        "description": text(resource.description) or None,
        "type_name": text(definition.type_name),
    }
    if isinstance(resource, ResourceConfig):
        part = None if resource.path_selector is None else text(resource.path_selector)
        return {**facts, "config_file": text(resource.config_file), "path_selector": part}
    return {**facts, "factory": text(resource.name)}
