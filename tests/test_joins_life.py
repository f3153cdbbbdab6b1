"""Joins within a scope, and what else can happen to a step that joins: retries, waits, failures, no partner."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio

import pytest

from tests.fans import Again, Done, Round, Scoped, Task, Total, Two, numbers
from tests.flows import Answer, Left, Middle, Right
from tests.moments import check_every_moment, in_order, on_schedules, saved, simulated
from wfkit import (
    CollectionReleaseEvent,
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)
from wfkit.records import StepFinished, StepStarted
from wfkit.testing import Probe

# -- within a scope ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_join_within_a_scope_belongs_to_it(count: int) -> None:
    assert on_schedules(Scoped, count=count) == [[11 * n for n in range(count)]]


def test_halves_left_over_do_not_hold_a_scope_open() -> None:
    class Surplus(Scoped):
        @step(num_workers=8)
        async def left(self, ev: Task) -> Left | None:
            await asyncio.sleep(ev.n)
            return Left(n=ev.n) if ev.n % 2 else None

    assert on_schedules(Surplus, count=5) == [[10, 31]]


def test_halves_of_different_scopes_do_not_meet() -> None:
    class Scopes(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[Round]:
            return [Round(n=n) for n in range(4)]

        @step
        async def split(self, ev: Round) -> list[Left | Right]:
            # The first two have a left too much, the last two a right.
            await asyncio.sleep(ev.n % 3)
            more: list[Left | Right] = [Left(n=ev.n + 100) if ev.n < 2 else Right(n=ev.n + 100)]
            return [Left(n=ev.n), *more, Right(n=ev.n)] if ev.n % 2 else [*more, Left(n=ev.n), Right(n=ev.n)]

        @step
        async def join(self, left: Left, right: Right) -> Done:
            return Done(n=1000 * left.n + right.n)

        @step
        async def gather(self, dones: list[Done]) -> Total:
            return Total(n=0, found=numbers(dones))

        @step
        async def end(self, totals: list[Total]) -> StopEvent:
            return StopEvent(result=in_order([total.found for total in totals]))

    assert on_schedules(Scopes) == [in_order([[100 * 1000], [1001], [2000 + 102], [3103]])]


# -- the rest of a step's life ----------------------------------------------------------------------------------------


def test_a_join_that_is_tried_again_gets_the_same_events() -> None:
    class Retried(Two):
        @step(retry_policy=Again())
        async def join(self, ctx: Context, left: Left, right: Right) -> StopEvent:
            info = ctx.retry_info()
            if info.retry_number < 2:
                raise ValueError(f"{left.text} {right.text} {info.retry_number}")
            return StopEvent(result=f"{info.last_exception}, {info.elapsed_seconds} s")

    assert on_schedules(Retried) == ["left right 1, 4.0 s"]


async def test_a_join_that_fails_for_good_fails_the_run() -> None:
    class Fails(Two):
        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            raise ValueError("no good")

    with pytest.raises(ValueError, match="no good"):
        await Fails().run()


def test_a_join_may_wait_and_send() -> None:
    class Waits(Two):
        @step
        async def join(self, ctx: Context, left: Left, right: Right) -> Middle:
            answer = await ctx.wait_for_event(Answer)
            return Middle(text=left.text + answer.text + right.text)

        @step
        async def end(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    async def main() -> None:
        handler = Waits().run()
        await asyncio.sleep(100)
        await handler.send_event(Answer(text="+"))
        assert await handler == "left+right"

    for seed in range(4):
        simulated(main(), seed)


async def test_a_join_may_fan_out() -> None:
    class Fans(Two):
        @step
        async def join(self, left: Left, right: Right) -> list[Middle]:
            return [Middle(text=left.text), Middle(text=right.text)]

        @step
        async def gather(self, found: list[Middle]) -> StopEvent:
            return StopEvent(result=[each.text for each in found])

    assert await Fans().run() == ["left", "right"]


async def test_the_records_tell_what_a_join_was_called_with(probe: Probe) -> None:
    await Two().run(hooks=[probe], delays={"left": 1})
    (record,) = [record for record in probe.of(StepStarted) if record.step == "join"]
    assert isinstance(record.event, CollectionReleaseEvent)
    assert [type(event) for event in record.event.events] == [Left, Right], "in the order of the parameters"
    assert [record.step for record in probe.of(StepFinished)][-1] == "join"


def test_the_same_run_has_the_same_ids_on_every_schedule() -> None:
    def ids(seed: int) -> set[tuple[str, int]]:
        probe = Probe()

        async def main() -> None:
            await Scoped().run(count=4, hooks=[probe])

        simulated(main(), seed)
        return {(record.step, record.id) for record in probe.of(StepStarted)}

    assert len(ids(0)) == 1 + 4 + 4 + 4 + 1
    assert all(ids(seed) == ids(0) for seed in range(1, 12))


async def test_a_join_that_never_comes_about_times_out_and_is_named() -> None:
    class Never(Two):
        @step
        async def make_right(self, ev: StartEvent) -> Right | None:
            return None

    with pytest.raises(WorkflowTimeoutError, match="after 5"):
        await Never(timeout=5).run()


# -- errors -----------------------------------------------------------------------------------------------------------


def test_a_parameter_of_a_join_has_one_type() -> None:
    async def join(self: object, left: Left | Done, right: Right) -> StopEvent: ...  # type: ignore[empty-body]

    join.__qualname__ = "Flow.join"
    with pytest.raises(WorkflowValidationError) as error:
        step(join)
    assert (
        "Collect-mode steps (more than one event parameter) require each event parameter to declare a single event type"
        in str(error.value)
    )
    assert "'left'" in str(error.value)
    assert "'join'" in str(error.value)


def test_halves_that_can_never_be_in_one_scope_are_refused() -> None:
    class Levels(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Left]:
            return [Left()]

        @step
        async def other(self, ev: StartEvent) -> Right:
            return Right()

        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowValidationError) as error:
        Levels().validate()
    for word in ("'join'", "'left'", "Left", "'right'", "Right", "'split'"):
        assert word in str(error.value)


def test_a_half_that_nobody_makes_is_named() -> None:
    class Half(Workflow):
        @step
        async def go(self, ev: StartEvent) -> Left:
            return Left()

        @step
        async def join(self, left: Left, right: Right) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowValidationError, match="consumed but never produced: Right"):
        Half().validate()


def test_a_step_cannot_join_the_end() -> None:
    class End(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

        @step
        async def join(self, start: StartEvent, stop: StopEvent) -> None: ...

    with pytest.raises(WorkflowValidationError, match="Step 'join' cannot accept StopEvent"):
        End().validate()


async def test_nothing_can_be_sent_to_a_join_by_its_name() -> None:
    class Aims(Two):
        @step
        async def make_left(self, ctx: Context, ev: StartEvent) -> Left:
            ctx.send_event(Left(), step="join")
            return Left()

    with pytest.raises(WorkflowRuntimeError, match="'join'"):
        await Aims().run()


# -- saved and restored -----------------------------------------------------------------------------------------------

SEEDS = pytest.mark.parametrize("seed", range(4))


class Halves(Workflow):
    """Pairs four lefts with four rights, some of which come late."""

    @step
    async def lefts(self, ctx: Context, ev: StartEvent) -> Left | None:
        for n in range(4):
            ctx.send_event(Left(n=n))
            await asyncio.sleep(0)
        return None

    @step
    async def rights(self, ctx: Context, ev: StartEvent) -> Right | None:
        for n in range(4):
            for _ in range(n):
                await asyncio.sleep(0)
            ctx.send_event(Right(n=n))
        return None

    @step(num_workers=2)
    async def join(self, left: Left, right: Right) -> Done:
        await asyncio.sleep(0)
        return Done(n=10 * left.n + right.n)

    @step
    async def end(self, a: Done, b: Done, c: Done, d: Done) -> StopEvent:
        await asyncio.sleep(0)
        return StopEvent(result=numbers([a, b, c, d]))


@SEEDS
def test_joins_saved_at_every_moment(seed: int) -> None:
    check_every_moment(Halves, seed)


@SEEDS
def test_joins_in_scopes_saved_at_every_moment(seed: int) -> None:
    check_every_moment(Scoped, seed, tick=0.3, count=3)


class Stubborn(Two):
    @step(retry_policy=Again())
    async def join(self, ctx: Context, left: Left, right: Right) -> StopEvent:
        await asyncio.sleep(0.5)
        number = ctx.retry_info().retry_number
        if number < 2:
            raise ValueError(number)
        return StopEvent(result=[left.text, right.text])


@SEEDS
def test_a_join_with_retries_saved_at_every_moment(seed: int) -> None:
    check_every_moment(Stubborn, seed, tick=0.3, delays={"left": 1})


async def test_a_half_that_waits_for_its_other_is_in_the_snapshot() -> None:
    handler = Two().run(delays={"right": 5})
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    probe = Probe()
    workflow = Two()
    assert await workflow.run(ctx=Context.from_dict(workflow, snapshot), hooks=[probe]) == ["left", "right"]
    assert probe.steps == ["make_right", "join"]
