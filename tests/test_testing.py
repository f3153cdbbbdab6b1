"""The tools for tests: virtual time, repeatable schedules, deadlocks found at once, a runner and a probe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.flows import Ask, Fail, Fan, Left, Loop, Middle
from wfkit import Context, StartEvent, StepStateChanged, StopEvent, Workflow, step, use_clock
from wfkit.records import RunEnded, RunStarted, StepFinished
from wfkit.testing import Deadlock, FakeClock, Probe, SeededLoop, WorkflowTestRunner, simulate

# -- FakeClock ---------------------------------------------------------------------------------------------------


async def test_a_fake_clock_stands_still_until_it_is_advanced() -> None:
    clock = FakeClock()
    await asyncio.sleep(100)
    assert clock.now() == 0
    await clock.advance(2.5)
    await clock.advance(2.5)
    assert clock.now() == 5


async def test_calls_come_in_their_turn_and_see_the_time_they_were_due() -> None:
    clock, calls = FakeClock(), []
    for delay in (3, 1, 2, 1):
        clock.call_later(delay, lambda delay=delay: calls.append((delay, clock.now())))  # type: ignore[misc]
    await clock.advance(2)
    assert calls == [(1, 1), (1, 1), (2, 2)]
    await clock.advance(2)
    assert calls[3:] == [(3, 3)]


async def test_what_a_call_sets_off_comes_to_rest_before_the_next() -> None:
    clock = FakeClock()
    log: list[int | str] = []

    async def chain() -> None:
        for n in range(5):
            await asyncio.sleep(0)
            log.append(n)

    clock.call_later(1, lambda: tasks.append(asyncio.create_task(chain())))
    clock.call_later(2, lambda: log.append("second"))
    tasks: list[asyncio.Task[None]] = []
    await clock.advance(2)
    assert log == [0, 1, 2, 3, 4, "second"]


async def test_a_call_set_by_a_call_comes_in_the_same_advance() -> None:
    clock, calls = FakeClock(), []
    clock.call_later(1, lambda: clock.call_later(1, lambda: calls.append(clock.now())))
    await clock.advance(5)
    assert calls == [2]


async def test_a_cancelled_call_does_not_come() -> None:
    clock, calls = FakeClock(), []
    clock.call_later(1, lambda: calls.append(1)).cancel()
    await clock.advance(5)
    assert calls == []


async def test_advancing_by_nothing_lets_things_come_to_rest() -> None:
    log = []

    async def work() -> None:
        await asyncio.sleep(0)
        log.append("done")

    task = asyncio.create_task(work())
    await FakeClock().advance()
    assert log == ["done"]
    await task


async def test_a_run_lives_by_the_fake_clock() -> None:
    with use_clock(FakeClock()) as clock:
        handler = Ask(timeout=10).run()
        await clock.advance(100)
        assert handler.status == "waiting"
        await handler.cancel_run()


# -- simulate ----------------------------------------------------------------------------------------------------


async def sleeps(seconds: float) -> str:
    """Sleep."""
    await asyncio.sleep(seconds)
    return "rested"


def test_a_simulated_hour_takes_no_time() -> None:
    begin = time.monotonic()
    simulation = simulate(sleeps(3_600))
    assert (simulation.result, simulation.seconds, simulation.left) == ("rested", 3_600, [])
    assert time.monotonic() - begin < 5


def test_time_jumps_from_alarm_to_alarm() -> None:
    async def main() -> list[float]:
        loop, times = asyncio.get_running_loop(), []

        async def at(delay: float) -> None:
            await asyncio.sleep(delay)
            times.append(loop.time())

        await asyncio.gather(at(3), at(1), at(2))
        return times

    assert simulate(main()).result == [1, 2, 3]


def test_a_cancelled_alarm_does_not_move_the_time() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1_000, print).cancel()
        await asyncio.sleep(1)

    assert simulate(main()).seconds == 1


def order(seed: int) -> list[int]:
    """Return the order in which eight tasks run under a seed."""

    async def main() -> list[int]:
        ran: list[int] = []

        async def note(n: int) -> None:
            await asyncio.sleep(0)
            ran.append(n)

        await asyncio.gather(*(note(n) for n in range(8)))
        return ran

    return simulate(main(), seed).result  # type: ignore[no-any-return]


def test_the_same_seed_gives_the_same_order() -> None:
    assert all(order(seed) == order(seed) for seed in range(20))


def test_other_seeds_give_other_orders_of_the_same_things() -> None:
    orders = {tuple(order(seed)) for seed in range(50)}
    assert len(orders) > 25
    assert {tuple(sorted(each)) for each in orders} == {tuple(range(8))}


def test_a_run_has_the_same_records_under_the_same_seed() -> None:
    def story(seed: int) -> list[str]:
        probe = Probe()

        async def main() -> None:
            await Fan().run(count=6, run_id="same", hooks=[probe])

        simulate(main(), seed)
        return [repr(record) for record in probe.records]

    assert story(3) == story(3)
    assert len({tuple(story(seed)) for seed in range(10)}) > 1


async def waits_for_ever() -> None:
    """Wait for what nobody brings."""
    await asyncio.get_running_loop().create_future()


async def locks_itself_out() -> None:
    """Take a lock twice."""
    lock = asyncio.Lock()
    async with lock:
        await lock.acquire()


async def waits_for_each_other() -> None:
    """Let two tasks wait for each other."""
    events = [asyncio.Event(), asyncio.Event()]

    async def one(mine: int) -> None:
        await events[1 - mine].wait()
        events[mine].set()

    await asyncio.gather(one(0), one(1))


@pytest.mark.parametrize("program", [waits_for_ever, locks_itself_out, waits_for_each_other])
def test_a_deadlock_is_found_at_once(program: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(Deadlock, match="nothing is ready, and nothing ever will be"):
        simulate(program())  # type: ignore[arg-type]


def test_after_a_deadlock_the_next_simulation_works() -> None:
    with pytest.raises(Deadlock):
        simulate(waits_for_ever())
    assert simulate(sleeps(1)).result == "rested"


def test_an_alarm_to_come_is_no_deadlock() -> None:
    async def main() -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(10, future.set_result, "late")
        return await future

    assert simulate(main()).result == "late"


def test_tasks_left_over_are_named_and_ended() -> None:
    ended = []

    async def lingers() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(True)

    kept = []

    async def main() -> None:
        kept.append(asyncio.create_task(lingers()))
        await asyncio.sleep(1)

    simulation = simulate(main())
    assert len(simulation.left) == 1
    assert "lingers" in simulation.left[0]
    assert ended == [True]
    assert simulation.seconds == 1


def test_what_the_program_raises_comes_out() -> None:
    async def main() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        simulate(main())


def test_no_loop_is_left_in_place() -> None:
    simulate(sleeps(1))
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_threads_work() -> None:
    async def main() -> list[int]:
        return list(await asyncio.gather(*(asyncio.to_thread(pow, n, 2) for n in range(5))))

    assert simulate(main()).result == [0, 1, 4, 9, 16]


def test_time_stands_still_while_a_thread_works() -> None:
    async def main() -> tuple[str, float]:
        waiting = asyncio.create_task(asyncio.sleep(1_000))
        result = await asyncio.to_thread(str, "x")
        waiting.cancel()
        return result, asyncio.get_running_loop().time()

    assert simulate(main()).result == ("x", 0)


def test_a_seeded_loop_begins_at_zero() -> None:
    loop = SeededLoop(1)
    try:
        assert loop.time() == 0
    finally:
        loop.close()


# -- WorkflowTestRunner ------------------------------------------------------------------------------------------


class Talks(Workflow):
    """Shows two events and stops."""

    @step
    async def talk(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Middle(text="one"))
        ctx.write_event_to_stream(Left())
        ctx.write_event_to_stream(Middle(text="two"))
        await ctx.store.set("n", await ctx.store.get("n", 0) + 1)
        return StopEvent(result=ev.get("name", "nobody"))


async def test_the_runner_collects_what_a_run_shows_and_gives() -> None:
    outcome = await WorkflowTestRunner(Talks()).run(start_event=StartEvent(name="Ada"), expose_internal=False)
    assert outcome.collected == [Middle(text="one"), Left(), Middle(text="two"), StopEvent(result="Ada")]
    assert outcome.event_types == {Middle: 2, Left: 1, StopEvent: 1}
    assert outcome.result == "Ada"
    assert await outcome.ctx.store.get("n") == 1
    assert isinstance(outcome.records[0], RunStarted)
    assert isinstance(outcome.records[-1], RunEnded)


async def test_the_runner_leaves_types_out() -> None:
    outcome = await WorkflowTestRunner(Talks()).run(exclude_events=[Middle, StopEvent, StepStateChanged])
    assert outcome.collected == [Left()]
    assert outcome.event_types == {Left: 1}
    assert outcome.result == "nobody"


async def test_the_runner_takes_a_context() -> None:
    workflow = Talks()
    context: Context[Any] = Context(workflow)
    await context.store.set("n", 10)
    outcome = await WorkflowTestRunner(workflow).run(ctx=context)
    assert outcome.ctx is context
    assert await context.store.get("n") == 11


async def test_the_runner_raises_what_the_run_raises() -> None:
    with pytest.raises(ValueError, match="no good"):
        await WorkflowTestRunner(Fail()).run()


# -- Probe -------------------------------------------------------------------------------------------------------


async def test_a_probe_answers_what_ran_and_what_came_of_it(probe: Probe) -> None:
    await Loop().run(times=2, hooks=[probe])
    assert probe.steps == ["begin", "turn", "turn", "turn"]
    assert probe.results == [("begin", "Count"), ("turn", "Count"), ("turn", "Count"), ("turn", "StopEvent")]
    assert [record.step for record in probe.of(StepFinished)] == probe.steps


async def test_a_probe_says_when_a_step_returned_nothing(probe: Probe) -> None:
    await Fan().run(count=2, hooks=[probe])
    assert ("tally", None) in probe.results
    assert ("split", None) in probe.results


def test_a_probe_forgets_nothing() -> None:
    probe = Probe()

    async def main() -> None:
        await Loop().run(times=6_000, hooks=[probe])

    simulate(main())
    assert len(probe) > 15_000
    assert probe.complete
