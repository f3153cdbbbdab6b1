"""Which layer each box stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wfkit.display.simplex import Simplex

Edge = tuple[int, int]

# A move costs the simplex about a third of a microsecond for each edge; big graphs get fewer moves.
MOVES = 20_000


def components(count: int, edges: Iterable[Edge]) -> list[list[int]]:
    """Return the connected pieces of a graph, each in ascending order, sorted by their first members."""
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        neighbours[source].append(target)
        neighbours[target].append(source)
    seen = [False] * count
    pieces = []
    for first in range(count):
        if seen[first]:
            continue
        seen[first] = True
        piece, frontier = [], [first]
        while frontier:
            box = frontier.pop()
            piece.append(box)
            for other in neighbours[box]:
                if not seen[other]:
                    seen[other] = True
                    frontier.append(other)
        pieces.append(sorted(piece))
    return pieces


def find_back_edges(count: int, edges: Sequence[Edge]) -> set[Edge]:
    """Return edges whose reversal leaves no cycle: those that lead back to a box still being explored.

    The exploration is depth first, from the boxes that nothing leads to and then in the order given, so what comes
    first in a flow stays on top. Of the two orders in which the edges of a box can be gone through, that is taken
    which turns fewer edges.
    """
    found = _explore(count, edges)
    other = _explore(count, edges[::-1]) if len(found) > 1 else found
    return min(found, other, key=len)


def _explore(count: int, edges: Sequence[Edge]) -> set[Edge]:
    following: list[list[int]] = [[] for _ in range(count)]
    has_source = [False] * count
    for source, target in edges:
        following[source].append(target)
        has_source[target] = True
    state = [0] * count  # 0 not seen, 1 being explored, 2 done
    back: set[Edge] = set()
    for root in [*(box for box in range(count) if not has_source[box]), *range(count)]:
        if state[root]:
            continue
        state[root] = 1
        path = [(root, iter(following[root]))]
        while path:
            box, rest = path[-1]
            target = next(rest, -1)
            if target < 0:
                state[box] = 2
                path.pop()
            elif state[target] == 1:
                back.add((box, target))
            elif state[target] == 0:
                state[target] = 1
                path.append((target, iter(following[target])))
    return back


def rank(count: int, edges: Sequence[Edge]) -> list[int]:
    """Give each box a layer so that every edge leads downwards, and edges are short.

    First the longest path from above; then boxes slide towards where most of their edges go. What is left to gain,
    groups of boxes that have to move together, the network simplex finds.

    Args:
        count: number of boxes.
        edges: without cycles.
    """
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    order = _topological(count, above, below)
    ranks = [0] * count
    for box in order:
        ranks[box] = max((ranks[other] + 1 for other in above[box]), default=0)
    for _ in range(4):
        moved = _slide(list(reversed(order)), above, below, ranks)
        moved |= _slide(order, above, below, ranks)
        if not moved:
            break
    if len(edges) >= count:  # of a tree sliding has found the best
        Simplex(ranks, edges, [1] * len(edges), [1.0] * len(edges)).run(MOVES // len(edges))
    lowest = min(ranks)
    return [found - lowest for found in ranks]


def _topological(count: int, above: list[list[int]], below: list[list[int]]) -> list[int]:
    missing = [len(others) for others in above]
    order = [box for box in range(count) if not missing[box]]
    for box in order:  # grows while it is read
        for other in below[box]:
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    return order


def _slide(order: list[int], above: list[list[int]], below: list[list[int]], ranks: list[int]) -> bool:
    """Move each box as far as it may go in the direction in which it has more edges."""
    moved = False
    for box in order:
        pull = len(below[box]) - len(above[box])
        if pull > 0:
            wanted = min(ranks[other] for other in below[box]) - 1
        elif pull < 0:
            wanted = max(ranks[other] for other in above[box]) + 1
        else:
            continue
        if wanted != ranks[box]:
            ranks[box] = wanted
            moved = True
    return moved
