"""Snapshots of runs that wait, retry or were interrupted: nothing is asked, sent or shown a second time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.flows import Answer, Ask, Item, Middle
from wfkit import Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.testing import simulate

Snapshot = dict[str, Any]


def saved(context: Context[Any]) -> Snapshot:
    """Take a snapshot and send it through JSON."""
    snapshot: Snapshot = json.loads(json.dumps(context.to_dict()))
    return snapshot


async def finish(workflow: Workflow, snapshot: Snapshot) -> Any:
    """Run a snapshot to its end."""
    return await workflow.run(ctx=Context.from_dict(workflow, snapshot))


class Delays:
    """Retries after a delay, three attempts in all."""

    def __init__(self, delay: float) -> None:
        self.delay = delay

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        """Return the delay, or None after the third."""
        return self.delay if attempts < 3 else None


class Shaky(Workflow):
    """Fails twice, then says how often it was tried. Sends in every attempt before it fails."""

    attempts = 0

    @step(retry_policy=Delays(1.0))
    async def shaky(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
        self.attempts += 1
        count = await ctx.store.get("count", 0) + 1
        await ctx.store.set("count", count)
        await asyncio.sleep(0)
        if count < 3:
            raise ValueError(count)
        return StopEvent(result=count)


async def test_an_open_question_survives_and_is_shown_to_whoever_resumes() -> None:
    handler = Ask().run()
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    workflow = Ask()
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await asyncio.sleep(1)
    assert restored.status == "waiting"
    await restored.send_event(Answer(text="Ada"))
    assert await restored == "hello Ada"
    assert [type(event).__name__ async for event in restored.stream_events()] == ["Question", "StopEvent"]


class Number(HumanResponseEvent):
    """A number from outside."""

    n: int


class Asks(Workflow):
    """Waits for two numbers, telling of each question, and says how often its body was begun."""

    bodies = 0

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        self.bodies += 1
        ctx.write_event_to_stream(Middle(text="before"))
        one = await ctx.wait_for_event(Number, waiter_event=Middle(text="one?"))
        two = await ctx.wait_for_event(Number, waiter_event=Middle(text="two?"))
        return StopEvent(result=[one.n, two.n])


async def interrupted(answers: int) -> Snapshot:
    """Return a snapshot of an Asks that has got so many answers."""
    handler = Asks().run()
    for n in range(answers):
        await asyncio.sleep(1)
        await handler.send_event(Number(n=n))
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    return snapshot


@pytest.mark.parametrize("answers", [0, 1])
async def test_answers_already_given_are_handed_back_once(answers: int) -> None:
    workflow = Asks()
    handler = workflow.run(ctx=Context.from_dict(workflow, await interrupted(answers)))
    await asyncio.sleep(1)
    for n in range(answers, 2):
        assert handler.status == "waiting"
        await handler.send_event(Number(n=n))
        await asyncio.sleep(1)
    assert await handler == [0, 1]
    assert workflow.bodies == 1
    texts = [event.get("text") async for event in handler.stream_events()]
    assert texts == [*["one?", "two?"][answers:], None]


async def test_a_snapshot_right_after_a_restore_loses_nothing() -> None:
    snapshot = await interrupted(1)
    for _ in range(3):
        workflow = Asks()
        handler = workflow.run(ctx=Context.from_dict(workflow, snapshot))
        again = saved(handler.ctx)
        assert again["work"] == snapshot["work"]
        await handler.cancel_run()
        snapshot = again


async def test_a_context_that_has_not_been_run_gives_its_snapshot_back() -> None:
    snapshot = await interrupted(1)
    context: Context[Any] = Context.from_dict(Asks(), snapshot)
    assert context.is_running
    assert saved(context) == snapshot


async def test_an_answer_that_came_before_its_wait_survives() -> None:
    class Late(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(10)
            return StopEvent(result=(await ctx.wait_for_event(Number)).n)

    handler = Late().run()
    await handler.send_event(Number(n=7))
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert await finish(Late(), snapshot) == 7


async def test_sends_are_not_repeated_after_an_interrupted_body() -> None:
    class Sends(Workflow):
        @step
        async def send(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(4):
                ctx.send_event(Item(n=n))
                ctx.write_event_to_stream(Middle(text=str(n)))
                await asyncio.sleep(1)
            return None

        @step
        async def gather(self, ctx: Context, ev: Item) -> StopEvent | None:
            items = ctx.collect_events(ev, [Item] * 4)
            return None if items is None else StopEvent(result=[item["n"] for item in items])

    handler = Sends().run()
    await asyncio.sleep(1.5)  # two have been sent
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    workflow = Sends()
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    assert sorted(await restored) == [0, 1, 2, 3]
    assert [event["text"] async for event in restored.stream_events() if isinstance(event, Middle)] == ["2", "3"]


@pytest.mark.parametrize("seconds", [0.5, 1.5])
async def test_attempts_are_counted_on_after_a_restore(seconds: float) -> None:
    handler = Shaky().run()
    await asyncio.sleep(seconds)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    workflow = Shaky()
    assert await finish(workflow, snapshot) == 3
    assert workflow.attempts == 3 - int(seconds + 0.5)


async def test_attempts_are_counted_on_after_a_restore_from_the_queue() -> None:
    class Busy(Workflow):
        @step(num_workers=1, retry_policy=Delays(0.5))
        async def work(self, ctx: Context, ev: StartEvent | Item) -> StopEvent | Item | None:
            if isinstance(ev, Item):
                await asyncio.sleep(10)
                return None
            if not await ctx.store.get("again", False):
                await ctx.store.set("again", True)
                ctx.send_event(Item(n=1))
            raise ValueError

    handler = Busy().run()
    await asyncio.sleep(2)  # the second attempt queues behind the Item
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    queued = [each for each in snapshot["work"]["deliveries"] if each["event"]["__type__"].endswith("StartEvent")]
    assert [each.get("attempt") for each in queued] == [2]


class Crowd(Workflow):
    """Asks three people at once, with two workers, a retry in each and a collection at the end."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(3):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2, retry_policy=Delays(0.5))
    async def ask(self, ctx: Context, ev: Item) -> Middle:
        first = await ctx.wait_for_event(Number, requirements={"n": ev.n})
        await asyncio.sleep(0.1)
        tried = f"tried{ev.n}"
        if not await ctx.store.get(tried, False):
            await ctx.store.set(tried, True)
            raise ValueError
        second = await ctx.wait_for_event(Number, requirements={"n": ev.n + 10})
        return Middle(text=f"{first.n}+{second.n}")

    @step
    async def gather(self, ctx: Context, ev: Middle) -> StopEvent | None:
        await asyncio.sleep(0.1)
        all_three = ctx.collect_events(ev, [Middle] * 3)
        return None if all_three is None else StopEvent(result=sorted(each["text"] for each in all_three))


