"""What an error handler must be like, and that a saved run knows what was recovered."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fans import Again, Done, Squares, Task, Two
from tests.flows import Answer, Count, Left, Middle, Right
from tests.moments import check_every_moment, finish, saved, simulated
from tests.troubles import Line, Scoped, Trouble, Wild
from wfkit import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowValidationError,
    catch_error,
    step,
)
from wfkit.testing import Probe

# -- when it is decorated ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1, True, 1.0, "1", None])
def test_max_recoveries_is_a_positive_integer(number: Any) -> None:
    with pytest.raises(WorkflowValidationError, match="@catch_error max_recoveries must be an integer >= 1"):
        catch_error(max_recoveries=number)


@pytest.mark.parametrize("names", ["first", [1], ["first", None], {"first": 1}, 3])
def test_for_steps_is_a_list_of_names(names: Any) -> None:
    with pytest.raises(WorkflowValidationError) as error:
        catch_error(for_steps=names)
    assert "@catch_error for_steps must be None or a list of step name strings" in str(error.value)


def wrong_event(self: object, ev: StartEvent) -> StopEvent: ...  # type: ignore[empty-body]
def union(self: object, ev: StepFailedEvent | StartEvent) -> StopEvent: ...  # type: ignore[empty-body]
def joined(self: object, ev: StepFailedEvent, other: Middle) -> StopEvent: ...  # type: ignore[empty-body]
def of_list(self: object, ev: list[StepFailedEvent]) -> StopEvent: ...  # type: ignore[empty-body]


@pytest.mark.parametrize("func", [wrong_event, union, joined, of_list])
def test_a_handler_takes_step_failed_events_only(func: Any) -> None:
    func.__qualname__ = f"Flow.{func.__name__}"
    with pytest.raises(WorkflowValidationError) as error:
        catch_error(func)
    assert f"@catch_error handler '{func.__name__}' must accept StepFailedEvent as its event parameter." in str(
        error.value
    )


def test_a_handler_says_what_it_returns() -> None:
    def handler(self: object, ev: StepFailedEvent): ...  # type: ignore[no-untyped-def]

    handler.__qualname__ = "Flow.handler"
    message = "Return types of workflows step functions must be annotated with their type."
    with pytest.raises(WorkflowValidationError, match=message):
        catch_error(handler)


def test_a_free_function_needs_its_workflow() -> None:
    def handler(ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]

    handler.__qualname__ = "handler"
    with pytest.raises(WorkflowValidationError, match=r"handler .*workflow"):
        catch_error(handler)


def test_the_decorator_returns_the_function_itself() -> None:
    def handler(self: object, ev: StepFailedEvent) -> StopEvent: ...  # type: ignore[empty-body]

    handler.__qualname__ = "Flow.handler"
    assert catch_error(handler) is handler
    assert catch_error()(handler) is handler
    assert catch_error(for_steps=["first"], max_recoveries=2)(handler) is handler


# -- when it is checked -----------------------------------------------------------------------------------------------


def complaint(workflow: type[Workflow]) -> str:
    with pytest.raises(WorkflowValidationError) as error:
        workflow().validate()
    return str(error.value)


def test_there_is_one_wildcard_at_most() -> None:
    class Two(Wild):
        @catch_error()
        async def more_help(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent()

    message = complaint(Two)
    assert "wildcard" in message
    assert "'help_all'" in message or "help_all" in message
    assert "more_help" in message


@pytest.mark.parametrize("names", [["nowhere"], ["first", "nowhere"]])
def test_a_handler_names_steps_that_there_are(names: list[str]) -> None:
    class Unknown(Line):
        @catch_error(for_steps=names)
        async def helper(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent()

    message = complaint(Unknown)
    assert "'nowhere'" in message
    assert "'helper'" in message


def test_a_step_has_one_scoped_handler() -> None:
    class Twice(Scoped):
        @catch_error(for_steps=["second", "first"])
        async def more_help(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent()

    message = complaint(Twice)
    for word in ("'first'", "'help_first'", "'more_help'"):
        assert word in message


@pytest.mark.parametrize("name", ["help_first", "more_help"])
def test_a_handler_covers_no_handler(name: str) -> None:
    class Circle(Scoped):
        @catch_error(for_steps=[name])
        async def more_help(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent()

    message = complaint(Circle)
    assert "'more_help'" in message
    assert f"'{name}'" in message


def test_what_a_handler_makes_must_be_taken() -> None:
    class Wasted(Line):
        @catch_error
        async def helper(self, ev: StepFailedEvent) -> Left:
            return Left()

    assert "produced but never consumed: Left" in complaint(Wasted)


def test_a_step_that_only_a_handler_leads_to_is_reachable() -> None:
    class Detour(Line):
        @catch_error
        async def helper(self, ev: StepFailedEvent) -> Left:
            return Left()

        @step
        async def detour(self, ev: Left) -> StopEvent:
            return StopEvent(result="by the detour")

    assert Detour().validate() is False


def test_a_handler_needs_no_way_to_the_end() -> None:
    class Dropped(Line):
        @catch_error
        async def helper(self, ev: StepFailedEvent) -> None: ...

    assert Dropped().validate() is False


def test_good_handlers_are_good() -> None:
    assert [flow().validate() for flow in (Scoped, Wild)] == [False, False]


# -- saved and restored -----------------------------------------------------------------------------------------------

SEEDS = pytest.mark.parametrize("seed", range(4))


class Recovers(Workflow):
    """Fails in each of four turns, each time after a second attempt, and is helped on with a turn of the loop."""

    @step
    async def begin(self, ev: StartEvent) -> Count:
        return Count(n=0)

    @step
    async def turn(self, ev: Count) -> StopEvent:
        await asyncio.sleep(0)
        if ev.n < 4:
            raise Trouble(ev.n)
        return StopEvent(result=ev.n)

    @catch_error(max_recoveries=4)
    async def next_turn(self, ev: StepFailedEvent) -> Count:
        await asyncio.sleep(0)
        assert str(ev.exception) == str(ev.input_event["n"])
        return Count(n=ev.input_event["n"] + 1)


@SEEDS
def test_recoveries_saved_at_every_moment(seed: int) -> None:
    check_every_moment(Recovers, seed)


class Limited(Recovers):
    """The same with one recovery too few."""

    @catch_error(max_recoveries=3)
    async def next_turn(self, ev: StepFailedEvent) -> Count:
        await asyncio.sleep(0)
        return Count(n=ev.input_event["n"] + 1)


def test_recoveries_are_counted_on_after_a_restore() -> None:
    async def main() -> None:
        handler = Limited().run()
        snapshots = []
        while not handler.is_done():
            snapshot = saved(handler.ctx)
            if snapshot["is_running"]:
                snapshots.append(snapshot)
            await asyncio.sleep(0)
        with pytest.raises(Trouble, match="3"):
            await handler
        assert len(snapshots) > 5
        for snapshot in snapshots:
            with pytest.raises(Trouble, match="3"):
                await finish(Limited(), snapshot)

    for seed in range(4):
        simulated(main(), seed)


class Behind(Squares):
    """The list is made by the handler; whatever fails behind it has no recovery left."""

    @step
    async def split(self, ev: StartEvent) -> list[Task]:
        raise Trouble("split")

    @step
    async def work(self, ev: Task) -> Done | None:
        for _ in range(ev.n):
            await asyncio.sleep(0)
        return Done(n=ev.n) if ev.made else None

    @step
    async def gather(self, dones: list[Done]) -> StopEvent:
        await asyncio.sleep(0)
        raise Trouble("gather")

    @catch_error
    async def instead(self, ev: StepFailedEvent) -> list[Task] | StopEvent:
        if ev.step_name == "gather":
            return StopEvent(result="a second recovery")
        return [Task(n=n, made=ev.input_event["made"]) for n in range(ev.input_event["count"])]


@pytest.mark.parametrize(("count", "made"), [(0, True), (3, True), (3, False)])
def test_recoveries_count_on_in_a_scope_and_after_a_restore(count: int, made: bool) -> None:
    async def main() -> None:
        handler = Behind().run(count=count, made=made)
        snapshots = []
        while not handler.is_done():
            snapshots.append(saved(handler.ctx))
            await asyncio.sleep(0)
        with pytest.raises(Trouble, match="gather"):
            await handler
        for snapshot in snapshots:
            if snapshot["is_running"]:
                with pytest.raises(Trouble, match="gather"):
                    await finish(Behind(), snapshot)

    for seed in range(4):
        simulated(main(), seed)


class HelpedMembers(Squares):
    """Every other member fails, after a retry, and is replaced or left out."""

    @step(retry_policy=Again())
    async def work(self, ev: Task) -> Done:
        await asyncio.sleep(0.5)
        if ev.n % 2:
            raise Trouble(ev.n)
        return Done(n=ev.n)

    @catch_error
    async def helper(self, ev: StepFailedEvent) -> Done | None:
        await asyncio.sleep(0.5)
        return Done(n=100) if ev.input_event["n"] == 1 else None


@SEEDS
def test_members_that_are_helped_saved_at_every_moment(seed: int) -> None:
    check_every_moment(HelpedMembers, seed, tick=0.4, count=4)


class HelpedRelease(Squares):
    """The list step fails, and its handler works with what it had gathered."""

    @step
    async def gather(self, dones: list[Done]) -> StopEvent:
        await asyncio.sleep(0)
        raise Trouble

    @catch_error
    async def helper(self, ev: StepFailedEvent) -> StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=[event["n"] for event in ev.input_event["events"]])


@SEEDS
def test_a_failed_release_saved_at_every_moment(seed: int) -> None:
    check_every_moment(HelpedRelease, seed, count=3)


class Asks(Line):
    """Asks a person what to do about a failure."""

    @catch_error
    async def helper(self, ctx: Context, ev: StepFailedEvent) -> StopEvent:
        answer = await ctx.wait_for_event(Answer)
        return StopEvent(result=f"{ev.step_name}: {ev.exception!r}, {ev.attempts}: {answer.text}")


async def test_a_handler_that_waits_survives_with_its_event() -> None:
    handler = Asks().run(fails=["first"])
    await asyncio.sleep(10)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    probe = Probe()
    workflow = Asks()
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot), hooks=[probe])
    await asyncio.sleep(10)
    await restored.send_event(Answer(text="go on"))
    result = await restored
    assert result.startswith("first: ")
    assert "first" in result.removeprefix("first: "), "the error still says what was wrong"
    assert result.endswith(", 1: go on")
    assert probe.steps == ["helper"]


class Merged(Two):
    """The left half was recovered and waits for the right; then their join fails."""

    @step
    async def make_left(self, ev: StartEvent) -> Left:
        raise Trouble("left")

    @step
    async def make_right(self, ev: StartEvent) -> Right:
        await asyncio.sleep(5)
        return Right()

    @step
    async def join(self, left: Left, right: Right) -> StopEvent:
        raise Trouble("join")

    @catch_error
    async def helper(self, ev: StepFailedEvent) -> Left | StopEvent:
        return Left() if ev.step_name == "make_left" else StopEvent(result="a second recovery")


async def test_a_half_that_waits_keeps_its_count_in_the_snapshot() -> None:
    handler = Merged().run()
    await asyncio.sleep(2)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    with pytest.raises(Trouble, match="join"):
        await finish(Merged(), snapshot)
