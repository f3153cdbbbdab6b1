"""What every contender is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wfkit.display.figure import Shape
from wfkit.display.tokens import COLUMN, TEXT
from wfkit.display.words import columns

Point = tuple[float, float]
Edge = tuple[str, str]


@dataclass(frozen=True)
class Graph:
    """One graph of the corpus: shapes as wfkit draws them, and pairs of their ids."""

    name: str
    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Rect:
    """Where a box or a label stands: its middle and its measures."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The least x."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The greatest x."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The least y."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The greatest y."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Drawn:
    """A finished drawing of a graph: where the boxes stand, and the lines of the edges as one sees them."""

    boxes: Mapping[str, Rect]
    lines: Mapping[Edge, tuple[Point, ...]]

    def labels(self, graph: Graph) -> Iterator[tuple[str, Rect]]:
        """Yield where the label of each shape is written: in the middle of its box."""
        for shape in graph.shapes:
            box = self.boxes[shape.id]
            yield shape.id, Rect(box.x, box.y, columns(shape.label) * TEXT * COLUMN, TEXT)


def along_curve(start: Point, first: Point, second: Point, end: Point, steps: int = 16) -> Iterator[Point]:
    """Yield points on a cubic Bézier curve, without its start."""
    for step in range(1, steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        yield (
            a * start[0] + b * first[0] + c * second[0] + d * end[0],
            a * start[1] + b * first[1] + c * second[1] + d * end[1],
        )
