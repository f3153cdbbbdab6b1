"""Where things stand: a small layered layout, pure and deterministic.

The same boxes and edges give the same positions, whatever drew them before: every face of a flow shares them. The work
is done in floors of its own: `ranks` gives each box a layer, `order` sorts the layers, `columns` gives x, `routes`
bends the edges. A long edge stands in every layer it passes as a thin dummy, so it has room of its own and no edge
ever runs through a box. Long edges to one target share their dummies: they join into one trunk, which reads better
and keeps a thousand edges to one box affordable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wfkit.display.backs import BackLanes
from wfkit.display.columns import place
from wfkit.display.order import sort_layers
from wfkit.display.ranks import components, find_back_edges, rank
from wfkit.display.routes import Route, draw_routes, layer_bands

MARGIN = 20.0
PIECE_GAP = 56.0
ROW_WIDTH = 1_400.0


@dataclass(frozen=True, slots=True)
class Box:
    """A thing to place: its id, width and height, and whether it stands below all that are not `last`."""

    id: str
    width: float
    height: float
    last: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: the middle of it, and its measures."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished layout.

    Attributes:
        places: for each box where it stands.
        routes: for each pair (source, target) the way of its edge, in the order in which the edges were given.
        width: of the whole picture, with a margin.
        height: of the whole picture, with a margin.
        back: the edges that run upwards, against the flow.
    """

    places: dict[str, Place]
    routes: dict[tuple[str, str], Route]
    width: float
    height: float
    back: set[tuple[str, str]]

    def put_in(self, inner: Layout, dx: float, dy: float) -> None:
        """Add what another layout has placed, moved to where its frame stands."""
        for id, found in inner.places.items():
            self.places[id] = Place(found.x + dx, found.y + dy, found.width, found.height)
        for pair, route in inner.routes.items():
            self.routes[pair] = route.moved(dx, dy)
        self.back.update(inner.back)


class Piece:
    """One connected piece of the graph, in numbers: boxes first, then the dummies of long edges.

    Attributes:
        layers: the numbers in each layer, from left to right once sorted.
        up, down: neighbours in the layer above and below.
        chains: for each edge along the flow the numbers it passes, from top to bottom.
        lanes: for each edge against the flow the dummies of its lane, from top to bottom.
        back: edges that run upwards.
        loops: boxes with an edge to themselves.
    """

    def __init__(self, boxes: Sequence[Box], edges: Sequence[tuple[int, int]]) -> None:
        self.boxes = boxes
        count = len(boxes)
        self.loops = {source for source, target in edges if source == target}
        plain = list(dict.fromkeys((source, target) for source, target in edges if source != target))
        self.back = find_back_edges(count, plain)
        downwards = [(edge[1], edge[0]) if edge in self.back else edge for edge in plain]
        self.ranks = rank(count, list(dict.fromkeys(downwards)))
        bottom = max((self.ranks[index] for index, found in enumerate(boxes) if not found.last), default=-1) + 1
        for index, found in enumerate(boxes):
            if found.last:
                self.ranks[index] = bottom
        self.layers: list[list[int]] = [[] for _ in range(max(self.ranks) + 1)]
        for box in range(count):
            self.layers[self.ranks[box]].append(box)
        self.up: list[list[int]] = [[] for _ in range(count)]
        self.down: list[list[int]] = [[] for _ in range(count)]
        self.chains: dict[tuple[int, int], list[int]] = {}
        self.lanes: dict[tuple[int, int], list[int]] = {}
        self._dummies: dict[tuple[int, bool, int], int] = {}
        joined: set[tuple[int, int]] = set()
        for edge, (upper, lower) in zip(plain, downwards, strict=True):
            chain = [upper, *self._dummies_of(edge, upper, lower), lower]
            self.chains[edge] = chain
            for above, below in pairwise(chain):
                if (above, below) not in joined:
                    joined.add((above, below))
                    self.down[above].append(below)
                    self.up[below].append(above)

    def sort(self) -> None:
        """Order the layers, then give the edges against the flow their lanes."""
        sort_layers(self.layers, self.up, self.down)
        forward = {edge: chain for edge, chain in self.chains.items() if edge not in self.back}
        shared = {link for chain in forward.values() for link in pairwise(chain)}
        lanes = BackLanes(self.layers, self.up, self.down, self.ranks)
        for edge, chain in self.chains.items():
            if edge in self.back:
                self.lanes[edge] = lanes.lengthen(chain, shared)
        self.chains = forward

    def _dummies_of(self, edge: tuple[int, int], upper: int, lower: int) -> list[int]:
        found = []
        for layer in range(self.ranks[upper] + 1, self.ranks[lower]):
            key = (edge[1], edge in self.back, layer)
            dummy = self._dummies.get(key)
            if dummy is None:
                dummy = self._dummies[key] = len(self.up)
                self.up.append([])
                self.down.append([])
                self.ranks.append(layer)
                self.layers[layer].append(dummy)
            found.append(dummy)
        return found


