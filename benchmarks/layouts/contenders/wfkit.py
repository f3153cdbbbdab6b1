"""Our own layout, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.layouts.graph import Drawn, Graph, Rect
from wfkit.display.layout import Box, lay_out


def version() -> str:
    """Say what takes part."""
    return "from the source tree"


def draw(graphs: Iterable[Graph]) -> Iterator[Drawn]:
    """Yield a drawing of each graph."""
    for graph in graphs:
        found = lay_out([Box(shape.id, shape.width, shape.height) for shape in graph.shapes], graph.edges)
        yield Drawn(
            {id: Rect(place.x, place.y, place.width, place.height) for id, place in found.places.items()},
            {edge: tuple(route.points(16)) for edge, route in found.routes.items()},
        )
