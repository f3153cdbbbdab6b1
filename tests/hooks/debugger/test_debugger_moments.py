"""Every command at every moment that one can reach by stepping: no deadlock, nothing lost, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import pytest

from tests.stepping import FIVE, MORE, Outcome, Run, accounts, answered, go_on, in_order, result_of
from wfkit import StopEvent
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import StartEvent
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop
from wfkit.testing import Probe, simulate

SHAPES = {**FIVE, **MORE}
SEEDS = range(2)
Command = Callable[[Run, Stop], Awaitable[Outcome]]


def play(run: Callable[[], Awaitable[Any]], seed: int) -> Any:
    """Run a program in virtual time; whatever is left over is a defect."""

    async def main() -> Any:
        return await run()

    outcome = simulate(main(), seed)
    assert outcome.left == []
    return outcome.result


@cache
def undisturbed(name: str, seed: int) -> Outcome:
    """Return how a run ends that has no debugger."""

    async def main() -> Outcome:
        return await Run(SHAPES[name], Debugger()).freely()

    result: Outcome = play(main, seed)
    return result


@cache
def count_of_stops(name: str, seed: int) -> int:
    """Return at how many stops with something ready one comes by, stepping."""

    async def main() -> int:
        run = Run(SHAPES[name])
        await run.to_the_end(await run.until(1))
        return sum(1 for stop in run.debugger.stops if stop.ready)

    count: int = play(main, seed)
    return count


def at_every_stop(name: str, seed: int, command: Command) -> list[Outcome]:
    """Return how the run ends if it is led by a command from each of its stops, each time in a fresh one."""

    def from_stop(number: int) -> Outcome:
        async def main() -> Outcome:
            run = Run(SHAPES[name])
            stop = await run.until(number)
            assert stop is not None
            assert stop.ready
            try:
                return await command(run, stop)
            except BaseException as error:
                error.add_note(f"from stop {number} of {name}, seed {seed}: {stop}")
                raise

        result: Outcome = play(main, seed)
        return result

    return [from_stop(number) for number in range(1, count_of_stops(name, seed) + 1)]


# -- what changes nothing ----------------------------------------------------------------------------------------


async def just_continue(run: Run, stop: Stop) -> Outcome:
    return await run.freely()


async def step_on(run: Run, stop: Stop) -> Outcome:
    return await run.to_the_end(stop)


async def step_the_last(run: Run, stop: Stop) -> Outcome:
    found: Stop | None = stop
    while found is not None:
        found = await run.answered(await run.debugger.step(found.ready[-1]))
    return await run.outcome()


async def pause_and_continue(run: Run, stop: Stop) -> Outcome:
    run.debugger.continue_()
    paused = await run.answered(await run.debugger.pause())
    return await run.outcome() if paused is None else await run.freely()


async def pause_twice_and_step(run: Run, stop: Stop) -> Outcome:
    await run.debugger.pause()
    return await run.to_the_end(await run.answered(await run.debugger.pause()))


async def edit_nothing(run: Run, stop: Stop) -> Outcome:
    debugger = run.debugger
    before = stop.ready[0].event
    assert debugger.edit(stop.ready[0]) is before
    debugger.replace(stop.ready[0].id, before.model_copy(deep=True))
    after = await debugger.stopped()
    assert after is not None
    assert after.number > stop.number
    assert [found.id for found in after.ready] == [found.id for found in stop.ready]
    return await run.freely()


async def set_state(run: Run, stop: Stop) -> Outcome:
    await run.debugger.set_state("debugged.by", "somebody")
    after = await run.debugger.stopped()
    assert after is not None
    assert after.state["debugged"] == {"by": "somebody"}
    assert "debugged" not in (stop.state or {})
    return await run.freely()


async def step_until_each(run: Run, stop: Stop) -> Outcome:
    found: Stop | None = stop
    name = stop.ready[0].step
    while found is not None and not run.handler.is_done():
        found = await run.answered(await run.debugger.step_until(name))
    return await run.outcome()


async def all_at_once(run: Run, stop: Stop) -> Outcome:
    for delivery in stop.ready:
        run.debugger.step(delivery)
    with pytest.raises(WorkflowRuntimeError, match=r"No held delivery|Nothing is held"):
        run.debugger.step(stop.ready[0])
    return await run.to_the_end(await run.answered(await run.debugger.stopped()))


async def look_back(run: Run, stop: Stop) -> Outcome:
    debugger = run.debugger
    before = debugger.now
    for number in range(1, stop.number + 1):
        assert debugger.rewind(number).number == number
    assert str(debugger.now) == str(before)
    assert await debugger.stopped() is stop
    assert debugger.status == "held"
    return await run.freely()


async def breakpoints_everywhere(run: Run, stop: Stop) -> Outcome:
    debugger = run.debugger
    for spec in run.handler.__wfkit_plan__().steps:
        debugger.break_at(spec.name)
    debugger.break_at(event=StopEvent)
    debugger.break_at(failure=True)
    found: Stop | None = stop
    while found is not None:
        found = await run.answered(await debugger.continue_())
    return await run.outcome()


async def retry_what_ended(run: Run, stop: Stop) -> Outcome:
    """The step that is about to end the run is run once more: it sends nothing twice."""
    debugger = run.debugger
    debugger.break_at(event=StopEvent)
    found = await run.answered(await debugger.continue_())
    assert found is not None
    assert found.why == "breakpoint: StopEvent"
    assert isinstance(found.ready[0].result, StopEvent)
    debugger.clear()
    debugger.retry(found.ready[0])
    return await run.freely()


NEUTRAL: list[Command] = [
    just_continue,
    step_on,
    step_the_last,
    pause_and_continue,
    pause_twice_and_step,
    edit_nothing,
    set_state,
    step_until_each,
    all_at_once,
    look_back,
    breakpoints_everywhere,
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("command", NEUTRAL, ids=lambda command: command.__name__)
@pytest.mark.parametrize("name", SHAPES)
def test_the_run_ends_as_if_nothing_had_happened(name: str, command: Command, seed: int) -> None:
    expected = undisturbed(name, seed)
    outcomes = at_every_stop(name, seed, command)
    assert len(outcomes) > 1
    for outcome in outcomes:
        assert outcome.result == expected.result
        if name != "rescue":  # there the attempts of one failure are in the event that the handler gets
            assert outcome.finished == expected.finished
            assert outcome.bodies == expected.bodies


@pytest.mark.parametrize("name", ["loop", "fan", "retry", "child", "joins"])
def test_a_step_that_is_about_to_end_the_run_may_be_run_again(name: str) -> None:
    expected = undisturbed(name, 0)
    for outcome in at_every_stop(name, 0, retry_what_ended):
        assert outcome[:2] == expected[:2]
        assert outcome.bodies.total() == expected.bodies.total() + 1


async def retry_failures(run: Run, stop: Stop) -> Outcome:
    """What fails is run once more, with the same event; what fails again is given up."""
    debugger = run.debugger
    debugger.break_at(failure=True)
    tried = set()
    found = await run.answered(await debugger.continue_())
    while found is not None:
        failed = next(each for each in found.ready if each.error is not None)
        again = failed.id not in tried
        tried.add(failed.id)
        found = await (debugger.retry(failed) if again else debugger.give_up(failed))
        if found is not None and all(each.error is None for each in found.ready):
            found = await run.answered(await debugger.continue_())
    return await run.outcome()


@pytest.mark.parametrize("name", ["retry", "shaky"])
def test_what_fails_once_may_be_run_again_at_once(name: str) -> None:
    expected = undisturbed(name, 0)
    for outcome in at_every_stop(name, 0, retry_failures):
        assert outcome == expected  # the same number of runs, in fewer attempts


# -- forks -------------------------------------------------------------------------------------------------------


async def fork_and_compare(run: Run, stop: Stop) -> Outcome:
    said = list(run.answers)
    fork = run.debugger.fork()
    first = await fork.stopped()
    assert first is not None
    assert fork.parent is run.debugger
    assert fork.forked_at == stop.number
    assert [(found.id, found.step) for found in first.ready] == [(found.id, found.step) for found in stop.ready]
    original = await run.freely()
    await go_on(fork, said)
    assert await result_of(fork.handler) == original.result
    return original


async def fork_and_step(run: Run, stop: Stop) -> Outcome:
    said, original = list(run.answers), await run.to_the_end(stop)
    fork = run.debugger.fork(stop.number)
    found = await answered(fork, await fork.stopped(), said)
    while found is not None:
        found = await answered(fork, await fork.step(), said)
    assert await result_of(fork.handler) == original.result
    return original


async def fork_a_fork(run: Run, stop: Stop) -> Outcome:
    fork = run.debugger.fork()
    await fork.stopped()
    again = fork.fork()
    said = list(run.answers)
    await fork.cancel()
    original = await run.freely()
    await go_on(again, said)
    assert await result_of(again.handler) == original.result
    return original


@pytest.mark.parametrize("command", [fork_and_compare, fork_and_step, fork_a_fork], ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", SHAPES)
def test_a_fork_at_every_stop_ends_as_the_run_does(name: str, command: Command) -> None:
    for seed in SEEDS:
        expected = undisturbed(name, seed)
        for outcome in at_every_stop(name, seed, command):
            assert outcome.result == expected.result


# -- what changes the run ----------------------------------------------------------------------------------------


async def settled(run: Run) -> Outcome:
    """Let the run go on, and cancel it if it comes to rest without an end."""
    stop = await run.debugger.continue_()
    while stop is not None and run.answers:
        stop = await run.debugger.answer(run.answers.pop(0))
    if stop is not None:
        assert stop.why.startswith("waits: ")
        await run.handler.cancel_run()
    return await run.outcome()


async def cancel(run: Run, stop: Stop) -> Outcome:
    await run.debugger.cancel()
    assert run.handler.status == "cancelled"
    assert await run.debugger.stopped() is None
    return await run.outcome()


async def drop(run: Run, stop: Stop) -> Outcome:
    await run.debugger.drop(stop.ready[0])
    return await settled(run)


async def end_it(run: Run, stop: Stop) -> Outcome:
    assert await run.debugger.skip(stop.ready[-1], StopEvent(result="skipped")) is None
    outcome = await run.outcome()
    assert outcome.result == "skipped"
    return outcome


async def inject(run: Run, stop: Stop) -> Outcome:
    await run.debugger.send(StartEvent(count=1), step=run.handler.__wfkit_plan__().route(StartEvent).names[0])
    return await settled(run)


@pytest.mark.parametrize("command", [cancel, drop, end_it, inject], ids=lambda command: command.__name__)
@pytest.mark.parametrize("name", SHAPES)
def test_a_changed_run_comes_to_an_end_and_keeps_its_books(name: str, command: Command) -> None:
    for seed in SEEDS:
        outcomes = at_every_stop(name, seed, command)
        assert all(isinstance(outcome.finished, Counter) for outcome in outcomes)
        assert len(outcomes) == count_of_stops(name, seed)


def test_accounts_notice_what_comes_twice() -> None:
    """The tests above rest on this."""

    async def main() -> Probe:
        probe = Probe()
        handler = FIVE["loop"].make().run(hooks=[probe])
        assert in_order(await handler) == 3
        return probe

    probe = play(main, 0)
    assert sum(accounts(probe).values()) == 5
    probe._ring.append(probe._ring[3])
    with pytest.raises(AssertionError, match="twice"):
        accounts(probe)
