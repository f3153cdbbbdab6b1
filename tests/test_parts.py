"""The parts of a policy are values, and check what they are made from."""

from __future__ import annotations

import copy
import math
import pickle
import re
from datetime import timedelta
from typing import Any

import pytest

import wfkit.retry
from tests.retries import (
    ERROR,
    is_value_error,
    never_now,
)
from wfkit.retry import (
    RetryCondition,
    StopCondition,
    WaitStrategy,
    retry_always,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_message,
    retry_if_not_exception_type,
    retry_never,
    retry_policy,
    retry_unless_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_incrementing,
    wait_none,
    wait_random,
    wait_random_exponential,
)

NAMES = {
    **vars(wfkit.retry),
    "is_value_error": is_value_error,
    "never_now": never_now,
    "ERROR": ERROR,
    "re": re,
    "math": math,
    "inf": math.inf,
    "timedelta": timedelta,
}


REPRS: list[tuple[object, str]] = [
    (wait_exponential(), "wait_exponential(multiplier=1, exp_base=2, max=60, min=0)"),
    (wait_random_exponential(max=5), "wait_random_exponential(multiplier=1, exp_base=2, max=5, min=0)"),
    (wait_exponential_jitter(), "wait_exponential_jitter(initial=1, exp_base=2, max=60, jitter=1)"),
    (wait_incrementing(), "wait_incrementing(start=0, increment=100, max=inf)"),
    (wait_random(), "wait_random(min=0, max=1)"),
    (wait_fixed(5), "wait_fixed(5)"),
    (wait_fixed(timedelta(minutes=1)), "wait_fixed(60.0)"),
    (wait_none(), "wait_none()"),
    (wait_chain(wait_fixed(1), wait_none()), "wait_chain(wait_fixed(1), wait_none())"),
    (wait_fixed(1) + wait_random(), "wait_combine(wait_fixed(1), wait_random(min=0, max=1))"),
    (stop_after_attempt(3) | stop_after_delay(1.5), "stop_any(stop_after_attempt(3), stop_after_delay(1.5))"),
    (stop_before_delay(3) & stop_never(), "stop_all(stop_before_delay(3), stop_never())"),
    (retry_always() & retry_never(), "retry_all(retry_always(), retry_never())"),
    (retry_any(), "retry_any()"),
    (retry_if_exception(is_value_error), "retry_if_exception(is_value_error)"),
    (retry_if_exception_type(), "retry_if_exception_type(Exception)"),
    (retry_if_not_exception_type(OSError), "retry_if_not_exception_type(OSError)"),
    (retry_unless_exception_type(OSError), "retry_unless_exception_type(OSError)"),
    (retry_if_exception_cause_type((OSError, KeyError)), "retry_if_exception_cause_type((OSError, KeyError))"),
    (retry_if_exception_message(message="it's"), """retry_if_exception_message(message="it's")"""),
    (retry_if_exception_message(match=r"\d+"), r"retry_if_exception_message(match='\\d+')"),
    (retry_if_not_exception_message(match=re.compile("x")), "retry_if_not_exception_message(match=re.compile('x'))"),
    (
        retry_policy(),
        "retry_policy(retry=retry_always(), wait=wait_fixed(5), stop=stop_after_attempt(3))",
    ),
    (
        retry_policy(retry=is_value_error, wait=wait_none(), stop=stop_never()),
        "retry_policy(retry=is_value_error, wait=wait_none(), stop=stop_never())",
    ),
]


@pytest.mark.parametrize(("part", "text"), REPRS, ids=[text for _, text in REPRS])
def test_a_part_reads_back_as_the_call_that_made_it(part: object, text: str) -> None:
    assert repr(part) == text
    assert eval(text, NAMES) == part


@pytest.mark.parametrize("part", [part for part, _ in REPRS], ids=repr)
def test_a_part_is_a_value(part: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(part)), copy.copy(part), copy.deepcopy(part)):
        assert twin == part
        assert hash(twin) == hash(part)
        assert repr(twin) == repr(part)
    assert [other for other, _ in REPRS if other == part] == [part]
    assert part != repr(part)
    with pytest.raises(AttributeError, match=re.escape(f"{part!r} cannot be changed. Make another one")):
        part.max = 3
    with pytest.raises(AttributeError, match="cannot be changed"):
        del part.max
    assert not hasattr(part, "__dict__") or isinstance(part, type)


