"""What became of one shape of a flow in a run: how it stands, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

TallyState: TypeAlias = Literal["queued", "held", "running", "waiting", "failed", "retried", "done", "cancelled"]

# In the order in which they are counted up beside each other; what goes on comes first.
TALLY_STATES: Final[tuple[TallyState, ...]] = (
    "running",
    "held",
    "waiting",
    "queued",
    "failed",
    "cancelled",
    "retried",
    "done",
)


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of a run at one shape.

    Attributes:
        state: what asks most for a look, None if nothing is to be said.
        idle: whether nothing of the run has come there.
        chips: for a step, how many deliveries are how: (state, number), only numbers above 0.
        sent: for an event type, how many of it were sent.
    """

    state: TallyState | None = None
    idle: bool = True
    chips: tuple[tuple[TallyState, int], ...] = ()
    sent: int = 0
