"""The events of the contenders that bring none of their own, and the constants that all share.

Every event carries one int, in every contender.
"""

from __future__ import annotations

from pydantic import BaseModel, create_model

WORKERS = 64
"""How many items of a fan-out may be in work at once."""

PAUSE = 0.01
"""Seconds that an item waits in the workload of real waits."""

KEYS = 1000
"""How many keys the store holds. Filling them is part of the measured time, in every contender."""


class Message(BaseModel):
    """What all of them carry."""

    n: int


class Start(Message):
    pass


class Stop(Message):
    pass


class Ping(Message):
    pass


class Pong(Message):
    pass


class Link(Message):
    pass


class Work(Message):
    pass


class Done(Message):
    pass


class Note(Message):
    pass


class Question(Message):
    pass


class Answer(Message):
    pass


LINKS = tuple(create_model(f"Link{i}", __base__=Link) for i in range(9))
"""One event type per hop of a chain, for contenders that route by type."""


def hops(steps: int) -> list[type[Message]]:
    """Return what each step of a chain gives."""
    return [*LINKS[: steps - 1], Stop]
