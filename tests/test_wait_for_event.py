"""`ctx.wait_for_event`: a step that really suspends."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows import Answer, Item, Middle, Question, Result, Right
from wfkit import Context, StartEvent, StopEvent, Workflow, WorkflowTimeoutError, step, use_clock
from wfkit.records import StepResumed, StepWaiting
from wfkit.testing import FakeClock, Probe


class Reply(Answer):
    """More than an Answer."""


def answer(n: int) -> Answer:
    return Answer(text=f"answer {n}", n=n)


class Waiter(Workflow):
    """Waits for one answer."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.trail: list[str] = []

    @step
    async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
        self.trail.append("before")
        found = await ctx.wait_for_event(Answer)
        self.trail.append("after")
        return StopEvent(result=found.text)


async def test_the_body_goes_on_where_it_stopped() -> None:
    workflow = Waiter()
    handler = workflow.run()
    await asyncio.sleep(100)
    assert (handler.status, workflow.trail) == ("waiting", ["before"])

    await handler.send_event(Answer(text="hi"))

    assert await handler == "hi"
    assert workflow.trail == ["before", "after"]


async def test_an_answer_that_came_before_the_wait_is_not_lost() -> None:
    handler = Waiter().run()
    await handler.send_event(Answer(text="early"))

    assert await handler == "early"


async def test_the_question_is_shown_to_whoever_watches() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            found = await ctx.wait_for_event(Answer, waiter_event=Question(text="name?"))
            return StopEvent(result=found.text)

    handler = Flow().run()
    shown = []
    async for event in handler.stream_events():
        shown.append(event)
        if isinstance(event, Question):
            await handler.send_event(Answer(text="Ada"))

    assert shown == [Question(text="name?"), StopEvent(result="Ada")]


async def test_two_waits_in_a_row_get_an_answer_each() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=[(await ctx.wait_for_event(Answer)).text for _ in range(3)])

    handler = Flow().run()
    for n in range(3):
        await handler.send_event(answer(n))
        await asyncio.sleep(n)

    assert await handler == ["answer 0", "answer 1", "answer 2"]


async def test_a_waiter_id_used_again_is_a_new_wait() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=[(await ctx.wait_for_event(Answer, waiter_id="pin")).text for _ in range(3)])

    handler = Flow().run()
    for n in range(3):
        await asyncio.sleep(1)
        await handler.send_event(answer(n))

    assert await handler == ["answer 0", "answer 1", "answer 2"]


async def test_two_waits_at_once_get_an_answer_each() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            found = await asyncio.gather(*(ctx.wait_for_event(Answer, requirements={"n": n}) for n in (1, 2)))
            return StopEvent(result=[event.text for event in found])

    handler = Flow(timeout=10).run()
    await asyncio.sleep(1)
    await handler.send_event(answer(2))
    await asyncio.sleep(100)  # one question is still open: the run's time stands still
    await handler.send_event(answer(1))

    assert await handler == ["answer 1", "answer 2"]


class Branches(Workflow):
    """Each branch waits for its own answer."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(3):
            ctx.send_event(Item(n=n))
        return None

    @step
    async def branch(self, ctx: Context, ev: Item) -> Result:
        found = await ctx.wait_for_event(Answer, requirements={"n": ev.n})
        return Result(n=found["n"])

    @step
    async def join(self, ctx: Context, ev: Result) -> StopEvent | None:
        results = ctx.collect_events(ev, [Result] * 3)
        return None if results is None else StopEvent(result=[event["n"] for event in results])


async def test_waits_in_parallel_branches_do_not_mix() -> None:
    handler = Branches().run()
    await asyncio.sleep(1)
    for n in (2, 0, 1):
        await handler.send_event(answer(n))

    assert sorted(await handler) == [0, 1, 2]


async def test_requirements_leave_other_events_alone() -> None:
    handler = Branches().run()
    await asyncio.sleep(1)
    await handler.send_event(answer(7))
    await asyncio.sleep(1)

    assert handler.status == "waiting"
    await handler.cancel_run()


async def test_only_the_exact_type_is_an_answer_unless_subclasses_are_welcome() -> None:
    class Wide(Workflow):
        @step(accept_event_subclasses=True)
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(await ctx.wait_for_event(Answer)).text)

    narrow, wide = Waiter().run(), Wide().run()
    for handler in (narrow, wide):
        await handler.send_event(Reply(text="sub"))
    await narrow.send_event(Answer(text="exact"))

    assert [await narrow, await wide] == ["exact", "sub"]


class Narrow(Workflow):
    """One worker, two deliveries: the first waits."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        ctx.send_event(Item(n=1))
        ctx.send_event(Item(n=2))
        return None

    @step(num_workers=1)
    async def work(self, ctx: Context, ev: Item) -> StopEvent | None:
        if ev.n == 2:
            ctx.write_event_to_stream(Middle(text="second"))
            await asyncio.sleep(10)
            return None
        try:
            found = await asyncio.wait_for(ctx.wait_for_event(Answer), 5)
        except TimeoutError:
            await asyncio.sleep(20)
            return StopEvent(result="gave up")
        return StopEvent(result=found.text)


