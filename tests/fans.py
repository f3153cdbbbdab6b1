"""What the tests of lists and joins share: a few events, a policy, and a flow that squares numbers."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.flows import Left, Right
from wfkit import Event, StartEvent, StopEvent, Workflow, step


class Task(Event):
    """Work."""

    n: int


class Done(Event):
    """What became of it."""

    n: int


class Special(Done):
    """A Done of another class."""


class Total(Event):
    """What became of many."""

    n: int


class Report(Event):
    """In words."""

    text: str


class Round(Event):
    """A round begins."""

    n: int


def numbers(events: list[Any]) -> list[int]:
    """Return the number of each event."""
    return [event.n for event in events]


class Squares(Workflow):
    """Squares `count` numbers; number n takes `delays[n]` seconds."""

    @step
    async def split(self, ev: StartEvent) -> list[Task]:
        return [Task(n=n, delay=ev.get("delays", {}).get(n)) for n in range(ev.count)]

    @step
    async def work(self, ev: Task) -> Done:
        if ev.get("delay") is not None:
            await asyncio.sleep(ev.delay)
        return Done(n=ev.n**2)

    @step
    async def gather(self, dones: list[Done]) -> StopEvent:
        return StopEvent(result=numbers(dones))


class Again:
    """Allows three attempts, two seconds apart."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 2.0 if attempts < 3 else None


class Third(Event):
    """A third part."""


class Fourth(Event):
    """A fourth part."""


def after(start: StartEvent, name: str) -> Any:
    """Sleep as long as the start event says for a name."""
    return asyncio.sleep(start.get("delays", {}).get(name, 0))


class Parts(Workflow):
    """Makes four parts, each in its own time."""

    @step
    async def make_left(self, ev: StartEvent) -> Left:
        await after(ev, "left")
        return Left(text="left")

    @step
    async def make_right(self, ev: StartEvent) -> Right:
        await after(ev, "right")
        return Right(text="right")

    @step
    async def make_third(self, ev: StartEvent) -> Third:
        await after(ev, "third")
        return Third(text="third")

    @step
    async def make_fourth(self, ev: StartEvent) -> Fourth:
        await after(ev, "fourth")
        return Fourth(text="fourth")


class Two(Parts):
    """Joins two of them."""

    @step
    async def make_third(self, ev: StartEvent) -> None: ...  # type: ignore[override]

    @step
    async def make_fourth(self, ev: StartEvent) -> None: ...  # type: ignore[override]

    @step
    async def join(self, left: Left, right: Right) -> StopEvent:
        return StopEvent(result=[left.text, right.text])


class Scoped(Workflow):
    """Every task makes a left and a right; they are joined and gathered."""

    @step
    async def split(self, ev: StartEvent) -> list[Task]:
        return [Task(n=n) for n in range(ev.count)]

    @step(num_workers=8)
    async def left(self, ev: Task) -> Left:
        await asyncio.sleep(ev.n)
        return Left(n=ev.n)

    @step(num_workers=8)
    async def right(self, ev: Task) -> Right:
        await asyncio.sleep(ev.n)
        return Right(n=ev.n)

    @step
    async def join(self, left: Left, right: Right) -> Done | None:
        await asyncio.sleep(0.5)
        return Done(n=left.n * 10 + right.n)

    @step
    async def gather(self, dones: list[Done]) -> StopEvent:
        return StopEvent(result=numbers(dones))
