"""What is on a picture, before anybody decides where and how: shapes and arrows.

A flow and an execution both become a `Figure`; SVG, Mermaid, pyvis and text are faces of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from wfkit.display.layout import Box, Layout, lay_out
from wfkit.display.spacing import Direction
from wfkit.display.tally import Tally
from wfkit.display.tokens import COLUMN, SMALL, TEXT
from wfkit.display.words import FIELD_LIMIT, TIMES, brief, columns, cut
from wfkit.graph import ERROR_HANDLER, Child, EdgeKind, FlowGraph, Node
from wfkit.standing import State

ShapeKind: TypeAlias = Literal[
    "step", "event", "start", "stop", "question", "answer", "person", "fold", "resource", "config"
]
# An event on its way, many of them, and ways that no event goes: what was put aside and gathered, a list of which
# nothing was left to gather, a failure, a resource that a step is given, a workflow that it runs.
ArrowKind: TypeAlias = Literal["event", "many", "collected", "emptied", "failure", "resource", "child"]

LABEL_LIMIT: Final = 32
TIP_LIMIT: Final = 2_000
TIP_LINES: Final = 30
NAME_LIMIT: Final = 120
NAMELESS: Final = "(no name)"  # what is written where a name has nothing in it that can be shown
TITLE_HEIGHT: Final = 26.0
TALLY_ROOM: Final = 112.0
_ARROWS: Final[dict[EdgeKind, ArrowKind]] = {
    "event": "event",
    "many": "many",
    "failure": "failure",
    "resource": "resource",
}
# What `@step` gives when nobody asks for a number; only another one is worth a mark.
USUAL_WORKERS: Final = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing on the picture.

    Attributes:
        id: unique on the picture, made from what the thing is.
        kind: what it is.
        name: its whole name, cleaned.
        label: what is written on it, the name cut to size.
        note: a second, smaller line, or "".
        tip: what hovering tells, in lines.
        state: for the execution of a step, how it stands.
        mark: a quiet mark beside the label, or "".
        loose: whether it leads nowhere: an event that nobody took.
        tally: in a flow that shows a run, what became of this shape.
    """

    id: str
    kind: ShapeKind
    name: str
    label: str
    note: str = ""
    tip: tuple[str, ...] = ()
    state: State | None = None
    mark: str = ""
    loose: bool = False
    tally: Tally | None = None

    @property
    def is_event(self) -> bool:
        """Whether it is drawn as a pill."""
        return self.kind in ("event", "start", "stop", "question", "answer")

    @property
    def is_resource(self) -> bool:
        """Whether it is drawn as a hexagon."""
        return self.kind in ("resource", "config")

    @property
    def has_glyph(self) -> bool:
        """Whether a small sign stands before the label."""
        return self.state is not None or self.kind in ("start", "stop", "person")

    @property
    def is_counted(self) -> bool:
        """Whether a line on it is kept free for what became of it."""
        return self.tally is not None and self.kind == "step"

    @property
    def width(self) -> float:
        """How wide it is drawn."""
        first = columns(self.label) * TEXT * COLUMN + (18 if self.has_glyph else 0)
        first += (columns(self.mark) * SMALL * COLUMN + 8) if self.mark else 0
        second = max(columns(self.note) * SMALL * COLUMN, TALLY_ROOM if self.is_counted else 0)
        return float(max(64, 2 * round((max(first, second) + (28 if self.is_event or self.is_resource else 26)) / 2)))

    @property
    def height(self) -> float:
        """How high it is drawn."""
        lines = bool(self.note) + self.is_counted
        return (36.0, 48.0, 64.0)[lines] if lines or not (self.is_event or self.is_resource) else 28.0


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one shape to another, or to the frame around a child's flow."""

    source: str
    target: str
    kind: ArrowKind = "event"

    @property
    def quiet(self) -> bool:
        """Whether it tells of something that is no event on its way."""
        return self.kind not in ("event", "many")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame around the flow of a workflow inside the workflow.

    Attributes:
        id: unique on the picture.
        name: what is written on it.
        tip: what hovering tells, in lines.
        figure: what is in it; None where it is not drawn again.
    """

    id: str
    name: str
    tip: tuple[str, ...]
    figure: Figure | None

    @property
    def width(self) -> float:
        """How wide it is at least."""
        return float(2 * round((columns(self.name) * TEXT * COLUMN + 32) / 2))


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that has not been laid out yet.

    Attributes:
        name: of the workflow, cleaned.
        what: what the picture shows, in a few words.
        shapes: in an order that depends on nothing but the content.
        arrows: each pair once.
        remarks: sentences that belong under the picture.
        clusters: frames around the flows of workflows inside this one.
    """

    name: str
    what: str
    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]
    remarks: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = ()

    @classmethod
    def of_flow(cls, graph: FlowGraph, max_label_length: int | None = None, path: str = "") -> Figure:
        """Return the picture of everything that a workflow can do.

        Args:
            graph: the workflow's steps and events.
            max_label_length: names are cut to this many characters; None stands for a sensible length.
            path: what the ids of everything in it begin with.
        """
        limit = label_limit(max_label_length)
        ids = {node.id: short_id(path + node.id) for node in graph.nodes}
        shapes = [_shape_of(node, ids[node.id], limit) for node in graph.nodes]
        shapes.sort(key=lambda shape: shape.kind != "start")  # the reading begins there
        arrows = [Arrow(ids[edge.source], ids[edge.target], _ARROWS[edge.kind]) for edge in graph.edges]
        clusters = []
        taken = [node.id for node in graph.nodes]
        for child in graph.children:
            inside = _folder(child.name, taken)
            taken.append(inside)
            cluster = _cluster_of(child, path + inside, max_label_length)
            clusters.append(cluster)
            arrows += [Arrow(ids[user], cluster.id, "child") for user in child.users]
        name = brief(graph.name, NAME_LIMIT) or NAMELESS
        return cls(name, "all possible flows", tuple(shapes), tuple(dict.fromkeys(arrows)), clusters=tuple(clusters))

    @property
    def figures(self) -> Iterator[Figure]:
        """Yield the figure and those in its frames, the outer ones first."""
        yield self
        for cluster in self.clusters:
            if cluster.figure is not None:
                yield from cluster.figure.figures

    @property
    def all_shapes(self) -> list[Shape]:
        """The shapes, with those in frames."""
        return [shape for figure in self.figures for shape in figure.shapes]

    @property
    def all_arrows(self) -> list[Arrow]:
        """The arrows, with those in frames."""
        return [arrow for figure in self.figures for arrow in figure.arrows]

    @property
    def all_clusters(self) -> list[Cluster]:
        """The frames, with those in frames, the outer ones first."""
        return [cluster for figure in self.figures for cluster in figure.clusters]

    def lay_out(self, direction: Direction = "down") -> Layout:
        """Place the shapes and route the arrows. Frames stand behind all shapes, with what is in them.

        Args:
            direction: where the flow goes, "down" or "right".
        """
        boxes = [Box(shape.id, shape.width, shape.height) for shape in self.shapes]
        inside: dict[str, Layout] = {}
        for cluster in self.clusters:
            width, height = cluster.width, TITLE_HEIGHT
            if cluster.figure is not None:
                inner = inside[cluster.id] = cluster.figure.lay_out(direction)
                width, height = max(width, inner.width), height + inner.height
            boxes.append(Box(cluster.id, 2 * round(width / 2), height, last=True))
        found = lay_out(boxes, [(arrow.source, arrow.target) for arrow in self.arrows], direction)
        for id, inner in inside.items():
            frame = found.places[id]
            found.put_in(inner, round(frame.x - inner.width / 2), round(frame.y - frame.height / 2 + TITLE_HEIGHT))
        return found


