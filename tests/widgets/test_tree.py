"""A store as the rows of a tree."""

from __future__ import annotations

import json
import time
from collections import UserDict
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, SecretStr

from tests.display.corpus import SECRET, SECRETS, TEXTS, VALUES
from wfkit.widgets.tree import read_edit, tree_rows


class Person(BaseModel):
    name: str
    pin: SecretStr = SecretStr("hunter2")


def told(state: Any, **more: Any) -> list[tuple[Any, ...]]:
    """Return what the rows of a state say, without what is empty."""
    return [(row["path"], row["depth"], row["type"], row["text"]) for row in tree_rows(state, **more)]


def test_what_is_in_it_stands_below_it() -> None:
    assert told({"user": Person(name="Ada"), "many": [1, 2], "rows": [{"n": 1}]}) == [
        ("user", 0, "Person", "Person"),
        ("user.name", 1, "str", "'Ada'"),
        ("user.pin", 1, "SecretStr", "****"),
        ("many", 0, "list", "[1, 2]"),
        ("rows", 0, "list", "1 item"),
        ("rows.0", 1, "dict", "1 key"),
        ("rows.0.n", 2, "int", "1"),
    ]


def test_secrets_are_neither_shown_nor_edited() -> None:
    rows = tree_rows(
        {"password": "hunter2", "in": {"api_key": "hunter2"}}, changed=("password",), before={"password": "hunter2"}
    )
    assert "hunter2" not in json.dumps(rows)
    assert [row["edit"] for row in rows] == [None, None, None]


def test_what_changed_is_marked_with_what_it_was() -> None:
    rows = tree_rows({"a": {"b": 2, "c": 1}, "d": 3}, changed=("a.b",), before={"a": {"b": 1, "c": 1}, "d": 3})
    assert [(row["path"], row["changed"], row["was"]) for row in rows] == [
        ("a", True, ""),
        ("a.b", True, "1"),
        ("a.c", False, ""),
        ("d", False, ""),
    ]
    rows = tree_rows({"a": {"b": 2, "c": 1}, "new": 1}, changed=("a", "new"), before={"a": {"b": 1, "c": 1}})
    assert [(row["path"], row["changed"]) for row in rows if row["changed"]] == [
        ("a", True),
        ("a.b", True),
        ("new", True),
    ]
    assert rows[-1]["was"] == "not there"


def test_plain_data_can_be_edited_and_nothing_else() -> None:
    rows = tree_rows({"t": "x", "n": [1, {"k": None}], "o": object(), "s": {1, 2}, "inf": float("inf"), "a.b": 1})
    assert {row["key"]: row["edit"] for row in rows if not row["depth"]} == {
        "t": "x",
        "n": '[1, {"k": null}]',
        "o": None,
        "s": None,
        "inf": None,
        "a.b": None,
    }


def test_what_is_written_is_read_as_it_was_meant() -> None:
    assert read_edit("1", plain=True) == "1"
    assert read_edit("[1, null]", plain=False) == [1, None]
    with pytest.raises(ValueError, match="is no JSON"):
        read_edit("one", plain=False)


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_cut_and_cleaned(name: str) -> None:
    rows = tree_rows({TEXTS[name]: TEXTS[name], "in": {"list": [TEXTS[name]]}})
    for row in rows:
        assert len(row["text"]) <= 120
        assert not {char for char in row["key"] + row["text"] if ord(char) < 32 or char in "\u202e\u2028"}


def test_what_does_not_let_itself_be_looked_at_is_a_row_all_the_same() -> None:
    class Shy(UserDict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("no")

    assert told({"shy": Shy(a=1)})[0][:3] == ("shy", 0, "Shy")
    round: dict[str, Any] = {}
    round["self"] = round
    assert len(tree_rows(round)) == 5
    assert len(tree_rows({str(n): n for n in range(10_000)})) == 201


@pytest.mark.parametrize("name", VALUES)
def test_no_value_keeps_the_others_from_being_shown(name: str) -> None:
    rows = tree_rows({"before": 1, "value": VALUES[name](), "after": [VALUES[name](), {"in": VALUES[name]()}]})
    assert {"before", "value", "after"} <= {row["key"] for row in rows}
    assert len(json.dumps(rows, ensure_ascii=False).encode()) < 300_000


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_nowhere_in_it(name: str) -> None:
    value = SECRETS[name]()
    for state in ({"v": value}, {"v": [value, {"in": value}]}):
        assert SECRET not in json.dumps(tree_rows(state, changed=("v",), before={"v": value}))
        assert SECRET not in json.dumps(tree_rows({"v": [value, 5]}, changed=("v",), before=state))


def test_a_named_tuple_opens_by_its_names() -> None:
    class Grant(NamedTuple):
        scopes: list[Any]
        access_token: str

    state = {"v": Grant([{"a": 1}], SECRET)}
    assert told(state)[:2] == [("v", 0, "Grant", "Grant"), (None, 1, "list", "1 item")]
    assert SECRET not in json.dumps(tree_rows(state))


def test_what_cannot_be_sent_is_not_edited() -> None:
    half = "half\ud83d"
    rows = tree_rows({"v": half, half: 1, "in": [half], "long" * 101: {"x": 1}, "": 1, "digits": 10**5000})
    json.dumps(rows, ensure_ascii=False).encode()
    assert [row["edit"] for row in rows] == [None] * 7
    assert [row["path"] for row in rows] == ["v", None, "in", None, None, None, "digits"]


def test_what_could_be_edited_is_little_enough_to_travel_often() -> None:
    rows = tree_rows({f"k{n}": "\x01" * 3_900 for n in range(200)} | {"last": 1})
    assert rows[0]["edit"] == "\x01" * 3_900
    assert rows[-1]["edit"] is None
    assert len(json.dumps(rows)) < 150_000


def test_very_much_is_looked_at_a_little() -> None:
    wide: Any = 1
    for _ in range(5):
        wide = [wide] * 200
    state = {
        "wide": wide,
        "long": "x" * 10_000_000,
        "many": list(range(1_000_000)),
        "k" * 1_000_000: {"in": [{}] * 200},
    }
    began = time.process_time()
    rows = tree_rows(state, changed=("wide", "long"), before={"wide": 1, "long": "y"})
    assert time.process_time() - began < 1
    assert len(json.dumps(rows)) < 200_000
