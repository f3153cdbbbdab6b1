"""In which order the boxes of each layer stand, so that few edges cross."""

from __future__ import annotations

from itertools import pairwise

Layers = list[list[int]]
Neighbours = list[list[int]]

SWEEPS = 16
# A sweep costs about a microsecond for each box, dummy and edge: big graphs get fewer of them.
WORK = 300_000
SMALL = 2_000


def sort_layers(layers: Layers, up: Neighbours, down: Neighbours) -> None:
    """Sort each layer in place.

    Boxes go by turns to the mean place of their neighbours above and below; the best order seen is kept, and for
    graphs that are not huge, neighbours are swapped where that helps.

    Args:
        layers: numbers of boxes and dummies, layer by layer.
        up: for each number its neighbours in the layer above.
        down: for each number its neighbours in the layer below.
    """
    size = sum(map(len, up)) + len(up)
    _start(layers, up, down)
    best, fewest = [list(layer) for layer in layers], crossings(layers, down)
    idle = 0
    for sweep in range(max(2, min(SWEEPS, WORK // max(size, 1)))):
        if fewest == 0 or idle > 4:
            break
        _sweep(layers, up if sweep % 2 == 0 else down, downwards=sweep % 2 == 0, late_ties=sweep % 4 >= 2)
        if size <= SMALL:
            _swap(layers, up, down)
        found = crossings(layers, down)
        idle += 1
        if found < fewest:
            best, fewest, idle = [list(layer) for layer in layers], found, 0
    layers[:] = best


def _start(layers: Layers, up: Neighbours, down: Neighbours) -> None:
    """Order each layer by a walk in depth from the top, in which the parts of a branch stay together."""
    rank_of = {box: index for index, layer in enumerate(layers) for box in layer}
    sorted_layers: Layers = [[] for _ in layers]
    seen = [False] * len(up)
    for root in [box for layer in layers for box in layer]:
        frontier = [root]
        while frontier:
            box = frontier.pop()
            if not seen[box]:
                seen[box] = True
                sorted_layers[rank_of[box]].append(box)
                frontier += [other for other in reversed(down[box]) if not seen[other]]
    layers[:] = sorted_layers


def _sweep(layers: Layers, towards: Neighbours, downwards: bool, late_ties: bool) -> None:
    position = [0.0] * len(towards)
    for layer in layers if downwards else reversed(layers):
        if len(layer) > 1:
            places = {box: index for index, box in enumerate(layer)}
            keys: dict[int, float] = {}
            for box, index in places.items():
                near = towards[box]
                keys[box] = sum(position[other] for other in near) / len(near) if near else -1.0
                if not near:  # nothing pulls at it: it keeps its share of the way along the layer
                    keys[box] = (index + 0.5) / len(layer)
            sign = -1 if late_ties else 1
            layer.sort(key=lambda box: (keys[box], sign * places[box]))
        for index, box in enumerate(layer):
            position[box] = (index + 0.5) / len(layer)


def _swap(layers: Layers, up: Neighbours, down: Neighbours) -> None:
    """Swap neighbours as long as that saves crossings."""
    place = {box: index for layer in layers for index, box in enumerate(layer)}
    for _ in range(4):
        improved = False
        for layer in layers:
            for index in range(len(layer) - 1):
                left, right = layer[index], layer[index + 1]
                kept = _between(up[left], up[right], place) + _between(down[left], down[right], place)
                swapped = _between(up[right], up[left], place) + _between(down[right], down[left], place)
                if swapped < kept:
                    layer[index], layer[index + 1] = right, left
                    place[left], place[right] = index + 1, index
                    improved = True
        if not improved:
            return


def _between(left: list[int], right: list[int], place: dict[int, int]) -> int:
    return sum(1 for a in left for b in right if place[a] > place[b])


def crossings(layers: Layers, down: Neighbours) -> int:
    """Count the crossings of edges between neighbouring layers."""
    total = 0
    for upper, lower in pairwise(layers):
        place = {box: index for index, box in enumerate(lower)}
        ends = [end for box in upper for end in sorted(place[other] for other in down[box])]
        total += _inversions(ends, len(lower))
    return total


def _inversions(values: list[int], size: int) -> int:
    """Count pairs that stand in the wrong order, with a binary indexed tree."""
    tree = [0] * (size + 1)
    found = 0
    for seen, value in enumerate(values):
        index, not_greater = value + 1, 0
        while index:
            not_greater += tree[index]
            index &= index - 1
        found += seen - not_greater
        index = value + 1
        while index <= size:
            tree[index] += 1
            index += index & -index
    return found
