"""The thirty graphs: the seeds' and the documentation's flows, shapes that go wrong easily, and random ones.

A flow is written as its ways, a line each: `a > b > c`. What begins with a capital is an event, with `@` a resource.
Its shapes are listed as a workflow lists them: step by step in the order of their names, each followed by its events.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from benchmarks.layouts.graph import Graph
from wfkit.display.figure import Shape, ShapeKind

FLOWS = {
    "trivial": "StartEvent > generate > StopEvent",
    "loop": """
        StartEvent > answer_query > FailedEvent > improve_query > QueryEvent > answer_query
        answer_query > StopEvent
        improve_query > StopEvent""",
    "global": "StartEvent > setup > QueryEvent > query > StopEvent",
    "wait": """
        StartEvent > query > StopEvent
        StartEvent > setup > StopEvent""",
    "collect": """
        StartEvent > setup > SetupEvent > run_query > StopEvent
        StartEvent > collect_input > InputEvent > run_query
        StartEvent > parse_query > QueryEvent > run_query""",
    "person": "StartEvent > draft > Approval > outside > Verdict > decide > StopEvent",
    "resources": """
        StartEvent > prepare > Question > ask > StopEvent
        @get_address > @get_client > prepare
        @get_client > ask""",
    "forecast": """
        StartEvent > download > Report > read > StopEvent
        download > StepFailedEvent > ask_neighbour > Report
        StepFailedEvent > give_up > StopEvent""",
    "paging": """
        StartEvent > print_page > Page > print_page
        print_page > StopEvent""",
    "judge": """
        StartEvent > setup > QueryEvent > retrieve > RetrieveEvent > judge > GoodEvent > synthesize > StopEvent > _done
        retrieve > ErrorEvent > recover > StopEvent
        judge > BadEvent > improve_query > QueryEvent""",
    "agent": """
        StartEvent > prepare_chat_history > InputEvent > handle_llm_input > ToolCallEvent > handle_tool_calls
        handle_tool_calls > InputEvent
        handle_llm_input > StopEvent
        handle_llm_input > StreamEvent > outside > CancelEvent > handle_llm_input""",
    "research": """
        StartEvent > plan > ResearchEvent > search > PageEvent > read_page > NotesEvent > collect_notes > WriteEvent
        WriteEvent > write_report > ReviewEvent > review > StopEvent
        review > RewriteEvent > write_report
        review > ResearchEvent
        collect_notes > ResearchEvent
        plan > QuestionEvent > outside > AnswerEvent > plan
        read_page > ErrorEvent > search""",
    "triage": """
        StartEvent > receive > Mail > classify > Invoice > book_invoice > Done > close > StopEvent
        classify > Complaint > answer_complaint > Draft > approve > Done
        approve > Complaint
        classify > Order > check_stock > InStock > ship > Done
        check_stock > OutOfStock > reorder > Order
        classify > Spam > drop_mail > Done
        @mailbox > receive
        @ledger > book_invoice
        @ledger > ship""",
}
RANDOM = ((10, 4), (15, 8), (20, 9), (25, 12), (30, 10), (40, 18), (50, 24), (60, 30))


@cache
def corpus() -> tuple[Graph, ...]:
    """Return the thirty graphs, small ones first within each kind."""
    made = [of_ways(name, ways.splitlines()) for name, ways in FLOWS.items()]
    made.append(of_ways("chain", [" > ".join(_steps(12))]))
    stops = [f"{_step(index)} > StopEvent" for index in range(50)]
    made.append(of_ways("chain, each may stop", [" > ".join(_steps(50)), *stops]))
    made.append(of_ways("chain with loops in loops", [" > ".join(_steps(16)), *_loops_in_loops()]))
    made += [of_ways(f"fan of {count}", list(_fan(count))) for count in (8, 24)]
    made.append(of_ways("tree", [f"{_either((i - 1) // 2)} > {_either(i)}" for i in range(1, 31)]))
    made.append(of_ways("50 steps in a row", list(_row(50))))
    made += [of_ways(f"50 steps, seed {seed}", list(_steps_and_events(50, seed))) for seed in (1, 2)]
    made += [of_ways(f"{count} at random", list(_random(count, more))) for count, more in RANDOM]
    return tuple(made)


def of_ways(name: str, ways: Iterable[str]) -> Graph:
    """Read a graph from its ways."""
    pairs = [edge for way in ways for edge in pairwise(part.strip() for part in way.split(">"))]
    edges = list(dict.fromkeys(pairs))
    names = dict.fromkeys(name for edge in edges for name in edge)
    listed: dict[str, None] = {"StartEvent": None} if "StartEvent" in names else {}
    for step in sorted(name for name in names if kind_of(name) == "step"):
        beside = [name for edge in edges if step in edge for name in edge if name != step]
        listed |= dict.fromkeys([step, *beside])
    listed |= names
    place = {name: index for index, name in enumerate(listed)}
    edges.sort(key=lambda edge: (place[edge[0] if kind_of(edge[0]) == "step" else edge[1]], place[edge[0]]))
    return Graph(name, tuple(_shape(name) for name in listed), tuple(edges))


def kind_of(name: str) -> ShapeKind:
    """Tell what a name stands for."""
    if name in ("StartEvent", "StopEvent"):
        return "start" if name == "StartEvent" else "stop"
    if name == "outside":
        return "person"
    return "resource" if name.startswith("@") else "event" if name[0].isupper() else "step"


def _shape(name: str) -> Shape:
    label = name.removeprefix("@")
    return Shape(name, kind_of(name), label, label)


def _step(index: int) -> str:
    return f"step_{index:02}"


def _steps(count: int) -> list[str]:
    """Return the names along a chain: steps, and between them events."""
    between = [name for index in range(1, count) for name in (f"Event{index:02}", _step(index))]
    return ["StartEvent", _step(0), *between, "StopEvent"]


def _loops_in_loops() -> list[str]:
    spans = [(2, 1), (5, 3), (7, 6), (8, 1), (12, 10), (13, 9), (14, 2)]
    return [f"{_step(late)} > Event{early:02}" for late, early in spans]


def _fan(count: int) -> Iterable[str]:
    for index in range(count):
        yield f"StartEvent > split > Item{index:02} > work_{index:02} > Result{index:02} > gather > StopEvent"


def _either(index: int) -> str:
    """Return a name whose kind goes by the depth in a binary tree."""
    return f"step_{index:02}" if (index + 1).bit_length() % 2 else f"Event{index:02}"


def _row(count: int) -> Iterable[str]:
    """Yield a long flow with what long flows have: short cuts, steps back, and several ways to end."""
    yield " > ".join(_steps(count))
    for index in range(count):
        if index % 7 == 0 and index + 2 < count:
            yield f"{_step(index)} > Event{index + 2:02}"
        if index % 11 == 5:
            yield f"{_step(index)} > Event{index - 3:02}"


def _steps_and_events(count: int, seed: int) -> Iterable[str]:
    """Yield steps that take events of steps shortly before them and, now and then, send one back."""
    chance = random.Random(seed)
    yield f"StartEvent > {_step(0)}"
    for index in range(1, count):
        for _ in range(chance.choice((1, 1, 1, 2))):
            yield f"{_step(max(0, index - chance.choice((1, 1, 2, 3, 6))))} > Event{index:02} > {_step(index)}"
        if chance.random() < 0.15:
            yield f"{_step(index)} > Event{max(1, index - chance.randrange(1, 8)):02}"
        if index == count - 1 or chance.random() < 0.1:
            yield f"{_step(index)} > StopEvent"


def _random(count: int, more: int) -> Iterable[str]:
    """Yield a graph without any plan: a tree, and so many edges more, of which one in three goes back."""
    chance = random.Random(count)
    names = [_step(index) if chance.random() < 0.5 else f"Event{index:02}" for index in range(count)]
    for index in range(1, count):
        yield f"{names[max(0, index - 1 - int(chance.expovariate(0.3)))]} > {names[index]}"
    for _ in range(more):
        early, late = sorted(chance.sample(range(count), 2))
        yield f"{names[late]} > {names[early]}" if chance.random() < 0.33 else f"{names[early]} > {names[late]}"
