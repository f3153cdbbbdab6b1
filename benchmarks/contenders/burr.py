"""burr: actions over an immutable state, run by its asynchronous application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from itertools import pairwise
from typing import Any

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import KEYS, Message, Note, Ping, Pong, Start, Stop, hops
from benchmarks.watch import Watch

core = import_module("burr.core")
action_api = import_module("burr.core.action")

Ball = core.action(reads=["ball"], writes=["ball"])


async def ping(state: Any) -> Any:
    return state.update(ball=Ping(n=state["ball"].n + 1))


async def pong(state: Any) -> Any:
    return state.update(ball=Pong(n=state["ball"].n + 1))


async def end(state: Any) -> Any:
    return state.update(ball=Stop(n=state["ball"].n))


async def loop(n: int, watch: Watch) -> int:
    app = (
        core.ApplicationBuilder()
        .with_actions(ping=Ball(ping), pong=Ball(pong), end=Ball(end))
        .with_transitions(("ping", "pong"), ("pong", "end", core.expr(f"ball.n >= {n}")), ("pong", "ping"))
        .with_state(ball=Pong(n=0))
        .with_entrypoint("ping")
        .build()
    )
    with watch:
        _, _, state = await app.arun(halt_after=["end"])
    return int(state["ball"].n)


def hop(following: type[Message]) -> Any:
    """Return an action that passes the event on as another type."""

    async def body(state: Any) -> Any:
        return state.update(ball=following(n=state["ball"].n + 1))

    return Ball(body)


def row(steps: int) -> Any:
    """Build the graph of steps in a row."""
    names = [f"step{i}" for i in range(steps)]
    actions = [hop(following) for following in hops(steps)]
    return (
        core.GraphBuilder()
        .with_actions(**dict(zip(names, actions, strict=True)))
        .with_transitions(*pairwise(names))
        .build()
    )


async def run_row(graph: Any, last: str) -> int:
    """Make an application, which is what a run is here, and run it."""
    builder = core.ApplicationBuilder().with_graph(graph).with_state(ball=Start(n=0))
    app = builder.with_entrypoint("step0").build()
    _, _, state = await app.arun(halt_after=[last])
    return int(state["ball"].n)


async def chain(n: int, watch: Watch) -> int:
    graph = row(10)
    with watch:
        return sum([await run_row(graph, "step9") for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    graph = row(3)
    with watch:
        return sum(await asyncio.gather(*[run_row(graph, "step2") for _ in range(n)]))


async def stream(n: int, watch: Watch, paced: bool) -> int:
    """Stream n notes out of one action."""

    async def write(state: Any) -> AsyncIterator[tuple[dict[str, Any], Any]]:
        for i in range(n):
            yield {"note": Note(n=i)}, None
            if paced:
                await asyncio.sleep(0)
        yield {"note": None}, state.update(note=None)

    app = (
        core.ApplicationBuilder()
        .with_actions(write=action_api.streaming_action(reads=[], writes=["note"])(write))
        .with_state(note=None)
        .with_entrypoint("write")
        .build()
    )
    total = 0
    with watch:
        _, container = await app.astream_result(halt_after=["write"])
        async for item in container:
            if item["note"] is not None:
                total += item["note"].n
    return total


async def stream_burst(n: int, watch: Watch) -> int:
    return await stream(n, watch, paced=False)


async def stream_paced(n: int, watch: Watch) -> int:
    return await stream(n, watch, paced=True)


async def store_set_get(n: int, watch: Watch) -> int:
    with watch:
        state = core.State({f"key{i}": i for i in range(KEYS)})
        total = 0
        for i in range(n):
            state = state.update(x=i)
            total += state["x"]
        return total


CASES: dict[str, Case] = {
    "loop": loop,
    "chain": chain,
    "concurrent": concurrent,
    "stream-burst": stream_burst,
    "stream-paced": stream_paced,
    "store-set-get": store_set_get,
}

REDUCED = {"loop": 1000, "chain": 20, "concurrent": 100}

CONTENDER = Contender(
    "burr",
    CASES,
    distribution="burr",
    imports="from burr.core import ApplicationBuilder",
    reduced=REDUCED,
    note="never gives way to other tasks while steps do not wait; no store, an immutable state",
)
