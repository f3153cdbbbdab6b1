"""The ways of the edges: smooth curves that pass through no box.

Between two layers lies a band without boxes; all bending happens there. Through a layer an edge goes straight, at the
x of its dummy, which has room of its own. That is why no edge can touch a box that is not one of its ends. An edge
against the flow leaves its box at the side and enters the other at the side.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wfkit.display.order import Layers, Neighbours

Point = tuple[float, float]

LAYER_GAP = 40.0
WIDEST_GAP = 96.0
CORNER = 10.0
TURN = 26.0
LOOP = 26.0
PORT_GAP = 16.0


@dataclass(frozen=True, slots=True)
class Band:
    """The height that a layer takes up."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height at which the middles of the layer's boxes stand."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an edge: a start, then Bézier pieces of three points each. A straight piece repeats its ends."""

    start: Point
    pieces: tuple[tuple[Point, Point, Point], ...]

    @property
    def left(self) -> float:
        """The least x of any point."""
        return min(self.start[0], *(x for piece in self.pieces for x, _ in piece))

    @property
    def right(self) -> float:
        """The greatest x of any point."""
        return max(self.start[0], *(x for piece in self.pieces for x, _ in piece))

    @property
    def top(self) -> float:
        """The least y of any point."""
        return min(self.start[1], *(y for piece in self.pieces for _, y in piece))

    @property
    def bottom(self) -> float:
        """The greatest y of any point."""
        return max(self.start[1], *(y for piece in self.pieces for _, y in piece))

    @property
    def end(self) -> Point:
        """Where the edge arrives."""
        return self.pieces[-1][2]

    def moved(self, dx: float, dy: float) -> Route:
        """Return the same way elsewhere."""
        start = (self.start[0] + dx, self.start[1] + dy)
        return Route(
            start,
            tuple(((a[0] + dx, a[1] + dy), (b[0] + dx, b[1] + dy), (c[0] + dx, c[1] + dy)) for a, b, c in self.pieces),
        )

    def path(self) -> str:
        """Return the way as the `d` of an SVG path."""
        text = [f"M{_pair(self.start)}"]
        at = self.start
        for first, second, end in self.pieces:
            if first == at and second == end:
                if end[0] == at[0]:
                    text.append(f"V{_number(end[1])}")
                else:
                    text.append(f"L{_pair(end)}")
            else:
                text.append(f"C{_pair(first)} {_pair(second)} {_pair(end)}")
            at = end
        return "".join(text)

    def tip(self) -> str:
        """Return an arrow's head at the end as the `d` of an SVG path."""
        x, y = self.end
        along, across = self._direction()
        ends = [(9, 4), (7, 0), (9, -4)]
        points = [(x - back * along - out * across, y - back * across + out * along) for back, out in ends]
        return f"M{_pair(self.end)}L" + "L".join(_pair(point) for point in points) + "Z"

    def shortened(self, length: float) -> Route:
        """Return the way without so much of its end, which must be longer than that."""
        along, across = self._direction()
        first, second, (x, y) = self.pieces[-1]
        end = (x - length * along, y - length * across)
        second = end if second == (x, y) else second
        return Route(self.start, (*self.pieces[:-1], (first, second, end)))

    def _direction(self) -> Point:
        """Return which way the end points, as a step of length 1."""
        x, y = self.end
        before = next((point for point in reversed(self._corners()) if point != self.end), (x, y - 1))
        length = math.hypot(x - before[0], y - before[1])
        return (x - before[0]) / length, (y - before[1]) / length

    def _corners(self) -> list[Point]:
        return [self.start, *(point for piece in self.pieces for point in piece)]

    def points(self, steps: int = 12) -> Iterator[Point]:
        """Yield points along the way, `steps` for each piece."""
        at = self.start
        yield at
        for first, second, end in self.pieces:
            for step in range(1, steps + 1):
                t = step / steps
                s = 1 - t
                a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
                yield (
                    a * at[0] + b * first[0] + c * second[0] + d * end[0],
                    a * at[1] + b * first[1] + c * second[1] + d * end[1],
                )
            at = end


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


