"""What an event may cost on its way from one step to the next, counted and not timed."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType
from typing import Any

from wfkit import Event, StartEvent, StopEvent, Workflow, step


class Ping(Event):
    n: int


class Pong(Event):
    n: int


class Loop(Workflow):
    @step
    async def ping(self, ev: StartEvent | Pong) -> Ping:
        return Ping(n=ev.get("n", 0) + 1)

    @step
    async def pong(self, ev: Ping) -> Pong | StopEvent:
        return StopEvent(result=ev.n) if ev.n == 10 else Pong(n=ev.n)


def functions_on_the_way() -> list[set[tuple[str, str]]]:
    """Run the loop and return, for each hop, the wfkit functions that were called between two step bodies."""
    hops: list[set[tuple[str, str]]] = []

    def watch(frame: FrameType, what: str, argument: Any) -> None:
        code = frame.f_code
        if code.co_name in ("ping", "pong") and what == "call":
            hops.append(set())
        elif what == "call" and hops and "/wfkit/" in code.co_filename.replace("\\", "/"):
            hops[-1].add((code.co_filename, code.co_qualname))

    async def main() -> None:
        handler = Loop().run()
        sys.setprofile(watch)
        try:
            assert await handler == 10
        finally:
            sys.setprofile(None)

    asyncio.run(main())
    return hops


def test_a_hop_takes_at_most_12_functions_in_5_files() -> None:
    for hop in functions_on_the_way()[2:-2]:  # the first and the last ones start and end the run
        own = {(file, name) for file, name in hop if not name.startswith("Event.") and "_get" not in name}
        assert 0 < len(own) <= 12, own
        assert len({file for file, _ in own}) <= 5


def test_a_hop_costs_the_same_at_the_end_of_a_run_as_at_its_beginning() -> None:
    hops = functions_on_the_way()
    assert hops[4] == hops[14]
