"""Faults that workflow engines have had, 5: several waits of one type in one step. Here they work."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.flows import Item, Question, Result
from tests.schedules import every_schedule
from wfkit import Context, Event, HumanResponseEvent, StartEvent, StopEvent, Workflow, WorkflowHandler, step


class Answer(HumanResponseEvent):
    n: int


class Interview(Workflow):
    """Waits for three answers, one after the other."""

    questions: tuple[Question | None, ...] = (None, None, None)

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        given = []
        for question in self.questions:
            await asyncio.sleep(ev.get("pause", 0))
            given.append((await ctx.wait_for_event(Answer, waiter_event=question)).n)
        return StopEvent(result=given)


class Asking(Interview):
    """The same, each time with a question."""

    questions = tuple(Question(text=f"{n}?") for n in range(3))


class SyncInterview(Workflow):
    """The same in a thread."""

    @step
    def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        here: Any = ctx
        return StopEvent(result=[here.wait_for_event(Answer).n for _ in range(3)])


def free_interview() -> Workflow:
    """Return the same as a free function."""
    workflow = Workflow()

    @step(workflow=workflow)
    async def ask(ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result=[(await ctx.wait_for_event(Answer)).n for _ in range(3)])

    return workflow


async def send(handler: WorkflowHandler, *numbers: int, every: float = 0.0) -> None:
    """Send answers, so many seconds apart."""
    for n in numbers:
        await handler.send_event(Answer(n=n))
        await asyncio.sleep(every)


@pytest.mark.parametrize("every", [0, 1])
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("make", [Interview, Asking, SyncInterview, free_interview])
@every_schedule
async def test_defect_05_each_wait_of_one_type_gets_its_own_answer(make: Any, after: float, every: float) -> None:
    handler = make().run()
    if after:
        await asyncio.sleep(after)
    await send(handler, 1, 2, 3, every=every)
    assert await handler == [1, 2, 3]


@every_schedule
async def test_defect_05b_also_while_the_step_is_busy_between_its_waits() -> None:
    for every in (0, 1, 4, 5, 9):
        handler = Interview().run(pause=5)
        await send(handler, 1, 2, 3, every=every)
        assert await handler == [1, 2, 3]


@every_schedule
async def test_defect_05c_also_two_waits_at_once() -> None:
    class Both(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            two = await asyncio.gather(ctx.wait_for_event(Answer), ctx.wait_for_event(Answer))
            return StopEvent(result=sorted(answer.n for answer in two))

    for pause in (0, 1):
        handler = Both().run()
        await asyncio.sleep(pause)
        await send(handler, 1, 2)
        assert await handler == [1, 2]


class Branches(Workflow):
    """Six deliveries of one step wait twice each."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(6):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2)
    async def ask(self, ctx: Context, ev: Item) -> Result:
        two = [(await ctx.wait_for_event(Answer)).n, (await ctx.wait_for_event(Answer)).n]
        return Result(n=ev.n, two=two)

    @step
    async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
        found = ctx.collect_events(ev, [Result] * 6)
        return StopEvent(result=[event["two"] for event in found]) if found else None


@pytest.mark.parametrize("every", [0, 1])
@every_schedule
async def test_defect_05d_no_answer_goes_to_two_waits_of_parallel_branches(every: float) -> None:
    handler = Branches().run()
    await send(handler, *range(12), every=every)
    pairs = await handler
    assert sorted(n for pair in pairs for n in pair) == list(range(12))


@every_schedule
async def test_defect_05e_nor_to_waits_of_two_runs() -> None:
    flow = Interview()
    handlers = [flow.run() for _ in range(3)]
    for n in range(3):
        for number, handler in enumerate(handlers):
            await handler.send_event(Answer(n=10 * number + n))
    assert await asyncio.gather(*handlers) == [[0, 1, 2], [10, 11, 12], [20, 21, 22]]


@every_schedule
async def test_defect_05f_an_interview_goes_on_after_a_restore_where_it_was() -> None:
    flow = Asking()
    handler = flow.run()
    for n in range(3):
        await asyncio.sleep(1)
        snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
        await handler.cancel_run()
        handler = flow.run(ctx=Context.from_dict(flow, snapshot))
        await asyncio.sleep(1)
        await send(handler, n)
    assert await handler == [0, 1, 2]


@every_schedule
async def test_defect_05g_a_wait_that_timed_out_takes_no_answer_from_the_next() -> None:
    class Patient(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            given: list[int | None] = []
            for _ in range(3):
                try:
                    given.append((await ctx.wait_for_event(Answer, timeout=10)).n)
                except TimeoutError:
                    given.append(None)
            return StopEvent(result=given)

    handler = Patient(timeout=None).run()
    await send(handler, 1)
    await asyncio.sleep(15)
    await send(handler, 2)
    assert await handler == [1, None, 2]


@every_schedule
async def test_defect_05h_requirements_and_plain_waits_share_out_the_answers() -> None:
    class Picky(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            seven, eight = await asyncio.gather(
                ctx.wait_for_event(Answer, requirements={"n": 7}), ctx.wait_for_event(Answer, requirements={"n": 8})
            )
            other = await ctx.wait_for_event(Answer)
            return StopEvent(result=(seven.n, eight.n, other.n))

    for numbers in ((8, 5, 7), (5, 7, 8), (7, 8, 5), (8, 7, 5)):
        handler = Picky().run()
        await send(handler, *numbers, every=numbers[0] - 5)
        assert await handler == (7, 8, 5)


class Name(HumanResponseEvent):
    n: int


class TwoKinds(Workflow):
    """Waits for two events of different types at once."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        one, two = await asyncio.gather(ctx.wait_for_event(Answer), ctx.wait_for_event(Name))
        return StopEvent(result=(one.n, two.n))


class TwoNumbers(Workflow):
    """The same with one type and different requirements."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        one, two = await asyncio.gather(*(ctx.wait_for_event(Answer, requirements={"n": n}) for n in (1, 2)))
        return StopEvent(result=(one.n, two.n))


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (TwoKinds, Answer(n=1), Name(n=2)),
        (TwoKinds, Name(n=2), Answer(n=1)),
        (TwoNumbers, Answer(n=1), Answer(n=2)),
        (TwoNumbers, Answer(n=2), Answer(n=1)),
    ],
)
@every_schedule
async def test_defect_05i_waits_at_once_keep_their_own_answers_over_a_restore(
    kind: type[Workflow], first: Event, second: Event
) -> None:
    flow = kind(timeout=50)
    handler = flow.run()
    await asyncio.sleep(1)
    await handler.send_event(first)
    await asyncio.sleep(1)
    snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
    await handler.cancel_run()
    handler = flow.run(ctx=Context.from_dict(flow, snapshot))
    await asyncio.sleep(1)
    await handler.send_event(second)
    assert await handler == (1, 2)
