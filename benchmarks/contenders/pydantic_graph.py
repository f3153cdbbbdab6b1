"""pydantic-graph: graphs put together by its builder."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import (
    PAUSE,
    Done,
    Message,
    Ping,
    Pong,
    Start,
    Stop,
    Work,
    hops,
)
from benchmarks.watch import Watch

api = import_module("pydantic_graph")


async def ping(ctx: Any) -> Ping:
    return Ping(n=ctx.inputs.n + 1)


def rally(n: int) -> Any:
    """Build the loop of two steps."""

    async def pong(ctx: Any) -> Pong | Stop:
        thrown = ctx.inputs.n + 1
        return Pong(n=thrown) if thrown < n else Stop(n=thrown)

    builder = api.GraphBuilder(input_type=Pong, output_type=Stop)
    first = builder.step(ping, node_id="ping")
    second = builder.step(pong, node_id="pong")
    again = builder.match(Pong).to(first)
    enough = builder.match(Stop).to(builder.end_node)
    builder.add(
        builder.edge_from(builder.start_node).to(first),
        builder.edge_from(first).to(second),
        builder.edge_from(second).to(builder.decision().branch(again).branch(enough)),
    )
    return builder.build()


async def loop(n: int, watch: Watch) -> int:
    graph = rally(n)
    with watch:
        return int((await graph.run(inputs=Pong(n=0))).n)


def hop(following: type[Message]) -> Any:
    """Return a step that passes the event on as another type."""

    async def body(ctx: Any) -> Message:
        return following(n=ctx.inputs.n + 1)

    return body


def row(steps: int) -> Any:
    """Build steps in a row."""
    builder = api.GraphBuilder(input_type=Start, output_type=Stop)
    before = builder.start_node
    for i, following in enumerate(hops(steps)):
        node = builder.step(hop(following), node_id=f"step{i}")
        builder.add_edge(before, node)
        before = node
    builder.add_edge(before, builder.end_node)
    return builder.build()


async def run_row(graph: Any) -> int:
    return int((await graph.run(inputs=Start(n=0))).n)


async def chain(n: int, watch: Watch) -> int:
    graph = row(10)
    with watch:
        return sum([await run_row(graph) for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    graph = row(3)
    with watch:
        return sum(await asyncio.gather(*[run_row(graph) for _ in range(n)]))


async def spread(n: int, watch: Watch, pause: float) -> int:
    """Map n items over a step and join what comes back."""

    async def send(ctx: Any) -> list[Work]:
        return [Work(n=i) for i in range(n)]

    async def work(ctx: Any) -> Done:
        await asyncio.sleep(pause)
        return Done(n=ctx.inputs.n * 2)

    async def total(ctx: Any) -> Stop:
        return Stop(n=sum(ev.n for ev in ctx.inputs))

    builder = api.GraphBuilder(input_type=Start, output_type=Stop)
    sender = builder.step(send, node_id="send")
    worker = builder.step(work, node_id="work")
    joined = builder.join(api.reduce_list_append, initial_factory=list[Done])
    summed = builder.step(total, node_id="total")
    builder.add(
        builder.edge_from(builder.start_node).to(sender),
        builder.edge_from(sender).map().to(worker),
        builder.edge_from(worker).to(joined),
        builder.edge_from(joined).to(summed),
        builder.edge_from(summed).to(builder.end_node),
    )
    graph = builder.build()
    with watch:
        return int((await graph.run(inputs=Start(n=0))).n)


async def fanout(n: int, watch: Watch) -> int:
    return await spread(n, watch, 0)


async def fanout_waits(n: int, watch: Watch) -> int:
    return await spread(n, watch, PAUSE)


CASES: dict[str, Case] = {
    "loop": loop,
    "chain": chain,
    "concurrent": concurrent,
    "fanout": fanout,
    "fanout-hoisted": fanout,
    "fanout-waits": fanout_waits,
}

REDUCED = {"loop": 1000, "chain": 50, "concurrent": 200, "fanout": 500, "fanout-hoisted": 500}

CONTENDER = Contender(
    "pydantic-graph",
    CASES,
    distribution="pydantic-graph",
    imports="from pydantic_graph import GraphBuilder",
    reduced=REDUCED,
    note="no limit on the items in work at once",
)
