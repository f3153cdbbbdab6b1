"""How good a drawing is, in numbers that can be seen: read off the lines and boxes as they are drawn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from benchmarks.layouts.graph import Drawn, Edge, Graph, Point, Rect

Segment = tuple[Point, Point]

NEAR = 1.5
"""Lines closer than this, in px, are seen as one: there two edges run together and do not cross."""
SHELF = 50.0
"""How high, in px, the shelves are into which segments are sorted."""
HAIR = 0.05
"""Points closer than this, in px, to the straight way between their neighbours are left out."""
PACE = 2.0
"""How far it is, in px, from one look at two lines that run together to the next."""
GRAZE = 1.0
"""A line may reach this far, in px, into a foreign box: it only grazes it."""


@dataclass(frozen=True)
class Quality:
    """What one drawing measures.

    Attributes:
        crossings: pairs of edges times how often each pair crosses. Where two edges run together towards an end that
            they share, or from one, they do not cross.
        length: of all edges together, in px.
        longest: of the longest edge, in px.
        overlaps: pairs of boxes that overlap.
        through: pairs of an edge and a box that it runs through without being fastened to it.
        labels: pairs of labels that overlap, and of a label and a foreign edge across it.
        area: of everything drawn, in px².
    """

    crossings: int
    length: float
    longest: float
    overlaps: int
    through: int
    labels: int
    area: float


def measure(graph: Graph, drawn: Drawn) -> Quality:
    """Measure a drawing."""
    lines = {edge: _plain(line) for edge, line in drawn.lines.items()}
    lengths = [math.fsum(map(math.dist, line, line[1:])) for line in drawn.lines.values()]
    labels = dict(drawn.labels(graph))
    covered = [pair for pair in combinations(labels.values(), 2) if overlap(*pair)]
    struck = [name for edge, name in _foreign(lines, labels) if runs_through(lines[edge], labels[name])]
    return Quality(
        crossings=count_crossings(lines),
        length=math.fsum(lengths),
        longest=max(lengths, default=0.0),
        overlaps=sum(overlap(a, b) for a, b in combinations(drawn.boxes.values(), 2)),
        through=sum(runs_through(lines[edge], drawn.boxes[name]) for edge, name in _foreign(lines, drawn.boxes)),
        labels=len(covered) + len(struck),
        area=_area(drawn),
    )


def overlap(one: Rect, other: Rect) -> bool:
    """Whether two rectangles overlap; touching is not overlapping."""
    beside = abs(one.x - other.x) >= (one.width + other.width) / 2 - 0.01
    below = abs(one.y - other.y) >= (one.height + other.height) / 2 - 0.01
    return not beside and not below


def runs_through(line: Sequence[Point], box: Rect) -> bool:
    """Whether a line runs through a rectangle, deeper than a graze."""
    inner = Rect(box.x, box.y, box.width - 2 * GRAZE, box.height - 2 * GRAZE)
    extent = (inner.left, inner.right, inner.top, inner.bottom)
    if _apart(_extent(line), extent):
        return False
    return any(_enters(start, end, inner) for start, end in pairwise(line) if not _apart(_extent((start, end)), extent))


def _enters(start: Point, end: Point, box: Rect) -> bool:
    """Clip a segment to a rectangle and tell whether anything is left."""
    first, last = 0.0, 1.0
    for at, step, low, high in (
        (start[0], end[0] - start[0], box.left, box.right),
        (start[1], end[1] - start[1], box.top, box.bottom),
    ):
        if step == 0:
            if not low < at < high:
                return False
            continue
        enter, leave = sorted(((low - at) / step, (high - at) / step))
        first, last = max(first, enter), min(last, leave)
    return first < last


def _foreign(lines: Iterable[Edge], names: Iterable[str]) -> Iterator[tuple[Edge, str]]:
    """Yield every edge with every name that is not one of its ends."""
    for edge, name in product(lines, names):
        if name not in edge:
            yield edge, name


def count_crossings(lines: Mapping[Edge, Sequence[Point]]) -> int:
    """Count how often pairs of edges cross."""
    # A line that passes exactly through a corner of another would be missed, so each is moved by a hair of its own.
    moved = {
        edge: [(x + 1e-4 * math.sin(index), y + 1e-4 * math.cos(index)) for x, y in _plain(line)]
        for index, (edge, line) in enumerate(lines.items())
    }
    extents = {edge: _extent(line) for edge, line in moved.items()}
    total = 0
    for one, other in combinations(moved, 2):
        if _apart(extents[one], extents[other]):
            continue
        first: Sequence[Point] = moved[one]
        second: Sequence[Point] = moved[other]
        if set(one) & set(other):
            first, second = _without_shared_ends(one, first, other, second)
        total += _count_between(first, second)
    return total


def _plain(line: Sequence[Point]) -> list[Point]:
    """Return a line without the points that a straight stretch does not need."""
    kept = [line[0]]
    for index in range(1, len(line) - 1):
        turn = _side(kept[-1], line[index], line[index + 1]) / (math.dist(kept[-1], line[index + 1]) or 1.0)
        if abs(turn) > HAIR or math.dist(kept[-1], line[index]) > 200:
            kept.append(line[index])
    return [*kept, line[-1]]


def _without_shared_ends(
    one: Edge, first: Sequence[Point], other: Edge, second: Sequence[Point]
) -> tuple[Sequence[Point], Sequence[Point]]:
    """Cut off what two lines share from an end that they share."""
    for at, end in enumerate(one):
        if end not in other:
            continue
        mine = list(first if at == 0 else first[::-1])
        its = list(second if other.index(end) == 0 else second[::-1])
        shared = _shared_length(mine, its)
        mine, its = _beyond(mine, shared), _beyond(its, shared)
        first = mine if at == 0 else mine[::-1]
        second = its if other.index(end) == 0 else its[::-1]
    return first, second


def _shared_length(one: Sequence[Point], other: Sequence[Point]) -> float:
    """Return how far along two lines, which begin at the same box, they stay together."""
    length = 0.0
    for mine, its in zip(_walk(one), _walk(other), strict=False):
        if math.dist(mine, its) > NEAR:
            return length
        length += PACE
    return length


def _walk(line: Sequence[Point]) -> Iterator[Point]:
    """Yield a point at every pace along a line."""
    ahead = 0.0  # how far the next point is from the start of the segment
    for start, end in pairwise(line):
        length = math.dist(start, end)
        while ahead < length:
            part = ahead / length
            yield start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])
            ahead += PACE
        ahead -= length


def _beyond(line: Sequence[Point], length: float) -> list[Point]:
    """Return what is left of a line after so much of it."""
    for index, (start, end) in enumerate(pairwise(line)):
        step = math.dist(start, end)
        if length < step:
            part = length / step
            first = start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])
            return [first, *line[index + 1 :]]
        length -= step
    return [line[-1]]


def _count_between(first: Sequence[Point], second: Sequence[Point]) -> int:
    """Count where two lines cross; segments are compared with those at the same height only."""
    shelves: dict[int, list[Segment]] = defaultdict(list)
    for segment in pairwise(second):
        for shelf in _shelves(segment):
            shelves[shelf].append(segment)
    found = set()
    for segment in pairwise(first):
        extent = _extent(segment)
        for shelf in _shelves(segment):
            for other in shelves.get(shelf, ()):
                if not _apart(extent, _extent(other)) and _cross(segment, other):
                    found.add((segment, other))
    return len(found)


def _shelves(segment: Segment) -> range:
    top, bottom = sorted((segment[0][1], segment[1][1]))
    return range(int(top // SHELF), int(bottom // SHELF) + 1)


def _extent(line: Sequence[Point]) -> tuple[float, float, float, float]:
    xs, ys = zip(*line, strict=True)
    return min(xs), max(xs), min(ys), max(ys)


def _apart(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0] or one[3] < other[2] or other[3] < one[2]


def _cross(one: Segment, other: Segment) -> bool:
    """Whether two segments cross properly: each has its ends on both sides of the other."""
    (a, b), (c, d) = one, other
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _area(drawn: Drawn) -> float:
    corners = [corner for box in drawn.boxes.values() for corner in ((box.left, box.top), (box.right, box.bottom))]
    left, right, top, bottom = _extent([*corners, *(point for line in drawn.lines.values() for point in line)])
    return (right - left) * (bottom - top)
