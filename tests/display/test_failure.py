"""A failed run in words and as HTML: the step, the event, the error with its traceback, and the way that led there."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.display.flows import HOSTILE
from tests.display.test_status import Page
from tests.flows import Fail, Line, Middle, Slow
from wfkit import (
    Context,
    Event,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowHandler,
    WorkflowTimeoutError,
    retry_policy,
    step,
)
from wfkit.display import handler_bundle
from wfkit.display.failure import Failure, failure_html, failure_lines, find_failure
from wfkit.display.traces import MOST, short_path, trace_of
from wfkit.records import Record, RunEnded, StepFailed, StepStarted
from wfkit.retry import stop_after_attempt, wait_fixed


class Login(Event):
    user: str
    password: str


def look_up(user: str) -> None:
    try:
        raise KeyError(user)
    except KeyError as error:
        raise ValueError("no <b>such</b> user") from error


class Logins(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Login:
        return Login(user="ann", password="hunter2")

    @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3)))
    async def check(self, ev: Login) -> StopEvent:
        look_up(ev.user)
        return StopEvent()


async def ended(run: WorkflowHandler[Any]) -> WorkflowHandler[Any]:
    """Return a run that has ended, however, and that nobody has awaited."""
    async for _ in run.stream_events():
        pass
    return run


def failure_of(run: WorkflowHandler[Any]) -> Failure | None:
    return find_failure(run.__wfkit_records__() or (), run.__wfkit_plan__().name, run.__wfkit_run__().verdict)


async def failed(run: WorkflowHandler[Any]) -> Failure:
    """Return why a run failed, and see to it that nobody complains that it was not awaited."""
    failure = failure_of(await ended(run))
    with pytest.raises(Exception):  # noqa: B017
        await run
    assert failure is not None
    assert failure_of(run) == failure, "it looks otherwise once somebody has awaited the run"
    return failure


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_it_tells_the_step_the_event_the_attempt_the_error_and_the_way() -> None:
    lines = failure_lines(await failed(Logins().run()))
    assert lines == [
        "ValueError: no <b>such</b> user",
        "in step check, attempt 3, working on Login(user='ann', password=****)",
        "the way there: StartEvent -> ask -> Login -> check",
    ]


async def test_so_does_the_html_without_a_style() -> None:
    html = failure_html(await failed(Logins().run()))
    page = Page(html)
    assert page.text.startswith(
        "ValueError: no <b>such</b> user In step check, attempt 3, working on Login".replace("user In", "userIn")
    )
    assert "StartEvent \u2192 ask \u2192 Login \u2192 check" in page.text
    assert "hunter2" not in html
    assert page.tags.count("details") == 1
    assert not re.search(r"<details[^>]* open", html)
    assert page.open == []


async def test_the_first_step_has_no_way() -> None:
    assert failure_lines(await failed(Fail().run())) == [
        "ValueError: no good",
        "in step fail, working on StartEvent()",
    ]


async def test_a_run_that_took_too_long_tells_what_was_at_work() -> None:
    failure = await failed(Slow(timeout=2).run(seconds=5))
    assert failure_lines(failure)[1:] == ["in step sleep, working on StartEvent(seconds=5)"]
    assert failure.traceback == ""
    assert "<details" not in failure_html(failure)


@pytest.mark.parametrize("how", ["done", "cancelled", "running"])
async def test_other_runs_have_not_failed(how: str) -> None:
    run = Slow().run(seconds=1)
    if how == "cancelled":
        await run.cancel_run()
    if how == "done":
        await run
    assert failure_of(run) is None
    if how == "running":
        await run


async def test_a_failure_outside_of_all_steps_is_told_by_its_error() -> None:
    error = RuntimeError("lost")
    failure = find_failure([RunEnded(0.0, "failed", StopEvent(), error)])
    assert failure is not None
    assert failure_lines(failure) == ["RuntimeError: lost"]
    assert "RuntimeError" in failure_html(failure)


async def test_the_way_inside_a_child_run_is_told_too() -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Logins().run())

    failure = await failed(Parent().run())
    note = "In step 'check' of Logins, attempt 3, working on Login. The way there: StartEvent -> ask -> Login."
    assert failure_lines(failure)[-1] == note
    assert "In step call" in Page(failure_html(failure)).text
    assert "look_up" in failure.traceback
    assert "in call" in failure.traceback


async def test_a_step_that_gathers_tells_its_events() -> None:
    class Parts(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Middle]:
            return [Middle(text=str(n)) for n in range(2)]

        @step
        async def judge(self, parts: list[Middle]) -> StopEvent:
            raise ValueError("no good")

    lines = failure_lines(await failed(Parts().run()))
    assert lines[1:] == [
        "in step judge, working on 2 events(Middle=text='0', Middle=text='1')",
        "the way there: StartEvent -> split -> 2 Middle -> judge",
    ]


# -- the bundle --------------------------------------------------------------------------------------------------------


async def test_a_handler_shows_it_above_the_picture() -> None:
    run = Logins().run()
    failure = await failed(run)
    bundle = handler_bundle(run)
    lines = bundle["text/plain"].split("\n")
    assert lines[0].startswith("Run of Logins: failed")
    assert lines[1:4] == [f"  {line}" for line in failure_lines(failure)]
    html = bundle["text/html"]
    assert html.index("wfkit-failure") < html.index("<img")


async def test_a_run_that_went_well_shows_none() -> None:
    run = Line().run()
    await run
    assert "wfkit-failure" not in handler_bundle(run)["text/html"]


# -- the traceback -----------------------------------------------------------------------------------------------------


async def test_the_traceback_has_none_of_our_frames_and_no_long_paths() -> None:
    text = (await failed(Logins().run())).traceback
    assert "KeyError: 'ann'" in text
    assert "direct cause" in text
    assert re.findall(r'File "(.*)", line \d+, in (\w+)', text) == [
        ("\u2026/display/test_failure.py", "look_up"),
        ("\u2026/display/test_failure.py", "check"),
        ("\u2026/display/test_failure.py", "look_up"),
    ]
    assert text.endswith("ValueError: no <b>such</b> user")


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/tmp/ipykernel_123/456789.py", "a notebook cell"),
        ("/home/ann/lib/python3.11/site-packages/httpx/_client.py", "httpx/_client.py"),
        ("/home/ann/project/flows/joke.py", "\u2026/flows/joke.py"),
        ("joke.py", "joke.py"),
        ("<string>", "<string>"),
    ],
)
def test_paths_are_cut_to_their_last_parts(path: str, short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "IPython", raising=False)
    assert short_path(path) == short


def deep(n: int) -> None:
    if n:
        deep(n - 1)
    raise ValueError("x" * 1_000_000 + "\n" * 100_000)


def test_an_endless_traceback_is_cut_in_the_middle() -> None:
    with pytest.raises(ValueError) as raised:
        deep(200)
    told = trace_of(raised.value, raised.value.__traceback__)
    assert len(told) <= MOST
    assert "ValueError: xxx" in told


def test_a_group_is_told_with_what_is_in_it() -> None:
    def inside() -> None:
        raise ExceptionGroup("two", [ValueError("one"), KeyError("other")])

    with pytest.raises(ExceptionGroup) as raised:
        inside()
    assert "ValueError: one" in trace_of(raised.value, raised.value.__traceback__)


class Mute(Exception):
    """Fails when it is asked anything."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Masked(Exception):
    """Not even its traceback can be had."""

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no traces")

    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no cause")


