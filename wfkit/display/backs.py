"""Edges against the flow: each gets a lane of its own along the side of its boxes.

Such an edge leaves its box at the side, runs up straight and enters the other at the side. So its dummies are one
beside its target, those in the layers between, and one beside its source. Lanes to one target share what they can.
"""

from __future__ import annotations

from itertools import pairwise

from wfkit.display.order import Neighbours


class BackLanes:
    """Makes the dummies of edges against the flow.

    Args:
        layers: changed in place: what lies between the ends is put in, what stands beside them is not.
        up, down: neighbours of every number; changed in place.
        ranks: the layer of every number; grows with the dummies.

    Attributes:
        beside: for each box at an end the dummies that have to stand next to it.
    """

    def __init__(self, layers: list[list[int]], up: Neighbours, down: Neighbours, ranks: list[int]) -> None:
        self._layers = layers
        self._up = up
        self._down = down
        self._ranks = ranks
        self._known: dict[tuple[int, int, int], int] = {}  # by target, layer, and the box it stands beside or -1
        self.beside: dict[int, list[int]] = {}

    def make(self, source: int, target: int) -> list[int]:
        """Return the lane of an edge: the dummies from beside its target down to beside its source."""
        top, bottom = self._ranks[target], self._ranks[source]
        lane = [self._dummy(target, top, target)]
        lane += [self._dummy(target, layer, -1) for layer in range(top + 1, bottom)]
        lane.append(self._dummy(target, bottom, source))
        for above, below in pairwise(lane):
            if below not in self._down[above]:
                self._down[above].append(below)
                self._up[below].append(above)
        return lane

    def _dummy(self, target: int, layer: int, box: int) -> int:
        number = self._known.get((target, layer, box))
        if number is None:
            number = self._known[target, layer, box] = len(self._up)
            self._up.append([])
            self._down.append([])
            self._ranks.append(layer)
            if box < 0:
                self._layers[layer].append(number)
            else:
                self.beside.setdefault(box, []).append(number)
        return number
