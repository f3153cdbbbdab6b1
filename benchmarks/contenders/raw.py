"""Raw: what one writes by hand around some coroutines, and the reference that all ratios are taken to.

Per step an asyncio.Queue and its worker tasks, per run a future for the result, events told apart by type in a dict.
A run has its own queues and workers, brought up and sent home within the measured part, because a run of an engine has
its own as well. There is no timeout, no record of what happened and no store beyond a dict with a lock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import (
    KEYS,
    LINKS,
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

Body = Callable[[Any], Awaitable[BaseModel | None]]
"""What a step does with an event."""


class Crew:
    """One run: the queues of the steps, the workers that serve them, and the result."""

    def __init__(self, steps: Mapping[type[BaseModel], tuple[Body, int]]) -> None:
        loop = asyncio.get_running_loop()
        self.queues: dict[type[BaseModel], asyncio.Queue[Any]] = {}
        self._result: asyncio.Future[int] = loop.create_future()
        self._workers: list[tuple[asyncio.Queue[Any], asyncio.Task[None]]] = []
        for kind, (body, workers) in steps.items():
            queue = self.queues[kind] = asyncio.Queue()
            for _ in range(workers):
                self._workers.append((queue, loop.create_task(self._serve(queue, body))))

    def send(self, ev: BaseModel) -> None:
        """Put an event into the queue of the step that takes it."""
        self.queues[type(ev)].put_nowait(ev)

    async def run(self, first: BaseModel) -> int:
        """Send the first event, wait for the result, and send the workers home."""
        self.send(first)
        try:
            return await self._result
        finally:
            # Half as dear as cancelling them; no worker is busy at the end of these workloads.
            for queue, _ in self._workers:
                queue.put_nowait(None)

    async def _serve(self, queue: asyncio.Queue[Any], body: Body) -> None:
        try:
            while (ev := await queue.get()) is not None:
                out = await body(ev)
                if isinstance(out, Stop):
                    self._result.set_result(out.n)
                elif out is not None:
                    self.send(out)
        except Exception as error:
            if not self._result.done():
                self._result.set_exception(error)


async def ping(ev: Pong) -> Ping:
    return Ping(n=ev.n + 1)


async def pong(n: int, ev: Ping) -> Pong | Stop:
    return Pong(n=ev.n + 1) if ev.n + 1 < n else Stop(n=ev.n + 1)


async def loop(n: int, watch: Watch) -> int:
    with watch:
        crew = Crew({Pong: (ping, 1), Ping: (partial(pong, n), 1)})
        return await crew.run(Pong(n=0))


async def begin(ev: Start) -> Link:
    return LINKS[0](n=ev.n + 1)


async def link(following: type[Link], ev: Link) -> Link:
    return following(n=ev.n + 1)


async def end(ev: Link) -> Stop:
    return Stop(n=ev.n + 1)


def chain_steps(steps: int) -> dict[type[BaseModel], tuple[Body, int]]:
    """Return a table of steps in a row."""
    table: dict[type[BaseModel], tuple[Body, int]] = {Start: (begin, 1)}
    taken = LINKS[: steps - 1]
    for kind, following in pairwise(taken):
        table[kind] = (partial(link, following), 1)
    table[taken[-1]] = (end, 1)
    return table


async def chain(n: int, watch: Watch) -> int:
    steps = chain_steps(10)
    with watch:
        return sum([await Crew(steps).run(Start(n=0)) for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    steps = chain_steps(3)
    with watch:
        return sum(await asyncio.gather(*[Crew(steps).run(Start(n=0)) for _ in range(n)]))


async def spread(n: int, pause: float) -> int:
    """Send n items to 64 workers and collect what comes back."""
    done: list[Done] = []

    async def start(ev: Start) -> None:
        for i in range(n):
            crew.send(Work(n=i))

    async def work(ev: Work) -> Done:
        await asyncio.sleep(pause)
        return Done(n=ev.n * 2)

    async def collect(ev: Done) -> Stop | None:
        done.append(ev)
        return Stop(n=sum(each.n for each in done)) if len(done) == n else None

    crew = Crew({Start: (start, 1), Work: (work, WORKERS), Done: (collect, 1)})
    return await crew.run(Start(n=0))


async def fanout(n: int, watch: Watch) -> int:
    with watch:
        return await spread(n, 0)


async def fanout_waits(n: int, watch: Watch) -> int:
    with watch:
        return await spread(n, PAUSE)


async def stream(n: int, paced: bool) -> int:
    """Write n notes to a queue and read them on the other side."""
    queue: asyncio.Queue[Note | None] = asyncio.Queue()

    async def write(ev: Start) -> Stop:
        for i in range(n):
            queue.put_nowait(Note(n=i))
            if paced:
                await asyncio.sleep(0)
        queue.put_nowait(None)
        return Stop(n=n)

    run = asyncio.get_running_loop().create_task(Crew({Start: (write, 1)}).run(Start(n=0)))
    total = 0
    while (note := await queue.get()) is not None:
        total += note.n
    await run
    return total


async def stream_burst(n: int, watch: Watch) -> int:
    with watch:
        return await stream(n, paced=False)


async def stream_paced(n: int, watch: Watch) -> int:
    with watch:
        return await stream(n, paced=True)


class Store:
    """A dict behind a lock."""

    def __init__(self) -> None:
        self.state: dict[str, int] = {}
        self.lock = asyncio.Lock()

    async def fill(self) -> None:
        async with self.lock:
            for i in range(KEYS):
                self.state[f"key{i}"] = i
            self.state["x"] = 0

    async def set(self, key: str, value: int) -> None:
        async with self.lock:
            self.state[key] = value

    async def get(self, key: str) -> int:
        async with self.lock:
            return self.state[key]


async def store_set_get(n: int, watch: Watch) -> int:
    store = Store()

    async def use(ev: Start) -> Stop:
        await store.fill()
        total = 0
        for i in range(n):
            await store.set("x", i)
            total += await store.get("x")
        return Stop(n=total)

    with watch:
        return await Crew({Start: (use, 1)}).run(Start(n=0))


async def store_edit(n: int, watch: Watch) -> int:
    store = Store()

    async def use(ev: Start) -> Stop:
        await store.fill()
        for _ in range(n):
            async with store.lock:
                store.state["x"] += 1
        return Stop(n=store.state["x"])

    with watch:
        return await Crew({Start: (use, 1)}).run(Start(n=0))


def dump(events: Iterable[BaseModel]) -> str:
    """Write events as JSON, each with the name of its type."""
    return json.dumps([(type(ev).__name__, ev.model_dump(mode="json")) for ev in events])


def load(text: str, kinds: Mapping[str, type[BaseModel]]) -> asyncio.Queue[BaseModel]:
    """Read what dump() wrote into a new queue."""
    queue: asyncio.Queue[BaseModel] = asyncio.Queue()
    for kind, data in json.loads(text):
        queue.put_nowait(kinds[kind].model_validate(data))
    return queue


def peek(queue: asyncio.Queue[Any]) -> Iterable[BaseModel]:
    """Look at what waits in a queue; asyncio has no public way."""
    waiting: Iterable[BaseModel] = queue._queue  # type: ignore[attr-defined]
    return waiting


async def round_trip(n: int, watch: Watch) -> int:
    queue: asyncio.Queue[BaseModel] = asyncio.Queue()
    for i in range(n):
        queue.put_nowait(Work(n=i))
    with watch:
        restored = load(dump(peek(queue)), {"Work": Work})
    return sum(ev.n for ev in peek(restored) if isinstance(ev, Work))


async def snapshot(n: int, watch: Watch) -> int:
    held: list[Ping] = []
    reached, go = asyncio.Event(), asyncio.Event()

    async def pong_or_hold(ev: Ping) -> Pong | Stop:
        if ev.n + 1 < n:
            return Pong(n=ev.n + 1)
        held.append(ev)
        reached.set()
        await go.wait()
        return Stop(n=ev.n + 1)

    crew = Crew({Pong: (ping, 1), Ping: (pong_or_hold, 1)})
    run = asyncio.get_running_loop().create_task(crew.run(Pong(n=0)))
    await reached.wait()
    while watch.wants_more():
        with watch:
            dump([*held, *(ev for queue in crew.queues.values() for ev in peek(queue))])
    go.set()
    return await run


async def ask(n: int, watch: Watch) -> int:
    questions: asyncio.Queue[Question] = asyncio.Queue()
    answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def use(ev: Start) -> Stop:
        total = 0
        for i in range(n):
            questions.put_nowait(Question(n=i))
            total += (await answers.get()).n
        return Stop(n=total)

    with watch:
        run = asyncio.get_running_loop().create_task(Crew({Start: (use, 1)}).run(Start(n=0)))
        for _ in range(n):
            answers.put_nowait(Answer(n=(await questions.get()).n))
        return await run


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
    "round-trip": round_trip,
    "snapshot": snapshot,
    "ask": ask,
}

CONTENDER = Contender("raw", CASES, imports="import asyncio; from pydantic import BaseModel")
