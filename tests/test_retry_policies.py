"""Policies of one's own, jitter that a run repeats, and retries of a run that was saved."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fans import Done, Task, numbers
from tests.moments import check_every_moment, finish, saved, simulated
from wfkit import Context, StartEvent, StopEvent, Workflow, retry_policy, step
from wfkit.records import StepFailed, StepStarted
from wfkit.retry import (
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
    wait_fixed,
    wait_full_jitter,
    wait_random,
    wait_random_exponential,
)
from wfkit.testing import Probe

Asked = list[tuple[float, int, str, Any]]


class Trouble(Exception):
    """What goes wrong here."""


def workers(policy: Any, *, items: int = 3, failures: int = 2, seconds: float = 1) -> type[Workflow]:
    """Return a flow of items each of which fails so often, and each time takes so long."""

    class Workers(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=n) for n in range(items)]

        @step(retry_policy=policy, num_workers=items)
        async def work(self, ctx: Context, ev: Task) -> Done:
            await asyncio.sleep(seconds)
            number = ctx.retry_info().retry_number
            if number < failures:
                raise Trouble(f"item {ev.n}, retry {number}")
            return Done(n=ev.n)

        @step
        async def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=sorted(numbers(dones)))

    return Workers


# -- policies of one's own --------------------------------------------------------------------------------------------


class Plain:
    """Has no seed."""

    def __init__(self) -> None:
        self.asked: Asked = []

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        self.asked.append((elapsed_time, attempts, str(error), None))
        return 2.0 if attempts < 3 else None


class Seeded:
    """Wants the seed."""

    def __init__(self) -> None:
        self.asked: Asked = []

    def next(self, elapsed_time: float, attempts: int, error: Exception, *, seed: Any = None) -> float | None:
        self.asked.append((elapsed_time, attempts, str(error), seed))
        return 2.0 if attempts < 3 else None


class Anything(Seeded):
    """Takes whatever it is given."""

    def next(self, elapsed_time: float, attempts: int, error: Exception, **more: Any) -> float | None:
        assert set(more) == {"seed"}
        return super().next(elapsed_time, attempts, error, **more)


@pytest.mark.parametrize("kind", [Plain, Seeded, Anything])
async def test_a_policy_is_asked_after_every_failure(kind: Any) -> None:
    policy = kind()
    assert await workers(policy, items=1)().run() == [0]
    assert [each[:3] for each in policy.asked] == [(1, 1, "item 0, retry 0"), (4, 2, "item 0, retry 1")]


def test_the_seed_is_the_same_in_every_run_of_a_name_and_another_for_every_delivery() -> None:
    def seeds(schedule: int, kind: Any) -> dict[str, Any]:
        policy = kind()

        async def main() -> None:
            await workers(policy, items=4, failures=3)(timeout=None).run(run_id="a run")

        with pytest.raises(Trouble):
            simulated(main(), schedule)
        return {text: seed for _, _, text, seed in policy.asked}

    for kind in (Seeded, Anything):
        first = seeds(0, kind)
        assert None not in first.values()
        by_item = {text.partition(",")[0]: seed for text, seed in first.items()}
        assert len(set(by_item.values())) == 4
        for schedule in range(1, 8):
            again = seeds(schedule, kind)
            assert all(first.get(text, seed) == seed for text, seed in again.items())


class Broken:
    """Raises."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        raise LookupError("the policy itself")


async def test_a_policy_that_raises_fails_the_run_with_its_own_error(probe: Probe) -> None:
    with pytest.raises(LookupError, match="the policy itself") as raised:
        await workers(Broken(), items=1)().run(hooks=[probe])
    assert isinstance(raised.value.__cause__, Trouble)
    assert probe.steps.count("work") == 1


async def test_no_delay_is_as_good_as_none_at_all() -> None:
    class Zero:
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
            return 0

    assert await workers(Zero(), items=2, failures=20, seconds=0)().run() == [0, 1]
    assert asyncio.get_running_loop().time() == 0


async def test_one_policy_may_serve_many_steps_and_runs() -> None:
    policy = retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3))
    handlers = [workers(policy)().run() for _ in range(5)]
    assert [await handler for handler in handlers] == [[0, 1, 2]] * 5


# -- jitter -----------------------------------------------------------------------------------------------------------

WAITS = [
    wait_random(0, 10),
    wait_exponential_jitter(initial=1, jitter=5),
    wait_random_exponential(multiplier=2, max=30),
    wait_full_jitter(1, max=60),
    wait_fixed(1) + wait_random(0, 3),
]


