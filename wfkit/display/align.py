"""The first x of every box: whatever can be straight is straight.

The way of Brandes and Koepf: chains of boxes and dummies are aligned into vertical blocks and the blocks are packed,
once from the upper left and once from the lower right corner; the mean of the two is taken.
"""

from __future__ import annotations

from itertools import pairwise

from wfkit.display.order import Layers, Neighbours

Spaces = dict[tuple[int, int], float]
"""How far the middles of two neighbours in a layer have to be apart."""


def align(layers: Layers, up: Neighbours, down: Neighbours, boxes: int, spaces: Spaces) -> list[float]:
    """Return the middle of every box and dummy.

    Args:
        layers: sorted layers; numbers from `boxes` on are dummies.
        up: for each number its neighbours in the layer above.
        down: for each number its neighbours in the layer below.
        boxes: how many boxes there are.
        spaces: for neighbours in a layer.
    """
    crossing = _crossing_long_ones(layers, up, boxes)
    root = _blocks(layers, up, crossing)
    first = _pack(root, spaces)
    opposite = [layer[::-1] for layer in reversed(layers)]
    root = _blocks(opposite, down, {(below, above) for above, below in crossing})
    second = [-x for x in _pack(root, {(b, a): space for (a, b), space in spaces.items()})]
    # The first is packed to the left, the second to the right: both go to where the narrower one begins or ends.
    if max(first) - min(first) <= max(second) - min(second):
        shift = max(first) - max(second)
        return [(a + b + shift) / 2 for a, b in zip(first, second, strict=True)]
    shift = min(second) - min(first)
    return [(a + shift + b) / 2 for a, b in zip(first, second, strict=True)]


def _crossing_long_ones(layers: Layers, up: Neighbours, boxes: int) -> set[tuple[int, int]]:
    """Return links that cross the inner part of a long edge: these give way, so that long edges stay straight."""
    found: set[tuple[int, int]] = set()
    for upper, lower in pairwise(layers):
        place = {box: index for index, box in enumerate(upper)}
        low, scanned = 0, 0
        for index, box in enumerate(lower):
            inner = next((other for other in up[box] if other >= boxes), None) if box >= boxes else None
            if inner is None and index < len(lower) - 1:
                continue
            high = place[inner] if inner is not None else len(upper) - 1
            for other in lower[scanned : index + 1]:
                for above in up[other]:
                    if not low <= place[above] <= high and not (above >= boxes and other >= boxes):
                        found.add((above, other))
            low, scanned = high, index + 1
    return found


def _blocks(layers: Layers, before: Neighbours, barred: set[tuple[int, int]]) -> list[int]:
    """Return for every number the root of its block: the chain of middle neighbours that it is aligned with."""
    root = list(range(len(before)))
    place = [0] * len(before)
    taken = [False] * len(before)
    for layer in layers:
        last = -1
        for index, box in enumerate(layer):
            place[box] = index
            near = before[box]
            if len(near) > 1:
                near = sorted(near, key=place.__getitem__)
                near = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
            for other in near:
                if not taken[other] and last < place[other] and (other, box) not in barred:
                    taken[other] = True
                    root[box] = root[other]
                    last = place[other]
                    break
    return root


def _pack(root: list[int], spaces: Spaces) -> list[float]:
    """Give each block the smallest x, then pull it right where there is room."""
    before: dict[int, dict[int, float]] = {block: {} for block in root}
    after: dict[int, dict[int, float]] = {block: {} for block in root}
    for (left, right), space in spaces.items():
        a, b = root[left], root[right]
        if space > before[b].get(a, -1.0):
            before[b][a] = after[a][b] = space
    waiting = {block: len(others) for block, others in before.items()}
    order = [block for block, missing in waiting.items() if not missing]
    at: dict[int, float] = {}
    for block in order:  # grows while it is read
        at[block] = max([at[other] + space for other, space in before[block].items()], default=0.0)
        for other in after[block]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if after[block]:
            at[block] = max(at[block], min([at[other] - space for other, space in after[block].items()]))
    return [at[block] for block in root]
