"""Faults that workflow engines have had, 7: a slow resource that steps at once need is no circle. Here it is none."""

# No `from __future__ import annotations`: factories inside the tests are read where they stand.

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Annotated, Any

import pytest

from tests.flows import Item, Result
from tests.schedules import every_schedule
from wfkit import (
    Context,
    Resource,
    ResourceManager,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowTimeoutError,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt, wait_fixed


class Client:
    """What the factories here make."""

    def __init__(self, base: object = None) -> None:
        self.base = base


def shop(cache: bool = True, seconds: float = 3) -> tuple[type[Workflow], Counter[str]]:
    """Return a workflow whose steps all need one slow resource, which needs another, and a count of what is made."""
    made: Counter[str] = Counter()

    async def base() -> object:
        made["base"] += 1
        await asyncio.sleep(seconds)
        return object()

    async def client(base: Annotated[object, Resource(base)]) -> Client:
        made["client"] += 1
        await asyncio.sleep(seconds)
        return Client(base)

    class Shop(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(6):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=3)
        async def a_work(self, ev: Item, own: Annotated[Client, Resource(client, cache=cache)]) -> Result:
            return Result(n=ev.n, client=own, base=own.base)

        @step
        def b_plain(self, ev: Item, own: Annotated[Client, Resource(client, cache=cache)]) -> Result:
            return Result(n=ev.n, client=own, base=own.base)

        @step
        async def c_both(
            self,
            ev: Item,
            own: Annotated[Client, Resource(client, cache=cache)],
            below: Annotated[object, Resource(base)],
        ) -> Result:
            return Result(n=ev.n, client=own, base=below)

        @step
        async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
            found = ctx.collect_events(ev, [Result] * 18)
            return StopEvent(result=[(event["client"], event["base"]) for event in found]) if found else None

    return Shop, made


@pytest.mark.parametrize("seconds", [0, 3])
@every_schedule
async def test_defect_07_a_slow_resource_is_made_once_for_all_steps_at_once(seconds: float) -> None:
    kind, made = shop(seconds=seconds)
    used = await kind().run()
    assert len(used) == 18
    assert len(set(used)) == 1
    assert made == {"base": 1, "client": 1}


@every_schedule
async def test_defect_07b_also_for_runs_at_once_and_one_after_another() -> None:
    kind, made = shop()
    flow = kind()
    ctx: Context[Any] = Context(flow)
    used = await asyncio.gather(flow.run(ctx=ctx), *(flow.run() for _ in range(3)))
    used.append(await flow.run(ctx=ctx))
    assert len({each for run in used for each in run}) == 1
    assert made == {"base": 1, "client": 1}


@every_schedule
async def test_defect_07c_what_is_not_kept_is_made_for_each_and_is_no_circle_either() -> None:
    kind, made = shop(cache=False)
    used = await kind().run()
    assert len({client for client, _ in used}) == 18
    assert len({base for _, base in used}) == 1
    assert made == {"base": 1, "client": 18}


@pytest.mark.parametrize("moment", [1, 3, 4, 6])
@pytest.mark.parametrize("way", ["timeout", "cancel", "wait_for"])
@every_schedule
async def test_defect_07d_a_run_that_ends_while_it_is_made_leaves_no_circle(way: str, moment: float) -> None:
    kind, made = shop()
    manager = ResourceManager()
    ending, flow = kind(timeout=moment, resource_manager=manager), kind(resource_manager=manager)
    ctx: Context[Any] = Context(flow)
    if way == "timeout":
        with pytest.raises(WorkflowTimeoutError):
            await ending.run(ctx=ctx)
    elif way == "cancel":
        handler = flow.run(ctx=ctx)
        await asyncio.sleep(moment)
        await handler.cancel_run()
    else:
        handler = flow.run(ctx=ctx)
        with suppress(TimeoutError):
            await asyncio.wait_for(handler, moment)
        with suppress(WorkflowCancelledByUser):
            await handler
    used = await flow.run(ctx=ctx)
    assert len({client for client, _ in used}) == 1
    assert made["base"] <= 2
    assert made["client"] <= 2


@every_schedule
async def test_defect_07e_a_run_that_ends_does_not_take_the_resource_from_the_others() -> None:
    kind, made = shop()
    flow = kind()
    handlers = [flow.run() for _ in range(3)]
    await asyncio.sleep(2)
    await handlers[0].cancel_run()
    first, second = await asyncio.gather(*handlers[1:])
    assert set(first) == set(second)
    assert made["client"] == 1


@every_schedule
async def test_defect_07f_when_it_cannot_be_made_each_step_fails_with_that_error_and_may_try_again() -> None:
    tries = []

    async def moody() -> Client:
        tries.append("try")
        await asyncio.sleep(1)
        if len(tries) == 1:
            raise LookupError("no client today")
        return Client()

    patient = retry_policy(wait=wait_fixed(2), stop=stop_after_attempt(2))

    class Flow(Workflow):
        @step(retry_policy=patient)
        async def a(self, ev: StartEvent, own: Annotated[Client, Resource(moody)]) -> Result:
            return Result(n=1, own=own)

        @step(retry_policy=patient)
        def b(self, ev: StartEvent, own: Annotated[Client, Resource(moody)]) -> Result:
            return Result(n=2, own=own)

        @step
        async def gather(self, ctx: Context, ev: Result) -> StopEvent | None:
            found = ctx.collect_events(ev, [Result] * 2)
            return StopEvent(result={event["own"] for event in found}) if found else None

    assert len(await Flow().run()) == 1
    assert len(tries) == 2


@every_schedule
async def test_defect_07g_a_real_circle_is_still_named() -> None:
    def one(other: Annotated[object, Resource(lambda: two())]) -> object:
        return other

    async def two() -> object:
        return await manager.get(Resource(one))

    manager = ResourceManager()
    with pytest.raises(ValueError, match=r"Circular resource dependency detected: .*one -> .*one"):
        await manager.get(Resource(one))
