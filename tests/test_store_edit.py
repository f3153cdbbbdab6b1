"""Editing the state: all of it or nothing, one writer at a time, at the price of what is edited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from wfkit.records import Change
from wfkit.store import DictState, Store


class Model(BaseModel):
    """Typed state."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    n: int = 0
    items: list[int] = Field(default_factory=list)
    client: Any = Field(default=None, exclude=True)


class Loose(BaseModel):
    """Typed state that takes more than it declares."""

    model_config = ConfigDict(extra="allow")

    n: int = 0


@dataclass
class Person:
    """Two of them are the same person if they have the same number, whatever they are called."""

    number: int
    name: str = field(default="", compare=False)


class Counted:
    """Counts how often it is copied."""

    copies = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Counted:
        Counted.copies += 1
        return Counted()


def plain(**values: Any) -> Store[DictState]:
    """Return a store of untyped state."""
    return Store(DictState(values))


def logged(store: Store[Any]) -> list[tuple[Change, tuple[str, ...]]]:
    """Write down every change that a store tells of."""
    log: list[tuple[Change, tuple[str, ...]]] = []
    store.on_change = lambda change, keys: log.append((change, keys))
    return log


# -- all or nothing ----------------------------------------------------------------------------------------------


async def test_others_read_the_old_state_until_the_block_ends() -> None:
    store = plain(n=1, items=[1])
    async with store.edit_state() as state:
        state["n"] = 2
        state["items"].append(2)
        assert (state["n"], state["items"]) == (2, [1, 2])
        assert (await store.get("n"), await store.get("items")) == (1, [1])
    assert store.state == {"n": 2, "items": [1, 2]}


async def test_typed_state_is_old_until_the_block_ends() -> None:
    store = Store(Model(n=1, items=[1]))
    async with store.edit_state() as state:
        state.n = 2
        state.items.append(2)
        assert await store.get_state() == Model(n=1, items=[1])
    assert store.state == Model(n=2, items=[1, 2])


async def edit_and_fail(
    store: Store[Any], change: Callable[[Any], object], error: type[BaseException] = ValueError
) -> None:
    """Change the state in a block that raises."""
    async with store.edit_state() as state:
        change(state)
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
async def test_an_error_throws_all_changes_away(error: type[BaseException]) -> None:
    store = plain(n=1, items=[1], gone=1)
    log = logged(store)

    def change(state: Any) -> None:
        state["n"] = 2
        state["items"].append(2)
        del state["gone"]

    with pytest.raises(error):
        await edit_and_fail(store, change, error)
    assert store.state == {"n": 1, "items": [1], "gone": 1}
    assert log == []


async def test_an_error_throws_changes_of_typed_state_away() -> None:
    store = Store(Model(n=1, items=[1]))

    def change(state: Model) -> None:
        state.n = 2
        state.items.append(2)

    with pytest.raises(ValueError):
        await edit_and_fail(store, change)
    assert store.state == Model(n=1, items=[1])


async def test_after_an_error_the_next_writer_gets_its_turn() -> None:
    store = plain()
    with pytest.raises(ValueError):
        await edit_and_fail(store, len)
    await store.set("a", 1)
    assert store.state == {"a": 1}


async def test_live_handles_are_shared_with_the_draft() -> None:
    lock = threading.Lock()
    store = plain(lock=lock, both={"lock": lock, "data": [1]})

    def change(state: DictState) -> None:
        assert state["lock"] is lock
        assert state["both"]["lock"] is lock
        state["both"]["data"].append(2)

    with pytest.raises(ValueError):
        await edit_and_fail(store, change)
    assert store.state["both"]["data"] == [1]


async def test_excluded_fields_of_typed_state_are_shared_with_the_draft() -> None:
    client = [1]
    store = Store(Model(client=client, items=[1]))
    async with store.edit_state() as state:
        assert state.client is client
        assert state.items is not store.state.items


# -- no change is lost -------------------------------------------------------------------------------------------


async def test_a_change_to_an_equal_value_of_another_type_is_kept() -> None:
    store = plain(flags=[1, 0])
    async with store.edit_state() as state:
        state["flags"][0] = True
    assert store.state["flags"][0] is True


async def test_a_change_that_equality_does_not_see_is_kept() -> None:
    store = plain(person=Person(1))
    async with store.edit_state() as state:
        state["person"].name = "Ada"
    assert store.state["person"].name == "Ada"


async def test_keys_are_added_changed_and_deleted_together() -> None:
    store = plain(a=1, b=2)
    log = logged(store)
    async with store.edit_state() as state:
        state["c"] = 3
        state.a = 9
        del state["b"]
    assert store.state == {"a": 9, "c": 3}
    assert [(change, sorted(keys)) for change, keys in log] == [("edit_state", ["a", "b", "c"])]


async def test_a_key_can_be_deleted_as_an_attribute() -> None:
    store = plain(a=1, b=2)
    async with store.edit_state() as state:
        del state.a
        assert "a" not in state
    assert store.state == {"b": 2}


async def test_only_what_changed_is_told() -> None:
    store = plain(read=[1], changed=[1])
    log = logged(store)
    async with store.edit_state() as state:
        assert state["read"] == [1]
        state["changed"].append(2)
    assert log == [("edit_state", ("changed",))]


