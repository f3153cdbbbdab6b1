"""The way of an edge: a start and curves, what SVG needs of it, and the pen that draws it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

Point = tuple[float, float]


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

    def turned(self) -> Route:
        """Return the way mirrored at the diagonal: what led down leads to the right."""
        return Route(self.start[::-1], tuple((a[::-1], b[::-1], c[::-1]) for a, b, c in self.pieces))

    def path(self) -> str:
        """Return the way as the `d` of an SVG path."""
        text = [f"M{_pair(self.start)}"]
        at = self.start
        for first, second, end in self.pieces:
            if first == at and second == end:
                if end[0] == at[0]:
                    text.append(f"V{_number(end[1])}")
                elif end[1] == at[1]:
                    text.append(f"H{_number(end[0])}")
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


class Pen:
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

    def route(self) -> Route:
        return Route(self.start, tuple(self.pieces))


def _partway(start: Point, end: Point) -> Point:
    return start[0] + 0.6 * (end[0] - start[0]), start[1] + 0.6 * (end[1] - start[1])
