"""The cases of the two contenders that speak the same language, wfkit and llama-index-workflows."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.contender import Case
from benchmarks.contenders.messages import PAUSE
from benchmarks.watch import Watch

LIMIT = 600.0
"""Seconds until a run times out: far away, but armed, because a user's run has a timeout too."""


def load_flows(name: str, library: Mapping[str, Any]) -> ModuleType:
    """Execute flows.py as a module called `name`, its `from wfkit import ...` served from `library`."""
    source = Path(__file__).with_name("flows.py")
    spec = importlib.util.spec_from_file_location(f"benchmarks.contenders.{name}", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {source}")
    flows = importlib.util.module_from_spec(spec)
    stand_in = ModuleType("wfkit")
    vars(stand_in).update(library)
    sys.modules[spec.name] = flows  # pydantic, and whoever restores an event, looks for it there
    real = sys.modules.get("wfkit")
    sys.modules["wfkit"] = stand_in
    try:
        spec.loader.exec_module(flows)
    finally:
        if real is None:
            del sys.modules["wfkit"]
        else:
            sys.modules["wfkit"] = real
    return flows


def prepare(kind: Any, **settings: Any) -> Any:
    """Return a workflow of that class with a timeout, its attributes set."""
    flow = kind(timeout=LIMIT)
    for name, value in settings.items():
        setattr(flow, name, value)
    return flow


class Dialect:
    """The cases, on one library's copy of flows.py."""

    def __init__(self, flows: ModuleType, context: Any) -> None:
        self._flows: Any = flows
        self._context = context

    def cases(self) -> dict[str, Case]:
        """Return the cases by name."""
        return {
            "loop": self.loop,
            "chain": self.chain,
            "concurrent": self.concurrent,
            "fanout": self.fanout,
            "fanout-hoisted": self.fanout_hoisted,
            "fanout-waits": self.fanout_waits,
            "stream-burst": self.stream_burst,
            "stream-paced": self.stream_paced,
            "store-set-get": self.store_set_get,
            "store-edit": self.store_edit,
            "round-trip": self.round_trip,
            "snapshot": self.snapshot,
            "ask": self.ask,
        }

    async def loop(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Loop, throws=n)
        with watch:
            handler = flow.run(n=0)  # kept in a variable, as a user would: MemoryWatch looks here
            return int(await handler)

    async def chain(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Chain)
        with watch:
            return sum([await flow.run(n=0) for _ in range(n)])

    async def concurrent(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Short)
        with watch:
            return sum(await asyncio.gather(*[flow.run(n=0) for _ in range(n)]))

    async def fanout(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.FanOut, items=n)
        with watch:
            return int(await flow.run())

    async def fanout_hoisted(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.HoistedFanOut, items=n, expected=[self._flows.Done] * n)
        with watch:
            return int(await flow.run())

    async def fanout_waits(self, n: int, watch: Watch) -> int:
        expected = [self._flows.Done] * n
        flow = prepare(self._flows.HoistedFanOut, items=n, expected=expected, pause=PAUSE)
        with watch:
            return int(await flow.run())

    async def stream_burst(self, n: int, watch: Watch) -> int:
        return await self._stream(n, watch, paced=False)

    async def stream_paced(self, n: int, watch: Watch) -> int:
        return await self._stream(n, watch, paced=True)

    async def _stream(self, n: int, watch: Watch, paced: bool) -> int:
        flow = prepare(self._flows.Stream, notes=n, paced=paced)
        note = self._flows.Note
        total = 0
        with watch:
            handler = flow.run()
            async for ev in handler.stream_events():
                if isinstance(ev, note):
                    total += ev.n
            await handler
        return total

    async def store_set_get(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.SetAndGet, turns=n)
        with watch:
            return int(await flow.run())

    async def store_edit(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Edit, turns=n)
        with watch:
            return int(await flow.run())

    async def round_trip(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Backlog, items=n, queued=asyncio.Event(), go=asyncio.Event())
        handler = flow.run()
        await flow.queued.wait()
        with watch:
            text = json.dumps(handler.ctx.to_dict())
            restored = self._context.from_dict(flow, json.loads(text))
        await handler.cancel_run()
        flow.go.set()
        return int(await flow.run(ctx=restored))

    async def snapshot(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.HeldLoop, throws=n, reached=asyncio.Event(), go=asyncio.Event())
        handler = flow.run(n=0)
        await flow.reached.wait()
        while watch.wants_more():
            with watch:
                handler.ctx.to_dict()
        flow.go.set()
        return int(await handler)

    async def ask(self, n: int, watch: Watch) -> int:
        flow = prepare(self._flows.Ask, questions=n)
        question, answer = self._flows.Question, self._flows.Answer
        with watch:
            handler = flow.run()
            async for ev in handler.stream_events():
                if isinstance(ev, question):
                    handler.ctx.send_event(answer(n=ev.n))
            return int(await handler)
