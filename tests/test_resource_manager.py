"""What a ResourceManager keeps, what can be put in its place, and what happens when many ask at the same time."""

import asyncio
import random
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from tests.makers import Maker, Thing, asking, definitions
from wfkit import Resource, ResourceManager, WorkflowValidationError
from wfkit.testing import simulate

# No `from __future__ import annotations`: factories inside the tests are read where they stand.

SEEDS = range(25)


# -- what is kept ------------------------------------------------------------------------------------------------------


async def test_a_resource_is_kept_by_its_manager() -> None:
    one, other, wanted = ResourceManager(), ResourceManager(), asking(Thing)

    made = await one.fill(wanted)

    assert (await one.fill(wanted))["x0"] is made["x0"]
    assert await one.get(Resource(Thing)) is made["x0"]
    assert (await other.fill(wanted))["x0"] is not made["x0"]


async def test_none_is_kept_too() -> None:
    calls: list[None] = []
    manager, wanted = ResourceManager(), asking(Resource(lambda: calls.append(None)))

    assert [await manager.fill(wanted) for _ in range(2)] == [{"x0": None}] * 2
    assert len(calls) == 1


async def test_without_cache_each_fill_makes_one() -> None:
    def whole(part: Annotated[Thing, Resource(Thing, cache=False)]) -> Thing:
        thing = Thing()
        thing.parts = (part,)
        return thing

    def use(
        left: Annotated[Thing, Resource(whole, cache=False)],
        part: Annotated[Thing, Resource(Thing, cache=False)],
        right: Annotated[Thing, Resource(whole)],
    ) -> None: ...

    manager, wanted = ResourceManager(), definitions(use)
    before, after = await manager.fill(wanted), await manager.fill(wanted)

    assert before["left"].parts == before["right"].parts == (before["part"],)
    assert after["left"].parts == (after["part"],) != before["left"].parts
    assert after["right"] is before["right"]


async def test_uncached_is_made_beside_cached() -> None:
    manager = ResourceManager()
    kept = await manager.get(Resource(Thing))

    assert await manager.get(Resource(Thing, cache=False)) is not kept
    assert await manager.get(Resource(Thing)) is kept


async def test_factories_of_one_name_do_not_share() -> None:
    def make(number: int) -> Callable[[], int]:
        def get() -> int:
            return number

        return get

    wanted = asking(Resource(make(1)), Resource(make(2)), Resource(lambda: 3), Resource(lambda: 4))
    manager = ResourceManager()

    assert list((await manager.fill(wanted)).values()) == [1, 2, 3, 4]
    name = "test_factories_of_one_name_do_not_share.<locals>"
    assert manager.get_all() == {
        f"{name}.make.<locals>.get": 1,
        f"{name}.make.<locals>.get#2": 2,
        f"{name}.<lambda>": 3,
        f"{name}.<lambda>#2": 4,
    }


async def test_factories_that_call_themselves_equal_do_not_share() -> None:
    class Equal:
        def __init__(self, number: int) -> None:
            self.number = number

        def __call__(self) -> int:
            return self.number

        def __eq__(self, other: object) -> bool:
            return True

    assert list((await ResourceManager().fill(asking(Resource(Equal(1)), Resource(Equal(2))))).values()) == [1, 2]


async def test_a_factory_stays_itself_while_its_resource_is_kept() -> None:
    manager = ResourceManager()

    def factory(number: int) -> Callable[[], int]:
        return lambda: number

    for number in range(100):  # a factory that had gone would leave its address to a later one
        assert await manager.get(Resource(factory(number))) == number


async def test_methods_share_by_object() -> None:
    one, other = Thing(), Thing()

    found = await ResourceManager().fill(asking(Resource(one.twin), Resource(one.twin), Resource(other.twin)))

    assert found["x0"] is found["x1"] is not found["x2"]


async def test_in_a_diamond_the_base_is_made_once() -> None:
    maker = Maker()

    def left(base: Annotated[Thing, Resource(maker)]) -> Thing:
        return base

    async def right(base: Annotated[Thing, Resource(maker)], left: Annotated[Thing, Resource(left)]) -> Thing:
        return base

    found = await ResourceManager().fill(asking(Resource(right), Resource(left), Resource(maker)))

    assert found["x0"] is found["x1"] is found["x2"]
    assert maker.made == 1


# -- overriding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["get_llm", "test_overriding.<locals>.get_llm"])
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("used_before", [True, False])
async def test_overriding(name: str, cache: bool, used_before: bool) -> None:
    def get_llm() -> str:
        return "dear"

    def get_agent(llm: Annotated[str, Resource(get_llm, cache=cache)]) -> list[str]:
        return [llm]

    wanted = asking(Resource(get_llm, cache=cache), Resource(get_agent, cache=False))
    manager = ResourceManager()
    if used_before:
        await manager.fill(wanted)

    await manager.set(name, "fake")

    assert await manager.fill(wanted) == {"x0": "fake", "x1": ["fake"]}
    assert manager.get_all()[name] == "fake"


