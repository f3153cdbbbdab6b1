"""How far things stand apart, in px. A layout works as if its layers went down; `RIGHT` is turned afterwards.

Read "height" as "extent along the flow", "beside" as "across the flow", "right side" as "the side of higher numbers".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Direction: TypeAlias = Literal["down", "right"]


@dataclass(frozen=True, slots=True)
class Spacing:
    """The gaps of one direction, in px.

    Attributes:
        layer: between two layers.
        widest: between two layers where edges go far sideways.
        box: between boxes that stand beside each other.
        lane: between edges beside each other, and between an edge and a box.
        loop: more room on the right of a box with an edge to itself.
        inset: between the corner of a box and the first edge that touches it.
        port: between two edges where they touch the same box; less where the box is small.
        aside: half of what lies between an edge that leaves at a box's side and one that arrives there.
        piece: between the pieces of a graph that is not connected.
        row: how long a row of such pieces becomes before the next begins.
    """

    layer: float
    widest: float
    box: float
    lane: float
    loop: float
    inset: float
    port: float
    aside: float
    piece: float
    row: float


DOWN: Final = Spacing(layer=40, widest=96, box=44, lane=26, loop=34, inset=14, port=16, aside=4, piece=56, row=1_400)
# Boxes are wider than high: beside each other they need less room, and their sides offer more of it.
RIGHT: Final = Spacing(layer=48, widest=112, box=20, lane=16, loop=34, inset=8, port=10, aside=12, piece=40, row=900)
SPACING: Final[dict[Direction, Spacing]] = {"down": DOWN, "right": RIGHT}
