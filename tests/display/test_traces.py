"""Errors as text."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.display.flows import HOSTILE
from tests.display.playing import FetchFlow
from wfkit import Context, StartEvent, StopEvent, Workflow, step
from wfkit.display.traces import message_of, short_path, since_step, trace_of
from wfkit.records import StepFailed


def raised(work: Callable[[], Any]) -> BaseException:
    try:
        work()
    except BaseException as error:
        return error
    raise AssertionError("it did not raise")


def trace(error: BaseException, limit: int = 4_000) -> str:
    return trace_of(error, error.__traceback__, limit=limit)


def divide(by: int) -> float:
    secret = "hunter2"
    return len(secret) / by


def test_a_traceback_shows_the_lines_and_no_values() -> None:
    text = trace(raised(lambda: divide(0)))
    assert text.startswith("Traceback (most recent call last):")
    assert "return len(secret) / by" in text
    assert text.endswith("ZeroDivisionError: division by zero")
    assert "hunter2" not in text


def test_causes_and_groups_are_told() -> None:
    def chained() -> None:
        try:
            divide(0)
        except ZeroDivisionError as error:
            raise ValueError("no result") from error

    text = trace(raised(chained))
    assert text.index("ZeroDivisionError") < text.index("direct cause") < text.index("ValueError: no result")
    group = trace(ExceptionGroup("two", [KeyError("one"), OSError("two")]))
    assert "KeyError: 'one'" in group
    assert "OSError: two" in group


def test_paths_are_short_and_homes_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    text = trace(raised(lambda: divide(0)))
    assert "…/display/test_traces.py" in text
    assert str(Path(__file__).parent) not in text
    monkeypatch.setenv("HOME", "/home/jo")
    assert message_of(OSError("no file /home/jo/secret/plan.txt")) == "no file ~/secret/plan.txt"
    assert "/home/jo" not in trace(OSError("no file /home/jo/secret/plan.txt"))


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/home/jo/work/flows/joke.py", "…/flows/joke.py"),
        ("joke.py", "joke.py"),
        ("<ipython-input-3-abc>", "<ipython-input-3-abc>"),
        ("<string>", "<string>"),
        ("/opt/venv/lib/python3.11/site-packages/numpy/core/fromnumeric.py", "numpy/core/fromnumeric.py"),
        ("/tmp/ipykernel_4711/1234567.py", "a notebook cell"),
    ],
)
def test_of_a_path_the_last_parts_are_shown(path: str, short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert short_path(path) == short


def test_an_error_that_was_never_raised_has_a_name_and_a_message() -> None:
    assert trace(ValueError("no")) == "ValueError: no"
    assert trace(KeyError()) == "KeyError"


def test_a_long_traceback_keeps_its_head_and_its_tail() -> None:
    text = trace(raised(lambda: even(200, 0)), 2_000)
    assert len(text) <= 2_000
    assert text.startswith("Traceback (most recent call last):")
    assert text.endswith("ZeroDivisionError: division by zero")
    assert re.search(r"\n  … \d+ lines …\n", text)


def even(count: int, by: int) -> float:
    return odd(count - 1, by) if count else divide(by)


def odd(count: int, by: int) -> float:
    return even(count - 1, by)


@pytest.mark.parametrize("limit", [200, 4_000])
def test_an_endless_message_is_cut(limit: int) -> None:
    text = trace(raised(lambda: int("x\n" * 500_000)), limit)
    assert len(text) <= limit
    assert len(message_of(ValueError("x" * 1_000_000), 300)) == 300


def test_a_hostile_message_is_cleaned_and_keeps_its_lines() -> None:
    text = trace(ValueError(f"one\ntwo {HOSTILE}"))
    assert text.startswith("ValueError: one\ntwo <")
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202e\ud800]", text)


def test_addresses_are_left_out() -> None:
    assert trace(ValueError(object())) == "ValueError: <object object>"
    assert message_of(ValueError(object())) == "<object object>"


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


class Hidden(Exception):
    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no")


@pytest.mark.parametrize("error", [Silent("x"), Hidden("x")])
def test_an_error_that_cannot_be_shown_is_named(error: BaseException) -> None:
    assert type(error).__name__ in trace(error)
    assert isinstance(message_of(error), str)


def test_notes_are_told_but_for_those_left_out() -> None:
    error = ValueError("no")
    error.add_note("try another one")
    error.add_note("In step 'a' of Flow")
    assert trace_of(error, None, ["In step 'a'"]) == "ValueError: no\ntry another one"


def test_a_syntax_error_shows_its_line() -> None:
    text = trace(raised(lambda: compile("a b", "/home/jo/long/way/code.py", "exec")))
    assert '…/way/code.py", line 1' in text
    assert "a b" in text


async def test_who_awaited_the_run_is_left_out() -> None:
    workflow = FetchFlow()
    workflow.fatal = True
    error = None
    try:
        await workflow.run()
    except ValueError as found:
        error = found
    assert error is not None
    assert "test_who_awaited" in trace(error)
    text = trace_of(error, since_step(error, "read"))
    assert "test_who_awaited" not in text
    assert "in read" in text
    assert "verdict" not in text


async def test_a_step_that_awaited_another_run_is_told() -> None:
    class Child(Workflow):
        @step
        async def work(self, ev: StartEvent) -> StopEvent:
            raise ValueError("inside")

    class Parent(Workflow):
        @step
        async def outer(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Child().run())

    handler = Parent().run()
    await asyncio.sleep(0.1)
    records = handler.__wfkit_records__() or ()
    error = next(one.error for one in records if isinstance(one, StepFailed))
    before = trace_of(error, since_step(error, "outer"), ["In step 'outer' of Parent"])
    with pytest.raises(ValueError, match="inside"):
        await handler
    after = trace_of(error, since_step(error, "outer"), ["In step 'outer' of Parent"])
    assert before == after
    assert before.index("in outer") < before.index("in work")
    assert "test_a_step_that_awaited" not in before


def test_nobody_knows_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nobody)
    assert message_of(ValueError("no")) == "no"


def test_a_cause_without_words_hides_nothing_of_the_rest() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    try:
        raise ValueError({"password": "hunter2", "n": 5}) from Mute()
    except ValueError as error:
        told = trace_of(error, error.__traceback__)
    assert "Mute" in told
    assert "ValueError: {'password': ****, 'n': 5}" in told
