"""A step that returns a list opens a scope; a step with a list parameter gathers what came of it."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio

import pytest

from tests.fans import Again, Done, Report, Round, Special, Squares, Task, Total, numbers
from tests.flows import Answer
from tests.moments import in_order, on_schedules, simulated
from wfkit import CollectionReleaseEvent, Context, StartEvent, StopEvent, Workflow, step
from wfkit.records import EventSent, StepFinished, StepStarted
from wfkit.testing import Probe

# -- out and in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_what_went_out_comes_back_in_one_call(count: int) -> None:
    for result in on_schedules(Squares, count=count, delays=dict.fromkeys(range(0, count, 2), 0)):
        assert sorted(result) == [n**2 for n in range(count)]


def test_the_order_is_that_of_arrival() -> None:
    assert on_schedules(Squares, count=4, delays={0: 3, 1: 1, 2: 4, 3: 2}) == [[1, 9, 0, 4]]


def test_the_order_of_arrival_is_that_in_which_the_steps_returned() -> None:
    async def main() -> None:
        returned: list[int] = []

        class Noted(Squares):
            @step
            async def work(self, ev: Task) -> Done:
                for _ in range(ev.n % 3):
                    await asyncio.sleep(0)
                returned.append(ev.n)
                return Done(n=ev.n)

        assert await Noted().run(count=8) == returned

    for seed in range(12):
        simulated(main(), seed)


def test_one_worker_keeps_the_order_of_the_list() -> None:
    class InTurn(Squares):
        @step(num_workers=1)
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(1 / (ev.n + 1))
            return Done(n=ev.n)

    assert on_schedules(InTurn, count=6) == [[0, 1, 2, 3, 4, 5]]


def test_many_items() -> None:
    for seed in range(2):
        assert in_order(on_schedules(Squares, seeds=[seed], count=2000)[0]) == in_order([n**2 for n in range(2000)])


async def test_runs_at_once_do_not_mix() -> None:
    workflow = Squares()
    handlers = [workflow.run(count=n, delays={n: n % 3}) for n in range(20)]

    for n, handler in enumerate(handlers):
        assert sorted(await handler) == [each**2 for each in range(n)]


async def test_a_list_of_one_is_a_scope_too() -> None:
    assert await Squares().run(count=1) == [0]


def test_plain_functions_may_fan_out_and_gather() -> None:
    class Plain(Workflow):
        @step
        def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=n) for n in range(5)]

        @step
        def work(self, ev: Task) -> Done:
            return Done(n=ev.n)

        @step
        def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=sorted(numbers(dones)))

    assert on_schedules(Plain, seeds=range(3)) == [[0, 1, 2, 3, 4]]


async def test_free_functions_may_fan_out_and_gather() -> None:
    workflow = Workflow()

    @step(workflow=workflow)
    async def split(ev: StartEvent) -> list[Task]:
        return [Task(n=n) for n in range(3)]

    @step(workflow=workflow)
    async def gather(ctx: Context, tasks: list[Task], extra: str = "more") -> StopEvent:
        return StopEvent(result=(numbers(tasks), extra, ctx.is_running))

    assert await workflow.run() == ([0, 1, 2], "more", True)


# -- what is in a scope -----------------------------------------------------------------------------------------------


def picky(keep: int) -> type[Workflow]:
    class Picky(Squares):
        @step
        async def work(self, ev: Task) -> Done | None:
            await asyncio.sleep(0)
            return Done(n=ev.n) if ev.n < keep else None

    return Picky


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_members_that_return_none_are_absent(keep: int) -> None:
    for result in on_schedules(picky(keep), count=5):
        assert sorted(result) == list(range(keep))


async def test_none_in_place_of_a_list_opens_no_scope() -> None:
    class Quiet(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task] | None:
            return None

        @step
        async def other(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(5)
            return StopEvent(result="quiet")

        @step
        async def gather(self, tasks: list[Task]) -> StopEvent:
            return StopEvent(result=f"gathered {tasks}")

    assert await Quiet().run() == "quiet"


async def test_a_step_that_declares_both_may_return_an_event_by_itself() -> None:
    class Both(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task] | Task:
            return Task(n=-1) if ev.bare else [Task(n=1), Task(n=2)]

        @step
        async def work(self, ev: Task) -> Done | StopEvent:
            return StopEvent(result="bare") if ev.n < 0 else Done(n=ev.n)

        @step
        async def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    assert [await Both().run(bare=bare) for bare in (True, False)] == ["bare", [1, 2]]


async def test_a_list_may_hold_several_kinds() -> None:
    class Mixed(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task | Round]:
            return [Task(n=1), Round(n=2), Task(n=3)]

        @step
        async def work(self, ev: Task) -> Done:
            return Done(n=ev.n)

        @step
        async def turn(self, ev: Round) -> Total:
            await asyncio.sleep(1)
            return Total(n=ev.n)

        @step
        async def gather(self, found: list[Done | Total]) -> StopEvent:
            return StopEvent(result=[(type(event).__name__, event.n) for event in found])

    assert await Mixed().run() == [("Done", 1), ("Done", 3), ("Total", 2)]


async def test_the_items_themselves_may_be_gathered_beside_a_step_that_takes_them() -> None:
    worked: list[int] = []

    class Direct(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=n) for n in range(3)]

        @step
        async def work(self, ev: Task) -> None:
            worked.append(ev.n)
            await asyncio.sleep(5)

        @step
        async def gather(self, tasks: list[Task]) -> StopEvent:
            return StopEvent(result=(numbers(tasks), asyncio.get_running_loop().time()))

    assert await Direct().run() == ([0, 1, 2], 5), "the scope ends when everything in it has"
    assert worked == [0, 1, 2]


def test_a_loop_within_a_scope_is_awaited() -> None:
    class Loops(Squares):
        @step
        async def work(self, ev: Task) -> Task | Done:
            await asyncio.sleep(0)
            left = ev.get("left", ev.n)
            return Task(n=ev.n, left=left - 1) if left else Done(n=ev.n)

    for result in on_schedules(Loops, count=6):
        assert sorted(result) == [0, 1, 2, 3, 4, 5]


def test_what_a_member_sends_belongs_to_its_scope() -> None:
    class Sends(Squares):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done | None:
            for k in range(ev.n):
                ctx.send_event(Done(n=10 * ev.n + k))
                await asyncio.sleep(k)
            return Done(n=100) if ev.n == 0 else None

    for result in on_schedules(Sends, count=4):
        assert sorted(result) == [10, 20, 21, 30, 31, 32, 100]


async def test_what_the_splitting_step_sends_belongs_to_the_scope_around() -> None:
    class Sender(Squares):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> list[Task]:
            ctx.send_event(Done(n=77))
            return [Task(n=n, delay=1) for n in range(2)]

    assert sorted(await Sender().run()) == [0, 1]


async def test_an_event_from_outside_belongs_to_no_scope() -> None:
    handler = Squares().run(count=2, delays={1: 5})
    await asyncio.sleep(1)
    await handler.send_event(Done(n=77))

    assert await handler == [0, 1]


async def test_an_event_that_nobody_takes_does_not_hold_its_scope_open() -> None:
    class Stray(Squares):
        @step
        async def work(self, ev: Task) -> Done | Report:
            return Report(text="stray") if ev.n == 1 else Done(n=ev.n)

    assert await Stray(disable_validation=True).run(count=3) == [0, 2]


async def test_exact_types_are_gathered_unless_subclasses_are_welcome() -> None:
    class Narrow(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            return Special(n=ev.n) if ev.n == 1 else Done(n=ev.n)

    class Wide(Narrow):
        @step(accept_event_subclasses=True)
        async def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    assert [await flow().run(count=3) for flow in (Narrow, Wide)] == [[0, 2], [0, 1, 2]]


def test_collect_events_within_a_scope_keeps_what_it_returns_there() -> None:
    class Pairs(Squares):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done | None:
            await asyncio.sleep(0)
            two = ctx.collect_events(ev, [Task, Task])
            return None if two is None else Done(n=two[0].n + two[1].n)

    for result in on_schedules(Pairs, count=6):
        assert (len(result), sum(result)) == (3, 15)


def test_a_member_that_waits_holds_its_scope_open() -> None:
    class Asks(Squares):
        @step
        async def work(self, ctx: Context, ev: Task) -> Done:
            found = await ctx.wait_for_event(Answer, requirements={"n": ev.n})
            return Done(n=int(found.text))

    async def main() -> None:
        handler = Asks().run(count=3)
        for n in (2, 0, 1):
            await asyncio.sleep(100)
            assert handler.status == "waiting"
            await handler.send_event(Answer(text=str(n + 10), n=n))
        assert await handler == [12, 10, 11]

    for seed in range(5):
        simulated(main(), seed)


def test_a_member_that_is_tried_again_holds_its_scope_open() -> None:
    class Fails(Squares):
        @step(retry_policy=Again())
        async def work(self, ctx: Context, ev: Task) -> Done:
            ctx.send_event(Done(n=100 + ev.n))
            if ctx.retry_info().retry_number < ev.n:
                raise ValueError(ev.n)
            return Done(n=ev.n)

    for result in on_schedules(Fails, count=3):
        assert sorted(result) == [0, 1, 2, 100, 101, 102], "what an attempt has sent is not sent again"
        assert result[-2:] == [1, 2]


async def test_a_member_that_fails_for_good_fails_the_run() -> None:
    class Fails(Squares):
        @step
        async def work(self, ev: Task) -> Done:
            await asyncio.sleep(1)
            if ev.n == 1:
                raise ValueError("number 1")
            return Done(n=ev.n)

    with pytest.raises(ValueError, match="number 1"):
        await Fails().run(count=3)


def test_a_member_may_stop_the_run() -> None:
    class Stops(Squares):
        @step
        async def work(self, ev: Task) -> Done | StopEvent:
            await asyncio.sleep(ev.n)
            return StopEvent(result="early") if ev.n == 2 else Done(n=ev.n)

    assert on_schedules(Stops, count=4) == ["early"]


# -- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
async def test_members_never_use_more_workers_than_their_step_has(workers: int) -> None:
    busy = [0]

    class Limited(Squares):
        @step(num_workers=workers)
        async def work(self, ev: Task) -> Done:
            busy.append(busy[-1] + 1)
            await asyncio.sleep(1)
            busy.append(busy[-1] - 1)
            return Done(n=ev.n)

    assert len(await Limited().run(count=9)) == 9
    assert (min(busy), max(busy)) == (0, workers)
    assert asyncio.get_running_loop().time() == 9 / workers


# -- the records ------------------------------------------------------------------------------------------------------


async def test_the_records_tell_of_every_item_and_of_the_release(probe: Probe) -> None:
    await Squares().run(count=3, hooks=[probe])

    (split,) = [record for record in probe.of(StepFinished) if record.step == "split"]
    assert isinstance(split.event, tuple)
    assert numbers(list(split.event)) == [0, 1, 2]
    sent = [(record.event["n"], record.n, record.targets) for record in probe.of(EventSent) if record.source == "split"]
    assert sent == [(0, 0, ("work",)), (1, 1, ("work",)), (2, 2, ("work",))]
    (gather,) = [record for record in probe.of(StepStarted) if record.step == "gather"]
    assert isinstance(gather.event, CollectionReleaseEvent)
    assert sorted(numbers(gather.event.events)) == [0, 1, 4]


def test_the_same_run_has_the_same_ids_on_every_schedule() -> None:
    def ids(seed: int) -> set[tuple[str, int]]:
        probe = Probe()

        async def main() -> None:
            await Squares().run(count=5, delays={1: 0, 3: 0}, hooks=[probe])

        simulated(main(), seed)
        return {(record.step, record.id) for record in probe.of(StepStarted)}

    assert len(ids(0)) == 7
    assert all(ids(seed) == ids(0) for seed in range(1, 12))
