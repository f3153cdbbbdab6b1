"""A scope: what came of one list that a step returned, until nothing in it is at work any more."""

from __future__ import annotations

from collections.abc import Mapping

from wfkit.collecting import Item

Recoveries = Mapping[str, int]  # how many failures each error handler has taken, on the way to here


class Scope:
    """One returned list and all that comes of it.

    Attributes:
        id: lineage number of the delivery that returned the list, stirred.
        source: index of the step that returned it.
        parent: the scope around it, None outside of all.
        live: how many deliveries and inner scopes are in it; at 0 it closes.
        closed: whether it has. What a task sends that a step left behind belongs to the scope around.
        members: for each gathering step what it has got so far.
        fired: gathering steps that have been called already.
        recoveries: what the failures on the way to it have used up.
    """

    __slots__ = ("closed", "fired", "id", "live", "members", "parent", "recoveries", "source")

    def __init__(self, id: int, source: int, parent: Scope | None, recoveries: Recoveries | None = None) -> None:
        self.id = id
        self.source = source
        self.parent = parent
        self.live = 0
        self.closed = False
        self.members: dict[int, list[Item]] = {}
        self.fired: set[int] = set()
        self.recoveries = recoveries

    @property
    def open(self) -> Scope | None:
        """This scope, or the nearest around it that is not closed."""
        scope: Scope | None = self
        while scope is not None and scope.closed:
            scope = scope.parent
        return scope


def merged(*several: Recoveries | None) -> Recoveries | None:
    """Put together what the failures on several ways have used up: the most of each handler."""
    most: dict[str, int] = {}
    for recoveries in several:
        for handler, count in (recoveries or {}).items():
            most[handler] = max(count, most.get(handler, 0))
    return most or None