def test_equal_arguments_make_equal_parts() -> None:
    assert wait_fixed(60) == wait_fixed(60.0) == wait_fixed(timedelta(minutes=1)) != wait_fixed(61)
    assert len({wait_fixed(60), wait_fixed(60.0)}) == 1
    assert retry_if_exception_type(OSError) == retry_if_exception_type((OSError,))
    assert stop_after_delay(3) != stop_before_delay(3)
    assert stop_any(stop_never()) != stop_all(stop_never())
    assert retry_policy() == retry_policy(retry=retry_always()) != retry_policy(wait=wait_none())


def test_chains_stay_nested_since_their_length_counts() -> None:
    inner = wait_chain(wait_fixed(1), wait_fixed(2))
    assert [wait_chain(inner, wait_fixed(9))(n) for n in range(3)] == [1, 9, 9]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("stop_after_attempt(0)", ValueError, "at least 1, got 0. The first attempt counts"),
        ("stop_after_attempt(-3)", ValueError, "at least 1, got -3."),
        ("stop_after_attempt(True)", TypeError, "a whole number of attempts, got True."),
        ("stop_after_attempt(2.0)", TypeError, "got 2.0. For seconds: stop_after_delay(...)."),
        ('stop_after_attempt("3")', TypeError, "a whole number of attempts, got '3'."),
        ("stop_after_delay(-1)", ValueError, "stop_after_delay(): max_delay must be at least 0, got -1."),
        ("stop_before_delay(math.nan)", ValueError, "stop_before_delay(): max_delay must be at least 0, got nan."),
        ('stop_before_delay("1")', TypeError, "max_delay must be a number or a timedelta, got '1'."),
        ("stop_any(stop_never)", TypeError, "stop_any() takes a stop, got the class"),
        ("stop_all([stop_never()])", TypeError, "stop_all() takes a stop, got [stop_never()]. For example"),
        ("stop_never() | retry_never()", TypeError, "got retry_never(), which is a condition."),
        ("stop_never() & 3", TypeError, "unsupported operand"),
        ("stop_any(lambda attempts: True)", TypeError, "cannot be called as stop(attempts, elapsed_time, upco"),
        ("wait_fixed(-1)", ValueError, "wait_fixed(): wait must be at least 0, got -1."),
        ("wait_fixed(timedelta(seconds=-1))", ValueError, "at least 0, got datetime.timedelta"),
        ("wait_fixed(math.inf)", ValueError, "wait_fixed(): wait must be finite, got inf."),
        ("wait_fixed(True)", TypeError, "wait_fixed(): wait must be a number or a timedelta, got True."),
        ("wait_fixed(None)", TypeError, "wait_fixed(): wait must be a number or a timedelta, got None."),
        ("wait_fixed(10**400)", ValueError, "wait_fixed(): wait must be finite, got 1000"),
        ("wait_random(-1)", ValueError, "wait_random(): min must be at least 0, got -1."),
        ("wait_random(min=2)", ValueError, "wait_random(): max must be at least min, got min=2 and max=1."),
        ("wait_random(max=math.inf)", ValueError, "wait_random(): max must be finite, got inf."),
        ("wait_exponential(-1)", ValueError, "wait_exponential(): multiplier must be at least 0, got -1."),
        ("wait_exponential(exp_base=0)", ValueError, "wait_exponential(): exp_base must be more than 0, got 0."),
        ("wait_exponential(exp_base=-2)", ValueError, "exp_base must be at least 0, got -2."),
        ("wait_exponential(min=90)", ValueError, "max must be at least min, got min=90 and max=60. Give both."),
        ("wait_exponential(max=-1)", ValueError, "wait_exponential(): max must be at least 0, got -1."),
        ("wait_random_exponential(-1)", ValueError, "wait_random_exponential(): multiplier must be at least 0"),
        ("wait_exponential_jitter(jitter=-1)", ValueError, "wait_exponential_jitter(): jitter must be at least 0"),
        ("wait_exponential_jitter(jitter=math.inf)", ValueError, "jitter must be finite, got inf."),
        ('wait_exponential_jitter(exp_base="2")', TypeError, "exp_base must be a number or a timedelta, got '2'."),
        ("wait_incrementing(start=-1)", ValueError, "wait_incrementing(): start must be at least 0, got -1."),
        ("wait_incrementing(increment=math.nan)", ValueError, "increment must be at least"),
        ("wait_incrementing(max=-1)", ValueError, "wait_incrementing(): max must be at least 0, got -1."),
        ("wait_chain()", ValueError, "wait_chain() takes at least one wait, got none."),
        ("wait_chain(1, 2)", TypeError, "wait_chain() takes a wait, got 1. For example wait_fixed(5)."),
        ("wait_chain(wait_none)", TypeError, "Call it: wait_none(...)."),
        ("wait_combine(stop_never)", TypeError, "got the class <class 'wfkit.retry_stops.stop_never'>. For example"),
        ("wait_fixed(1) + stop_never()", TypeError, "got stop_never(), which is a stop. For example wait_fixed(5)."),
        ("wait_fixed(1) + 1", TypeError, "unsupported operand"),
        ("1 + wait_fixed(1)", TypeError, "unsupported operand"),
        ("wait_combine(lambda attempts: 1)", TypeError, "cannot be called as wait(attempts, seed=seed): got an une"),
        ("retry_if_exception(ValueError)", TypeError, "Write retry_if_exception_type(ValueError)."),
        ("retry_if_exception(None)", TypeError, "takes a function of the error, got None."),
        ("retry_if_exception(lambda: True)", TypeError, "cannot be called as predicate(error): too many"),
        ("retry_if_exception(never_now)", TypeError, "which is asynchronous. Make it a plain function."),
        ('retry_if_exception_type("OSError")', TypeError, "retry_if_exception_type() takes an exception class"),
        ("retry_if_exception_type(())", TypeError, "or a tuple of exception classes, got ()."),
        ("retry_if_exception_type([OSError])", TypeError, "got [<class 'OSError'>]."),
        ("retry_if_exception_type(int)", TypeError, "got <class 'int'>."),
        ("retry_if_not_exception_type(OSError())", TypeError, "retry_if_not_exception_type() takes an exception"),
        ("retry_if_exception_message()", TypeError, "takes either message= or match=, got message=None and"),
        ('retry_if_exception_message("a", "b")', TypeError, "got message='a' and match='b'."),
        ("retry_if_not_exception_message()", TypeError, "retry_if_not_exception_message() takes either"),
        ("retry_if_exception_message(message=ERROR)", TypeError, "message must be a str, got ValueError("),
        ('retry_if_exception_message(match="(")', ValueError, "match='(' is no regular expression: missing )"),
        ("retry_if_exception_message(match=3)", TypeError, "match must be a str or a compiled pattern, got 3."),
        ('retry_if_exception_message(match=b"x")', TypeError, "a pattern for text and not for bytes, got b'x'."),
        ("retry_any(retry_always)", TypeError, "Call it: retry_always(...)."),
        ("retry_any([retry_always()])", TypeError, "retry_any() takes a condition, got [retry_always()]."),
        ("retry_always() | ValueError", TypeError, "Write retry_if_exception_type(ValueError)."),
        ("retry_always() & 3", TypeError, "unsupported operand"),
        ("3 | retry_always()", TypeError, "unsupported operand"),
        ("retry_policy(ValueError)", TypeError, "retry_policy(): retry must be a condition, got the class"),
        ("retry_policy(retry=wait_fixed(1))", TypeError, "got wait_fixed(1), which is a wait. For example retry_if"),
        ("retry_policy(retry=never_now)", TypeError, "which is asynchronous."),
        ("retry_policy(wait=5)", TypeError, "retry_policy(): wait must be a wait, got 5. For example wait_fixed(5)."),
        ("retry_policy(wait=None)", TypeError, "retry_policy(): wait must be a wait, got None."),
        ("retry_policy(stop=3)", TypeError, "got 3. For example stop_after_attempt(3)."),
        ("retry_policy(stop=stop_never)", TypeError, "Call it: stop_never(...)."),
    ],
)
def test_a_bad_argument_is_refused_at_once(code: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        eval(code, NAMES)


@pytest.mark.parametrize("base", [RetryCondition, WaitStrategy, StopCondition])
def test_a_part_that_does_not_say_anything_names_itself(base: type) -> None:
    class Silent(base):  # type: ignore[misc]
        pass

    arguments = base.sample  # type: ignore[attr-defined]
    with pytest.raises(NotImplementedError, match="Silent must define __call__"):
        Silent()(*arguments[0], **arguments[1])