async def test_the_worker_slot_is_free_meanwhile() -> None:
    handler = Narrow().run()
    async for event in handler.stream_events():
        assert event == Middle(text="second")
        break
    await handler.cancel_run()


async def test_an_answered_step_goes_on_when_it_has_a_slot_again() -> None:
    class Flow(Narrow):
        @step(num_workers=1)
        async def work(self, ctx: Context, ev: Item) -> StopEvent | None:
            if ev.n == 2:
                await asyncio.sleep(10)
                trail.append("second ends")
                return None
            found = await ctx.wait_for_event(Answer)
            trail.append("first goes on")
            return StopEvent(result=found.text)

    trail: list[str] = []
    handler = Flow().run()
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="hi"))

    assert await handler == "hi"
    assert trail == ["second ends", "first goes on"]


async def test_a_wait_can_be_given_up_from_within() -> None:
    assert await Narrow().run() == "gave up"


async def test_a_wait_can_be_given_up_when_it_is_answered_but_has_no_slot_yet() -> None:
    handler = Narrow().run()
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="hi"))

    assert await handler in ("gave up", "hi")
    assert asyncio.get_running_loop().time() < 45


async def test_the_timeout_runs_again_after_a_wait_was_given_up() -> None:
    with pytest.raises(WorkflowTimeoutError):
        await Narrow(timeout=15).run()


async def test_a_wait_can_race_something_else() -> None:
    class Flow(Workflow):
        @step
        async def race(self, ctx: Context, ev: StartEvent) -> StopEvent:
            waiting = asyncio.create_task(ctx.wait_for_event(Answer))
            await asyncio.wait([waiting], timeout=1)
            waiting.cancel()
            return StopEvent(result="first past the post")

    assert await Flow().run() == "first past the post"


async def test_a_wait_that_was_given_up_takes_no_event_any_more() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            for _ in range(2):
                try:
                    await ctx.wait_for_event(Right, timeout=1)
                except TimeoutError:
                    continue
            return StopEvent(result=(await ctx.wait_for_event(Answer)).text)

    handler = Flow().run()
    await asyncio.sleep(3)
    await handler.send_event(Answer(text="third"))

    assert await handler == "third"


async def test_a_wait_times_out_by_the_clock() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                await ctx.wait_for_event(Answer, timeout=30)
            except TimeoutError as error:
                return StopEvent(result=str(error))
            raise AssertionError("nobody answered")

    with use_clock(FakeClock()) as clock:
        handler = Flow(timeout=None).run()
        await clock.advance(29)
        assert handler.status == "waiting"
        await clock.advance(1)
        assert await handler == "Timed out waiting for Answer"


async def test_a_wait_that_times_out_fails_the_step_that_does_not_catch_it() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(Answer, timeout=1)
            return StopEvent()

    with pytest.raises(asyncio.TimeoutError, match="Timed out waiting for Answer"):
        await Flow().run()


async def test_a_wait_takes_the_event_from_its_own_step_only() -> None:
    class Flow(Workflow):
        @step
        async def wait(self, ctx: Context, ev: StartEvent | Answer) -> StopEvent:
            assert isinstance(ev, StartEvent), "the wait took it"
            await ctx.wait_for_event(Answer)
            return StopEvent(result=(await ctx.wait_for_event(Result)).n)

        @step
        async def also(self, ev: Answer) -> Result:
            return Result(n=5)

    handler = Flow(disable_validation=True).run()
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="for both"))

    assert await handler == 5


async def test_an_answer_may_come_from_another_step() -> None:
    class Flow(Workflow):
        @step
        async def asks(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(await ctx.wait_for_event(Result)).n)

        @step
        async def tells(self, ev: StartEvent) -> Result:
            await asyncio.sleep(1)
            return Result(n=3)

    assert await Flow(disable_validation=True).run() == 3


async def test_the_records_tell_of_the_wait(probe: Probe) -> None:
    handler = Waiter().run(hooks=[probe])
    await asyncio.sleep(5)
    await handler.send_event(Answer(text="hi"))
    await handler

    (waiting,), (resumed,) = probe.of(StepWaiting), probe.of(StepResumed)
    assert (waiting.step, waiting.event_type, waiting.time) == ("wait", Answer, 0)
    assert (resumed.waiter_id, resumed.event, resumed.time) == (waiting.waiter_id, Answer(text="hi"), 5)


async def test_the_end_of_a_run_ends_its_waits() -> None:
    class Flow(Waiter):
        @step
        async def stop(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent(result="over")

    workflow = Flow()

    assert await workflow.run() == "over"
    assert workflow.trail == ["before"]
