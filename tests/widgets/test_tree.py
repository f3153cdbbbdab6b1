"""A store as the rows of a tree."""

from __future__ import annotations

import json
from collections import UserDict
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.display.corpus import TEXTS
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
