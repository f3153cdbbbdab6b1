"""The history of a store: what changed is copied, what did not is not, and there is an end to it."""

from __future__ import annotations

import threading
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.display.corpus import VALUES
from wfkit import DictState
from wfkit.widgets.copies import MOST_PARTS, Copies, weigh


def a_store(**values: Any) -> DictState:
    return DictState(values)


def test_what_changed_is_copied_and_nothing_else() -> None:
    state = a_store(a=[1], b=[2])
    copies = Copies(state)
    assert copies.copied == 2
    state["a"].append(9)
    assert copies.note(state, ["a", "b"], "first", 1.0) == ("a",)
    assert copies.copied == 3
    assert copies.note(state, ["a"], "second", 2.0) == ()
    assert copies.copied == 3
    state["a"].append(10)
    assert [copy.value for copy in copies.history("a")] == [[1], [1, 9]]
    assert [copy.value for copy in copies.history("b")] == [[2]]


def test_moments_are_what_one_step_did_at_a_time() -> None:
    state = a_store()
    copies = Copies(state)
    for key in "ab":
        state[key] = 1
        copies.note(state, [key], "first", 1.0)
    copies.close("other")
    state["c"] = 1
    copies.note(state, ["c"], "first", 1.0)
    copies.close("first")
    state["a"] = 2
    copies.note(state, ["a"], "first", 2.0)
    state["a"] = 3
    copies.note(state, None, "", 3.0)
    del state["b"]
    copies.note(state, None, "", 3.0)
    told = [(moment.number, moment.who, moment.keys) for moment in copies.moments]
    assert told == [(0, "", ()), (1, "first", ("a", "b", "c")), (2, "first", ("a",)), (3, "", ("a", "b"))]
    assert [copies.at("a", moment).value for moment in (1, 2, 3)] == [1, 2, 3]  # type: ignore[union-attr]
    assert copies.at("a", 0) is None
    assert [key for key, _, _ in copies.differences(1, 3)] == ["a", "b"]
    assert [key for key, _, _ in copies.differences(0, 1)] == ["a", "b", "c"]
    assert copies.differences(2, 2) == []
    assert copies.at("b", 3).text == "not there"  # type: ignore[union-attr]


class NoLength(list[Any]):
    def __len__(self) -> int:
        raise RuntimeError("no")


def test_what_is_too_large_or_cannot_be_copied_is_kept_in_words() -> None:
    lock = threading.Lock()
    state = a_store(large=b"x" * 1_000, lock={"a": lock}, api_key="k1")
    copies = Copies(state, most_bytes=500)
    large, locked, secret = (copies.history(key)[0] for key in ("large", "lock", "api_key"))
    assert not large.whole
    assert large.text.startswith("b'xxx")
    assert locked.value["a"] is lock
    assert secret.text == "****"
    assert copies.note(state, None, "s", 1.0) == (), "it is the same object"
    assert copies.note(state, ["large", "lock"], "s", 1.0) == ("large",)
    state["large"] = {str(n): n for n in range(1_000)}
    copies.note(state, ["large"], "s", 1.0)
    assert copies.history("large")[-1].text == "dict, 1,000 keys"
    state["large"] = NoLength([[n] for n in range(9_000)])
    copies.note(state, ["large"], "s", 1.0)
    assert copies.history("large")[-1].text == "NoLength"


def test_there_is_an_end_to_what_is_kept() -> None:
    state = a_store(a="", still="here")
    copies = Copies(state, keep=1_000, keep_bytes=50_000)
    for number in range(200):
        copies.close()
        state["a"] = f"{number}" * 1_000
        copies.note(state, ["a"], "s", 1.0)
    assert copies.size <= 53_000
    assert copies.forgot("a", 0)
    assert not copies.forgot("still", 0)
    assert copies.history("a")[-1].value == state["a"]
    assert copies.history("still")[0].value == "here"
    few = Copies(state, keep=5)
    for number in range(20):
        few.close()
        state["a"] = number
        few.note(state, ["a"], "s", 1.0)
    assert [moment.number for moment in few.moments] == [16, 17, 18, 19, 20]
    assert [copy.value for copy in few.history("a")] == [15, 16, 17, 18, 19]


def test_another_object_at_a_key_is_seen_without_comparing() -> None:
    state = a_store(a=[1])
    copies = Copies(state)
    assert copies.replaced(state) == []
    state["a"], state["b"] = [1], 2
    assert copies.replaced(state) == ["a", "b"]
    assert copies.note(state, ["a", "b"], "", 1.0) == ("b",)
    del state["a"]
    assert copies.replaced(state) == ["a"]


def test_true_is_not_one() -> None:
    state = a_store(a=1)
    copies = Copies(state)
    state["a"] = True
    assert copies.note(state, ["a"], "s", 1.0) == ("a",)
    assert [key for key, _, _ in copies.differences(0, 1)] == ["a"]


class Hostile:
    def __sizeof__(self) -> int:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("value", [Hostile(), [Hostile()], {"a": Hostile()}])
def test_values_that_do_not_let_themselves_be_looked_at(value: Any) -> None:
    state = a_store(a=value)
    copies = Copies(state)
    copies.note(state, ["a"], "s", 1.0)
    assert weigh(value, 1_000).size > 0


def test_weighing_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert weigh(endless, 1_000).size < 1_000
    assert weigh(list(range(10**6)), 10**9).parts < 10_000
    assert weigh([[n] for n in range(100_000)], 10**9).parts < 10_000

    class Forever(list[int]):
        def __iter__(self) -> Any:
            while True:
                yield 1

    assert weigh(Forever(), 10**9).parts < 10_000


@pytest.mark.parametrize("name", VALUES)
def test_the_hostile_values_of_the_corpus_are_taken_in(name: str) -> None:
    state = a_store(a=VALUES[name]())
    copies = Copies(state)
    state["a"] = VALUES[name]()
    copies.note(state, ["a"], "s", 1.0)
    assert len(copies.history("a")[-1].text) < 200


def test_a_mock_is_not_asked_anything() -> None:
    mock = MagicMock()
    assert weigh(mock, 10**9).parts < 1_000
    assert mock.mock_calls == []


def test_no_more_is_copied_than_takes_a_moment() -> None:
    state = a_store(large=[[n] for n in range(MOST_PARTS)], flat=list(range(MOST_PARTS)))
    assert [Copies(state).history(key)[0].whole for key in ("large", "flat")] == [False, True]
    for each, kept in (([[0]] * 100, 200), ([b"x"] * 100, 2_000)):
        many = a_store(**{f"k{n}": [list(item) if type(item) is list else item for item in each] for n in range(3_000)})
        copies = Copies(many)
        whole = [key for key in many if copies.history(key)[0].whole]
        assert kept * 0.8 < len(whole) < kept * 1.2
        assert copies.note(many, ["k2999"], "s", 1.0) == ("k2999",)
    small = Copies(a_store(**{f"k{n}": [b"x" * 1_000] for n in range(100)}), keep_bytes=50_000)
    assert small.size < 40_000