class _Pen:
    """Draws a route piece by piece, joining straight pieces."""

    def __init__(self, start: Point) -> None:
        self.start = self.at = start
        self.pieces: list[tuple[Point, Point, Point]] = []

    def line(self, end: Point) -> None:
        if end == self.at:
            return
        if self.pieces:
            first, second, last = self.pieces[-1]
            begin = self.pieces[-2][2] if len(self.pieces) > 1 else self.start
            if first == begin and second == last and begin[0] == last[0] == end[0]:
                self.pieces[-1] = (begin, end, end)
                self.at = end
                return
        self.pieces.append((self.at, end, end))
        self.at = end

    def bend(self, end: Point) -> None:
        """Curve to a point above or below, leaving and arriving upright."""
        if end[0] == self.at[0]:
            self.line(end)
            return
        middle = (self.at[1] + end[1]) / 2
        self.pieces.append(((self.at[0], middle), (end[0], middle), end))
        self.at = end

    def corner(self, towards: Point, end: Point) -> None:
        """Round a corner."""
        self.pieces.append((_partway(self.at, towards), _partway(end, towards), end))
        self.at = end

    def turn(self, end: Point, depth: float) -> None:
        """Turn round to a point at the same height, by way of points so much lower."""
        self.pieces.append(((self.at[0], self.at[1] + depth), (end[0], end[1] + depth), end))
        self.at = end

    def route(self) -> Route:
        return Route(self.start, tuple(self.pieces))


def _partway(start: Point, end: Point) -> Point:
    return start[0] + 0.6 * (end[0] - start[0]), start[1] + 0.6 * (end[1] - start[1])


def layer_bands(layers: Layers, down: Neighbours, xs: Sequence[float], heights: Sequence[float]) -> list[Band]:
    """Return the height of each layer; where edges go far sideways, the gap below is wider."""
    bands: list[Band] = []
    top = 0.0
    for layer in layers:
        height = max((heights[box] for box in layer if box < len(heights)), default=0.0)
        bands.append(Band(top, top + height))
        reach = max((abs(xs[other] - xs[box]) for box in layer for other in down[box]), default=0.0)
        top += height + round(min(WIDEST_GAP, LAYER_GAP + max(0.0, reach - 120) * 0.12))
    return bands


def draw_routes(
    layers: Layers,
    chains: dict[tuple[int, int], list[int]],
    lanes: dict[tuple[int, int], list[int]],
    loops: set[int],
    xs: Sequence[float],
    bands: Sequence[Band],
    sizes: Sequence[tuple[float, float]],
    ranks: Sequence[int],
) -> dict[tuple[int, int], Route]:
    """Return the way of every edge.

    Args:
        layers: sorted layers.
        chains: for each edge along the flow the numbers it passes, ends included, from top to bottom.
        lanes: for each edge against the flow its dummies, from beside its target down to beside its source.
        loops: boxes with an edge to themselves.
        xs: the middle of each box and dummy.
        bands: the height of each layer.
        sizes: width and height of each box.
        ranks: the layer of each box and dummy.
    """
    leaving = _ports({(edge[0], chain[1]) for edge, chain in chains.items()}, xs, sizes)
    entering = _ports({(edge[1], chain[-2]) for edge, chain in chains.items()}, xs, sizes)
    against = _Against(layers, lanes, xs, bands, sizes, ranks)
    drawn = {edge: against.draw(edge, lane) for edge, lane in lanes.items()}
    for edge, chain in chains.items():
        source, target = edge
        upper, lower = bands[ranks[source]], bands[ranks[target]]
        pen = _Pen((leaving[source, chain[1]], upper.middle + sizes[source][1] / 2))
        pen.line((pen.at[0], upper.bottom))
        for dummy in chain[1:-1]:
            pen.bend((xs[dummy], bands[ranks[dummy]].top))
            pen.line((xs[dummy], bands[ranks[dummy]].bottom))
        port = entering[target, chain[-2]]
        pen.bend((port, lower.top))
        pen.line((port, lower.middle - sizes[target][1] / 2))
        drawn[edge] = pen.route()
    for box in sorted(loops):
        drawn[box, box] = _loop(xs[box] + sizes[box][0] / 2, bands[ranks[box]].middle)
    return drawn


