"""Resources as the steps of a workflow get them."""

import asyncio
import threading
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.makers import Maker, Thing
from wfkit import (
    Context,
    Event,
    Resource,
    ResourceConfig,
    ResourceManager,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowValidationError,
    run_sync,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt
from wfkit.testing import simulate

# No `from __future__ import annotations`: factories inside the tests are read where they stand.

SEEDS = range(25)


class Left(Event):
    pass


class Right(Event):
    pass


class Done(Event):
    thing: Any


async def test_steps_of_every_kind_get_resources() -> None:
    class Flow(Workflow):
        @step
        async def begin(self, ev: StartEvent, thing: Annotated[Thing, Resource(Thing)], ctx: Context) -> Left:
            await ctx.store.set("first", thing)
            return Left()

        @step
        def plain(self, thing: Annotated[Thing, Resource(Thing)], ev: Left) -> Right:
            return Right(thing=thing)

    flow = Flow(disable_validation=True)

    @step(workflow=flow)
    async def free(ev: Right, ctx: Context, *, thing: Annotated[Thing, Resource(Thing)] | None) -> StopEvent:
        return StopEvent(result=[await ctx.store.get("first"), ev.thing, thing])

    first, second, third = await flow.run()

    assert isinstance(first, Thing)
    assert first is second is third


class Keep(Workflow):
    """Stops with a resource that is kept and one that is not."""

    @step
    async def use(
        self, ev: StartEvent, kept: Annotated[Thing, Resource(Thing)], own: Annotated[Thing, Resource(Thing, False)]
    ) -> StopEvent:
        return StopEvent(result=(kept, own))


async def test_a_cached_resource_is_kept_for_the_runs_of_an_instance() -> None:
    flow = Keep()

    (kept, own), (kept_again, own_again) = await flow.run(), await flow.run()
    (kept_elsewhere, _) = await Keep().run()

    assert kept is kept_again is not kept_elsewhere
    assert len({id(thing) for thing in (kept, own, own_again)}) == 3


async def test_instances_share_what_a_manager_keeps() -> None:
    manager = ResourceManager()

    (one, _), (other, _) = [await Keep(resource_manager=manager).run() for _ in range(2)]

    assert one is other
    assert manager.get_all() == {"Thing": one}


async def test_a_test_puts_its_own_in_place() -> None:
    manager = ResourceManager()
    await manager.set("Thing", "fake")

    assert await Keep(resource_manager=manager).run() == ("fake", "fake")


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_at_the_same_time_are_no_circle(seed: int) -> None:
    async def program() -> None:
        maker = Maker()

        class Flow(Workflow):
            @step
            async def begin(self, ev: StartEvent, ctx: Context) -> Left | Right | None:
                ctx.send_event(Left())
                ctx.send_event(Right())
                return None

            @step
            async def left(self, ev: Left, thing: Annotated[Thing, Resource(maker)]) -> Done:
                return Done(thing=thing)

            @step
            async def right(self, ev: Right, thing: Annotated[Thing, Resource(maker)]) -> Done:
                return Done(thing=thing)

            @step
            async def end(self, ctx: Context, ev: Done) -> StopEvent | None:
                both = ctx.collect_events(ev, [Done] * 2)
                return None if both is None else StopEvent(result=[done.thing for done in both])

        flow = Flow()
        runs = await asyncio.gather(*(flow.run() for _ in range(3)))

        assert len({id(thing) for things in runs for thing in things}) == 1
        assert maker.made == 1

    simulate(program(), seed)


async def test_a_factory_that_raises_fails_the_step_and_is_retried_by_its_policy() -> None:
    tries = 0

    def fragile() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionError("no network")
        return "made"

    class Flow(Workflow):
        @step(retry_policy=retry_policy(stop=stop_after_attempt(3)))
        async def use(self, ev: StartEvent, thing: Annotated[str, Resource(fragile)]) -> StopEvent:
            return StopEvent(result=thing)

    class Once(Workflow):
        @step
        async def use(self, ev: StartEvent, thing: Annotated[str, Resource(fragile)]) -> StopEvent:
            return StopEvent(result=thing)

    with pytest.raises(ConnectionError, match="no network"):
        await Once().run()
    assert await Flow().run() == "made"
    assert tries == 3


async def test_cancelling_the_run_that_makes_it_leaves_it_to_another() -> None:
    maker = Maker(10)

    class Flow(Workflow):
        @step
        async def use(self, ev: StartEvent, thing: Annotated[Thing, Resource(maker)]) -> StopEvent:
            return StopEvent(result=thing)

    flow = Flow()
    first = flow.run()
    await asyncio.sleep(1)
    second = flow.run()
    await asyncio.sleep(1)
    await first.cancel_run()

    assert isinstance(await second, Thing)
    assert (maker.made, maker.most) == (2, 1)


def test_runs_in_several_threads_share_one() -> None:
    made: list[Thing] = []
    together = threading.Barrier(4)

    async def make() -> Thing:
        await asyncio.sleep(0)
        made.append(Thing())
        return made[-1]

    class Flow(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> Left:
            together.wait(20)
            return Left()

        @step
        async def use(self, ev: Left, thing: Annotated[Thing, Resource(make)]) -> StopEvent:
            return StopEvent(result=thing)

    flow, found = Flow(), list[Thing]()
    threads = [threading.Thread(target=lambda: found.append(run_sync(flow)), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert found == made * 4


async def test_run_sync_does_not_wait_for_the_loop_that_waits_for_it() -> None:
    maker = Maker()

    class Flow(Workflow):
        @step
        async def use(self, ev: StartEvent, thing: Annotated[Thing, Resource(maker)]) -> StopEvent:
            return StopEvent(result=thing)

    flow = Flow(timeout=5)
    behind = flow.run()
    await asyncio.sleep(0.5)  # it is being made, here
    maker.seconds = 0

    thing = run_sync(flow)

    assert isinstance(thing, Thing)
    assert await behind is thing


def test_missing_settings_are_told_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    class Flow(Workflow):
        @step
        async def a(self, ev: StartEvent, c: Annotated[dict[str, Any], ResourceConfig("missing.json")]) -> StopEvent:
            return StopEvent(result=c)

    with pytest.raises(WorkflowValidationError) as caught:
        Flow().validate()
    assert str(caught.value).startswith(
        "Resource config validation failed:\n  - In step 'a', parameter 'c': No such file: missing.json"
    )
    Path("missing.json").write_text('{"now": "there"}')
    assert run_sync(Flow()) == {"now": "there"}


async def test_settings_that_are_overridden_need_no_file() -> None:
    class Flow(Workflow):
        @step
        async def a(self, ev: StartEvent, c: Annotated[dict[str, Any], ResourceConfig("missing.json")]) -> StopEvent:
            return StopEvent(result=c)

    manager = ResourceManager()
    await manager.set("missing.json", {"a": 1})

    assert await Flow(resource_manager=manager).run() == {"a": 1}


def test_a_circle_stops_the_definition_of_the_step() -> None:
    with pytest.raises(ValueError, match="Circular resource dependency detected: again -> again"):

        class Flow(Workflow):
            @step
            async def a(self, ev: StartEvent, thing: Annotated[Thing, Resource(again)]) -> StopEvent:
                return StopEvent()


def again(thing: "Annotated[Thing, Resource(again)]") -> Thing:
    return thing
