"""One connected piece of a graph, in numbers: boxes first, then the dummies that long edges and loops pass by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wfkit.display.backs import BackLanes
from wfkit.display.columns import Columns
from wfkit.display.order import Links, sort_layers
from wfkit.display.ranks import Edge, find_back_edges, rank
from wfkit.display.router import Band, Router, layer_bands, loop_reach
from wfkit.display.routes import Route
from wfkit.display.spacing import Spacing

# So many long edges to one target join into one trunk: a fan of them reads better so, and costs less.
SHARED = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A thing to place: its id, width and height, and whether it stands after all that are not `last`."""

    id: str
    width: float
    height: float
    last: bool = False


class Piece:
    """One connected piece, first read, then arranged, then drawn.

    Args:
        boxes: what is in it.
        edges: pairs of numbers, each once.
        spacing: how far things stand apart.

    Attributes:
        back: edges that run upwards.
        ranks: the layer of each number.
        xs: the middle of each number.
        bands: the height of each layer.
        left, right, bottom: how far it reaches; its top is at 0.
    """

    def __init__(self, boxes: Sequence[Box], edges: Iterable[Edge], spacing: Spacing) -> None:
        self.boxes = boxes
        self._spacing = spacing
        self._loops: list[int] = []
        self._chains: dict[Edge, list[int]] = {}
        self._lanes: dict[Edge, list[int]] = {}
        plain = []
        for source, target in edges:
            if source == target:
                self._loops.append(source)
            else:
                plain.append((source, target))
        self.back = self._find_back(plain)
        self.ranks = self._rank(plain)
        self._up: list[list[int]] = [[] for _ in boxes]
        self._down: list[list[int]] = [[] for _ in boxes]
        self._layers: list[list[int]] = [[] for _ in range(max(self.ranks) + 1)]
        for box, layer in enumerate(self.ranks):
            self._layers[layer].append(box)
        self._beside = self._link(plain)
        self._arrange()

    def _find_back(self, edges: list[Edge]) -> set[Edge]:
        """Return what runs upwards: edges that close a cycle, and those from what is last to what is not."""
        last = [box.last for box in self.boxes]
        if not any(last):
            return find_back_edges(len(last), edges)
        within = [(source, target) for source, target in edges if last[source] == last[target]]
        beyond = {(source, target) for source, target in edges if last[source] and not last[target]}
        return find_back_edges(len(last), within) | beyond

    def _rank(self, edges: list[Edge]) -> list[int]:
        downwards = list(dict.fromkeys((edge[1], edge[0]) if edge in self.back else edge for edge in edges))
        ranks = rank(len(self.boxes), downwards)
        last = [index for index, box in enumerate(self.boxes) if box.last]
        if last:
            bottom = max((found for found, box in zip(ranks, self.boxes, strict=True) if not box.last), default=-1) + 1
            for index in last:
                ranks[index] = bottom
            within = [(upper, lower) for upper, lower in downwards if self.boxes[upper].last]
            while too_high := [(upper, lower) for upper, lower in within if ranks[lower] <= ranks[upper]]:
                for upper, lower in too_high:
                    ranks[lower] = ranks[upper] + 1
        return ranks

    def _link(self, edges: list[Edge]) -> dict[int, list[int]]:
        """Lead the edges from layer to layer; return for boxes with edges against the flow the dummies next to them."""
        ranks, up, down = self.ranks, self._up, self._down
        back_lanes = BackLanes(self._layers, up, down, ranks)
        trunks: dict[tuple[int, int], int] = {}
        long = Counter(target for source, target in edges if ranks[target] - ranks[source] > 1)
        for edge in edges:
            source, target = edge
            if edge in self.back:
                self._lanes[edge] = back_lanes.make(source, target)
                continue
            chain = [source]
            for layer in range(ranks[source] + 1, ranks[target]):
                dummy = trunks.get((target, layer))
                if dummy is None:
                    dummy = len(up)
                    up.append([])
                    down.append([])
                    ranks.append(layer)
                    self._layers[layer].append(dummy)
                    if long[target] >= SHARED:
                        trunks[target, layer] = dummy
                chain.append(dummy)
            chain.append(target)
            self._chains[edge] = chain
            for above, below in pairwise(chain):
                if below not in down[above]:
                    down[above].append(below)
                    up[below].append(above)
        return back_lanes.beside

    def _arrange(self) -> None:
        """Order the layers and give every number its x: of the best orders, that with the shortest links."""
        widths, loops = [box.width for box in self.boxes], set(self._loops)
        links = Links(self._up, self._down, self._beside, list(self._lanes.values()))
        orders = sort_layers(self._layers, links)
        found = [Columns(layers, self._up, self._down, widths, loops, self._spacing) for layers in orders]
        best = min(found, key=lambda columns: self._spent(columns.xs)) if len(found) > 1 else found[0]
        best.finish()
        self._layers, self.xs = best.layers, best.xs
        heights = [box.height for box in self.boxes]
        self.bands = layer_bands(self._layers, self._down, self.xs, heights, self._spacing)
        self.bottom = self.bands[-1].bottom
        self.left, self.right = min(self.xs), max(self.xs)
        for index, box in enumerate(self.boxes):
            reach = box.width / 2
            self.left = min(self.left, self.xs[index] - reach)
            self.right = max(self.right, self.xs[index] + reach + (loop_reach() if index in loops else 0.0))

    def _spent(self, xs: list[float]) -> float:
        """Say how far all links go sideways, and how wide everything is."""
        links = sum([abs(xs[above] - xs[below]) for above, others in enumerate(self._down) for below in others])
        stubs = sum([abs(xs[box] - xs[dummy]) for box, dummies in self._beside.items() for dummy in dummies])
        return links + stubs + max(xs) - min(xs)

    def move(self, dx: float, dy: float) -> None:
        """Put it where it belongs; do that before it is drawn."""
        self.xs = [x + dx for x in self.xs]
        self.bands = [Band(band.top + dy, band.bottom + dy) for band in self.bands]

    def top_of(self, index: int) -> float:
        """Return the top of a box: it stands in the middle of its layer, and what is last at the top of it."""
        band, box = self.bands[self.ranks[index]], self.boxes[index]
        return band.top if box.last else band.middle - box.height / 2

    def draw(self) -> dict[Edge, Route]:
        """Return the way of every edge."""
        sizes = [(box.width, box.height) for box in self.boxes]
        tops = [self.top_of(index) for index in range(len(self.boxes))]
        router = Router(self.xs, tops, self.bands, sizes, self.ranks, self._spacing)
        return router.draw(self._chains, self._lanes, self._loops)
