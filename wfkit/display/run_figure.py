"""The picture of a flow with what became of each of its shapes in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wfkit.display.figure import Figure, Shape
from wfkit.display.svg import element_id
from wfkit.display.tally import Tally
from wfkit.display.words import TIMES

_NOTHING = Tally()
# A resource is used and a child's flow runs unseen: the records of a run say nothing of them.
_UNTOLD = ("resource", "config")


def run_figure(figure: Figure, tallies: Mapping[str, Tally], remarks: tuple[str, ...] = ()) -> Figure:
    """Return the picture of a flow with the counts of a run on it.

    Args:
        figure: the picture of all possible flows.
        tallies: what became of the shapes, by the ids of their elements; a shape that is missing was never reached.
        remarks: sentences that belong under the picture.

    Example:
        figure = run_figure(Figure.of_flow(graph), story.tallies)
    """
    shapes = tuple(_counted(shape, tallies.get(element_id(shape.id), _NOTHING)) for shape in figure.shapes)
    return replace(figure, what="latest execution", shapes=shapes, remarks=remarks)


def _counted(shape: Shape, tally: Tally) -> Shape:
    if shape.kind in _UNTOLD:
        return shape
    mark = f"{TIMES}{tally.sent:,}" if shape.is_event and tally.sent > 1 else shape.mark
    return replace(shape, tally=tally, mark=mark)