def _ports(
    ends: set[tuple[int, int]], xs: Sequence[float], sizes: Sequence[tuple[float, float]]
) -> dict[tuple[int, int], float]:
    """Return for each (box, next on the way) the x at which the edge touches the box, in the order of the ways."""
    ways: dict[int, list[int]] = defaultdict(list)
    for box, following in ends:
        ways[box].append(following)
    ports: dict[tuple[int, int], float] = {}
    for box, others in ways.items():
        others.sort(key=lambda other: (xs[other], other))
        room = max(0.0, sizes[box][0] / 2 - 14)
        gap = min(PORT_GAP, 2 * room / max(1, len(others) - 1))
        first = xs[box] - gap * (len(others) - 1) / 2
        found = [first + gap * index for index in range(len(others))]
        for index, other in enumerate(others):  # a port that can stand right above its way saves a bend
            least = max(found[index - 1] + 4 if index else -1e9, xs[box] - room)
            most = min(found[index + 1] - 4 if index + 1 < len(others) else 1e9, xs[box] + room)
            if least <= xs[other] <= most and (other >= len(sizes) or abs(xs[other] - found[index]) < 12):
                found[index] = xs[other]
        ports |= {(box, other): x for other, x in zip(others, found, strict=True)}
    return ports


class _Against:
    """Draws the edges against the flow: out at the side, up the lane, in at the side.

    Where another box stands between a box and its lane, the edge goes round below or above the layer instead.
    """

    def __init__(
        self,
        layers: Layers,
        lanes: dict[tuple[int, int], list[int]],
        xs: Sequence[float],
        bands: Sequence[Band],
        sizes: Sequence[tuple[float, float]],
        ranks: Sequence[int],
    ) -> None:
        self.xs, self.bands, self.sizes, self.ranks = xs, bands, sizes, ranks
        self.layers = layers
        # A box at both ends of such edges keeps what leaves apart from what arrives.
        both = {source for source, _ in lanes} & {target for _, target in lanes}
        self.offset = dict.fromkeys(both, 4.0)

    def draw(self, edge: tuple[int, int], lane: list[int]) -> Route:
        """Return the way of an edge, given its lane from top to bottom."""
        source, target = edge
        pen = self._leave(source, lane[-1])
        pen.line((pen.at[0], self.bands[self.ranks[lane[-1]]].top))
        for dummy in lane[-2:0:-1]:
            pen.bend((self.xs[dummy], self.bands[self.ranks[dummy]].bottom))
            pen.line((self.xs[dummy], self.bands[self.ranks[dummy]].top))
        pen.bend((self.xs[lane[0]], self.bands[self.ranks[lane[0]]].bottom))
        self._enter(pen, target, lane[0])
        return pen.route()

    def _leave(self, box: int, dummy: int) -> _Pen:
        x, y, band = self.xs[dummy], self.bands[self.ranks[box]].middle, self.bands[self.ranks[box]]
        if self._is_free(box, dummy):
            side, y = self._side(box, dummy), y + self.offset.get(box, 0.0)
            pen = _Pen((side, y))
            turn = min(CORNER, abs(x - side))
            pen.line((x - turn if x > side else x + turn, y))
            pen.corner((x, y), (x, y - CORNER))
            return pen
        pen = _Pen((self.xs[box], band.middle + self.sizes[box][1] / 2))
        pen.line((self.xs[box], band.bottom))
        pen.turn((x, band.bottom), TURN)
        return pen

    def _enter(self, pen: _Pen, box: int, dummy: int) -> None:
        x, band = self.xs[dummy], self.bands[self.ranks[box]]
        if self._is_free(box, dummy):
            side, y = self._side(box, dummy), band.middle - self.offset.get(box, 0.0)
            turn = min(CORNER, abs(x - side))
            pen.line((x, y + CORNER))
            pen.corner((x, y), (x - turn if x > side else x + turn, y))
            pen.line((side, y))
        else:
            pen.line((x, band.top))
            pen.turn((self.xs[box], band.top), -TURN)
            pen.line((self.xs[box], band.middle - self.sizes[box][1] / 2))

    def _side(self, box: int, dummy: int) -> float:
        half = self.sizes[box][0] / 2
        return self.xs[box] + (half if self.xs[dummy] > self.xs[box] else -half)

    def _is_free(self, box: int, dummy: int) -> bool:
        """Whether no other box stands between a box and a dummy in its layer."""
        low, high = sorted((self.xs[box], self.xs[dummy]))
        layer = self.layers[self.ranks[box]]
        return not any(low < self.xs[other] < high for other in layer if other < len(self.sizes) and other != box)


def _loop(side: float, middle: float) -> Route:
    pen = _Pen((side, middle + 7))
    pen.pieces.append(((side + LOOP, middle + 18), (side + LOOP, middle - 18), (side, middle - 7)))
    return pen.route()
