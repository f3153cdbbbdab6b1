"""In which order the boxes of each layer stand, so that few edges cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence

Layers = list[list[int]]
Neighbours = list[list[int]]

# So many sweeps at most from one start; it is given up after so many that saved nothing, and sooner while another
# start has led to an order as good.
SWEEPS = 24
IDLE = 12
HASTE = 3
# A sweep costs about a microsecond for each box, dummy and link: big graphs get fewer of them.
WORK = 20_000
# Of a small graph several orders are tried, and so many good ones are enough.
SMALL = 100
ENOUGH = 4


class Links:
    """How the boxes and dummies of neighbouring layers hang together.

    Args:
        up: for each number its neighbours in the layer above.
        down: for each number its neighbours in the layer below.
        beside: for some boxes the dummies that have to stand next to them, on either side.
        lanes: what runs along the side of the boxes: the numbers it passes, of which the ends stand beside a box.

    Attributes:
        whole_up, whole_down: for each number its neighbours and those of what stands beside it.
        holder: for a dummy beside a box, the box.
        size: how much there is to sort.
    """

    def __init__(
        self, up: Neighbours, down: Neighbours, beside: Mapping[int, list[int]], lanes: Sequence[Sequence[int]] = ()
    ) -> None:
        self.up, self.down, self.beside, self.lanes = up, down, beside, lanes
        self.whole_up, self.whole_down = list(up), list(down)
        for box, dummies in beside.items():
            self.whole_up[box] = [*up[box], *(other for dummy in dummies for other in up[dummy])]
            self.whole_down[box] = [*down[box], *(other for dummy in dummies for other in down[dummy])]
        self.holder = {dummy: box for box, dummies in beside.items() for dummy in dummies}
        self.size = len(up) + sum(map(len, up))


def sort_layers(layers: Layers, links: Links) -> list[Layers]:
    """Return the best orders of the layers that were found: those with the fewest crossings.

    From several starts, boxes go by turns to the mean place of their neighbours above and below, and neighbours are
    swapped where that helps. Of a big graph one order is returned.

    Args:
        layers: numbers of boxes and dummies, layer by layer; the dummies that stand beside a box are not yet in them.
        links: between neighbouring layers.
    """
    small = links.size <= SMALL
    sweeps = max(2, min(SWEEPS, WORK // links.size))
    best: _Sorter | None = None
    orders: list[Layers] = []
    for index, start in enumerate(_starts(layers, links, 3 if small else 1)):
        sorter = _Sorter(start, links, leftwards=index % 2 == 0)
        sorter.sort(sweeps, from_above=index % 2 == 0, rival=best.fewest if best else None)
        if best is None or sorter.fewest < best.fewest:
            best, orders = sorter, [sorter.best]
        elif sorter.fewest == best.fewest == 0 and small and not _knows(orders, sorter.best):
            orders.append(sorter.best)
        if best.fewest == 0 and (not small or len(orders) == ENOUGH):
            break
    if best is not None and best.fewest > 0:
        best.move_lanes()
        orders = [best.best]
    return orders


def _knows(orders: list[Layers], order: Layers) -> bool:
    """Whether an order or its mirror image is among those known."""
    return order in orders or [layer[::-1] for layer in order] in orders


def _starts(layers: Layers, links: Links, turns: int) -> Iterator[Layers]:
    """Yield orders to begin with: walks in depth from the top and from the bottom, and their mirror images.

    Each turn more goes round the neighbours of each box from another one on.
    """
    for turn in range(turns):
        from_top = _walk(layers, _turned(links.whole_down, turn), links.holder)
        yield from_top
        from_bottom = _walk(layers[::-1], _turned(links.whole_up, turn), links.holder)[::-1]
        yield from_bottom
        yield [layer[::-1] for layer in from_top]
        yield [layer[::-1] for layer in from_bottom]


def _turned(links: Neighbours, turn: int) -> Neighbours:
    """Return the neighbours of each box, in a round that begins so many places later."""
    if turn == 0:
        return links
    return [others[turn % len(others) :] + others[: turn % len(others)] if others else others for others in links]


def _walk(layers: Layers, following: Neighbours, holder: dict[int, int]) -> Layers:
    """Order each layer by a walk in depth, in which the parts of a branch stay together."""
    rank_of = [0] * len(following)
    for index, layer in enumerate(layers):
        for box in layer:
            rank_of[box] = index
    ordered: Layers = [[] for _ in layers]
    seen = [False] * len(following)
    for layer in layers:
        for root in layer:
            if seen[root]:
                continue
            frontier = [root]
            while frontier:
                box = frontier.pop()
                if holder:
                    box = holder.get(box, box)
                if not seen[box]:
                    seen[box] = True
                    ordered[rank_of[box]].append(box)
                    frontier += following[box][::-1]
    return ordered


class _Sorter:
    """Improves one order; `best` is the best that it has seen, and has the `fewest` crossings.

    A box and what stands beside it move as one; what stands beside it is here or there on its left or its right.
    """

    def __init__(self, layers: Layers, links: Links, leftwards: bool) -> None:
        self._layers = [list(layer) for layer in layers]
        self._links = links
        self._up, self._down = links.whole_up, links.whole_down
        self._place = [0] * len(links.up)
        self._share = [0.5] * len(links.up)  # the place as a share of the way along the layer
        self._left = {box: dummies if leftwards else [] for box, dummies in links.beside.items()}
        self._right = {box: [] if leftwards else dummies for box, dummies in links.beside.items()}
        self._busy = [layer for layer in self._layers if len(layer) > 1]
        self._layer_of = {box: layer for layer in self._layers for box in layer if box in links.beside}
        self._number()
        self._choose_sides()
        self.best = self._whole()
        self.fewest = crossings(self.best, links.down, self._place)

    def sort(self, sweeps: int, from_above: bool, rival: int | None) -> None:
        """Sweep until that no longer helps; with less patience while a rival has as few crossings."""
        idle = 0
        for sweep in range(sweeps):
            if self.fewest == 0 or idle > (IDLE if rival is None or self.fewest < rival else HASTE):
                break
            downwards = (sweep % 2 == 0) == from_above
            self._sweep(self._up if downwards else self._down, downwards, late_ties=sweep % 4 >= 2)
            self._swap()
            self._choose_sides()
            idle = 0 if self._keep_if_better() else idle + 1

    def move_lanes(self) -> None:
        """Move whole lanes to the left or right of everything where that saves crossings."""
        affordable = 5 * WORK // self._links.size
        for lane in self._links.lanes[:affordable]:
            for leftwards in (True, False):
                if self.fewest > 0:
                    self._take(self.best)
                    self._move_lane(set(lane), leftwards)
                    self._keep_if_better()

    def _keep_if_better(self) -> bool:
        order = self._whole()
        found = crossings(order, self._links.down, self._place)
        if found >= self.fewest:
            return False
        self.best, self.fewest = order, found
        return True

    def _take(self, order: Layers) -> None:
        """Go back to an order."""
        holder = self._links.holder
        for layer, whole in zip(self._layers, order, strict=True):
            layer[:] = [number for number in whole if number not in holder]
            place = {number: index for index, number in enumerate(whole)}
            for box in layer:
                if box in self._left:
                    dummies = sorted(self._links.beside[box], key=place.__getitem__)
                    self._left[box] = [dummy for dummy in dummies if place[dummy] < place[box]]
                    self._right[box] = [dummy for dummy in dummies if place[dummy] > place[box]]
        self._number()

    def _move_lane(self, lane: set[int], leftwards: bool) -> None:
        for layer in self._layers:
            inner = [number for number in layer if number in lane]
            if inner:
                rest = [number for number in layer if number not in lane]
                layer[:] = [*inner, *rest] if leftwards else [*rest, *inner]
        for box, dummies in self._links.beside.items():
            if lane.intersection(dummies):
                left = [dummy for dummy in self._left[box] if dummy not in lane]
                right = [dummy for dummy in self._right[box] if dummy not in lane]
                moved = [dummy for dummy in dummies if dummy in lane]
                self._left[box], self._right[box] = (moved + left, right) if leftwards else (left, right + moved)
        self._number()
        for layer in self._busy:
            self._swap_in(layer, 1)

    def _whole(self) -> Layers:
        """Return the layers with what stands beside boxes."""
        if not self._left:
            return [list(layer) for layer in self._layers]
        return [[number for box in layer for number in self._unit(box)] for layer in self._layers]

    def _unit(self, box: int) -> list[int]:
        return [*self._left[box], box, *self._right[box]] if box in self._left else [box]

    def _number(self) -> None:
        for layer in self._layers:
            if len(layer) > 1 or layer[0] in self._left:
                self._number_layer(layer)

    def _number_layer(self, layer: list[int]) -> None:
        place, share = self._place, self._share
        if self._left and not self._left.keys().isdisjoint(layer):
            layer = [number for box in layer for number in self._unit(box)]
        size = len(layer)
        for index, box in enumerate(layer):
            place[box] = index
            share[box] = (index + 0.5) / size

    def _sweep(self, towards: Neighbours, downwards: bool, late_ties: bool) -> None:
        """Sort layer by layer by the mean place of the neighbours in one direction."""
        share = self._share
        sign = -1 if late_ties else 1
        for layer in self._busy if downwards else reversed(self._busy):
            keys = []
            for index, box in enumerate(layer):
                near = towards[box]
                if len(near) == 1:
                    key = share[near[0]]
                elif near:
                    key = sum([share[other] for other in near]) / len(near)
                else:  # nothing pulls at it: it keeps its share of the way along the layer
                    key = share[box]
                keys.append((key, sign * index, box))
            keys.sort()
            layer[:] = [box for _, _, box in keys]
            self._number_layer(layer)

    def _swap(self) -> None:
        """Swap neighbours as long as that saves crossings; at first also where it costs none, to get out of a rut."""
        awake = set(range(len(self._busy)))
        for turn in range(4):
            moved = [index for index in sorted(awake) if self._swap_in(self._busy[index], 1 if turn else 0)]
            awake = {other for index in moved for other in (index - 1, index, index + 1)}
            awake.intersection_update(range(len(self._busy)))
            if not awake:
                return

    def _swap_in(self, layer: list[int], least: int) -> bool:
        """Swap where that saves at least so many crossings; tell whether anything moved."""
        place, up, down = self._place, self._up, self._down
        moved = False
        left = layer[0]
        above, below = [place[other] for other in up[left]], [place[other] for other in down[left]]
        for index in range(1, len(layer)):
            right = layer[index]
            its_above, its_below = [place[other] for other in up[right]], [place[other] for other in down[right]]
            if _saved(above, its_above) + _saved(below, its_below) >= least:
                layer[index - 1], layer[index] = right, left
                moved = True
            else:
                left, above, below = right, its_above, its_below
        if moved:
            self._number_layer(layer)
        return moved

    def _choose_sides(self) -> None:
        """Put each dummy that stands beside a box to the side on which its way crosses fewer of the box's."""
        up, down, place = self._links.up, self._links.down, self._place
        for box, dummies in self._links.beside.items():
            left: list[int] = []
            right: list[int] = []
            for dummy in dummies:
                saved = 0
                for links in (up, down):
                    saved += _saved([place[other] for other in links[dummy]], [place[other] for other in links[box]])
                if saved == 0:
                    saved = self._inwards(dummy)
                (right if saved > 0 or (saved == 0 and dummy in self._right[box]) else left).append(dummy)
            for side in (left, right):  # what goes up from here does not cross what goes up beside it
                if len(side) > 1:
                    side.sort(key=lambda dummy: self._share[up[dummy][0]] if up[dummy] else 0.0)
            if left != self._left[box] or right != self._right[box]:
                self._left[box], self._right[box] = left, right
                self._number_layer(self._layer_of[box])

    def _inwards(self, dummy: int) -> int:
        others = self._links.up[dummy] or self._links.down[dummy]
        mean = sum(self._share[other] for other in others) / len(others) - self._share[dummy]
        return (mean > 0) - (mean < 0)


def _saved(left: list[int], right: list[int]) -> int:
    """Return how many crossings fewer there are when what is on the left goes to the right."""
    saved = 0
    for a in left:
        for b in right:
            if a > b:
                saved += 1
            elif a < b:
                saved -= 1
    return saved


def crossings(layers: Layers, down: Neighbours, place: list[int] | None = None) -> int:
    """Count the crossings of links between neighbouring layers.

    Args:
        layers: sorted layers.
        down: for each number its neighbours in the layer below.
        place: of each number in its layer, if it is known.
    """
    if place is None:
        place = [0] * len(down)
        for layer in layers:
            for index, box in enumerate(layer):
                place[box] = index
    total = 0
    for layer in layers:
        seen: list[int] = []  # where the links from the boxes so far end, sorted
        for box in layer:
            ends = down[box]
            if len(ends) == 1:
                end = place[ends[0]]
                total += len(seen) - bisect_right(seen, end)
                insort(seen, end)
            elif ends:
                found = [place[other] for other in ends]
                for end in found:
                    total += len(seen) - bisect_right(seen, end)
                seen += found
                seen.sort()
    return total
