"""A page without a browser: it holds what a panel shows, and clicks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.widgets.base import Panel


class FakePage:
    """What a panel shows on a page.

    Args:
        panel: the panel.
        answers: whether the page answers Python's question.
    """

    def __init__(self, panel: Panel, answers: bool = True) -> None:
        self.panel = panel
        self.asked = 0
        self.heard: list[str] = []
        self._answers = answers
        panel.send = self._hear

    def _hear(self, content: Any, buffers: Any = None) -> None:
        if content == {"ask": "ping"}:
            self.asked += 1
            if self._answers:
                self.say("pong")
        elif "heard" in content:
            self.heard.append(content["heard"])

    def say(self, do: str, **rest: Any) -> None:
        """Send a message, as a click does."""
        self.panel._handle_custom_msg({"do": do, **rest}, [])

    async def click(self, do: str, **rest: Any) -> dict[str, Any]:
        """Click, and return what is shown when that has had its effect."""
        self.say(do, **rest)
        return await self.settled()

    async def settled(self) -> dict[str, Any]:
        """Return what is shown when nothing moves any more."""
        await asyncio.sleep(1)
        shown: dict[str, Any] = json.loads(json.dumps(self.panel.view, allow_nan=False))
        return shown


class Number(Event):
    n: int
    password: str = "hunter2"


class Total(Event):
    n: int


class Question(InputRequiredEvent):
    text: str


class Reply(HumanResponseEvent):
    word: str


class CountFlow(Workflow):
    @step
    async def first(self, ctx: Context, ev: StartEvent) -> Number:
        await ctx.store.set("seen", {"n": ev.n, "api_key": "hunter2"})
        return Number(n=ev.n)

    @step
    async def double(self, ctx: Context, ev: Number) -> Total:
        if ev.n < 0:
            raise ValueError(f"{ev.n} is too small")
        return Total(n=2 * ev.n)

    @step
    async def last(self, ctx: Context, ev: Total) -> StopEvent:
        return StopEvent(result=[ev.n, (await ctx.store.get("seen"))["n"]])


class AskFlow(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text=ev.text)

    @step
    async def hear(self, ev: Reply) -> StopEvent:
        return StopEvent(result=ev.word)


class FanFlow(Workflow):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Number | None:
        for n in range(ev.n):
            ctx.send_event(Number(n=n))
        return None

    @step(num_workers=2)
    async def work(self, ev: Number) -> Total:
        return Total(n=ev.n)

    @step
    async def join(self, ctx: Context, ev: Total) -> StopEvent | None:
        found = ctx.collect_events(ev, [Total] * 3)
        return None if found is None else StopEvent(result=sum(one.n for one in found))
