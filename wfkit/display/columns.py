"""Which x each box gets: long edges straight, boxes in the middle of what they lead to.

The way of Brandes and Koepf: chains of boxes and dummies are aligned into vertical blocks from each of four corners,
the blocks are packed, and the mean of the two middle results is taken. Then blocks are moved towards their neighbours
as far as the room around them allows.
"""

from __future__ import annotations

from itertools import pairwise

from wfkit.display.order import Layers, Neighbours

BOX_GAP = 44.0
DUMMY_GAP = 26.0
LOOP_ROOM = 34.0
POLISH = 8


def place(layers: Layers, up: Neighbours, down: Neighbours, widths: list[float], loops: set[int]) -> list[float]:
    """Return x, the middle, for every box and dummy.

    Args:
        layers: sorted layers; numbers from `len(widths)` on are dummies.
        up: for each number its neighbours in the layer above.
        down: for each number its neighbours in the layer below.
        widths: of the boxes.
        loops: boxes that need room on their right side for an edge to themselves.
    """
    boxes, count = len(widths), len(up)
    half = [width / 2 for width in widths] + [0.0] * (count - boxes)

    def apart(left: int, right: int) -> float:
        gap = BOX_GAP if left < boxes and right < boxes else DUMMY_GAP
        return half[left] + half[right] + gap + (LOOP_ROOM if left in loops else 0.0)

    spaces = {(a, b): apart(a, b) for layer in layers for a, b in pairwise(layer)}
    conflicts = _conflicts(layers, up, boxes)
    candidates = [
        _align_from(layers, up, down, conflicts, spaces, upwards, leftwards)
        for upwards in (False, True)
        for leftwards in (False, True)
    ]
    xs = _combine(candidates)
    _polish(layers, up, down, boxes, spaces, xs)
    low = min(xs)
    return [float(round(x - low)) for x in _spread(layers, spaces, xs)]


def _conflicts(layers: Layers, up: Neighbours, boxes: int) -> set[tuple[int, int]]:
    """Return edges that cross the inner part of a long one: these give way, so that long edges stay straight."""
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


def _align_from(
    layers: Layers,
    up: Neighbours,
    down: Neighbours,
    conflicts: set[tuple[int, int]],
    spaces: dict[tuple[int, int], float],
    upwards: bool,
    leftwards: bool,
) -> list[float]:
    """Align and pack from one corner; `leftwards` works on the mirror image and mirrors back."""
    ordered = [list(reversed(layer)) if leftwards else layer for layer in (reversed(layers) if upwards else layers)]
    place = [0] * len(up)
    for layer in ordered:
        for index, box in enumerate(layer):
            place[box] = index
    root = _align(ordered, down if upwards else up, place, conflicts, upwards)
    xs = _pack(ordered, root, spaces, leftwards)
    return [-x for x in xs] if leftwards else xs


def _align(
    ordered: Layers, towards: Neighbours, place: list[int], conflicts: set[tuple[int, int]], upwards: bool
) -> list[int]:
    """Return for every number the root of its block: the chain of middle neighbours that it is aligned with."""
    root = list(range(len(towards)))
    taken = [False] * len(towards)
    for layer in ordered:
        last = -1
        for box in layer:
            near = sorted(towards[box], key=place.__getitem__)
            if not near:
                continue
            middle = (len(near) - 1) / 2
            for other in dict.fromkeys((near[int(middle)], near[int(middle + 0.5)])):
                edge = (box, other) if upwards else (other, box)
                if not taken[other] and root[box] == box and last < place[other] and edge not in conflicts:
                    taken[other] = True
                    root[box] = root[other]
                    last = place[other]
    return root


def _pack(ordered: Layers, root: list[int], spaces: dict[tuple[int, int], float], mirrored: bool) -> list[float]:
    """Give each block the smallest x, then pull it right where there is room."""
    before: dict[int, dict[int, float]] = {block: {} for block in root}
    after: dict[int, dict[int, float]] = {block: {} for block in root}
    for layer in ordered:
        for left, right in pairwise(layer):
            space = spaces[right, left] if mirrored else spaces[left, right]
            a, b = root[left], root[right]
            if space > before[b].get(a, -1.0):
                before[b][a] = after[a][b] = space
    waiting = {block: len(others) for block, others in before.items()}
    order = [block for block, missing in waiting.items() if not missing]
    at: dict[int, float] = {}
    for block in order:  # grows while it is read
        at[block] = max((at[other] + space for other, space in before[block].items()), default=0.0)
        for other in after[block]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if after[block]:
            at[block] = max(at[block], min(at[other] - space for other, space in after[block].items()))
    return [at[block] for block in root]