async def test_fields_of_typed_state_that_changed_are_told() -> None:
    store = Store(Model())
    log = logged(store)
    async with store.edit_state() as state:
        state.items.append(1)
    assert log == [("edit_state", ("items",))]


async def test_undeclared_fields_of_typed_state_that_changed_are_told() -> None:
    store = Store(Loose.model_validate({"old": 1}))
    log = logged(store)
    async with store.edit_state() as state:
        state.new = 2  # type: ignore[attr-defined]
    assert (await store.get("new"), await store.get("old")) == (2, 1)
    assert log == [("edit_state", ("new",))]


# -- one writer at a time ----------------------------------------------------------------------------------------


async def test_edits_come_one_after_the_other() -> None:
    store = plain(n=0)

    async def add() -> None:
        async with store.edit_state() as state:
            n = state["n"]
            await asyncio.sleep(1)
            state["n"] = n + 1

    await asyncio.gather(*(add() for _ in range(8)))
    assert store.state["n"] == 8


async def queue_up(store: Store[DictState], order: list[int], count: int) -> list[asyncio.Task[None]]:
    """Start writers that line up in order while the first one is at it."""

    async def write(n: int) -> None:
        async with store.edit_state():
            order.append(n)
            await asyncio.sleep(1)

    tasks = []
    for n in range(count):
        tasks.append(asyncio.create_task(write(n)))
        await asyncio.sleep(0.01)
    return tasks


async def test_writers_take_their_turns_in_the_order_in_which_they_came() -> None:
    order: list[int] = []
    await asyncio.gather(*await queue_up(plain(), order, 5))
    assert order == [0, 1, 2, 3, 4]


async def test_a_waiting_writer_that_is_cancelled_leaves_the_others_in_order() -> None:
    order: list[int] = []
    tasks = await queue_up(plain(), order, 5)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3, 4]


async def test_a_writer_cancelled_when_its_turn_had_just_come_passes_it_on() -> None:
    store, order = plain(), []

    async def hold() -> None:
        async with store.edit_state():
            await asyncio.sleep(1)
        waiting[0].cancel()  # its turn has come, but it has not run yet

    async def write(n: int) -> None:
        async with store.edit_state():
            order.append(n)

    holder = asyncio.create_task(hold())
    await asyncio.sleep(0.5)
    waiting = [asyncio.create_task(write(0))]
    await asyncio.sleep(0.1)
    waiting.append(asyncio.create_task(write(1)))
    await asyncio.gather(holder, *waiting, return_exceptions=True)
    assert order == [1]
    await store.set("still", "works")


async def test_plain_writes_wait_for_the_end_of_an_edit() -> None:
    store = plain(n=0)

    async def edit() -> None:
        async with store.edit_state() as state:
            await asyncio.sleep(10)
            state["n"] += 1

    editing = asyncio.create_task(edit())
    await asyncio.sleep(1)
    await store.set("n", 100)
    assert editing.done()
    assert store.state["n"] == 100


async def edit_again(store: Store[DictState]) -> None:
    """Open an edit."""
    async with store.edit_state():
        pass


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.set("b", 1),
        lambda store: store.clear(),
        lambda store: store.set_state(DictState()),
        edit_again,
    ],
)
async def test_a_writer_inside_an_edit_is_an_error_at_once(
    write: Callable[[Store[DictState]], Awaitable[None]],
) -> None:
    store = plain(a=1)

    async def edit() -> None:
        async with store.edit_state() as state:
            state["a"] = 2
            await write(store)

    with pytest.raises(RuntimeError, match="writer called inside edit_state: mutate the yielded state instead"):
        await edit()
    assert store.state == {"a": 1}
    await store.set("b", 1)


async def test_reading_inside_an_edit_gives_the_state_before_it() -> None:
    store = plain(a=1)
    async with store.edit_state() as state:
        state["a"] = 2
        assert await store.get("a") == 1


async def test_all_plain_writers_behind_an_edit_get_their_turn_in_order() -> None:
    store = plain()
    log = logged(store)

    async def edit() -> None:
        async with store.edit_state() as state:
            await asyncio.sleep(10)
            state["edited"] = True

    tasks = [asyncio.create_task(edit())]
    for n in range(3):
        await asyncio.sleep(0.1)
        tasks.append(asyncio.create_task(store.set(f"key{n}", n)))
    await asyncio.gather(*tasks)
    assert [keys for _, keys in log] == [("edited",), ("key0",), ("key1",), ("key2",)]


# -- price -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 1_000])
async def test_an_edit_copies_what_it_touches_and_not_what_the_store_holds(size: int) -> None:
    store = plain(**{f"key{n}": Counted() for n in range(size)})
    Counted.copies = 0
    async with store.edit_state() as state:
        assert state["key3"] is state["key3"]
        state["new"] = Counted()
        state["key4"] = Counted()
    assert Counted.copies == 1


async def test_plain_reads_and_writes_copy_nothing() -> None:
    store = plain(a=Counted(), b={"c": Counted()})
    Counted.copies = 0
    await store.set("b.c", await store.get("a"))
    assert Counted.copies == 0
