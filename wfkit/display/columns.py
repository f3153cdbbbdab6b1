"""Which x each box gets: long edges straight, boxes in the middle of what they lead to, everything close together.

From a first alignment on, things move towards what they hang together with, as far as the room around them allows; and
the network simplex finds what is left to gain.
"""

from __future__ import annotations

from itertools import pairwise

from wfkit.display.align import Spaces, align
from wfkit.display.order import Layers, Neighbours
from wfkit.display.simplex import Simplex
from wfkit.display.spacing import Spacing

# So many rounds of polishing at most; big graphs get fewer.
POLISH = 8
WORK = 10_000
# What the link between two boxes weighs that have no other on that side; usual links weigh 1.
STRONG = 2.0
# Boxes, dummies and links up to which the simplex has a go; each of its moves takes about a microsecond for each link.
SMALL = 900
MOVES = 100_000


class Columns:
    """Gives every box and dummy of sorted layers its x.

    By turns, aligned blocks move as one to the middle of what pulls at them, and all of a layer finds its best place
    while the other layers stay.

    Args:
        layers: sorted layers; numbers from `len(widths)` on are dummies.
        up: for each number its neighbours in the layer above.
        down: for each number its neighbours in the layer below.
        widths: of the boxes.
        loops: boxes that need room on their right side for an edge to themselves.
        spacing: how far things stand apart.

    Attributes:
        xs: the middle of every number; good after the first round, and as good as it gets after `finish`.
    """

    def __init__(
        self, layers: Layers, up: Neighbours, down: Neighbours, widths: list[float], loops: set[int], spacing: Spacing
    ) -> None:
        self.layers, self.up, self.down, self.boxes = layers, up, down, len(widths)
        self.spaces = _spaces(layers, len(up), widths, loops, spacing)
        self.xs = align(layers, up, down, self.boxes, self.spaces)
        self.links: list[list[tuple[int, float]]] = [[] for _ in up]
        for above, others in enumerate(down):
            for below in others:
                weight = self._weight(above, below)
                self.links[above].append((below, weight))
                self.links[below].append((above, weight))
        self.left, self.right = [-1] * len(up), [-1] * len(up)
        for a, b in self.spaces:
            self.left[b], self.right[a] = a, b
        self._polish()

    def finish(self) -> None:
        """Make it as good as it gets, in whole px."""
        if len(self.xs) + len(self.spaces) <= SMALL:
            self._tighten()
            self._polish()
        low = min(self.xs)
        for layer in self.layers:  # never closer than allowed, whatever the sums have rounded
            for a, b in pairwise(layer):
                self.xs[b] = max(self.xs[b], self.xs[a] + self.spaces[a, b])
        self.xs = [float(round(x - low)) for x in self.xs]

    def _polish(self) -> None:
        """Polish until nothing moves any more, or so many turns."""
        for turn in range(max(2, min(POLISH, WORK // len(self.xs)))):
            moved = False
            for least in (0.0, STRONG):
                for block in self._blocks(least, turn % 2 == 1):
                    moved |= self._move(block)
            for layer in self.layers if turn % 2 == 0 else reversed(self.layers):
                moved |= self._settle(layer)
            if not moved:
                return

    def _tighten(self) -> None:
        """Shorten the links as far as they go: that is a job for the simplex, with a thing of its own on each link."""
        edges, lengths, weights = list(self.spaces), list(self.spaces.values()), [0.0] * len(self.spaces)
        places = list(self.xs)
        for above, others in enumerate(self.links):
            for below, weight in others:
                if above < below:
                    edges += [(len(places), above), (len(places), below)]
                    weights += [weight, weight]
                    places.append(min(self.xs[above], self.xs[below]))
        lengths += [0.0] * (len(edges) - len(lengths))
        Simplex(places, edges, lengths, weights).run(MOVES // max(1, len(edges)))
        self.xs[:] = places[: len(self.xs)]

    def _weight(self, above: int, below: int) -> float:
        """Say how much it matters that a link is straight: most inside long edges, then between two that only meet."""
        if above >= self.boxes and below >= self.boxes:
            return 8.0
        return STRONG if len(self.down[above]) == 1 and len(self.up[below]) == 1 else 1.0

    def _blocks(self, least: float, upwards: bool) -> list[list[int]]:
        """Return what stands in a line and hangs together by links of at least some weight."""
        xs, links = self.xs, self.links
        seen = [False] * len(xs)
        blocks = []
        for layer in self.layers:
            for box in layer:
                if seen[box]:
                    continue
                seen[box] = True
                block = [box]
                for member in block:  # grows while it is read
                    for other, weight in links[member]:
                        if weight >= least and not seen[other] and abs(xs[other] - xs[member]) < 0.01:
                            seen[other] = True
                            block.append(other)
                blocks.append(block)
        return blocks[::-1] if upwards else blocks

    def _move(self, block: list[int]) -> bool:
        """Move a block to the middle of what pulls at it, or as far as the room around it allows."""
        xs, spaces = self.xs, self.spaces
        members = set(block)
        least, most = -1e9, 1e9
        pulls: list[tuple[float, float]] = []
        for member in block:
            x, left, right = xs[member], self.left[member], self.right[member]
            if left >= 0 and left not in members:
                least = max(least, xs[left] + spaces[left, member] - x)
            if right >= 0 and right not in members:
                most = min(most, xs[right] - spaces[member, right] - x)
            for other, weight in self.links[member]:
                if other not in members:
                    pulls.append((xs[other] - x, weight))
        if not pulls or least > most:
            return False
        shift = min(max(_middle(pulls), least), most)
        if abs(shift) < 0.01:
            return False
        for member in block:
            xs[member] += shift
        return True

    def _settle(self, layer: list[int]) -> bool:
        """Give a layer the places that suit its links best: who would overlap stands together and moves as one."""
        xs = self.xs
        groups: list[tuple[float, list[tuple[float, float]], int]] = []  # place, pulls, number of members
        offsets = [0.0]
        for a, b in pairwise(layer):
            offsets.append(offsets[-1] + self.spaces[a, b])
        for box, offset in zip(layer, offsets, strict=True):
            pulls = [(xs[other] - offset, weight) for other, weight in self.links[box]] or [(xs[box] - offset, 0.01)]
            at, size = _middle(pulls), 1
            while groups and groups[-1][0] >= at:
                _, others, count = groups.pop()
                pulls, size = others + pulls, size + count
                at = _middle(pulls)
            groups.append((at, pulls, size))
        moved = False
        places = [at for at, _, size in groups for _ in range(size)]
        for box, at, offset in zip(layer, places, offsets, strict=True):
            moved = moved or abs(xs[box] - at - offset) >= 0.01
            xs[box] = at + offset
        return moved


def _spaces(layers: Layers, count: int, widths: list[float], loops: set[int], spacing: Spacing) -> Spaces:
    """Return for neighbours in a layer how far their middles have to be apart."""
    boxes = len(widths)
    half = [width / 2 for width in widths] + [0.0] * (count - boxes)
    spaces: Spaces = {}
    for layer in layers:
        for a, b in pairwise(layer):
            gap = spacing.box if a < boxes and b < boxes else spacing.lane
            spaces[a, b] = half[a] + half[b] + gap + (spacing.loop if a in loops else 0.0)
    return spaces


def _middle(pulls: list[tuple[float, float]]) -> float:
    """Return the weighted median; between two halves of the same weight, the point midway."""
    if len(pulls) == 1:
        return pulls[0][0]
    pulls.sort()
    half, seen = sum([weight for _, weight in pulls]) / 2, 0.0
    for index, (value, weight) in enumerate(pulls):
        seen += weight
        if seen == half:
            return (value + pulls[index + 1][0]) / 2
        if seen > half:
            return value
    return pulls[-1][0]
