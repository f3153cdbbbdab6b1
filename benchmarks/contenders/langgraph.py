"""langgraph: graphs over a shared state, without a checkpointer except where a person is asked."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, TypedDict

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import (
    PAUSE,
    WORKERS,
    Answer,
    Done,
    Message,
    Note,
    Ping,
    Pong,
    Question,
    Start,
    Stop,
    Work,
    hops,
)
from benchmarks.watch import Watch

graph_api = import_module("langgraph.graph")
types_api = import_module("langgraph.types")
config_api = import_module("langgraph.config")
memory_api = import_module("langgraph.checkpoint.memory")


class Rally(TypedDict):
    ball: Any


class Harvest(TypedDict):
    n: int
    pause: float
    done: Annotated[list[Any], operator.add]
    total: int


class Total(TypedDict):
    n: int
    paced: bool
    total: int


async def ping(state: Rally) -> dict[str, Any]:
    return {"ball": Ping(n=state["ball"].n + 1)}


def rally(n: int) -> Any:
    """Compile the loop of two steps."""

    async def pong(state: Rally) -> dict[str, Any]:
        thrown = state["ball"].n + 1
        return {"ball": Pong(n=thrown) if thrown < n else Stop(n=thrown)}

    def route(state: Rally) -> str:
        return "end" if isinstance(state["ball"], Stop) else "ping"

    builder = graph_api.StateGraph(Rally)
    builder.add_node("ping", ping)
    builder.add_node("pong", pong)
    builder.add_edge(graph_api.START, "ping")
    builder.add_edge("ping", "pong")
    builder.add_conditional_edges("pong", route, {"ping": "ping", "end": graph_api.END})
    return builder.compile()


async def loop(n: int, watch: Watch) -> int:
    graph = rally(n)
    with watch:
        end = await graph.ainvoke({"ball": Pong(n=0)}, {"recursion_limit": n + 10})
    return int(end["ball"].n)


def hop(following: type[Message]) -> Any:
    """Return a node that passes the event on as another type."""

    async def node(state: Rally) -> dict[str, Any]:
        return {"ball": following(n=state["ball"].n + 1)}

    return node


def row(steps: int) -> Any:
    """Compile steps in a row."""
    builder = graph_api.StateGraph(Rally)
    before = graph_api.START
    for i, following in enumerate(hops(steps)):
        builder.add_node(f"step{i}", hop(following))
        builder.add_edge(before, f"step{i}")
        before = f"step{i}"
    builder.add_edge(before, graph_api.END)
    return builder.compile()


async def run_row(graph: Any) -> int:
    return int((await graph.ainvoke({"ball": Start(n=0)}))["ball"].n)


async def chain(n: int, watch: Watch) -> int:
    graph = row(10)
    with watch:
        return sum([await run_row(graph) for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    graph = row(3)
    with watch:
        return sum(await asyncio.gather(*[run_row(graph) for _ in range(n)]))


async def work(task: Mapping[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(task["pause"])
    return {"done": [Done(n=task["item"].n * 2)]}


def send(state: Harvest) -> list[Any]:
    return [types_api.Send("work", {"item": Work(n=i), "pause": state["pause"]}) for i in range(state["n"])]


async def collect(state: Harvest) -> dict[str, Any]:
    return {"total": sum(ev.n for ev in state["done"])}


async def spread(n: int, watch: Watch, pause: float) -> int:
    """Send n items to a node and collect what comes back."""
    builder = graph_api.StateGraph(Harvest)
    builder.add_node("work", work)
    builder.add_node("collect", collect)
    builder.add_conditional_edges(graph_api.START, send, ["work"])
    builder.add_edge("work", "collect")
    builder.add_edge("collect", graph_api.END)
    graph = builder.compile()
    first = {"n": n, "pause": pause, "done": [], "total": 0}
    with watch:
        end = await graph.ainvoke(first, {"max_concurrency": WORKERS})
    return int(end["total"])


async def fanout(n: int, watch: Watch) -> int:
    return await spread(n, watch, 0)


async def fanout_waits(n: int, watch: Watch) -> int:
    return await spread(n, watch, PAUSE)


def single(node: Any, **compile_options: Any) -> Any:
    """Compile a graph of one node."""
    builder = graph_api.StateGraph(Total)
    builder.add_node("node", node)
    builder.add_edge(graph_api.START, "node")
    builder.add_edge("node", graph_api.END)
    return builder.compile(**compile_options)


async def write(state: Total) -> dict[str, Any]:
    put = config_api.get_stream_writer()
    for i in range(state["n"]):
        put(Note(n=i))
        if state["paced"]:
            await asyncio.sleep(0)
    return {"total": state["n"]}


async def stream(n: int, watch: Watch, paced: bool) -> int:
    """Write n notes to the custom stream and read them on the other side."""
    graph = single(write)
    total = 0
    with watch:
        first = {"n": n, "paced": paced, "total": 0}
        async for note in graph.astream(first, stream_mode="custom"):
            total += note.n
    return total


async def stream_burst(n: int, watch: Watch) -> int:
    return await stream(n, watch, paced=False)


async def stream_paced(n: int, watch: Watch) -> int:
    return await stream(n, watch, paced=True)


async def ask_all(state: Total) -> dict[str, Any]:
    total = 0
    for i in range(state["n"]):
        total += Answer(**types_api.interrupt(Question(n=i).model_dump())).n
    return {"total": total}


async def ask(n: int, watch: Watch) -> int:
    graph = single(ask_all, checkpointer=memory_api.InMemorySaver())
    config = {"configurable": {"thread_id": "bench"}}
    with watch:
        state = await graph.ainvoke({"n": n, "paced": False, "total": 0}, config)
        while "__interrupt__" in state:
            question = Question(**state["__interrupt__"][0].value)
            answer = Answer(n=question.n).model_dump()
            state = await graph.ainvoke(types_api.Command(resume=answer), config)
    return int(state["total"])


CASES: dict[str, Case] = {
    "loop": loop,
    "chain": chain,
    "concurrent": concurrent,
    "fanout": fanout,
    "fanout-hoisted": fanout,
    "fanout-waits": fanout_waits,
    "stream-burst": stream_burst,
    "stream-paced": stream_paced,
    "ask": ask,
}

REDUCED = {
    "loop": 500,
    "chain": 20,
    "concurrent": 100,
    "fanout": 200,
    "fanout-hoisted": 200,
    "ask": 50,
}

CONTENDER = Contender(
    "langgraph",
    CASES,
    distribution="langgraph",
    imports="from langgraph.graph import StateGraph",
    reduced=REDUCED,
    note="no checkpointer, except in ask",
)
