"""The network simplex of Gansner, Koutsofios, North and Vo, made short: the best places on a line, to the last px.

It improves places that a heuristic has found. Which layer a box stands in, and how far to the right, are both such
problems: things on a line that keep their distances, and links that pull like rubber bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Generic, TypeVar

Edge = tuple[int, int]
Number = TypeVar("Number", int, float)

TIGHT = 1e-6


class Simplex(Generic[Number]):
    """Moves groups of things until no group wants to move.

    A spanning tree of tight edges, which are as short as may be, stands for the places. Without one of its edges it
    falls apart in two. Where the edges between the parts pull them away from each other, one part moves until another
    edge is tight, and that edge takes the place of the first.

    Args:
        places: where each thing is; changed in place.
        edges: pairs of things, the lower first, that hang together as one graph.
        lengths: for each edge the least distance that it allows; `places` keep to it.
        weights: for each edge how strongly it pulls its ends together.
    """

    def __init__(
        self, places: list[Number], edges: Sequence[Edge], lengths: Sequence[Number], weights: Sequence[float]
    ) -> None:
        self._places: list[Number] = places
        self._edges: Sequence[Edge] = edges
        self._lengths: Sequence[Number] = lengths
        self._pulls = [0.0] * len(places)  # how strongly all edges together pull a thing to where they are long
        for (low, high), weight in zip(edges, weights, strict=True):
            self._pulls[low] += weight
            self._pulls[high] -= weight
        # For each thing its neighbours in the tree: whether they are the higher end, and the number of the edge.
        self._tree: list[dict[int, tuple[bool, int]]] = [{} for _ in places]

    def run(self, moves: int) -> None:
        """Move at most so many groups."""
        if moves > 0:
            self._grow_tree()
        for _ in range(moves):
            found = self._find_move()
            if found is None:
                return
            self._move(*found)

    def _slack(self, edge: int) -> Number:
        low, high = self._edges[edge]
        return self._places[high] - self._places[low] - self._lengths[edge]

    def _grow_tree(self) -> None:
        """Span the tree from the first thing on; where it cannot go on, what is not in it yet comes nearer."""
        places, edges, lengths = self._places, self._edges, self._lengths
        beside: list[list[int]] = [[] for _ in places]
        for edge, (low, high) in enumerate(edges):
            beside[low].append(edge)
            beside[high].append(edge)
        # Edges from the tree to higher and to lower things, the shortest first, and how far the others have come up.
        higher: list[tuple[Number, int]] = []
        lower: list[tuple[Number, int]] = []
        risen: Number = places[0] - places[0]
        spanned = [False] * len(places)
        thing = 0
        for _ in range(len(places) - 1):
            spanned[thing] = True
            for edge in beside[thing]:
                low, high = edges[edge]
                if not spanned[low] or not spanned[high]:
                    slack = places[high] - places[low] - lengths[edge]
                    heappush(higher if low == thing else lower, (slack, edge))
            while higher and spanned[edges[higher[0][1]][1]]:
                heappop(higher)
            while lower and spanned[edges[lower[0][1]][0]]:
                heappop(lower)
            if higher and (not lower or higher[0][0] + risen <= lower[0][0] - risen):
                slack, edge = heappop(higher)
                risen, thing = -slack, edges[edge][1]
            else:
                slack, edge = heappop(lower)
                risen, thing = slack, edges[edge][0]
            places[thing] += risen
            self._join(edge)

    def _join(self, edge: int) -> None:
        low, high = self._edges[edge]
        self._tree[low][high] = (True, edge)
        self._tree[high][low] = (False, edge)

    def _find_move(self) -> tuple[Edge, list[int], bool] | None:
        """Return the edge of the tree that holds most against its will, the group it holds, and whether up it goes."""
        tree = self._tree
        parent, order = [0] * len(tree), [0]
        for thing in order:  # grows while it is read
            for other in tree[thing]:
                if other != parent[thing]:
                    parent[other] = thing
                    order.append(other)
        pull = list(self._pulls)
        best, gain = -1, TIGHT
        for thing in reversed(order[1:]):
            above = parent[thing]
            found = pull[thing] if tree[above][thing][0] else -pull[thing]
            if found > gain:
                best, gain = thing, found
            pull[above] += pull[thing]
        if best < 0:
            return None
        holder = parent[best]
        group = [best]
        for thing in group:  # grows while it is read
            group += [other for other in tree[thing] if other != parent[thing]]
        return (holder, best), group, tree[holder][best][0]

    def _move(self, held: Edge, group: list[int], upwards: bool) -> None:
        """Move a group until another edge is tight, which then holds it."""
        members = set(group)
        inner, outer = (0, 1) if upwards else (1, 0)
        ways = [edge for edge, ends in enumerate(self._edges) if ends[inner] in members and ends[outer] not in members]
        edge = min(ways, key=self._slack)
        slack = self._slack(edge)
        for thing in group:
            self._places[thing] += slack if upwards else -slack
        del self._tree[held[0]][held[1]], self._tree[held[1]][held[0]]
        self._join(edge)
