"""What an attempt knows of the attempts before it, and what becomes of what they did."""

from __future__ import annotations

import asyncio
from datetime import datetime

from tests.fans import Done, Task, numbers
from tests.flows import Answer, Left, Middle, Right
from tests.moments import on_schedules, simulated
from wfkit import Context, RetryInfo, StartEvent, StopEvent, Workflow, retry_policy, step
from wfkit.retry import stop_after_attempt, wait_fixed, wait_none


class Trouble(Exception):
    """What goes wrong here."""


# -- what an attempt knows --------------------------------------------------------------------------------------------


def knowing(kind: str) -> tuple[Workflow, list[RetryInfo]]:
    """Return a workflow that notes its retry_info() and succeeds in its third attempt, and the notes."""
    infos: list[RetryInfo] = []
    policy = retry_policy(wait=wait_fixed(2), stop=stop_after_attempt(5))

    class Knowing(Workflow):
        @step(retry_policy=policy)
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            infos.append(ctx.retry_info())
            await asyncio.sleep(1)
            if len(infos) < 3:
                raise Trouble(f"attempt {len(infos)}")
            return StopEvent(result=len(infos))

    class KnowingPlain(Workflow):
        @step(retry_policy=policy)
        def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            infos.append(ctx.retry_info())
            if len(infos) < 3:
                raise Trouble(f"attempt {len(infos)}")
            return StopEvent(result=len(infos))

    return (Knowing if kind == "async" else KnowingPlain)(), infos


async def test_every_attempt_knows_what_came_before() -> None:
    workflow, infos = knowing("async")
    assert await workflow.run() == 3
    assert [info.retry_number for info in infos] == [0, 1, 2]
    assert [info.elapsed_seconds for info in infos] == [0, 3, 6]
    assert [repr(info.last_exception) for info in infos] == ["None", "Trouble('attempt 1')", "Trouble('attempt 2')"]
    first, *later = [info.last_failed_at for info in infos]
    assert first is None
    assert all(isinstance(moment, datetime) and moment.tzinfo is not None for moment in later)
    assert later == sorted(later, key=str)


async def test_plain_steps_are_tried_again_and_know_it_too() -> None:
    workflow, infos = knowing("plain")
    assert await workflow.run() == 3
    assert [info.retry_number for info in infos] == [0, 1, 2]
    assert [repr(info.last_exception) for info in infos] == ["None", "Trouble('attempt 1')", "Trouble('attempt 2')"]


async def test_a_step_without_a_policy_knows_that_it_is_the_first_attempt() -> None:
    class Once(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            info = ctx.retry_info()
            return StopEvent(result=(info.retry_number, info.elapsed_seconds, info.last_exception, info.last_failed_at))

    assert await Once().run() == (0, 0, None, None)


async def test_branches_know_their_own_attempts() -> None:
    class Branches(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=n) for n in range(4)]

        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(9)))
        async def work(self, ctx: Context, ev: Task) -> Done:
            if ctx.retry_info().retry_number < ev.n:
                raise Trouble
            return Done(n=ctx.retry_info().retry_number)

        @step
        async def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    assert await Branches().run() == [0, 1, 2, 3]


# -- what an attempt did before it failed -----------------------------------------------------------------------------


def test_what_a_failed_attempt_has_sent_is_not_sent_again() -> None:
    class Sends(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(4)))
        async def go(self, ctx: Context, ev: StartEvent) -> Task | None:
            number = ctx.retry_info().retry_number
            for n in range(number + 1):  # each attempt comes a little further
                ctx.send_event(Task(n=n))
                ctx.write_event_to_stream(Middle(text=str(n)))
                await asyncio.sleep(0)
            if number < 3:
                raise Trouble
            return Task(n=99)

        @step
        async def gather(self, ctx: Context, ev: Task) -> StopEvent | None:
            found = ctx.collect_events(ev, [Task] * 5)
            return None if found is None else StopEvent(result=numbers(found))

    async def main() -> None:
        handler = Sends().run()
        shown = [event.text async for event in handler.stream_events() if isinstance(event, Middle)]
        assert await handler == [0, 1, 2, 3, 99]
        assert shown == ["0", "1", "2", "3"]

    for seed in range(6):
        simulated(main(), seed)


async def test_what_a_failed_attempt_has_stored_stays_stored() -> None:
    class Stores(Workflow):
        @step(retry_policy=retry_policy(wait=wait_none(), stop=stop_after_attempt(3)))
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            count = await ctx.store.get("count", 0) + 1
            await ctx.store.set("count", count)
            if count < 3:
                raise Trouble
            return StopEvent(result=count)

    assert await Stores().run() == 3


async def test_an_answer_that_a_failed_attempt_has_got_is_not_asked_for_again() -> None:
    class Asks(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(2)))
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            first = await ctx.wait_for_event(Answer)
            if ctx.retry_info().retry_number == 0:
                raise Trouble
            return StopEvent(result=first.text)

    handler = Asks(timeout=5).run()
    await asyncio.sleep(100)
    await handler.send_event(Answer(text="once"))
    assert await handler == "once"


def test_an_event_collected_by_a_failed_attempt_is_not_lost() -> None:
    class Collects(Workflow):
        @step
        async def left(self, ev: StartEvent) -> Left:
            return Left()

        @step
        async def right(self, ev: StartEvent) -> Right:
            await asyncio.sleep(1)
            return Right()

        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3)))
        async def join(self, ctx: Context, ev: Left | Right) -> StopEvent | None:
            found = ctx.collect_events(ev, [Left, Right])
            if ctx.retry_info().retry_number < 2:
                raise Trouble
            return None if found is None else StopEvent(result=len(found))

    assert on_schedules(lambda: Collects(timeout=20)) == [2]
