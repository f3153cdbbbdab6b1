"""Conditions: which errors are worth another attempt."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retries import (
    CONDITIONS,
    ERROR,
    ERRORS,
    KINDS,
    LEAVES,
    STEADY,
    is_value_error,
)
from wfkit.retry import (
    RetryCondition,
    retry_all,
    retry_always,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_message,
    retry_if_not_exception_type,
    retry_never,
    retry_unless_exception_type,
)


def caused(*causes: BaseException) -> BaseException:
    """Return an error that the first cause has brought about, that one by the second, and so on."""
    chain = [RuntimeError("top"), *causes]
    for error, cause in itertools.pairwise(chain):
        error.__cause__ = cause
    return chain[0]


@pytest.mark.parametrize(
    ("condition", "error", "again"),
    [
        (retry_always(), ERROR, True),
        (retry_never(), ERROR, False),
        (retry_if_exception(is_value_error), ERROR, True),
        (retry_if_exception(is_value_error), OSError(), False),
        (retry_if_exception_type(), ERROR, True),
        (retry_if_exception_type(), KeyboardInterrupt(), False),
        (retry_if_exception_type(OSError), ConnectionError(), True),
        (retry_if_exception_type(ConnectionError), OSError(), False),
        (retry_if_exception_type((OSError, ValueError)), ERROR, True),
        (retry_if_exception_type((OSError, KeyError)), ERROR, False),
        (retry_if_not_exception_type(), ERROR, False),
        (retry_if_not_exception_type(OSError), ConnectionError(), False),
        (retry_if_not_exception_type((OSError, KeyError)), ERROR, True),
        (retry_unless_exception_type(OSError), ERROR, True),
        (retry_unless_exception_type(ValueError), ERROR, False),
        (retry_if_exception_message(message="no bytes left"), ERROR, True),
        (retry_if_exception_message(message="no bytes"), ERROR, False),
        (retry_if_exception_message("no bytes left"), ERROR, True),
        (retry_if_exception_message(match="bytes"), ERROR, True),
        (retry_if_exception_message(match="^bytes"), ERROR, False),
        (retry_if_exception_message(match=re.compile("BYTES", re.IGNORECASE)), ERROR, True),
        (retry_if_not_exception_message(message="no bytes left"), ERROR, False),
        (retry_if_not_exception_message(message="other"), ERROR, True),
        (retry_if_not_exception_message(match="bytes"), ERROR, False),
        (retry_if_not_exception_message(match="bits"), ERROR, True),
        (retry_if_exception_cause_type(ValueError), ERROR, False),
        (retry_if_exception_cause_type(ValueError), caused(ValueError()), True),
        (retry_if_exception_cause_type(ValueError), caused(OSError(), KeyError(), ValueError()), True),
        (retry_if_exception_cause_type((KeyError, ValueError)), caused(OSError()), False),
        (retry_if_exception_cause_type(), caused(OSError()), True),
        (retry_any(), ERROR, False),
        (retry_all(), ERROR, True),
    ],
    ids=repr,
)
def test_a_condition_says_whether_to_try_again(condition: RetryCondition, error: Exception, again: bool) -> None:
    assert condition(error) is again


def test_a_union_of_classes_is_a_tuple_of_them() -> None:
    union: Any = OSError | ValueError
    assert retry_if_exception_type(union) == retry_if_exception_type((OSError, ValueError))


def test_causes_that_go_round_in_a_circle_come_to_an_end() -> None:
    first, second = OSError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert not retry_if_exception_cause_type(ValueError)(first)
    assert retry_if_exception_cause_type(OSError)(first)


def test_a_context_is_no_cause() -> None:
    error = OSError()
    error.__context__ = ValueError()
    assert not retry_if_exception_cause_type(ValueError)(error)


@STEADY
@given(CONDITIONS, CONDITIONS, CONDITIONS, ERRORS)
def test_conditions_combine_like_and_and_or(a: Any, b: Any, c: Any, error: Exception) -> None:
    assert (a & b)(error) == (a(error) and b(error))
    assert (a | b)(error) == (a(error) or b(error))
    assert (a & (b | c))(error) == ((a & b) | (a & c))(error)
    assert (a & b) & c == a & (b & c) == retry_all(a, b, c)
    assert (a | b) | c == a | (b | c) == retry_any(a, b, c)


@STEADY
@given(LEAVES, ERRORS)
def test_always_and_never_are_the_neutral_conditions(a: Any, error: Exception) -> None:
    assert (a & retry_always())(error) == (a | retry_never())(error) == a(error)
    assert (a & retry_never())(error) is False
    assert (a | retry_always())(error) is True


@STEADY
@given(st.sampled_from(KINDS), ERRORS)
def test_a_not_condition_says_the_opposite(kind: type[Exception], error: Exception) -> None:
    assert retry_if_not_exception_type(kind)(error) is not retry_if_exception_type(kind)(error)
    assert retry_unless_exception_type(kind)(error) is not retry_if_exception_type(kind)(error)


def test_a_second_condition_is_not_asked_when_the_first_has_decided() -> None:
    def forbidden(error: BaseException) -> bool:
        raise AssertionError

    assert (retry_never() & forbidden)(ERROR) is False
    assert (retry_always() | forbidden)(ERROR) is True


def test_a_function_combines_with_a_condition_from_both_sides() -> None:
    assert is_value_error & retry_always() == retry_all(is_value_error, retry_always())
    assert is_value_error | retry_never() == retry_any(is_value_error, retry_never())
    assert (retry_if_exception_type(OSError) | is_value_error)(ERROR)
    assert not (retry_if_exception_type(OSError) & is_value_error)(ERROR)


def test_a_condition_of_ones_own_gets_the_operators() -> None:
    class OnStatus(RetryCondition):
        def __init__(self, status: int) -> None:
            self.status = status

        def __call__(self, error: BaseException) -> bool:
            return getattr(error, "status", None) == self.status

    error = ValueError()
    error.status = 429  # type: ignore[attr-defined]
    assert (OnStatus(429) & is_value_error)(error)
    assert not (OnStatus(500) | retry_never())(error)
