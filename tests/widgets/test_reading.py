"""What stands in a control, read as the value that was meant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from wfkit.widgets.fields import Field, field_of_value
from wfkit.widgets.reading import read_value, stands_as_it_was


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        ("number", " 1_000 ", 1000),
        ("number", "1e3", 1000.0),
        ("bool", " YES ", True),
        ("any", "5", 5),
        ("any", "five", "five"),
        ("any", '"5"', "5"),
        ("json", "[1]", [1]),
        ("text", " as it is ", " as it is "),
    ],
)
def test_each_control_has_its_own_way(kind: Any, typed: str, read: Any) -> None:
    found = read_value(Field("a", kind, kind), typed)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "typed", "wrong"),
    [
        ("number", "1,5", "This is no number."),
        ("number", " ", "Needed."),
        ("number", "9" * 5_000, "This number is too long."),
        ("bool", "perhaps", "Say true or false."),
        ("choice", 3, "Choose one of the 2 values."),
        ("choice", True, "Choose one of the 2 values."),
        ("json", "[1", "This is no JSON: Expecting ',' delimiter at line 1, column 3."),
        ("json", "[" * 100_000, "This is no JSON that can be read: it is too deep, or a number in it too long."),
        ("text", None, "Needed."),
        ("text", 5, "This is no text."),
        ("fixed", "x", "This cannot be changed here."),
    ],
)
def test_what_cannot_be_read_says_why(kind: Any, typed: Any, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_value(Field("a", kind, kind, choices=("x", "y")), typed)
    assert str(caught.value) == wrong


def test_empty_stands_for_none_where_none_will_do() -> None:
    for kind in ("text", "number", "json", "any", "choice"):
        assert read_value(Field("a", kind, kind, nullable=True), "" if kind != "choice" else None) is None


def test_a_value_of_its_own_type_is_read_as_one() -> None:
    assert read_value(field_of_value("day", date(2026, 1, 2)), "2026-03-04", date(2026, 1, 2)) == date(2026, 3, 4)


def test_what_shows_what_it_showed_at_first_means_nothing() -> None:
    assert stands_as_it_was(field_of_value("n", 5), "5")
    assert not stands_as_it_was(field_of_value("n", 5), "6")
    assert not stands_as_it_was(field_of_value("flag", True), 1)
    assert not stands_as_it_was(field_of_value("password", "****"), "****")
