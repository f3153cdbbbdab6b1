"""`@step(retry_policy=...)`: how a run tries a step again."""

# mypy: disable-error-code="override"
# A flow is varied by overriding one of its steps with one that takes or makes something else.

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fans import Done, Task, numbers
from tests.moments import simulated
from wfkit import (
    Context,
    ContextStateError,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowFailedEvent,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    retry_policy,
    step,
)
from wfkit.records import StepFailed, StepStarted
from wfkit.retry import (
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_exponential,
    wait_fixed,
    wait_incrementing,
    wait_none,
)
from wfkit.testing import Probe


class Trouble(Exception):
    """What goes wrong here."""


def now() -> float:
    return asyncio.get_running_loop().time()


def failing(policy: Any, *, failures: int = 99, seconds: float = 0, timeout: float | None = None) -> Workflow:
    """Return a workflow whose step fails so often and takes so long; its result is the times of its starts."""

    class Failing(Workflow):
        @step(retry_policy=policy)
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            starts.append(now())
            await asyncio.sleep(seconds)
            if len(starts) <= failures:
                raise Trouble(f"attempt {len(starts)}")
            return StopEvent(result=starts)

    starts: list[float] = []
    workflow = Failing(timeout=timeout)
    workflow.starts = starts  # type: ignore[attr-defined]
    return workflow


async def starts_of(policy: Any, **options: Any) -> list[float]:
    """Return the times at which a step that never succeeds was started."""
    workflow = failing(policy, **options)
    with pytest.raises(Exception, match="attempt"):
        await workflow.run()
    found: list[float] = workflow.starts  # type: ignore[attr-defined]
    return found


# -- how often and when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failures", [0, 1, 4])
async def test_a_step_is_tried_until_it_succeeds(failures: int) -> None:
    policy = retry_policy(wait=wait_fixed(3), stop=stop_after_attempt(5))
    assert await failing(policy, failures=failures).run() == [3.0 * n for n in range(failures + 1)]


@pytest.mark.parametrize("attempts", [1, 2, 7])
async def test_so_many_attempts_and_no_more(attempts: int) -> None:
    policy = retry_policy(wait=wait_none(), stop=stop_after_attempt(attempts))
    workflow = failing(policy)
    with pytest.raises(Trouble, match=f"attempt {attempts}"):
        await workflow.run()
    assert workflow.starts == [0] * attempts  # type: ignore[attr-defined]


async def test_by_default_three_attempts_five_seconds_apart() -> None:
    assert await starts_of(retry_policy()) == [0, 5, 10]


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (wait_fixed(2.5), [0, 2.5, 5, 7.5, 10]),
        (wait_none(), [0, 0, 0, 0, 0]),
        (wait_exponential(multiplier=1, max=5), [0, 1, 3, 7, 12]),
        (wait_exponential(multiplier=3, exp_base=3), [0, 3, 12, 39, 99]),
        (wait_incrementing(start=1, increment=2), [0, 1, 4, 9, 16]),
        (wait_incrementing(start=1, increment=2, max=4), [0, 1, 4, 8, 12]),
        (wait_chain(wait_fixed(1), wait_fixed(10)), [0, 1, 11, 21, 31]),
        (wait_fixed(1) + wait_incrementing(start=0, increment=1), [0, 1, 3, 6, 10]),
    ],
    ids=lambda each: "" if isinstance(each, list) else type(each).__name__,
)
async def test_the_delays_are_exact(wait: Any, expected: list[float]) -> None:
    assert await starts_of(retry_policy(wait=wait, stop=stop_after_attempt(5))) == expected


async def test_the_time_a_step_takes_comes_on_top_of_the_delay() -> None:
    policy = retry_policy(wait=wait_fixed(2), stop=stop_after_attempt(3))
    assert await starts_of(policy, seconds=1.5) == [0, 3.5, 7]


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (stop_after_delay(10), [0, 5, 10]),  # 3, 8, then 13 seconds after the first start
        (stop_after_delay(8), [0, 5]),
        (stop_after_delay(8.5), [0, 5, 10]),
        (stop_after_delay(3), [0]),
        (stop_before_delay(10), [0, 5]),  # after 8 seconds, 2 more are not less than 10
        (stop_before_delay(10.5), [0, 5, 10]),
        (stop_after_delay(10) | stop_after_attempt(2), [0, 5]),
        (stop_after_delay(6) & stop_after_attempt(4), [0, 5, 10, 15]),
    ],
    ids=lambda each: str(each) if isinstance(each, list) else "",
)
async def test_a_limit_in_seconds_counts_true_seconds(stop: Any, expected: list[float]) -> None:
    assert await starts_of(retry_policy(wait=wait_fixed(2), stop=stop), seconds=3) == expected


async def test_only_errors_that_the_policy_is_for_are_tried_again() -> None:
    for condition, count in (
        (retry_if_exception_type(Trouble), 3),
        (retry_if_exception_type((KeyError, Trouble)), 3),
        (retry_if_exception_type(KeyError), 1),
        (retry_if_not_exception_type(KeyError), 3),
        (retry_if_not_exception_type(Trouble), 1),
    ):
        policy = retry_policy(retry=condition, wait=wait_none(), stop=stop_after_attempt(3))
        assert len(await starts_of(policy)) == count