async def test_what_is_overridden_is_not_made_nor_what_it_needs() -> None:
    def get_key() -> str:
        raise AssertionError

    def get_llm(key: Annotated[str, Resource(get_key)]) -> str:
        raise AssertionError

    manager = ResourceManager()
    await manager.set("get_llm", None)

    assert await manager.get(Resource(get_llm)) is None


async def test_a_manager_gets_descriptors() -> None:
    with pytest.raises(WorkflowValidationError, match=r"takes Resource\(\.\.\.\) or ResourceConfig\(\.\.\.\), got 'x'"):
        await ResourceManager().get("x")  # type: ignore[arg-type]  # the mistake under test


# -- at the same time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_one_is_made_for_all_who_want_it_at_the_same_time(seed: int) -> None:
    async def program() -> None:
        base, chance = Maker(), random.Random(seed)

        async def left(base: Annotated[Thing, Resource(base)]) -> Thing:
            await asyncio.sleep(chance.random())
            return base

        async def right(left: Annotated[Thing, Resource(left)], base: Annotated[Thing, Resource(base)]) -> Thing:
            await asyncio.sleep(chance.random())
            return base

        manager = ResourceManager()
        shapes: list[list[Callable[..., Any]]] = [[base], [left, base], [right, left], [base, right, left]]
        wanted = [asking(*each) for each in shapes]

        async def step() -> list[Thing]:
            await asyncio.sleep(chance.choice([0, 0.5, 1, 2]))
            return list((await manager.fill(chance.choice(wanted))).values())

        found = await asyncio.gather(*(step() for _ in range(12)))

        assert len({id(thing) for things in found for thing in things}) == 1
        assert base.made == 1

    assert simulate(program(), seed).left == []


@pytest.mark.parametrize("seed", SEEDS)
def test_when_who_makes_it_is_cancelled_another_one_does(seed: int) -> None:
    async def program() -> None:
        maker, manager = Maker(10), ResourceManager()
        wanted = asking(maker)
        steps = [asyncio.create_task(manager.fill(wanted)) for _ in range(5)]
        chance = random.Random(seed)
        victims = chance.sample(steps, 3)
        for victim in victims:
            await asyncio.sleep(chance.choice([0, 1]))
            victim.cancel()

        results = await asyncio.gather(*steps, return_exceptions=True)

        assert [isinstance(result, asyncio.CancelledError) for result in results] == [step in victims for step in steps]
        made = [result["x0"] for result in results if isinstance(result, dict)]
        assert len(made) == 2
        assert made[0] is made[1]
        assert 1 <= maker.made <= 4
        assert maker.most == 1

    simulate(program(), seed)


async def test_who_waits_may_be_cancelled_without_harm() -> None:
    maker, manager = Maker(10), ResourceManager()
    wanted = asking(maker)
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    steps = []
    for _ in range(3):  # the first makes it
        steps.append(asyncio.create_task(manager.fill(wanted)))
        await asyncio.sleep(1)
    steps[1].cancel()

    results = await asyncio.gather(*steps, return_exceptions=True)

    assert complaints == []

    assert isinstance(results[1], asyncio.CancelledError)
    assert results[0] == results[2]
    assert maker.made == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_all_who_wait_get_the_error_and_the_next_one_tries_again(seed: int) -> None:
    async def program() -> None:
        tries = 0

        async def fragile() -> str:
            nonlocal tries
            tries += 1
            await asyncio.sleep(1)
            if tries == 1:
                raise ConnectionError("no network")
            return "made"

        def whole(part: Annotated[str, Resource(fragile)]) -> str:
            return f"well {part}"

        manager = ResourceManager()
        fills = [manager.fill(asking(each)) for each in (fragile, whole) * 4]
        errors = await asyncio.gather(*fills, return_exceptions=True)

        assert [str(error) for error in errors] == ["no network"] * 8
        assert tries == 1
        assert manager.get_all() == {}
        assert await manager.fill(asking(whole)) == {"x0": "well made"}

    simulate(program(), seed)


async def test_the_error_does_not_grow_with_those_who_wait() -> None:
    async def fragile() -> None:
        await asyncio.sleep(1)
        raise ConnectionError("no network")

    def length(error: BaseException) -> int:
        trace, frames = error.__traceback__, 0
        while trace is not None:
            trace, frames = trace.tb_next, frames + 1
        return frames

    wanted = asking(fragile)
    lengths = []
    for steps in (2, 50):
        manager = ResourceManager()
        errors = await asyncio.gather(*(manager.fill(wanted) for _ in range(steps)), return_exceptions=True)
        lengths.append(max(length(error) for error in errors if isinstance(error, ConnectionError)))

    assert lengths[0] == lengths[1]


async def test_a_factory_that_cancels_itself_leaves_nobody_waiting() -> None:
    async def odd() -> None:
        await asyncio.sleep(1)
        raise asyncio.CancelledError

    manager = ResourceManager()
    results = await asyncio.gather(*(manager.fill(asking(odd)) for _ in range(4)), return_exceptions=True)

    assert [type(result) for result in results] == [asyncio.CancelledError] * 4