@pytest.mark.parametrize("kind", [Mute, Masked, type("Bad\x1b[31m<img src=x onerror=alert(1)>", (Exception,), {})])
def test_hostile_errors_are_told_as_far_as_they_can(kind: type[Exception]) -> None:
    error = kind(HOSTILE)
    records: list[Record] = [
        StepStarted(0.0, 1, "go", type(HOSTILE[:12], (Event,), {})(**{"text": HOSTILE, "<b>": HOSTILE}), 0, 0, 1),
        StepFailed(0.0, 1, "go", error, 1, None),
        RunEnded(0.0, "failed", StopEvent(), error),
    ]
    failure = find_failure(records, HOSTILE)
    assert failure is not None
    page = Page(failure_html(failure))
    assert not {"script", "img", "b>"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on")}
    for bad in "\x00\x1b\u2028\u202e\ud800":
        assert bad not in failure_html(failure)
        assert bad not in "".join(failure_lines(failure))


async def test_what_a_step_did_meanwhile_does_not_matter() -> None:
    class Two(Workflow):
        @step
        async def fail(self, ev: StartEvent) -> StopEvent:
            await asyncio.sleep(1)
            raise ValueError("this one")

        @step
        async def other(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            await asyncio.sleep(10)
            return None

    assert failure_lines(await failed(Two().run()))[1] == "in step fail, working on StartEvent()"


async def test_a_run_cut_short_before_a_retry_tells_what_was_raised() -> None:
    class Flaky(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(30)))
        async def fetch(self, ev: StartEvent) -> StopEvent:
            raise ConnectionError("no <network>")

    run = Flaky(timeout=10).run()
    with pytest.raises(WorkflowTimeoutError):
        await run
    failure = find_failure(run.__wfkit_records__() or ())
    assert failure is not None
    assert "it was to be tried again after ConnectionError: no <network>" in failure_lines(failure)
    assert "It was to be tried again after ConnectionError: no &lt;network&gt;" in failure_html(failure)


async def test_a_list_step_that_was_called_with_nothing_worked_on_no_event() -> None:
    class Empty(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Middle]:
            return []

        @step
        async def join(self, found: list[Middle]) -> StopEvent:
            raise ValueError("nothing came")

    run = Empty().run()
    with pytest.raises(ValueError, match="nothing came"):
        await run
    failure = find_failure(run.__wfkit_records__() or ())
    assert failure is not None
    assert "in step join, working on no event" in failure_lines(failure)
