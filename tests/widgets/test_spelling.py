"""Values as text, and back: what reads the same is the same object."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, Field, RootModel, SecretStr

from wfkit.widgets.spelling import ABSENT, DEEPEST, as_json, from_json, named_parts, parts_of, read_as, spelled


class User(BaseModel):
    name: str
    password: SecretStr = SecretStr("hidden")
    note: str = Field("private", repr=False)


class Grant(NamedTuple):
    who: str
    access_token: str


class Names(RootModel[list[str]]):
    pass


def test_json_says_what_it_can_and_masks_the_rest() -> None:
    value = {"user": User(name="a"), "grant": Grant("b", "k1"), "names": Names(["x"]), 1: date(2026, 1, 2), "s": {2, 1}}
    assert as_json(value) == {
        "user": {"name": "a", "password": "****", "note": "****"},
        "grant": {"who": "b", "access_token": "****"},
        "names": ["x"],
        "1": "2026-01-02",
        "s": [1, 2],
    }


@pytest.mark.parametrize("value", [object(), {1.5: 2}, b"\xff", "x" * 30_000, list(range(30_000)), [{(1, 2): 3}]])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        as_json(value)


def test_what_never_ends_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="too deep"):
        as_json(endless)
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = [deep]
    assert as_json(deep) == deep


def test_what_reads_the_same_is_the_same_object() -> None:
    day, user = date(2026, 1, 2), User(name="a", password=SecretStr("other"))
    old = {"day": day, "users": [user, {"token": "t1"}], "pair": (1, {"x": day}), "flag": True}
    typed = as_json(old)
    assert from_json(typed, old, free=True) is old
    typed["pair"][0] = 2
    typed["flag"] = 1
    made = from_json(typed, old, free=True)
    assert made["day"] is day
    assert made["users"] is old["users"]
    assert made["pair"] == (2, {"x": day})
    assert made["flag"] == 1
    assert type(made["flag"]) is int, "true is not one"


def test_items_of_a_list_are_found_again_wherever_they_are() -> None:
    old = [User(name="a", password=SecretStr("1")), User(name="b", password=SecretStr("2")), date(2026, 1, 2)]
    made = from_json([as_json(old[2]), as_json(old[1])], old, free=True)
    assert made[0] is old[2]
    assert made[1] is old[1]
    twins = [User(name="a", password=SecretStr(word)) for word in "xyz"]
    assert from_json([*as_json(twins), {"name": "new"}], twins, free=True)[:3] == twins


def test_a_mask_stands_for_the_secret_at_its_place_and_for_no_other() -> None:
    old = {"a": {"token": "t1"}}
    assert from_json({"a": {"token": "****", "n": 1}}, old, free=True) == {"a": {"token": "t1", "n": 1}}
    with pytest.raises(ValueError, match="stands for a secret"):
        from_json({"b": {"token": "****"}}, old, free=True)
    assert from_json("****", "plain", free=True) == "****"


@pytest.mark.parametrize(
    ("old", "typed", "made"),
    [
        ((1, 2), [1], (1,)),
        ({1, 2}, [3], {3}),
        (deque([1], maxlen=2), [1, 2, 3], deque([2, 3], maxlen=2)),
        (OrderedDict(a=1), {"b": 2}, OrderedDict(b=2)),
        (Counter("a"), {"b": 2}, Counter("bb")),
        ({1: "a", 2: "b"}, {"1": "a", "3": "c"}, {1: "a", 3: "c"}),
        (Grant("a", "k"), {"who": "b", "access_token": "****"}, Grant("b", "k")),
        (User(name="a"), {"name": "b"}, User(name="b")),
        ([timedelta(1)], ["PT1H"], [timedelta(hours=1)]),
        ([timedelta(1)], ["soon"], ["soon"]),
    ],
)
def test_what_was_typed_becomes_what_stood_there(old: Any, typed: Any, made: Any) -> None:
    read = from_json(typed, old, free=True)
    assert read == made
    assert type(read) is type(made)


def test_where_a_class_reads_it_a_model_is_left_to_it() -> None:
    assert from_json({"name": "b"}, User(name="a"), free=False) == {"name": "b"}
    with pytest.raises(ValueError, match="name: Input should be a valid string"):
        from_json({"name": 5}, User(name="a"), free=True)


def test_one_line_of_text_and_back() -> None:
    assert spelled(timedelta(seconds=-5)) == "-PT5S"
    assert read_as(timedelta, "-PT5S") == timedelta(seconds=-5)
    with pytest.raises(ValueError, match="valid date"):
        read_as(date, "hunter2")


def test_parts_and_those_that_are_hidden() -> None:
    assert parts_of(5) == {}
    named = named_parts(User(name="a"))
    assert named is not None
    assert named.hidden == {"password", "note"}
    assert named_parts([1]) is None
    assert from_json(1, ABSENT, free=True) == 1
