"""The rows of a tree that is looked at again and again."""

from __future__ import annotations

import time

from wfkit import DictState
from wfkit.widgets.rows import SLOW, Rows
from wfkit.widgets.tree import MOST_ROWS, tree_rows


def test_they_are_those_of_the_tree() -> None:
    state = DictState(a={"b": [1, {"c": 2}]}, d="x")
    before = {"d": "y"}
    shown = Rows().look(state, ("d",), before)
    assert [{**row, "edit": None, "plain": None} for row in shown] == [
        {**row, "edit": None, "plain": None} for row in tree_rows(state, ("d",), before)
    ]
    assert "edit" not in str(shown)
    assert Rows().look(DictState()) == []


def test_of_more_than_a_page_shows_there_are_the_keys() -> None:
    for keys, shown in ((150, 150), (MOST_ROWS, MOST_ROWS), (300, MOST_ROWS + 1)):
        rows = Rows().look(DictState({f"n{n}": {"a": {"b": n}} for n in range(keys)}))
        assert len(rows) == shown
        assert {row["depth"] for row in rows} == {0}
    assert rows[-1]["text"] == "there is more"


class Slow:
    asked = 0

    def __repr__(self) -> str:
        Slow.asked += 1
        time.sleep(2 * SLOW)
        return f"<asked {Slow.asked} times>"


def test_a_value_that_takes_long_to_say_what_it_is_is_not_asked_each_time() -> None:
    rows, state = Rows(), DictState(slow=Slow(), quick=0)
    for n in range(10):
        state["quick"] = n
        slow, quick = rows.look(state, ("slow",) if n == 0 else ("quick",))
        assert (quick["text"], slow["text"]) == (str(n), "<asked 1 times>")
    assert (slow["changed"], quick["changed"]) == (False, True)
    assert rows.look(state, ("slow",))[0]["text"] == "<asked 2 times>", "it was changed in place"
    state["slow"] = "another"
    assert rows.look(state)[0]["text"] == "'another'"
