"""Edges against the flow, once the layers are sorted: each gets a lane of its own along the side of its boxes.

While the layers are sorted, such an edge is a plain one that happens to be drawn upwards. Then its lane is lengthened
by a dummy beside either end, so that it leaves at the side, runs up straight and enters at the side.
"""

from __future__ import annotations

from wfkit.display.order import Layers, Neighbours
from wfkit.display.ranks import Edge


class BackLanes:
    """Adds the dummies beside the ends of edges against the flow.

    Args:
        layers: sorted layers; changed in place.
        up, down: neighbours of every number; changed in place.
        ranks: the layer of every number; grows with the dummies.
    """

    def __init__(self, layers: Layers, up: Neighbours, down: Neighbours, ranks: list[int]) -> None:
        self._layers = layers
        self._up = up
        self._down = down
        self._ranks = ranks
        self._at_target: dict[int, int] = {}
        self._at_source: dict[tuple[int, int], int] = {}

    def lengthen(self, chain: list[int], shared: set[Edge]) -> list[int]:
        """Return the lane of an edge: the dummies from beside its target down to beside its source.

        Args:
            chain: the numbers the edge passes, from its target on top to its source.
            shared: links that an edge along the flow uses too; they stay.
        """
        target, source, inner = chain[0], chain[-1], chain[1:-1]
        first = self._at_target.get(target)
        if first is None:
            first = self._at_target[target] = self._dummy(target)
            self._place(first, target, inner[0] if inner else source, self._down)
        last = self._at_source.get((source, target))
        if last is None:
            last = self._at_source[source, target] = self._dummy(source)
            self._place(last, source, inner[-1] if inner else first, self._up)
        lane = [first, *inner, last]
        for above, below in ((target, chain[1]), (chain[-2], source)):
            if (above, below) not in shared and below in self._down[above]:
                self._down[above].remove(below)
                self._up[below].remove(above)
        for above, below in ((lane[0], lane[1]), (lane[-2], lane[-1])):
            if below not in self._down[above]:
                self._down[above].append(below)
                self._up[below].append(above)
        return lane

    def _dummy(self, box: int) -> int:
        number = len(self._up)
        self._up.append([])
        self._down.append([])
        self._ranks.append(self._ranks[box])
        return number

    def _place(self, dummy: int, box: int, following: int, towards: Neighbours) -> None:
        """Put a dummy to that side of its box on which its way on crosses fewer edges; else to the outer side."""
        layer = self._layers[self._ranks[box]]
        other = {number: index for index, number in enumerate(self._layers[self._ranks[following]])}
        at, goal = layer.index(box), other[following]
        own = other.get(following, 0)
        left = right = 0
        for index, number in enumerate(layer):
            for end in towards[number]:
                place = other[end]
                if number == box and end == following:
                    continue
                left += (index < at) != (place < own) and place != own
                right += (index <= at) != (place < own) and place != own
        if left == right:
            left, right = (0, 1) if goal * 2 + 1 < len(other) or at * 2 + 1 < len(layer) else (1, 0)
        layer.insert(at if left < right else at + 1, dummy)
