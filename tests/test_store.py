"""The shared state: paths, typed state, whole-state calls, and what is told about each change."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import BaseModel, Field

from wfkit.records import Change
from wfkit.store import MAX_DEPTH, DictState, Store, state_type_of


class Address(BaseModel):
    """Part of a state."""

    city: str = "Bern"


class User(BaseModel):
    """Typed state."""

    name: str = "nobody"
    address: Address = Field(default_factory=Address)
    tags: list[str] = Field(default_factory=list)


class Admin(User):
    """Typed state with more in it."""

    level: int = 1


class Strict(BaseModel):
    """Typed state without defaults."""

    name: str


def plain(**values: Any) -> Store[DictState]:
    """Return a store of untyped state."""
    return Store(DictState(values))


def logged(store: Store[Any]) -> list[tuple[Change, tuple[str, ...]]]:
    """Write down every change that a store tells of."""
    log: list[tuple[Change, tuple[str, ...]]] = []
    store.on_change = lambda change, keys: log.append((change, keys))
    return log


# -- get ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [10, {"c": 20}], "user": User(name="Ada")}),
        ("a.b", [10, {"c": 20}]),
        ("a.b.0", 10),
        ("a.b.-1", {"c": 20}),
        ("a.b.1.c", 20),
        ("a.user.name", "Ada"),
        ("a.user.address.city", "Bern"),
        ("t.1", "y"),
        ("none", None),
    ],
)
async def test_a_path_leads_through_keys_indices_and_attributes(path: str, value: Any) -> None:
    store = plain(a={"b": [10, {"c": 20}], "user": User(name="Ada")}, t=("x", "y"), none=None)
    assert await store.get(path) == value


@pytest.mark.parametrize("path", ["b", "a.x", "a.0", "l.1", "l.x", "n.real.x", "n.x", "a.b.c.d"])
async def test_a_missing_path_is_an_error_or_the_default(path: str) -> None:
    store = plain(a={}, l=[0], n=1)
    with pytest.raises(ValueError, match=f"Path '{path}' not found in state"):
        await store.get(path)
    assert await store.get(path, default=None) is None
    assert await store.get(path, 7) == 7


async def test_the_empty_path_is_the_whole_state() -> None:
    store = plain(a=1)
    assert await store.get("") is store.state


async def test_typed_state_is_read_by_path_too() -> None:
    store = Store(User(tags=["x"]))
    assert await store.get("address.city") == "Bern"
    assert await store.get("tags.0") == "x"
    with pytest.raises(ValueError, match="'nope' not found"):
        await store.get("nope")


# -- set ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("new", {"a": {"b": 1}, "l": [1, 2], "new": 9}),
        ("a.b", {"a": {"b": 9}, "l": [1, 2]}),
        ("a.c.d", {"a": {"b": 1, "c": {"d": 9}}, "l": [1, 2]}),
        ("x.y.z", {"a": {"b": 1}, "l": [1, 2], "x": {"y": {"z": 9}}}),
        ("l.0", {"a": {"b": 1}, "l": [9, 2]}),
        ("l.-1", {"a": {"b": 1}, "l": [1, 9]}),
    ],
)
async def test_setting_makes_what_is_missing_on_the_way(path: str, state: dict[str, Any]) -> None:
    store = plain(a={"b": 1}, l=[1, 2])
    await store.set(path, 9)
    assert store.state == state
    assert await store.get(path) == 9


@pytest.mark.parametrize("path", ["l.5", "l.x"])
async def test_an_index_outside_a_list_is_an_error(path: str) -> None:
    store = plain(l=[1])
    with pytest.raises(ValueError, match="is no index of a list of 1"):
        await store.set(path, 9)
    assert store.state == {"l": [1]}


@pytest.mark.parametrize("path", ["n.x", "n.x.y", "t.0", "s.x"])
async def test_setting_inside_a_value_that_takes_nothing_is_a_value_error(path: str) -> None:
    store = plain(n=5, t=(1, 2), s="text")
    with pytest.raises(ValueError):
        await store.set(path, 9)
    assert store.state == {"n": 5, "t": (1, 2), "s": "text"}


async def test_an_empty_path_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="Path cannot be empty"):
        await plain().set("", 1)


async def test_a_path_has_a_greatest_length() -> None:
    store = plain()
    await store.set(".".join("x" * MAX_DEPTH), 1)
    with pytest.raises(ValueError, match="1001 parts"):
        await store.set(".".join("x" * (MAX_DEPTH + 1)), 1)
    with pytest.raises(ValueError, match="1001 parts"):
        await store.get(".".join("x" * (MAX_DEPTH + 1)), default=None)


async def test_typed_state_is_set_by_path() -> None:
    store = Store(User())
    await store.set("name", "Ada")
    await store.set("address.city", "Basel")
    assert store.state == User(name="Ada", address=Address(city="Basel"))


async def test_typed_state_takes_no_field_that_it_does_not_declare() -> None:
    store = Store(User())
    with pytest.raises(ValueError, match="no field"):
        await store.set("nope", 1)
    with pytest.raises(ValueError, match="no field"):
        await store.set("nope.deeper", 1)


# -- the whole state ---------------------------------------------------------------------------------------------


async def test_the_state_read_is_a_copy_all_the_way_down() -> None:
    store = plain(a={"b": [1]})
    copy = await store.get_state()
    copy["a"]["b"].append(2)
    copy.new = 3
    assert store.state == {"a": {"b": [1]}}
    assert type(copy) is DictState


async def test_the_typed_state_read_is_a_copy_all_the_way_down() -> None:
    store = Store(User(tags=["x"]))
    copy = await store.get_state()
    copy.tags.append("y")
    copy.address.city = "Basel"
    assert store.state == User(tags=["x"])


async def test_live_handles_are_shared_with_a_copy() -> None:
    lock = threading.Lock()
    store = plain(lock=lock, data=[1], nested={"lock": lock, "data": [2]})
    copy = await store.get_state()
    assert copy["lock"] is lock
    assert copy["nested"]["lock"] is lock
    copy["data"].append(3)
    copy["nested"]["data"].append(4)
    assert store.state["data"] == [1]
    assert store.state["nested"]["data"] == [2]


async def test_untyped_state_is_replaced() -> None:
    store = plain(a=1)
    await store.set_state(DictState(b=2))
    assert store.state == {"b": 2}


async def test_setting_the_state_to_itself_keeps_it() -> None:
    store = plain(a=1)
    await store.set_state(store.state)
    assert store.state == {"a": 1}


async def test_the_state_that_was_set_can_be_changed_without_changing_the_store() -> None:
    store, mine = plain(), DictState(a=1)
    await store.set_state(mine)
    mine["b"] = 2
    assert store.state == {"a": 1}


async def test_typed_state_is_replaced_by_its_type_or_a_subclass() -> None:
    store: Store[User] = Store(User())
    await store.set_state(User(name="Ada"))
    assert store.state.name == "Ada"
    await store.set_state(Admin(name="Eve"))
    assert store.state == Admin(name="Eve")
    assert store.state_type is Admin


async def test_a_parent_type_sets_the_fields_that_it_has() -> None:
    store: Store[User] = Store(Admin(name="Ada", level=7))
    await store.set_state(User(name="Eve"))
    assert store.state == Admin(name="Eve", level=7)


@pytest.mark.parametrize(("store", "name"), [(Store(User()), "User"), (Store(DictState()), "DictState")])
async def test_state_of_another_type_is_refused(store: Store[Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"State must be of type {name} or a parent type, got Strict"):
        await store.set_state(Strict(name="x"))


async def test_clearing_puts_the_defaults_back() -> None:
    store, typed = plain(a=1), Store(User(name="Ada"))
    await store.clear()
    await typed.clear()
    assert store.state == {}
    assert typed.state == User()


async def test_state_without_defaults_cannot_be_cleared() -> None:
    store = Store(Strict(name="Ada"))
    log = logged(store)
    with pytest.raises(ValueError, match="State must have defaults for all fields"):
        await store.clear()
    assert store.state.name == "Ada"
    assert log == []


# -- what is told ------------------------------------------------------------------------------------------------


async def test_every_change_is_told_once_with_what_it_touched() -> None:
    store = plain()
    log = logged(store)
    await store.set("a.b", 1)
    async with store.edit_state() as state:
        state["c"] = 2
    await store.set_state(DictState(d=3))
    await store.clear()
    assert log == [("set", ("a.b",)), ("edit_state", ("c",)), ("set_state", ()), ("clear", ())]


async def test_reading_tells_nothing() -> None:
    store = plain(a=1)
    log = logged(store)
    await store.get("a")
    await store.get("x", default=None)
    await store.get_state()
    assert log == []


async def test_a_change_that_failed_is_not_told() -> None:
    store = plain(l=[])
    log = logged(store)
    for path in ("", "l.7"):
        with pytest.raises(ValueError):
            await store.set(path, 1)
    assert log == []


# -- DictState and the choice of a type --------------------------------------------------------------------------


def test_keys_of_untyped_state_can_be_written_as_attributes() -> None:
    state = DictState(a=1)
    state.b = 2
    assert (state.a, state["b"]) == (1, 2)
    del state.a
    assert state == {"b": 2}
    assert not hasattr(state, "a")
    with pytest.raises(AttributeError, match="the state has no key 'a'"):
        del state.a


def test_the_most_derived_of_the_declared_types_is_used() -> None:
    assert state_type_of([]) is None
    assert state_type_of([dict]) is None
    assert state_type_of([User, Admin, User]) is Admin
    assert state_type_of([Admin, User, dict]) is Admin


def test_unrelated_state_types_are_an_error_that_names_them() -> None:
    with pytest.raises(ValueError, match=r"not in a compatible inheritance hierarchy.*User.*Strict"):
        state_type_of([User, Strict])


# -- what is private ---------------------------------------------------------------------------------------------


class Box:
    """Something in the state that is neither a dictionary nor a model."""

    def __init__(self) -> None:
        self.open = 1
        self._shut = 2


@pytest.mark.parametrize(
    "path", ["box.__class__", "box._shut", "box.__init__.__globals__.pwned", "user.__class__.name"]
)
async def test_a_path_does_not_lead_to_what_is_private(path: str) -> None:
    store = plain(box=Box(), user=User())
    with pytest.raises(ValueError, match="not found in state"):
        await store.get(path)
    with pytest.raises(ValueError, match="is private to a"):
        await store.set(path, "evil")
    assert "evil" not in globals()
    assert (await store.get("box")).__dict__ == {"open": 1, "_shut": 2}


async def test_keys_may_begin_with_an_underscore() -> None:
    store = plain(_own={"__deep__": 1})
    await store.set("_own.__deep__", 2)
    await store.set("_new", 3)
    assert (await store.get("_own.__deep__"), await store.get("_new")) == (2, 3)