def label_limit(max_label_length: int | None) -> int:
    """Return how long a label may be.

    Raises:
        ValueError: the length asked for is no whole number above 0.
    """
    if max_label_length is None:
        return LABEL_LIMIT
    if isinstance(max_label_length, bool) or not isinstance(max_label_length, int) or max_label_length < 1:
        raise ValueError(
            f"max_label_length is a whole number of characters from 1 on, or None; it is {max_label_length!r}"
        )
    return min(max_label_length, NAME_LIMIT)


def short_id(content: str) -> str:
    """Return an id as it is, or, of an endless one, its beginning and a number made from all of it."""
    if len(content) <= 200:
        return content
    return f"{content[:100]}…{hashlib.blake2b(content.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _shape_of(node: Node, id: str, limit: int) -> Shape:
    name = brief(node.name, TIP_LIMIT) or NAMELESS
    tip = [cut(name, TIP_LIMIT)]
    if node.kind in ("resource", "config"):
        tip[0] = f"{node.kind} {tip[0]}"
    if node.kind == "step":
        tip[0] = "step " + tip[0]
        tip += _few([_line(key, kind) for key, kind in node.fields if key != "return"])
        tip += [f"returns {brief(kind, 200)}" for key, kind in node.fields if key == "return"]
        tip.append("works on 1 event at a time" if node.num_workers == 1 else f"works on {node.num_workers} at once")
    else:
        tip += _few([_line(key, kind) for key, kind in node.fields])
    if node.note:
        tip.insert(1, node.note)
    if node.doc:
        tip.append(_summary(node.doc))
    # Nobody chooses how many failures a handler works on.
    asked = node.note != ERROR_HANDLER and node.num_workers not in (0, USUAL_WORKERS)
    mark = f"{TIMES}{node.num_workers}" if asked else ""
    return Shape(id, node.kind, cut(name, TIP_LIMIT), cut(name, limit), node.note, tuple(tip), mark=mark)


def _line(key: str, kind: str) -> str:
    return f"{brief(key, FIELD_LIMIT)}: {brief(kind, 200)}"


def _summary(doc: str) -> str:
    """Return the first paragraph of a docstring: what follows is for those who read the code."""
    return brief(doc.strip().partition("\n\n")[0], 400)


def _few(lines: list[str]) -> list[str]:
    return lines if len(lines) <= TIP_LINES else [*lines[:TIP_LINES], f"… {len(lines) - TIP_LINES:,} more"]


def _folder(name: str, taken: list[str]) -> str:
    """Return what the ids in a child's flow begin with, which no other id begins with."""
    folder = name.replace("/", "|") + "/"
    while any(other.startswith(folder) for other in taken):
        folder = "/" + folder
    return folder


def _cluster_of(child: Child, folder: str, max_label_length: int | None) -> Cluster:
    limit = label_limit(max_label_length)
    attribute, workflow = brief(child.name, NAME_LIMIT) or NAMELESS, brief(child.workflow, NAME_LIMIT) or NAMELESS
    title = f"{cut(attribute, limit)}: {cut(workflow, limit)}"
    tip = [cut(f"{attribute}: {workflow}", TIP_LIMIT), "a workflow inside this one"]
    if child.graph is None:
        return Cluster(short_id(folder), f"{title} …", (*tip, "not drawn again here"), None)
    if child.graph.doc:
        tip.append(_summary(child.graph.doc))
    return Cluster(short_id(folder), title, tuple(tip), Figure.of_flow(child.graph, max_label_length, folder))
