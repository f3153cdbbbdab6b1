"""What is on a picture, before anybody decides where and how: shapes and arrows.

A flow and an execution both become a `Figure`; SVG, Mermaid, pyvis and text are faces of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from wfkit.display.layout import Box, Layout, lay_out
from wfkit.display.tokens import COLUMN, SMALL, TEXT
from wfkit.display.words import TIMES, clean, columns, cut
from wfkit.graph import FlowGraph, Node

ShapeKind: TypeAlias = Literal["step", "event", "start", "stop", "question", "answer", "person", "fold"]
State: TypeAlias = Literal["done", "failed", "waiting", "running", "cancelled"]

LABEL_LIMIT: Final = 32
TIP_LIMIT: Final = 2_000
NAME_LIMIT: Final = 120
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

    @property
    def is_event(self) -> bool:
        """Whether it is drawn as a pill."""
        return self.kind in ("event", "start", "stop", "question", "answer")

    @property
    def has_glyph(self) -> bool:
        """Whether a small sign stands before the label."""
        return self.state is not None or self.kind in ("start", "stop", "person")

    @property
    def width(self) -> float:
        """How wide it is drawn."""
        first = columns(self.label) * TEXT * COLUMN + (18 if self.has_glyph else 0)
        first += (columns(self.mark) * SMALL * COLUMN + 8) if self.mark else 0
        second = columns(self.note) * SMALL * COLUMN
        return float(max(64, 2 * round((max(first, second) + (28 if self.is_event else 26)) / 2)))

    @property
    def height(self) -> float:
        """How high it is drawn."""
        return 48.0 if self.note else 28.0 if self.is_event else 36.0


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one shape to another. `quiet` ones tell of something that is no event, such as a collected set."""

    source: str
    target: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that has not been laid out yet.

    Attributes:
        name: of the workflow, cleaned.
        what: what the picture shows, in a few words.
        shapes: in an order that depends on nothing but the content.
        arrows: each pair once.
        remarks: sentences that belong under the picture.
    """

    name: str
    what: str
    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of_flow(cls, graph: FlowGraph, max_label_length: int | None = None) -> Figure:
        """Return the picture of everything that a workflow can do.

        Args:
            graph: the workflow's steps and events.
            max_label_length: names are cut to this many characters; None stands for a sensible length.
        """
        limit = label_limit(max_label_length)
        ids = {node.id: _short(node.id) for node in graph.nodes}
        shapes = [_shape_of(node, ids[node.id], limit) for node in graph.nodes]
        shapes.sort(key=lambda shape: shape.kind != "start")  # the reading begins there
        arrows = dict.fromkeys(Arrow(ids[edge.source], ids[edge.target]) for edge in graph.edges)
        return cls(cut(clean(graph.name), NAME_LIMIT), "all possible flows", tuple(shapes), tuple(arrows))

    def lay_out(self) -> Layout:
        """Place the shapes and route the arrows."""
        return lay_out(
            [Box(shape.id, shape.width, shape.height) for shape in self.shapes],
            [(arrow.source, arrow.target) for arrow in self.arrows],
        )


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
    return max_label_length


def _short(content: str) -> str:
    """Return an id as it is, or, of an endless one, its beginning and a number made from all of it."""
    if len(content) <= 200:
        return content
    return f"{content[:100]}…{hashlib.blake2b(content.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _shape_of(node: Node, id: str, limit: int) -> Shape:
    name = clean(node.name)
    tip = [cut(name, TIP_LIMIT)]
    if node.kind == "step":
        tip[0] = "step " + tip[0]
        tip += [f"{clean(key)}: {cut(clean(kind), 200)}" for key, kind in node.fields if key != "return"]
        tip += [f"returns {cut(clean(kind), 200)}" for key, kind in node.fields if key == "return"]
        tip.append("works on 1 event at a time" if node.num_workers == 1 else f"works on {node.num_workers} at once")
    else:
        tip += [f"{clean(key)}: {cut(clean(kind), 200)}" for key, kind in node.fields]
    if node.doc:
        tip.append(cut(clean(node.doc), 400))
    mark = f"{TIMES}{node.num_workers}" if node.num_workers not in (0, USUAL_WORKERS) else ""
    return Shape(id, node.kind, cut(name, TIP_LIMIT), cut(name, limit), tip=tuple(tip), mark=mark)
