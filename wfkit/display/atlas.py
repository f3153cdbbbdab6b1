"""Where on the picture of a flow what happens in a run belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from wfkit.display.figure import short_id
from wfkit.display.svg import element_id
from wfkit.display.words import brief
from wfkit.events import (
    ChildEvent,
    Event,
    StepFailedEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowTimedOutEvent,
    name_of,
)
from wfkit.graph import FlowGraph

PlaceKind: TypeAlias = Literal["step", "event", "start", "stop", "person", "question", "answer"]

NOWHERE: Final = -1
_NAME_LIMIT: Final = 120
_KINDS: Final[tuple[PlaceKind, ...]] = ("step", "event", "start", "stop", "person", "question", "answer")
# Events of wfkit's own that end a run or tell of another one; no pill stands for them unless a signature names them.
_OWN: Final = (WorkflowFailedEvent, WorkflowTimedOutEvent, WorkflowCancelledEvent, ChildEvent)


class Place(NamedTuple):
    """A shape on the picture that takes part in a run.

    Attributes:
        id: of its element in the SVG.
        name: what is written on it, cleaned and not endless.
        kind: what it is.
    """

    id: str
    name: str
    kind: PlaceKind


class Atlas:
    """The shapes of a flow that take part in a run, found by step and by event.

    A place is told by its number, the index in `places`; `NOWHERE` stands for what the flow does not have.

    Args:
        graph: the flow.
        events: the graph's node id of each event type, as `event_ids(plan)` gives them.
        path: what the ids of everything in the picture begin with.

    Attributes:
        places: in the order of the graph.
    """

    def __init__(self, graph: FlowGraph, events: Mapping[type[Event], str], path: str = "") -> None:
        nodes = [(node, kind) for node in graph.nodes for kind in _KINDS if kind == node.kind]
        self.places = tuple(
            Place(element_id(short_id(path + node.id)), brief(node.name, _NAME_LIMIT), kind) for node, kind in nodes
        )
        number = {node.id: place for place, (node, _) in enumerate(nodes)}
        self._steps = {node.id: number[node.id] for node, kind in nodes if kind == "step"}
        self._kinds = {kind: number[id] for kind, id in events.items() if id in number}
        self._names = {name_of(kind): place for kind, place in self._kinds.items()}
        self._found: dict[type[Event], int] = {}
        # Each error handler has a StepFailedEvent of its own. The first has the type's id, others one that no type has.
        typed = set(events.values()) - {events.get(StepFailedEvent)}
        failures = {node.id for node, kind in nodes if kind == "event" and node.id not in typed}
        self._failures = {edge.target: number[edge.source] for edge in graph.edges if edge.source in failures}

    @classmethod
    def of(cls, graph: FlowGraph, events: Mapping[type[Event], str]) -> Atlas:
        """Return the atlas of a workflow's picture.

        Args:
            graph: the flow.
            events: the graph's node id of each event type.

        Example:
            atlas = Atlas.of(FlowGraph.of(plan), event_ids(plan))
        """
        return cls(graph, events)

    def step(self, name: str) -> int:
        """Return the place of a step."""
        return self._steps.get(name, NOWHERE)

    def event(self, kind: type[Event], targets: Sequence[str] = ()) -> int:
        """Return the place of events of a type.

        A type that no signature names belongs where the nearest of its bases does, and a class that a notebook cell
        has defined again where the first one does.

        Args:
            kind: the event's type.
            targets: the steps it goes to, which tell one StepFailedEvent from another.
        """
        if self._failures and issubclass(kind, StepFailedEvent):
            return next((self._failures[step] for step in targets if step in self._failures), NOWHERE)
        place = self._found.get(kind)
        if place is None:
            place = self._found[kind] = self._look_up(kind)
        return place

    def _look_up(self, kind: type[Event]) -> int:
        bases = (kind,) if kind in _OWN else kind.__mro__
        for base in bases:
            place = self._kinds.get(base)
            if place is None:
                place = self._names.get(name_of(base))
            if place is not None:
                return place
        return NOWHERE
