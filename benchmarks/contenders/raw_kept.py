"""Raw, kept: as raw, but one crew of queues and workers stays up between runs and serves them all.

A server written by hand would do this. It is offered where a run is short enough for the difference to matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from benchmarks.contender import Case, Contender
from benchmarks.contenders.messages import Start, Stop
from benchmarks.contenders.raw import Body, chain_steps
from benchmarks.watch import Watch

Run = asyncio.Future[int]
"""A run is no more than the place for its result; it travels with each event."""


class KeptCrew:
    """The queues of the steps and the workers that serve every run."""

    def __init__(self, steps: Mapping[type[BaseModel], tuple[Body, int]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._queues: dict[type[BaseModel], asyncio.Queue[tuple[Run, Any]]] = {}
        self._workers: list[asyncio.Task[None]] = []
        for kind, (body, workers) in steps.items():
            queue = self._queues[kind] = asyncio.Queue()
            for _ in range(workers):
                self._workers.append(self._loop.create_task(self._serve(queue, body)))

    async def run(self, first: BaseModel) -> int:
        """Send the first event and wait for the result."""
        run: Run = self._loop.create_future()
        self._queues[type(first)].put_nowait((run, first))
        return await run

    async def _serve(self, queue: asyncio.Queue[tuple[Run, Any]], body: Body) -> None:
        while True:
            run, ev = await queue.get()
            try:
                out = await body(ev)
                if isinstance(out, Stop):
                    run.set_result(out.n)
                elif out is not None:
                    self._queues[type(out)].put_nowait((run, out))
            except Exception as error:
                if not run.done():
                    run.set_exception(error)


async def chain(n: int, watch: Watch) -> int:
    crew = KeptCrew(chain_steps(10))
    with watch:
        return sum([await crew.run(Start(n=0)) for _ in range(n)])


async def concurrent(n: int, watch: Watch) -> int:
    crew = KeptCrew(chain_steps(3))
    with watch:
        return sum(await asyncio.gather(*[crew.run(Start(n=0)) for _ in range(n)]))


CASES: dict[str, Case] = {"chain": chain, "concurrent": concurrent}

CONTENDER = Contender("raw-kept", CASES, note="its queues and workers outlive the run")
