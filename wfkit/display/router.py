"""The ways of the edges: smooth curves that pass through no box.

Between two layers lies a band without boxes; all bending happens there. Through a layer an edge goes straight, at the
x of its dummy, which has room of its own. That is why no edge can touch a box that is not one of its ends. An edge
against the flow leaves its box at the side and enters the other at the side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wfkit.display.order import Layers, Neighbours
from wfkit.display.ports import find_ports
from wfkit.display.ranks import Edge
from wfkit.display.routes import Pen, Route
from wfkit.display.spacing import DOWN, Spacing

CORNER = 10.0
LOOP = 26.0


@dataclass(frozen=True, slots=True)
class Band:
    """The height that a layer takes up."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height at which the middles of the layer's boxes stand."""
        return (self.top + self.bottom) / 2


def layer_bands(
    layers: Layers, down: Neighbours, xs: Sequence[float], heights: Sequence[float], spacing: Spacing = DOWN
) -> list[Band]:
    """Return the height of each layer; where edges go far sideways, the gap below is wider."""
    boxes = len(heights)
    bands: list[Band] = []
    top = 0.0
    for layer in layers:
        height = max([heights[box] for box in layer if box < boxes], default=0.0)
        bands.append(Band(top, top + height))
        reach = max([abs(xs[other] - xs[box]) for box in layer for other in down[box]], default=0.0)
        top += height + round(min(spacing.widest, spacing.layer + max(0.0, reach - 120) * 0.08))
    return bands


def loop_reach() -> float:
    """Return how far an edge from a box to itself reaches beyond its side."""
    return 0.75 * LOOP


class Router:
    """Draws the ways of edges once everything has its place.

    Args:
        xs: the middle of each box and dummy.
        tops: the top of each box.
        bands: the height of each layer.
        sizes: width and height of each box.
        ranks: the layer of each box and dummy.
        spacing: how far things stand apart.
    """

    def __init__(
        self,
        xs: Sequence[float],
        tops: Sequence[float],
        bands: Sequence[Band],
        sizes: Sequence[tuple[float, float]],
        ranks: Sequence[int],
        spacing: Spacing = DOWN,
    ) -> None:
        self.xs, self.tops, self.bands, self.sizes, self.ranks, self.spacing = xs, tops, bands, sizes, ranks, spacing

    def draw(
        self, chains: dict[Edge, list[int]], lanes: dict[Edge, list[int]], loops: Iterable[int]
    ) -> dict[Edge, Route]:
        """Return the way of every edge.

        Args:
            chains: for each edge along the flow the numbers it passes, ends included, from top to bottom.
            lanes: for each edge against the flow its dummies, from beside its target down to beside its source.
            loops: boxes with an edge to themselves.
        """
        drawn: dict[Edge, Route] = {}
        leaving, entering = find_ports(chains.values(), self.xs, [width for width, _ in self.sizes], self.spacing)
        for edge, chain in chains.items():
            drawn[edge] = self._along(chain, leaving[chain[0], chain[1]], entering[chain[-1], chain[-2]])
        # A box at both ends of edges against the flow keeps what leaves, and goes up, above what arrives from below.
        both = {source for source, _ in lanes} & {target for _, target in lanes}
        for edge, lane in lanes.items():
            drawn[edge] = self._against(edge, lane, both)
        for box in loops:
            drawn[box, box] = self._loop(box)
        return drawn

    def _along(self, chain: list[int], leaving: float, entering: float) -> Route:
        """Lead an edge from layer to layer."""
        source, target = chain[0], chain[-1]
        pen = Pen((leaving, self.tops[source] + self.sizes[source][1]))
        pen.line((leaving, self.bands[self.ranks[source]].bottom))
        for dummy in chain[1:-1]:
            x, band = self.xs[dummy], self.bands[self.ranks[dummy]]
            pen.bend((x, band.top))
            pen.line((x, band.bottom))
        pen.bend((entering, self.bands[self.ranks[target]].top))
        pen.line((entering, self.tops[target]))
        return pen.route()

    def _against(self, edge: Edge, lane: list[int], both: set[int]) -> Route:
        """Lead an edge out at the side, up its lane and in at the side."""
        source, target = edge
        x, y = self.xs[lane[-1]], self._middle(source) - (self.spacing.aside if source in both else 0.0)
        side, turn = self._side(source, x)
        pen = Pen((side, y))
        pen.line((x - turn, y))
        pen.corner((x, y), (x, y - CORNER))
        pen.line((x, self.bands[self.ranks[source]].top))
        for dummy in lane[-2:0:-1]:
            x, band = self.xs[dummy], self.bands[self.ranks[dummy]]
            pen.bend((x, band.bottom))
            pen.line((x, band.top))
        x, y = self.xs[lane[0]], self._middle(target) + (self.spacing.aside if target in both else 0.0)
        side, turn = self._side(target, x)
        pen.bend((x, self.bands[self.ranks[target]].bottom))
        pen.line((x, y + CORNER))
        pen.corner((x, y), (x - turn, y))
        pen.line((side, y))
        return pen.route()

    def _middle(self, box: int) -> float:
        return self.tops[box] + self.sizes[box][1] / 2

    def _side(self, box: int, x: float) -> tuple[float, float]:
        """Return the side of a box towards a lane, and how wide the corner between them may be, with its sign."""
        half = self.sizes[box][0] / 2
        if x > self.xs[box]:
            return self.xs[box] + half, min(CORNER, x - self.xs[box] - half)
        return self.xs[box] - half, -min(CORNER, self.xs[box] - half - x)

    def _loop(self, box: int) -> Route:
        side, middle = self.xs[box] + self.sizes[box][0] / 2, self._middle(box)
        return Route(
            (side, middle + 7), (((side + LOOP, middle + 18), (side + LOOP, middle - 18), (side, middle - 7)),)
        )
