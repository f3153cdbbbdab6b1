"""The questions of child runs: who asks, and that an answer reaches whoever asked."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from wfkit import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    run_sync,
    step,
)
from wfkit.widgets.family import Asked, Family


class Ask(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str


class Child(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Ask:
        return Ask(text=f"{ev.about}?")

    @step
    async def hear(self, ev: Answer) -> StopEvent:
        return StopEvent(result=ev.text)


class Silent(Workflow):
    @step
    async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result=(await ctx.wait_for_event(Answer)).text)


class Middle(Workflow):
    inner: Child

    @step
    async def through(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await self.inner.run(about="deep"))


class Parent(Workflow):
    child: Child
    middle: Middle
    silent: Silent

    @step
    async def both(self, ctx: Context, ev: StartEvent) -> StopEvent:
        asks = ctx.wait_for_event(Answer, waiter_event=Ask(text="mine?"))
        runs = [self.child.run(about="tea"), self.child.run(about="milk"), self.middle.run(), self.silent.run()]
        mine = (await asks).text
        return StopEvent(result=[mine, *await asyncio.gather(*runs)])


def a_parent() -> Parent:
    return Parent(
        child=Child(timeout=None),
        middle=Middle(inner=Child(timeout=None), timeout=None),
        silent=Silent(timeout=None),
        timeout=None,
    )


def told(asked: tuple[Asked, ...]) -> set[tuple[str, str]]:
    return {(one.child, "" if one.question.event is None else one.question.event.text) for one in asked}


ALL = {("", "mine?"), ("child", "tea?"), ("child", "milk?"), ("middle.inner", "deep?"), ("silent", "")}


async def test_everybody_in_the_family_asks_and_is_answered() -> None:
    handler = a_parent().run()
    family = Family(handler)
    await asyncio.sleep(1)
    assert told(family.open()) == ALL
    assert len({one.key for one in family.open()}) == 5
    assert family.rests()
    for one in reversed(family.open()):
        text = "" if one.question.event is None else one.question.event.text
        one.among.answer(one.question.key, Answer(text=f"{text}!"))
        await asyncio.sleep(0)
    assert await handler == ["mine?!", "tea?!", "milk?!", "deep?!", "!"]
    await asyncio.sleep(1)
    assert family.open() == ()
    assert told(family.answered()) == ALL


async def test_children_that_were_there_before_anybody_looked() -> None:
    handler = a_parent().run()
    await asyncio.sleep(1)
    assert told(Family(handler).open()) == ALL
    await handler.cancel_run()


async def test_whoever_listens_is_told_of_the_question_of_a_child() -> None:
    heard: list[int] = []
    handler = a_parent().run()
    family = Family(handler, lambda: heard.append(len(family.open())))
    await asyncio.sleep(1)
    assert heard[-1] == 5
    await handler.cancel_run()
    await asyncio.sleep(1)
    assert heard[-1] == 0
    assert family.answered() == ()


async def test_a_parent_that_does_something_else_does_not_rest() -> None:
    class Busy(Workflow):
        child: Child

        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            run = self.child.run(about="tea")
            return StopEvent(result=await run)

        @step
        async def work(self, ev: StartEvent) -> None:
            await asyncio.sleep(100)

    handler = Busy(child=Child(timeout=None), timeout=None).run()
    family = Family(handler)
    await asyncio.sleep(1)
    assert (len(family.open()), family.rests()) == (1, False)
    await asyncio.sleep(100)
    assert family.rests()
    await handler.cancel_run()


async def test_a_child_in_another_thread_is_said_to_ask_in_vain() -> None:
    class Plain(Workflow):
        child: Child

        @step
        def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=run_sync(self.child, about="tea"))

    handler = Plain(child=Child(timeout=None), timeout=None).run()
    family = Family(handler)
    for _ in range(100):
        await asyncio.sleep(0.1)
        if family.elsewhere():
            break
        await asyncio.to_thread(time.sleep, 0.01)  # it runs in real time
    assert (family.open(), family.elsewhere()) == ((), ("child",))
    await handler.cancel_run()
    assert family.elsewhere() == ()


async def test_many_children_that_are_done_leave_a_few_answers() -> None:
    class Many(Workflow):
        child: Child

        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=[await self.child.run(about=str(n)) for n in range(60)])

    handler = Many(child=Child(timeout=None), timeout=None).run()
    family = Family(handler)
    found: list[Any] = []
    while not handler.is_done():
        for one in family.open():
            one.among.answer(one.question.key, Answer(text="x"))
        await asyncio.sleep(0.1)
    found = [one.question.event.text for one in family.answered() if one.question.event is not None]
    assert found == [f"{n}?" for n in range(10, 60)]