async def test_the_error_of_the_last_attempt_is_raised() -> None:
    workflow = failing(retry_policy(wait=wait_none(), stop=stop_after_attempt(3)), seconds=1)
    handler = workflow.run()
    shown = [event async for event in handler.stream_events()]
    with pytest.raises(Trouble, match="attempt 3"):
        await handler
    (failed,) = shown
    assert isinstance(failed, WorkflowFailedEvent)
    assert (failed.step_name, failed.attempts, failed.elapsed_seconds) == ("go", 3, 3)
    assert str(failed.exception) == "attempt 3"


async def test_a_step_without_a_policy_is_tried_once() -> None:
    assert await starts_of(None) == [0]


async def test_the_records_tell_of_every_attempt(probe: Probe) -> None:
    policy = retry_policy(wait=wait_incrementing(start=1, increment=1), stop=stop_after_attempt(5))
    await failing(policy, failures=2).run(hooks=[probe])
    assert [(record.time, record.attempt) for record in probe.of(StepStarted)] == [(0, 1), (1, 2), (3, 3)]
    assert len({record.id for record in probe.of(StepStarted)}) == 1
    failures = probe.of(StepFailed)
    assert [(record.time, record.attempt, record.retry_in) for record in failures] == [(0, 1, 1), (1, 2, 2)]


async def test_a_wrong_result_is_not_tried_again() -> None:
    starts: list[float] = []

    class Wrong(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), retry=retry_if_exception_type(Trouble)))
        async def go(self, ev: StartEvent) -> StopEvent:
            starts.append(now())
            return 3  # type: ignore[return-value]

    with pytest.raises(WorkflowRuntimeError, match="returned int instead of an Event"):
        await Wrong().run()
    assert starts == [0]


# -- workers ----------------------------------------------------------------------------------------------------------


async def test_a_retry_that_waits_holds_no_worker() -> None:
    trail: list[tuple[float, int]] = []

    class Narrow(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Task]:
            return [Task(n=n) for n in range(3)]

        @step(num_workers=1, retry_policy=retry_policy(wait=wait_fixed(10), stop=stop_after_attempt(2)))
        async def work(self, ctx: Context, ev: Task) -> Done:
            trail.append((now(), ev.n))
            await asyncio.sleep(1)
            if ev.n == 0 and ctx.retry_info().retry_number == 0:
                raise Trouble
            return Done(n=ev.n)

        @step
        async def gather(self, dones: list[Done]) -> StopEvent:
            return StopEvent(result=numbers(dones))

    assert await Narrow().run() == [1, 2, 0]
    assert trail == [(0, 0), (1, 1), (2, 2), (11, 0)]


def test_many_retries_at_once_keep_to_the_workers() -> None:
    async def main() -> None:
        busy = [0]

        class Crowd(Workflow):
            @step
            async def split(self, ev: StartEvent) -> list[Task]:
                return [Task(n=n) for n in range(10)]

            @step(num_workers=3, retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(4)))
            async def work(self, ctx: Context, ev: Task) -> Done:
                busy.append(busy[-1] + 1)
                try:
                    await asyncio.sleep(0.25)
                    if ctx.retry_info().retry_number < ev.n % 4:
                        raise Trouble
                    return Done(n=ev.n)
                finally:
                    busy.append(busy[-1] - 1)

            @step
            async def gather(self, dones: list[Done]) -> StopEvent:
                return StopEvent(result=sorted(numbers(dones)))

        assert await Crowd().run() == list(range(10))
        assert (min(busy), max(busy)) == (0, 3)
        assert len(busy) == 1 + 2 * (10 + sum(n % 4 for n in range(10)))

    for seed in range(6):
        simulated(main(), seed)


# -- the end of the run -----------------------------------------------------------------------------------------------


async def test_the_run_may_time_out_while_a_retry_waits(probe: Probe) -> None:
    workflow = failing(retry_policy(wait=wait_fixed(4), stop=stop_never()), timeout=10)
    with pytest.raises(WorkflowTimeoutError, match=r"after 10(\.0)? seconds"):
        await workflow.run(hooks=[probe])
    assert now() == 10
    assert [record.time for record in probe.of(StepStarted)] == [0, 4, 8]


async def test_the_run_may_be_cancelled_while_a_retry_waits(probe: Probe) -> None:
    handler = failing(retry_policy(wait=wait_fixed(4), stop=stop_never())).run(hooks=[probe])
    await asyncio.sleep(9)
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    await asyncio.sleep(50)
    assert [record.time for record in probe.of(StepStarted)] == [0, 4, 8]


async def test_a_stop_elsewhere_ends_a_retry_that_waits(probe: Probe) -> None:
    class Race(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(4), stop=stop_never()))
        async def again(self, ev: StartEvent) -> StopEvent:
            raise Trouble

        @step
        async def stop(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(5)
            return StopEvent(result="stopped")

    assert await Race().run(hooks=[probe]) == "stopped"
    await asyncio.sleep(50)
    assert probe.steps.count("again") == 2


async def test_a_run_with_a_waiting_retry_is_running() -> None:
    handler = failing(retry_policy(wait=wait_fixed(4)), failures=1).run()
    await asyncio.sleep(2)
    assert handler.status == "running"
    assert await handler == [0, 4]


async def test_retry_info_is_for_steps() -> None:
    handler = failing(retry_policy(), failures=0).run()
    with pytest.raises(ContextStateError, match="retry_info is only available from within step functions"):
        handler.ctx.retry_info()
    await handler
