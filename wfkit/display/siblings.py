"""Executions that stand side by side and tell the same story: many of them are drawn as one.

A fan-out of a hundred is a hundred executions of one step, all sent by the same. What came of them is alike, too, so
the next step's executions fold with them, and so on down to where they are gathered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from wfkit.display.words import TIMES
from wfkit.history import Execution, Passage
from wfkit.standing import State

MOST_SIBLINGS = 8
ROUNDS = 40  # how many steps below a fan-out fold with it
# What a folded shape shows: the state that asks most for a look.
_WEIGHT: tuple[State, ...] = ("failed", "held", "running", "waiting", "cancelled", "done")


@dataclass(slots=True)
class Siblings:
    """Executions of one step that are drawn as one.

    Attributes:
        id: unique among executions and siblings.
        members: in the order in which they started.
    """

    id: str
    members: list[Execution]

    @property
    def state(self) -> State:
        """The state of one of them that asks most for a look."""
        return next(state for state in _WEIGHT if any(member.state == state for member in self.members))

    @property
    def note(self) -> str:
        """How many are how."""
        counts = Counter(member.state for member in self.members)
        return ", ".join(f"{counts[state]:,} {state}" for state in reversed(_WEIGHT) if counts[state])


def fold_siblings(executions: Iterable[Execution], passages: Iterable[Passage]) -> dict[int, Siblings]:
    """Return for each execution that is not drawn alone those it is drawn with, by the execution's identity.

    Args:
        executions: all of a run.
        passages: its events.
    """
    alone = list(executions)
    senders: dict[int, set[int]] = {id(execution): set() for execution in alone}
    for passage in passages:
        for taker in passage.takers:
            senders[id(taker)].add(-1 if passage.sender is None else id(passage.sender))
    folded: dict[int, Siblings] = {}
    for _ in range(ROUNDS):
        groups: dict[tuple[str, frozenset[object]], list[Execution]] = {}
        for execution in alone:
            above = frozenset(folded[key].id if key in folded else key for key in senders[id(execution)])
            if above:
                groups.setdefault((execution.step, above), []).append(execution)
        many = [group for group in groups.values() if len(group) > MOST_SIBLINGS]
        if not many:
            break
        for group in many:
            first = group[0]
            siblings = Siblings(f"{first.step} #{first.number} {TIMES}{len(group)}", group)
            folded |= {id(member): siblings for member in group}
        alone = [execution for execution in alone if id(execution) not in folded]
    return folded
