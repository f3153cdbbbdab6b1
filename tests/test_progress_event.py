"""The event that reports progress says something that makes sense, or is refused with a way out."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from wfkit import ProgressEvent


def test_it_tells_only_what_it_was_given() -> None:
    event = ProgressEvent(done=3, total=10, message="page 3", shelf="A")
    assert (event.done, event.total, event.fraction, event.message, event.shelf) == (3, 10, None, "page 3", "A")
    assert repr(event) == "ProgressEvent(done=3, total=10, message='page 3', shelf='A')"
    assert ProgressEvent.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Nothing is said. Give done=... and total=..., or fraction=..., or message=..."),
        ({"total": 3}, "total=3 is given without done. Give done=..., too."),
        ({"done": -1}, "done=-1 is not a number from 0 up."),
        ({"done": 1, "total": math.inf}, "total=inf is not a number from 0 up."),
        ({"fraction": math.nan}, "fraction=nan is not a number from 0 up."),
        ({"fraction": 50}, "fraction=50.0 is over 1. For per cent give done=..., total=100."),
        ({"fraction": 0.5, "done": 1}, "Both a fraction and done or total are given."),
        ({"done": "half"}, "'half' is not a number. Give how much of the work is meant."),
        ({"done": []}, "[] is not a number."),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ProgressEvent(**fields)
    assert words in str(refused.value)


@pytest.mark.parametrize("three", [3, 3.0, Decimal(3), Fraction(3), "3"])
def test_any_kind_of_number_will_do(three: Any) -> None:
    assert ProgressEvent(done=three, total=10).done == 3


def test_a_sum_of_parts_may_be_a_little_over_one() -> None:
    assert ProgressEvent(fraction=sum([0.1] * 3 + [0.7]) + 1e-9).fraction == pytest.approx(1)