def lay_out(boxes: Iterable[Box], edges: Iterable[tuple[str, str]]) -> Layout:
    """Place boxes in layers from top to bottom and route their edges around them.

    Args:
        boxes: what to place; order breaks ties, so the box where the reading begins comes first.
        edges: pairs of ids. Duplicates count once; an edge may lead from a box to itself, or against the flow.

    Returns:
        Positions without overlaps, and for each edge a way that passes through no box.

    Raises:
        ValueError: two boxes have one id, or an edge names a box that is not there.
    """
    all_boxes = list(boxes)
    number = {box.id: index for index, box in enumerate(all_boxes)}
    if len(number) != len(all_boxes):
        raise ValueError("two boxes have the same id; give each its own")
    pairs = list(dict.fromkeys(edges))
    for source, target in pairs:
        if source not in number or target not in number:
            missing = source if source not in number else target
            raise ValueError(f"the edge {source!r} -> {target!r} names {missing!r}, and there is no box of that id")
    places: dict[str, Place] = {}
    routes: dict[tuple[str, str], Route] = {}
    back: set[tuple[str, str]] = set()
    shelf = _Shelf()
    for members in components(len(all_boxes), [(number[a], number[b]) for a, b in pairs]):
        _lay_out_piece([all_boxes[index] for index in members], pairs, places, routes, back, shelf)
    ordered = {pair: routes[pair] for pair in pairs}
    return Layout(places, ordered, shelf.width + MARGIN, shelf.height + MARGIN, back)


class _Shelf:
    """Stands the pieces of a disconnected graph side by side, in rows."""

    def __init__(self) -> None:
        self.width = self.height = MARGIN
        self._x = self._top = MARGIN

    def put(self, width: float, height: float) -> tuple[float, float]:
        """Reserve room and return its upper left corner."""
        if self._x > MARGIN and self._x + width > ROW_WIDTH:
            self._x, self._top = MARGIN, self.height + PIECE_GAP
        corner = self._x, self._top
        self.width = max(self.width, self._x + width)
        self.height = max(self.height, self._top + height)
        self._x += width + PIECE_GAP
        return corner


def _lay_out_piece(
    boxes: list[Box],
    pairs: list[tuple[str, str]],
    places: dict[str, Place],
    routes: dict[tuple[str, str], Route],
    back: set[tuple[str, str]],
    shelf: _Shelf,
) -> None:
    """Lay out one connected piece and put it on the shelf."""
    number = {box.id: index for index, box in enumerate(boxes)}
    names = [box.id for box in boxes]
    piece = Piece(boxes, [(number[a], number[b]) for a, b in pairs if a in number])
    piece.sort()
    sizes = [(box.width, box.height) for box in boxes]
    xs = place(piece.layers, piece.up, piece.down, [width for width, _ in sizes], piece.loops)
    bands = layer_bands(piece.layers, piece.down, xs, [height for _, height in sizes])
    drawn = draw_routes(piece.layers, piece.chains, piece.lanes, piece.loops, xs, bands, sizes, piece.ranks)
    routed = list(drawn.values())
    left = min([route.left for route in routed] + [xs[index] - width / 2 for index, (width, _) in enumerate(sizes)])
    right = max([route.right for route in routed] + [xs[index] + width / 2 for index, (width, _) in enumerate(sizes)])
    top = min([route.top for route in routed] + [0.0])
    bottom = max([route.bottom for route in routed] + [bands[-1].bottom])
    corner_x, corner_y = shelf.put(right - left, bottom - top)
    dx, dy = round(corner_x - left), round(corner_y - top)
    lifts = {}  # what is last stands at the top of its layer, not in the middle
    for index, (width, height) in enumerate(sizes):
        band = bands[piece.ranks[index]]
        if boxes[index].last:
            lifts[index] = band.middle - band.top - height / 2
        places[names[index]] = Place(xs[index] + dx, band.middle - lifts.get(index, 0.0) + dy, width, height)
    for (source, target), route in drawn.items():
        lifted = route.shortened(lifts[target]) if lifts.get(target) else route
        routes[names[source], names[target]] = lifted.moved(dx, dy)
    back.update((names[source], names[target]) for source, target in piece.back)
