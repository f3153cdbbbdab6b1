"""Direct: the coroutines awaited one after another, the events built, nothing else. The lower bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import (
    KEYS,
    PAUSE,
    WORKERS,
    Answer,
    Done,
    Link,
    Note,
    Ping,
    Pong,
    Question,
    Start,
    Stop,
    Work,
)
from benchmarks.watch import Watch


async def ping(ev: Pong) -> Ping:
    return Ping(n=ev.n + 1)


async def pong(ev: Ping) -> Pong:
    return Pong(n=ev.n + 1)


async def loop(n: int, watch: Watch) -> int:
    with watch:
        ball = Pong(n=0)
        while ball.n < n:
            ball = await pong(await ping(ball))
        return ball.n


async def begin(ev: Start) -> Link:
    return Link(n=ev.n + 1)


async def link(ev: Link) -> Link:
    return Link(n=ev.n + 1)


async def end(ev: Link) -> Stop:
    return Stop(n=ev.n + 1)


async def run_chain(steps: int) -> int:
    ev = await begin(Start(n=0))
    for _ in range(steps - 2):
        ev = await link(ev)
    return (await end(ev)).n


async def chain(n: int, watch: Watch) -> int:
    with watch:
        return sum([await run_chain(10) for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    with watch:
        return sum(await asyncio.gather(*[run_chain(3) for _ in range(n)]))


async def work(ev: Work, pause: float) -> Done:
    await asyncio.sleep(pause)
    return Done(n=ev.n * 2)


async def share(items: Iterator[int], pause: float, done: list[Done]) -> None:
    for i in items:
        done.append(await work(Work(n=i), pause))


async def spread(n: int, pause: float) -> int:
    """Do n items in tasks that share one iterator."""
    items, done = iter(range(n)), list[Done]()
    await asyncio.gather(*[share(items, pause, done) for _ in range(WORKERS)])
    return sum(ev.n for ev in done)


async def fanout(n: int, watch: Watch) -> int:
    with watch:
        return await spread(n, 0)


async def fanout_waits(n: int, watch: Watch) -> int:
    with watch:
        return await spread(n, PAUSE)


async def notes(n: int, paced: bool) -> AsyncIterator[Note]:
    for i in range(n):
        yield Note(n=i)
        if paced:
            await asyncio.sleep(0)


async def stream_burst(n: int, watch: Watch) -> int:
    with watch:
        return sum([ev.n async for ev in notes(n, paced=False)])


async def stream_paced(n: int, watch: Watch) -> int:
    with watch:
        return sum([ev.n async for ev in notes(n, paced=True)])


async def store_set_get(n: int, watch: Watch) -> int:
    with watch:
        state = {f"key{i}": i for i in range(KEYS)}
        total = 0
        for i in range(n):
            state["x"] = i
            total += state["x"]
        return total


async def store_edit(n: int, watch: Watch) -> int:
    with watch:
        state = {f"key{i}": i for i in range(KEYS)}
        state["x"] = 0
        for _ in range(n):
            state["x"] += 1
        return state["x"]


async def reply(question: Question) -> Answer:
    return Answer(n=question.n)


async def ask(n: int, watch: Watch) -> int:
    with watch:
        return sum([(await reply(Question(n=i))).n for i in range(n)])


CASES: dict[str, Case] = {
    "loop": loop,
    "chain": chain,
    "concurrent": concurrent,
    "fanout": fanout,
    "fanout-hoisted": fanout,
    "fanout-waits": fanout_waits,
    "stream-burst": stream_burst,
    "stream-paced": stream_paced,
    "store-set-get": store_set_get,
    "store-edit": store_edit,
    "ask": ask,
}

IMPORTS = """\
import asyncio
from pydantic import BaseModel
class Event(BaseModel):
    n: int
"""

CONTENDER = Contender(
    "direct",
    CASES,
    imports=IMPORTS,
    note="never gives way to other tasks while steps do not wait; its import makes one event class",
)
