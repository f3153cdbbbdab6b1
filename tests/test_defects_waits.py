"""Faults that workflow engines have had, 6: a wait that begins the body again. Here it goes on where it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

import pytest

from tests.flows import Item, Middle, Question, Result
from tests.schedules import every_schedule
from wfkit import (
    Context,
    HumanResponseEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowHandler,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt, wait_fixed


class Answer(HumanResponseEvent):
    n: int


async def send(handler: WorkflowHandler, *numbers: int, every: float = 0.0) -> None:
    """Send answers, so many seconds apart."""
    for n in numbers:
        await handler.send_event(Answer(n=n))
        await asyncio.sleep(every)


class Trail(Workflow):
    """Notes where its step is, and waits inside everything that would notice a body that begins again."""

    def __init__(self, timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.trail: list[str] = []

    @contextlib.asynccontextmanager
    async def noted(self, name: str) -> Any:
        self.trail.append(f"enter {name}")
        try:
            yield
        except BaseException as error:
            self.trail.append(f"{name}: {type(error).__name__}")
            raise
        finally:
            self.trail.append(f"leave {name}")

    @step(num_workers=1)
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        given = []
        async with self.noted("a"):
            local = object()
            for _ in range(2):
                try:
                    given.append((await ctx.wait_for_event(Answer)).n)
                except Exception as error:
                    self.trail.append(f"caught {type(error).__name__}")
                self.trail.append(f"went on {local is not None}")
        return StopEvent(result=given)


@pytest.mark.parametrize("early", [True, False])
@every_schedule
async def test_defect_06_a_body_that_waits_goes_on_where_it_is(early: bool) -> None:
    flow = Trail()
    handler = flow.run()
    for n in range(2):
        await asyncio.sleep(0 if early else 100)
        await send(handler, n)
    assert await handler == [0, 1]
    assert flow.trail == ["enter a", "went on True", "went on True", "leave a"]


@every_schedule
async def test_defect_06b_also_in_a_thread() -> None:
    trail = []

    class Flow(Workflow):
        @step
        def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            here: Any = ctx
            trail.append("begin")
            try:
                first = here.wait_for_event(Answer).n
            except Exception as error:
                trail.append(repr(error))
            trail.append("between")
            return StopEvent(result=[first, here.wait_for_event(Answer).n])

    handler = Flow().run()
    await asyncio.sleep(1)
    await send(handler, 1, 2)
    assert (await handler, trail) == ([1, 2], ["begin", "between"])


@every_schedule
async def test_defect_06c_what_came_before_the_wait_is_not_lost() -> None:
    class Late(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(30)
            return StopEvent(result=[(await ctx.wait_for_event(Answer)).n for _ in range(3)])

    for every in (0, 9, 14, 29, 31):
        handler = Late(timeout=None).run()
        await send(handler, 1, 2, 3, every=every)
        assert await handler == [1, 2, 3]


@every_schedule
async def test_defect_06d_what_a_sibling_sends_before_the_wait_is_not_lost() -> None:
    class Pair(Workflow):
        @step
        async def a_sends(self, ctx: Context, ev: StartEvent) -> Middle:
            ctx.send_event(Answer(n=1))
            return Middle(text="two")

        @step
        async def b_waits(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(ev.pause)
            return StopEvent(result=((await ctx.wait_for_event(Middle)).text, (await ctx.wait_for_event(Answer)).n))

    for pause in (0, 1):
        assert await Pair(timeout=5, disable_validation=True).run(pause=pause) == ("two", 1)


@every_schedule
async def test_defect_06e_what_a_body_did_before_its_wait_it_does_not_do_again() -> None:
    done: Counter[str] = Counter()

    class Sender(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(Item(n=1))
            ctx.write_event_to_stream(Middle(text="asking"))
            await ctx.store.set("count", await ctx.store.get("count", default=0) + 1)
            await ctx.wait_for_event(Answer)
            return StopEvent(result=await ctx.store.get("count"))

        @step
        async def take(self, ev: Item) -> None:
            done["item"] += 1

    handler = Sender(disable_validation=True).run()
    await asyncio.sleep(5)
    await send(handler, 1)
    shown = [type(event).__name__ async for event in handler.stream_events()]
    assert (await handler, done["item"], shown) == (1, 1, ["Middle", "StopEvent"])


@every_schedule
async def test_defect_06f_a_cancelled_or_overlong_run_ends_the_wait_and_cleans_up() -> None:
    flow = Trail(timeout=None)
    handler = flow.run()
    await asyncio.sleep(1)
    await send(handler, 1)
    await asyncio.sleep(1)
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert flow.trail == ["enter a", "went on True", "a: CancelledError", "leave a"]


@every_schedule
async def test_defect_06g_a_retry_begins_again_and_an_answer_is_not_asked_for_twice() -> None:
    tried = []

    class Again(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3)))
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            tried.append("try")
            first = await ctx.wait_for_event(Answer, waiter_event=Question(text="first?"))
            if len(tried) < 3:
                raise ValueError("again")
            second = await ctx.wait_for_event(Answer, waiter_event=Question(text="second?"))
            return StopEvent(result=(first.n, second.n))

    handler = Again(timeout=None).run()
    await asyncio.sleep(1)
    await send(handler, 1)
    await asyncio.sleep(10)
    await send(handler, 2)
    shown = [event.text async for event in handler.stream_events() if isinstance(event, Question)]
    assert (await handler, len(tried), shown) == ((1, 2), 3, ["first?", "second?"])


@every_schedule
async def test_defect_06h_waits_deep_in_helpers_and_under_a_limit_of_their_own() -> None:
    async def helper(ctx: Context, seconds: float) -> int | None:
        try:
            async with asyncio.timeout(seconds):
                return (await ctx.wait_for_event(Answer)).n
        except TimeoutError:
            return None

    class Deep(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=[await helper(ctx, 5), await helper(ctx, 5), await helper(ctx, 50)])

    handler = Deep(timeout=None).run()
    await asyncio.sleep(2)
    await send(handler, 1)
    await asyncio.sleep(10)  # the second one has given up at 7
    await send(handler, 2)
    assert await handler == [1, None, 2]


@every_schedule
async def test_defect_06i_only_one_worker_is_needed_for_many_that_wait() -> None:
    class Many(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(6):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=1)
        async def ask(self, ctx: Context, ev: Item) -> Result:
            return Result(n=(await ctx.wait_for_event(Answer, requirements={"n": ev.n})).n)

        @step
        async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
            found = ctx.collect_events(ev, [Result] * 6)
            return StopEvent(result=[event["n"] for event in found]) if found else None

    handler = Many(timeout=None).run()
    await asyncio.sleep(1)
    await send(handler, *reversed(range(6)), every=1)
    assert await handler == list(reversed(range(6)))