async def answer_all(handler: Any) -> None:
    """Send every answer; one that was given before is of no use to anybody."""
    for n in (0, 10, 1, 2, 12, 11):
        if not handler.is_done():
            await handler.send_event(Number(n=n))
            await asyncio.sleep(0.25)


@pytest.mark.parametrize("seed", range(4))
def test_a_snapshot_of_any_moment_with_waits_and_retries_leads_to_the_same_result(seed: int) -> None:
    async def main() -> None:
        handler = Crowd(timeout=50).run()
        answers = asyncio.create_task(answer_all(handler))
        snapshots: dict[str, Snapshot] = {}
        while not handler.is_done():
            snapshot = saved(handler.ctx)
            if snapshot["is_running"]:
                snapshots[json.dumps(snapshot)] = snapshot
            await asyncio.sleep(0.02)
        await answers
        expected = ["0+10", "1+11", "2+12"]
        assert await handler == expected
        assert len(snapshots) > 8
        for snapshot in snapshots.values():
            workflow = Crowd(timeout=50)
            restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
            again = asyncio.create_task(answer_all(restored))
            assert await restored == expected
            await again

    simulate(main(), seed)


class AsksBoth(Workflow):
    """Waits for two numbers at once."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        async def one(who: str) -> int:
            wanted = {"who": who}
            question = InputRequiredEvent(prefix=who)
            return (await ctx.wait_for_event(Number, waiter_event=question, waiter_id=who, requirements=wanted)).n

        return StopEvent(result=await asyncio.gather(one("Ada"), one("Grace")))


async def test_of_two_questions_at_once_the_open_one_is_shown_again() -> None:
    handler = AsksBoth().run()
    await asyncio.sleep(1)
    await handler.send_event(Number(n=2, who="Grace"))
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    workflow = AsksBoth()
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await asyncio.sleep(1)
    await restored.send_event(Number(n=1, who="Ada"))
    assert await restored == [1, 2]
    shown = [event async for event in restored.stream_events()]
    assert [event.prefix for event in shown if isinstance(event, InputRequiredEvent)] == ["Ada"]
