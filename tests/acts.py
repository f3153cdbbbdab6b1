"""What the puppets of `puppets.py` can be told to do, and what their workflows look like. No wfkit, no asyncio."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

SET = 2  # parts that `gather` collects
TIMEOUT = 50.0  # virtual seconds a run may take

Key: TypeAlias = tuple[str, int]  # a delivery: the step, and the number of the message
Fact: TypeAlias = tuple[Any, ...]


class Cast(NamedTuple):
    """The steps of a workflow.

    Attributes:
        taken_by: for each kind of message the steps that take it, in alphabetical order.
        workers: how many deliveries each step may work on at once.
        tried_again: the steps with a retry policy.
    """

    taken_by: dict[str, tuple[str, ...]]
    workers: dict[str, int]
    tried_again: frozenset[str]

    @property
    def addresses(self) -> list[tuple[str, str | None]]:
        """What can be sent: each kind of message, to all that take it or to one step."""
        kinds = sorted({*self.taken_by} - {"StartEvent"})
        return [(kind, step) for kind in kinds for step in (None, *self.taken_by[kind]) if step not in GATHERING]


GATHERING = {"join", "some", "whole"}  # steps that no message can be sent to alone
PLAIN = Cast(
    {
        "StartEvent": ("narrow",),
        "Task": ("narrow", "wide"),
        "Note": ("wide",),
        "Part": ("gather",),
        "Answer": (),
    },
    {"gather": 2, "narrow": 1, "wide": 2},
    frozenset({"gather", "wide"}),
)
LISTS = Cast(
    {
        **PLAIN.taken_by,
        "Order": ("split",),
        "Piece": ("work",),
        "Done": ("some", "whole"),
        "Left": ("join",),
        "Right": ("join",),
    },
    {**PLAIN.workers, "join": 2, "some": 1, "split": 2, "whole": 2, "work": 3},
    PLAIN.tried_again | {"split", "whole", "work"},
)
TAKE = {"some": 2, "whole": None}  # how many members of a group each of them waits for; None: all


class Message(NamedTuple):
    """An event: its kind, and a number that no other event has."""

    kind: str
    n: int


class Send(NamedTuple):
    """An act: the body sends a message."""

    message: Message
    only: str | None


class Show(NamedTuple):
    """An act: the body writes a message to the stream."""

    message: Message


class Wait(NamedTuple):
    """An act: the body waits for a message of a kind, some seconds at most."""

    kind: str
    seconds: float | None


class Gather(NamedTuple):
    """An act: the body collects its own event."""

    buffer: str


class Return(NamedTuple):
    """The body's last act. `items`: a list is returned, with these in it."""

    message: Message | None
    items: tuple[Message, ...] | None = None


class Fail(NamedTuple):
    """The last act of an attempt, with the seconds until the next one; None if there shall be none."""

    again: float | None


Act: TypeAlias = Send | Show | Wait | Gather
Verdict: TypeAlias = Act | Return | Fail
