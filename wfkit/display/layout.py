"""Where things stand: a small layered layout, pure and deterministic.

The same boxes and edges give the same positions, whatever drew them before: every face of a flow shares them. The work
is done in floors of its own: `ranks` gives each box a layer, `order` sorts the layers, `columns` gives x, `routes`
bends the edges; `piece` brings them together. A long edge stands in every layer it passes as a thin dummy, so it has
room of its own and no edge ever runs through a box. Many long edges to one target share their dummies: they join into
one trunk, which reads better and keeps a thousand edges to one box affordable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wfkit.display.piece import Box, Piece
from wfkit.display.ranks import Edge, components
from wfkit.display.routes import Route
from wfkit.display.spacing import SPACING, Direction, Spacing

__all__ = ["Box", "Layout", "Place", "lay_out"]

MARGIN = 20.0


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
        back: the edges that run against the flow.
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

    def turned(self) -> Layout:
        """Return the layout mirrored at the diagonal: what stood below stands on the right."""
        places = {id: Place(found.y, found.x, found.height, found.width) for id, found in self.places.items()}
        routes = {pair: route.turned() for pair, route in self.routes.items()}
        return Layout(places, routes, self.height, self.width, self.back)


def lay_out(boxes: Iterable[Box], edges: Iterable[tuple[str, str]], direction: Direction = "down") -> Layout:
    """Place boxes in layers and route their edges around them.

    Args:
        boxes: what to place; order breaks ties, so the box where the reading begins comes first.
        edges: pairs of ids. Duplicates count once; an edge may lead from a box to itself, or against the flow.
        direction: where the flow goes: "down", from top to bottom, or "right", from left to right.

    Returns:
        Positions without overlaps, and for each edge a way that passes through no box.

    Raises:
        ValueError: two boxes have one id, an edge names a box that is not there, or there is no such direction.

    Example:
        >>> found = lay_out([Box("a", 80, 36), Box("b", 80, 36)], [("a", "b")], direction="right")
        >>> found.routes["a", "b"].path()
        'M100 38H148'
    """
    if direction not in SPACING:
        raise ValueError(f"a layout goes 'down' or 'right', not {direction!r}; name one of the two")
    spacing = SPACING[direction]
    # One direction is worked out, the other is its mirror image.
    all_boxes = [Box(box.id, box.height, box.width, box.last) if direction == "right" else box for box in boxes]
    number = {box.id: index for index, box in enumerate(all_boxes)}
    if len(number) != len(all_boxes):
        raise ValueError("two boxes have the same id; give each its own")
    pairs = list(dict.fromkeys(edges))
    for source, target in pairs:
        if source not in number or target not in number:
            missing = source if source not in number else target
            raise ValueError(f"the edge {source!r} -> {target!r} names {missing!r}, and there is no box of that id")
    shelf = _Shelf(spacing)
    places: dict[str, Place] = {}
    routes: dict[tuple[str, str], Route] = {}
    back: set[tuple[str, str]] = set()
    for members, links in _pieces(len(all_boxes), [(number[source], number[target]) for source, target in pairs]):
        piece = Piece([all_boxes[index] for index in members], links, spacing)
        x, y = shelf.put(piece.right - piece.left, piece.bottom)
        piece.move(round(x - piece.left), round(y))
        names = [box.id for box in piece.boxes]
        for index, box in enumerate(piece.boxes):
            places[box.id] = Place(piece.xs[index], piece.top_of(index) + box.height / 2, box.width, box.height)
        routes |= {(names[first], names[last]): route for (first, last), route in piece.draw().items()}
        back.update((names[first], names[last]) for first, last in piece.back)
    ordered = {pair: routes[pair] for pair in pairs}
    found = Layout(places, ordered, shelf.width + MARGIN, shelf.height + MARGIN, back)
    return found.turned() if direction == "right" else found


def _pieces(count: int, edges: list[Edge]) -> Iterator[tuple[list[int], list[Edge]]]:
    """Yield the members of each connected piece, and its edges in numbers of its own."""
    pieces = components(count, edges)
    owner, local = [0] * count, [0] * count
    for index, members in enumerate(pieces):
        for place, member in enumerate(members):
            owner[member], local[member] = index, place
    links: list[list[Edge]] = [[] for _ in pieces]
    for source, target in edges:
        links[owner[source]].append((local[source], local[target]))
    yield from zip(pieces, links, strict=True)


class _Shelf:
    """Stands the pieces of a disconnected graph side by side, in rows."""

    def __init__(self, spacing: Spacing) -> None:
        self._spacing = spacing
        self.width = self.height = MARGIN
        self._x = self._top = MARGIN

    def put(self, width: float, height: float) -> tuple[float, float]:
        """Reserve room and return its upper left corner."""
        if self._x > MARGIN and self._x + width > self._spacing.row:
            self._x, self._top = MARGIN, self.height + self._spacing.piece
        corner = self._x, self._top
        self.width = max(self.width, self._x + width)
        self.height = max(self.height, self._top + height)
        self._x += width + self._spacing.piece
        return corner
