"""Copies of state: a draft behaves as a dictionary, copies late, and is put in place as a whole."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from wfkit.draft import Draft, differs, isolated


class Model(BaseModel):
    """A model with data, a handle that is declared not to be data, and room for more."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    data: list[int] = Field(default_factory=list)
    handle: Any = Field(default=None, exclude=True)


class Stubborn:
    """Does not say whether it is equal to anything."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value is ambiguous")

    __hash__ = None  # type: ignore[assignment]


# -- isolated ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, "text", None, 2.5, True, b"x", range(3), int])
def test_what_cannot_change_is_not_copied(value: Any) -> None:
    assert isolated(value) is value


def test_data_are_copied_all_the_way_down() -> None:
    value = {"a": [{"b": {1}}], "t": ([1],)}
    twin = isolated(value)
    assert twin == value
    twin["a"][0]["b"].add(2)
    twin["t"][0].append(2)
    assert value == {"a": [{"b": {1}}], "t": ([1],)}


def test_what_cannot_be_copied_is_shared_and_all_around_it_is_copied() -> None:
    lock = threading.Lock()
    value: dict[str, Any] = {"list": [lock, [1]], "tuple": (lock, [1]), "dict": OrderedDict(lock=lock, data=[1])}
    twin = isolated(value)
    assert twin["list"][0] is twin["tuple"][0] is twin["dict"]["lock"] is lock
    for inner in (twin["list"][1], twin["tuple"][1], twin["dict"]["data"]):
        inner.append(2)
    assert (value["list"][1], value["tuple"][1], value["dict"]["data"]) == ([1], [1], [1])
    assert type(twin["dict"]) is OrderedDict


def test_excluded_fields_of_a_model_are_shared_and_all_others_copied() -> None:
    handle = [0]
    model = Model(data=[1], handle=handle, more=[2])
    twin = isolated(model)
    assert twin.handle is handle
    twin.data.append(3)
    twin.more.append(4)
    assert model.data == [1]
    assert model.model_extra == {"more": [2]}


def test_a_model_keeps_track_of_the_fields_that_were_set() -> None:
    assert isolated(Model(data=[1])).model_fields_set == {"data"}


def test_a_handle_deep_inside_a_model_is_shared() -> None:
    lock = threading.Lock()
    twin = isolated(Model(more={"lock": lock, "data": [1]}))
    assert twin.more["lock"] is lock


# -- differs -----------------------------------------------------------------------------------------------------


def test_values_that_do_not_say_differ() -> None:
    assert differs(1, 2)
    assert not differs([1], [1])
    assert differs(Stubborn(), Stubborn())


# -- Draft -------------------------------------------------------------------------------------------------------


def test_reading_leaves_the_original_alone_and_gives_the_same_object_again() -> None:
    original = {"a": [1]}
    draft = Draft(original)
    draft["a"].append(2)
    assert draft["a"] is draft["a"]
    assert original == {"a": [1]}
    assert draft == {"a": [1, 2]}


def test_a_change_is_put_in_place_by_commit_only() -> None:
    original = {"a": 1, "b": 2, "c": [3]}
    draft = Draft(original)
    draft["a"] = 9
    del draft["b"]
    draft["c"].append(4)
    draft["d"] = 5
    assert original == {"a": 1, "b": 2, "c": [3]}
    assert sorted(draft.commit()) == ["a", "b", "c", "d"]
    assert original == {"a": 9, "c": [3, 4], "d": 5}


def test_commit_tells_nothing_of_what_was_only_read() -> None:
    original = {"a": [1], "b": {"x": 1}}
    draft = Draft(original)
    assert dict(draft) == original
    assert draft.commit() == ()


def test_a_value_that_does_not_compare_counts_as_changed() -> None:
    draft = Draft({"a": Stubborn()})
    assert isinstance(draft["a"], Stubborn)
    assert draft.commit() == ("a",)


def test_keys_are_attributes_too() -> None:
    draft = Draft({"a": 1})
    draft.b = 2
    assert (draft.a, draft.b, draft["b"]) == (1, 2, 2)
    assert not hasattr(draft, "c")
    with pytest.raises(AttributeError, match="the state has no key 'c'"):
        _ = draft.c


def test_a_deleted_key_is_gone_until_it_is_written_again() -> None:
    original = {"a": 1}
    draft = Draft(original)
    del draft["a"]
    assert "a" not in draft
    assert list(draft) == []
    with pytest.raises(KeyError):
        _ = draft["a"]
    with pytest.raises(KeyError):
        del draft["a"]
    draft["a"] = 2
    assert draft == {"a": 2}
    assert draft.commit() == ("a",)
    assert original == {"a": 2}


def test_a_key_written_and_deleted_leaves_no_trace() -> None:
    original: dict[str, Any] = {}
    draft = Draft(original)
    draft["a"] = 1
    del draft["a"]
    assert draft.commit() == ()
    assert original == {}


def test_it_shows_what_it_will_be() -> None:
    draft = Draft({"a": 1})
    draft["b"] = 2
    assert repr(draft) == "Draft({'a': 1, 'b': 2})"


KEYS = st.sampled_from("abcd")
VALUES = st.one_of(st.integers(), st.lists(st.integers(), max_size=2))
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, VALUES),
        st.tuples(st.just("del"), KEYS, VALUES),
        st.tuples(st.just("append"), KEYS, VALUES),
        st.tuples(st.just("pop"), KEYS, VALUES),
        st.tuples(st.just("setdefault"), KEYS, VALUES),
        st.tuples(st.just("clear"), KEYS, VALUES),
    ),
    max_size=12,
)


def apply(target: Any, operation: str, key: str, value: Any) -> Any:
    """Do to a draft or to a dictionary what a step might do."""
    value = copy.deepcopy(value)
    if operation == "set":
        target[key] = value
    elif operation == "del" and key in target:
        del target[key]
    elif operation == "append" and isinstance(target.get(key), list):
        target[key].append(value)
    elif operation == "pop":
        return target.pop(key, None)
    elif operation == "setdefault":
        return copy.deepcopy(target.setdefault(key, value))
    elif operation == "clear" and value == []:
        target.clear()
    return None


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(KEYS, VALUES), OPERATIONS)
def test_it_does_what_a_dictionary_does(start: dict[str, Any], operations: list[tuple[str, str, Any]]) -> None:
    original, expected = copy.deepcopy(start), copy.deepcopy(start)
    draft = Draft(original)
    for operation in operations:
        assert apply(draft, *operation) == apply(expected, *operation)
        assert draft == expected
        assert len(draft) == len(expected)
        assert set(draft) == set(expected)
    assert original == start
    changed = draft.commit()
    assert original == expected
    assert set(changed) >= {key for key in {*start, *expected} if start.get(key, "-") != expected.get(key, "-")}
    assert len(set(changed)) == len(changed)
