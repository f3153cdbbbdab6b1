"""How often an error handler is called, when it is not, and what it is told of lists and joins."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fans import Done, Round, Squares, Task, Total, Two, numbers
from tests.flows import Count, Left, Middle, Right
from tests.moments import in_order, on_schedules
from tests.troubles import Both, Line, Trouble, Wild
from wfkit import (
    CollectionReleaseEvent,
    Context,
    Event,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowFailedEvent,
    WorkflowTimeoutError,
    catch_error,
    step,
)
from wfkit.testing import Probe

# -- how often --------------------------------------------------------------------------------------------------------


def looping(limit: int | None, failures: int) -> type[Workflow]:
    """Return a flow that fails `failures` times on its way; its handler always goes on with the next count."""

    options: dict[str, Any] = {} if limit is None else {"max_recoveries": limit}

    class Loop(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Count:
            return Count(n=0)

        @step
        async def turn(self, ev: Count) -> StopEvent:
            if ev.n < failures:
                raise Trouble(f"turn {ev.n}")
            return StopEvent(result=ev.n)

        @catch_error(**options)
        async def next_turn(self, ev: StepFailedEvent) -> Count:
            return Count(n=ev.input_event["n"] + 1)

    return Loop


@pytest.mark.parametrize(("limit", "failures"), [(None, 0), (None, 1), (1, 1), (2, 2), (3, 2), (50, 50)])
def test_so_many_recoveries_are_allowed_in_one_line_of_events(limit: int | None, failures: int) -> None:
    assert on_schedules(looping(limit, failures), seeds=range(3)) == [failures]


@pytest.mark.parametrize(("limit", "failures"), [(None, 2), (1, 2), (2, 3), (50, 51)])
async def test_one_more_fails_the_run_with_the_steps_error(limit: int | None, failures: int) -> None:
    handler = looping(limit, failures)().run()
    shown = [event async for event in handler.stream_events()]
    with pytest.raises(Trouble, match=f"turn {failures - 1}"):
        await handler
    assert (type(shown[-1]), shown[-1].step_name) == (WorkflowFailedEvent, "turn")


def test_parallel_branches_have_a_count_of_their_own() -> None:
    class Branches(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(0)
            if not ev.get("helped"):
                raise Trouble(ev.n)
            return Done(n=ev.n)

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> Task:
            return Task(n=ev.input_event["n"], helped=True)

    for result in on_schedules(Branches, count=12):
        assert sorted(result) == list(range(12))


def test_branches_that_are_sent_have_a_count_of_their_own() -> None:
    class Sends(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Task | None:
            for n in range(6):
                ctx.send_event(Task(n=n))
            return None

        @step
        async def work(self, ev: Task) -> Done:
            raise Trouble(ev.n)

        @catch_error(for_steps=["work"])
        async def help_work(self, ev: StepFailedEvent) -> Done:
            return Done(n=ev.input_event["n"])

        @step
        async def gather(self, ctx: Context, ev: Done) -> StopEvent | None:
            found = ctx.collect_events(ev, [Done] * 6)
            return None if found is None else StopEvent(result=sorted(numbers(found)))

    assert on_schedules(Sends) == [[0, 1, 2, 3, 4, 5]]


async def test_one_branch_that_fails_too_often_fails_the_run() -> None:
    class Branches(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            if ev.n == 2 or not ev.get("helped"):
                raise Trouble(f"number {ev.n}")
            return Done(n=ev.n)

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> Task:
            return Task(n=ev.input_event["n"], helped=True)

    assert in_order(await Branches().run(count=2)) == [0, 1]
    with pytest.raises(Trouble, match="number 2"):
        await Branches().run(count=4)


async def test_the_count_is_carried_through_steps_that_do_not_fail() -> None:
    class Detour(looping(1, 2)):  # type: ignore[misc]
        @catch_error
        async def next_turn(self, ev: StepFailedEvent) -> Left:
            return Left(n=ev.input_event["n"] + 1)

        @step
        async def detour(self, ev: Left) -> Right:
            return Right(n=ev.n)

        @step
        async def back(self, ctx: Context, ev: Right) -> Count | None:
            ctx.send_event(Count(n=ev.n))
            return None

    with pytest.raises(Trouble, match="turn 1"):
        await Detour().run()


async def test_different_handlers_count_for_themselves() -> None:
    class Flow(Line):
        @catch_error(for_steps=["first"])
        async def help_first(self, ev: StepFailedEvent) -> Middle:
            return Middle(text="", fails=["second"])

        @catch_error(for_steps=["second"])
        async def help_second(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="both were helped")

    assert await Flow().run(fails=["first"]) == "both were helped"


async def test_two_handlers_in_turn_do_not_forget_each_others_counts() -> None:
    class Circle(Workflow):
        @step
        async def first(self, ev: StartEvent | Left) -> Right:
            raise Trouble(f"first {ev.get('n', 0)}")

        @step
        async def second(self, ev: Right) -> StopEvent:
            raise Trouble(f"second {ev.n}")

        @catch_error(for_steps=["first"], max_recoveries=2)
        async def help_first(self, ev: StepFailedEvent) -> Right:
            return Right(n=ev.input_event.get("n", 0) + 1)

        @catch_error(for_steps=["second"], max_recoveries=9)
        async def help_second(self, ev: StepFailedEvent) -> Left:
            return Left(n=ev.input_event["n"] + 1)

    with pytest.raises(Trouble, match="first 4"):
        await Circle(timeout=5).run()


async def test_runs_at_once_and_one_after_another_count_for_themselves() -> None:
    workflow = looping(1, 1)()
    ctx: Context[Any] = Context(workflow)
    assert [await handler for handler in [workflow.run() for _ in range(5)]] == [1] * 5
    assert [await workflow.run(ctx=ctx) for _ in range(3)] == [1] * 3


# -- when it is not called --------------------------------------------------------------------------------------------


class Slow(Wild):
    @step
    async def first(self, ev: StartEvent) -> Middle:
        await asyncio.sleep(100)
        return Middle(text="late")


async def test_a_handler_is_not_called_when_the_run_times_out(probe: Probe) -> None:
    with pytest.raises(WorkflowTimeoutError):
        await Slow(timeout=3).run(hooks=[probe])
    assert probe.steps == ["first"]


async def test_a_handler_is_not_called_when_the_run_is_cancelled(probe: Probe) -> None:
    handler = Slow().run(hooks=[probe])
    await asyncio.sleep(3)
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert probe.steps == ["first"]


async def test_a_handler_is_not_called_for_a_step_that_a_stop_has_cancelled(probe: Probe) -> None:
    class Stopped(Slow):
        @step
        async def stop(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            return StopEvent(result="stopped")

    assert await Stopped().run(hooks=[probe]) == "stopped"
    assert "help_all" not in probe.steps


async def test_a_failing_handler_does_not_call_the_wildcard() -> None:
    class Flow(Both):
        @catch_error(for_steps=["first"])
        async def help_first(self, ev: StepFailedEvent) -> Middle:
            raise LookupError

    with pytest.raises(LookupError):
        await Flow().run(fails=["first"])


# -- lists and joins --------------------------------------------------------------------------------------------------


def test_a_member_that_failed_is_replaced_or_left_out() -> None:
    class Helped(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(0)
            if ev.n in (1, 2):
                raise Trouble
            return Done(n=ev.n)

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> Done | None:
            await asyncio.sleep(1)
            return Done(n=100) if ev.input_event["n"] == 1 else None

    for result in on_schedules(Helped, count=4):
        assert (sorted(result), result[-1]) == ([0, 3, 100], 100)


async def test_a_list_step_that_failed_tells_what_it_had_gathered() -> None:
    class Fails(Squares):
        @step
        async def gather(self, dones: list[Done]) -> StopEvent:
            raise Trouble

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            release = ev.input_event
            assert isinstance(release, CollectionReleaseEvent)
            assert release.stream_id
            assert release.binding_id
            return StopEvent(result=(ev.step_name, numbers(release.events)))

    assert await Fails().run(count=3) == ("gather", [0, 1, 4])


async def test_a_join_that_failed_tells_what_it_had_joined() -> None:
    class Fails(Two):
        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            raise Trouble

        @catch_error(for_steps=["join"])
        async def help_join(self, ev: StepFailedEvent) -> StopEvent:
            release = ev.input_event
            assert isinstance(release, CollectionReleaseEvent)
            return StopEvent(result=[event["text"] for event in release.events])

    assert await Fails().run() == ["left", "right"]


async def test_an_event_that_a_failed_step_had_sent_stays_sent() -> None:
    class Sends(Line):
        @step
        async def first(self, ctx: Context, ev: StartEvent) -> Middle:
            ctx.send_event(Left())
            raise Trouble

        @step
        async def left(self, ev: Left) -> Event | None:
            return None

        @catch_error
        async def help_all(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="helped")

    probe = Probe()
    assert await Sends(disable_validation=True).run(hooks=[probe]) == "helped"
    assert probe.steps.count("left") == 1


def test_what_a_handler_makes_belongs_where_the_failed_step_would_have_put_it() -> None:
    class Groups(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Round]:
            return [Round(n=n) for n in range(3)]

        @step
        async def split(self, ev: Round) -> list[Task]:
            await asyncio.sleep(0)
            if ev.n == 2:
                raise Trouble
            return [Task(n=10 * ev.n + k) for k in range(2)]

        @step
        async def gather(self, tasks: list[Task]) -> Total:
            if tasks[0].n == 10:
                raise Trouble
            return Total(n=sum(numbers(tasks)))

        @step
        async def end(self, totals: list[Total]) -> StopEvent:
            return StopEvent(result=numbers(totals))

        @catch_error
        async def helper(self, ev: StepFailedEvent) -> Total:
            await asyncio.sleep(1)
            return Total(n={"gather": 1000, "split": 2000}[ev.step_name])

    for result in on_schedules(Groups):
        assert (result[0], sorted(result)) == (1, [1, 1000, 2000])


def test_a_join_that_failed_in_a_scope_is_replaced_there() -> None:
    class Joins(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Left | Right]:
            return [Left(n=0), Left(n=1), Right(n=0), Right(n=1)]

        @step
        async def join(self, left: Left, right: Right) -> Done:
            await asyncio.sleep(0)
            if left.n == 1:
                raise Trouble
            return Done(n=left.n)

        @step
        async def end(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=sorted(numbers(dones)))

        @catch_error
        async def helper(self, ev: StepFailedEvent) -> Done:
            await asyncio.sleep(0)
            return Done(n=100)

    assert on_schedules(Joins) == [[0, 100]]


def test_recoveries_of_one_half_count_behind_a_join() -> None:
    class Merged(Workflow):
        @step
        async def left(self, ev: StartEvent) -> Left:
            await asyncio.sleep(0)
            raise Trouble("left")

        @step
        async def right(self, ev: StartEvent) -> Right:
            for _ in range(ev.turns):
                await asyncio.sleep(0)
            return Right()

        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            raise Trouble("join")

        @catch_error
        async def helper(self, ev: StepFailedEvent) -> Left | StopEvent:
            return Left() if ev.step_name == "left" else StopEvent(result="a second time")

    for turns in (0, 1, 4, 9):  # whichever half came last
        with pytest.raises(Trouble, match="join"):
            on_schedules(Merged, turns=turns)