def delays(wait: Any, schedule: int, run_id: str = "a run") -> dict[tuple[str, int], float | None]:
    """Return the delay after each failure, by item and attempt."""
    probe = Probe()

    async def main() -> None:
        flow = workers(retry_policy(wait=wait, stop=stop_after_attempt(5)), items=4, failures=4)
        assert await flow(timeout=None).run(hooks=[probe], run_id=run_id) == [0, 1, 2, 3]

    simulated(main(), schedule)
    return {(str(record.error), record.attempt): record.retry_in for record in probe.of(StepFailed)}


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: type(wait).__name__)
def test_jitter_is_the_same_in_every_run_of_a_name_and_another_in_another(wait: Any) -> None:
    first = delays(wait, 0)
    assert delays(wait, 0, "another run") != first, "runs do not all come back at the same moment"
    assert len(first) == 16
    assert len(set(first.values())) > 12, "items do not all come back at the same moment"
    for schedule in range(5):
        assert delays(wait, schedule) == first


def test_a_delay_that_was_announced_is_kept() -> None:
    async def main() -> None:
        probe = Probe()
        flow = workers(retry_policy(wait=wait_random(0, 10), stop=stop_after_attempt(3)))
        await flow().run(hooks=[probe])
        expected = sorted(record.time + (record.retry_in or 0) for record in probe.of(StepFailed))
        started = sorted(record.time for record in probe.of(StepStarted) if record.attempt > 1)
        assert started == pytest.approx(expected)

    simulated(main(), 1)


# -- saved and restored -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_retries_saved_at_every_moment(seed: int) -> None:
    flow = workers(retry_policy(wait=wait_random(0, 2), stop=stop_after_attempt(3)))
    check_every_moment(flow, seed, tick=0.5)


@pytest.mark.parametrize("moment", [0.5, 2, 3.5, 5, 6.5])
async def test_attempts_are_counted_on_after_a_restore(moment: float) -> None:
    flow = workers(retry_policy(wait=wait_fixed(2), stop=stop_after_attempt(3)), items=1, failures=3)
    handler = flow().run()
    await asyncio.sleep(moment)  # attempts from 0 to 1, 3 to 4, 6 to 7
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    probe = Probe()
    with pytest.raises(Trouble, match="item 0, retry 2"):
        await finish(flow(), snapshot, hooks=[probe])
    attempts = [record.attempt for record in probe.of(StepStarted) if record.step == "work"]
    assert attempts == list(range(1 + int((moment + 2) // 3), 4))


async def test_a_restored_attempt_knows_what_came_before() -> None:
    infos: list[Any] = []

    class Knowing(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(4), stop=stop_after_attempt(3)))
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            info = ctx.retry_info()
            infos.append((info.retry_number, str(info.last_exception), info.last_failed_at is None))
            await asyncio.sleep(1)
            if info.retry_number < 2:
                raise Trouble(f"retry {info.retry_number}")
            return StopEvent(result="through")

    handler = Knowing().run()
    await asyncio.sleep(3)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert infos == [(0, "None", True)]

    infos.clear()
    assert await finish(Knowing(), snapshot) == "through"
    assert [number for number, _, _ in infos] == [1, 2]
    assert ["retry 0" in infos[0][1], "retry 1" in infos[1][1]] == [True, True]
    assert [none for _, _, none in infos] == [False, False]


async def test_seconds_are_counted_on_after_a_restore() -> None:
    flow = workers(retry_policy(wait=wait_fixed(2), stop=stop_after_delay(8)), items=1, failures=99)
    handler = flow().run()
    await asyncio.sleep(3.5)  # the second of three attempts, which would end at 1, 4 and 7, and the fourth at 10
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    probe = Probe()
    with pytest.raises(Trouble, match="item 0, retry 3"):
        await finish(flow(), snapshot, hooks=[probe])
    assert [record.attempt for record in probe.of(StepStarted) if record.step == "work"] == [2, 3, 4]


async def test_a_restored_retry_waits_as_long_as_was_left() -> None:
    flow = workers(retry_policy(wait=wait_fixed(10), stop=stop_after_attempt(2)), items=1, failures=1, seconds=0)
    handler = flow().run()
    await asyncio.sleep(4)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()

    await asyncio.sleep(100)
    before = asyncio.get_running_loop().time()
    assert await finish(flow(), snapshot) == [0]
    assert asyncio.get_running_loop().time() - before == 6