def _combine(candidates: list[list[float]]) -> list[float]:
    """Shift all candidates to the narrowest one and take the mean of the two middle values."""
    narrow = min(candidates, key=lambda xs: max(xs) - min(xs))
    shifted = []
    for index, xs in enumerate(candidates):
        mirrored = index % 2 == 1
        shift = max(narrow) - max(xs) if mirrored else min(narrow) - min(xs)
        shifted.append([x + shift for x in xs])
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*shifted, strict=True)]


def _spread(layers: Layers, spaces: dict[tuple[int, int], float], xs: list[float]) -> list[float]:
    """Keep neighbours apart whatever the averaging and rounding did: whole numbers, never closer than allowed."""
    for layer in layers:
        for left, right in pairwise(layer):
            xs[right] = max(xs[right], xs[left] + spaces[left, right])
    return xs


def _polish(
    layers: Layers,
    up: Neighbours,
    down: Neighbours,
    boxes: int,
    spaces: dict[tuple[int, int], float],
    xs: list[float],
) -> None:
    """Move blocks, then single boxes, to the middle of their neighbours, as far as there is room."""
    if len(xs) > 6_000:
        return
    beside: list[tuple[int, int]] = [(-1, -1)] * len(xs)
    for layer in layers:
        for index, box in enumerate(layer):
            beside[box] = (layer[index - 1] if index else -1, layer[index + 1] if index + 1 < len(layer) else -1)
    for turn in range(POLISH):
        for whole in (True, False):
            for block in _blocks(layers, down, boxes, xs, whole, turn % 2 == 1):
                _move(block, up, down, boxes, beside, spaces, xs)


def _blocks(
    layers: Layers, down: Neighbours, boxes: int, xs: list[float], whole: bool, upwards: bool
) -> list[list[int]]:
    """Return what moves together: aligned dummies always, boxes aligned with them only if `whole`."""
    seen = [False] * len(xs)
    blocks = []
    for layer in layers:
        for box in layer:
            if seen[box]:
                continue
            block, frontier = [], [box]
            seen[box] = True
            while frontier:
                member = frontier.pop()
                block.append(member)
                for other in down[member]:
                    bound = whole or (member >= boxes and other >= boxes)
                    if bound and not seen[other] and abs(xs[other] - xs[member]) < 0.01:
                        seen[other] = True
                        frontier.append(other)
            blocks.append(block)
    return blocks[::-1] if upwards else blocks


def _move(
    block: list[int],
    up: Neighbours,
    down: Neighbours,
    boxes: int,
    beside: list[tuple[int, int]],
    spaces: dict[tuple[int, int], float],
    xs: list[float],
) -> None:
    members = set(block)
    least, most = -1e9, 1e9
    pulls: list[tuple[float, float]] = []
    for member in block:
        left, right = beside[member]
        if left >= 0 and left not in members:
            least = max(least, xs[left] + spaces[left, member] - xs[member])
        if right >= 0 and right not in members:
            most = min(most, xs[right] - spaces[member, right] - xs[member])
        for other in up[member]:
            if other not in members:
                pulls.append((xs[other] - xs[member], _weight(other, member, up, down, boxes)))
        for other in down[member]:
            if other not in members:
                pulls.append((xs[other] - xs[member], _weight(member, other, up, down, boxes)))
    if pulls and least <= most:
        shift = min(max(_middle(pulls), least), most)
        for member in block:
            xs[member] += shift


def _weight(above: int, below: int, up: Neighbours, down: Neighbours, boxes: int) -> float:
    """Say how much it matters that a link is straight: most inside long edges, then between two that only meet."""
    if above >= boxes and below >= boxes:
        return 8.0
    return 2.0 if len(down[above]) == 1 and len(up[below]) == 1 else 1.0


def _middle(pulls: list[tuple[float, float]]) -> float:
    """Return the weighted median; between two halves of the same weight, the point midway."""
    pulls.sort()
    half, seen = sum(weight for _, weight in pulls) / 2, 0.0
    for index, (value, weight) in enumerate(pulls):
        seen += weight
        if seen == half:
            return (value + pulls[index + 1][0]) / 2
        if seen > half:
            return value
    return pulls[-1][0]
