"""Faults that workflow engines have had, 15 to 18: what is printed and drawn, and what events cost. Here they work."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import webbrowser
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.flows import Answer, Ask, Fail, Fan, Item, Join, Left, Line, Loop, Middle, Result, Right, Slow, Sync
from tests.schedules import every_schedule
from wfkit import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowTimeoutError,
    catch_error,
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    draw_most_recent_execution,
    step,
)
from wfkit.retry import retry_policy, stop_after_attempt, wait_fixed

Captured = pytest.CaptureFixture[str]


class Lists(Workflow):
    """Fans out and in by its signatures."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(ev.count)]

    @step
    async def square(self, ev: Item) -> Result:
        await asyncio.sleep(0)
        return Result(n=ev.n)

    @step
    async def gather(self, evs: list[Result]) -> StopEvent:
        return StopEvent(result=len(evs))


# -- 15: what verbose says of a failure -------------------------------------------------------------------------------


class Moody(Workflow):
    """Fails until it is tried for the `ok`-th time."""

    @step(retry_policy=retry_policy(wait=wait_fixed(3), stop=stop_after_attempt(3)))
    async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
        if ctx.retry_info().retry_number + 1 < ev.ok:
            raise ValueError(f"no {ctx.retry_info().retry_number}")
        return StopEvent(result="at last")


class SyncMoody(Moody):
    """The same in a thread."""

    @step(retry_policy=retry_policy(wait=wait_fixed(3), stop=stop_after_attempt(3)))
    def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
        if ctx.retry_info().retry_number + 1 < ev.ok:
            raise ValueError(f"no {ctx.retry_info().retry_number}")
        return StopEvent(result="at last")


@pytest.mark.parametrize("kind", [Moody, SyncMoody])
@every_schedule
async def test_defect_15_a_failed_attempt_is_not_said_to_have_produced_something(
    kind: type[Workflow], capsys: Captured
) -> None:
    capsys.readouterr()
    flow = kind(verbose=True)
    ctx: Context[Any] = Context(flow)
    assert await flow.run(ctx=ctx, ok=2) == "at last"
    with pytest.raises(ValueError, match="no 2"):
        await flow.run(ctx=ctx, ok=4)
    assert capsys.readouterr().out.splitlines() == [
        "Running step work",
        "Step work produced an error, retry in 3 seconds",
        "Step work produced event StopEvent",
        "Running step work",
        "Step work produced an error, retry in 3 seconds",
        "Step work produced an error, retry in 3 seconds",
        "Step work failed: ValueError: no 2",
    ]


@every_schedule
async def test_defect_15b_nor_is_one_that_a_handler_takes(capsys: Captured) -> None:
    class Caught(Fail):
        @catch_error
        async def help(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="helped")

    capsys.readouterr()
    assert await Caught(verbose=True).run() == "helped"
    assert capsys.readouterr().out.splitlines() == [
        "Running step fail",
        "Step fail failed: ValueError: no good",
        "Running step help",
        "Step help produced event StopEvent",
    ]


@every_schedule
async def test_defect_15c_nor_are_steps_that_the_end_of_a_run_cuts_short(capsys: Captured) -> None:
    capsys.readouterr()
    with pytest.raises(WorkflowTimeoutError):
        await Slow(timeout=1, verbose=True).run(seconds=5)
    handler = Slow(verbose=True).run(seconds=5)
    await asyncio.sleep(1)
    await handler.cancel_run()
    assert capsys.readouterr().out.splitlines() == ["Running step sleep"] * 2


@pytest.mark.parametrize("count", [0, 1, 3])
@every_schedule
async def test_defect_15d_a_returned_list_is_no_event_called_tuple(count: int, capsys: Captured) -> None:
    capsys.readouterr()
    await Lists(verbose=True).run(count=count)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("Step split produced " + ("no event" if not count else ""))
    assert "tuple" not in " ".join(lines)
    assert [line.startswith("Running step") for line in lines].count(True) == count + 2


# -- 16: the drawing of an execution ----------------------------------------------------------------------------------


def drawn(source: Any) -> Counter[str]:
    """Return the lines of the drawing of an execution, without the numbers: those are of the schedule."""
    _, *lines, outcome = draw_most_recent_execution(source).text.splitlines()
    assert outcome.startswith("  done")
    words = (line.partition("  (")[0] if line.endswith(")") else line for line in map(str.strip, lines))
    return Counter(" ".join(part for part in line.split() if not part.startswith("#")) for line in words)


@every_schedule
async def test_defect_16_events_come_from_the_steps_that_sent_them() -> None:
    flow = Fan()
    handler = flow.run(count=5)
    await handler
    for source in (handler, flow):
        assert drawn(source) == {
            "StartEvent -> split -> Item": 1,
            "Item -> square -> Result": 5,
            "Result -> tally": 4,
            "Result -> tally -> StopEvent": 1,
        }
        picture = draw_most_recent_execution(source)
        for face in (picture.text, picture.mermaid, picture.svg):
            assert "person" not in face.partition("classDef")[0].partition("<style")[0]
            assert "external" not in face


@every_schedule
async def test_defect_16b_what_is_collected_is_not_drawn_as_sent_by_the_step_that_collects() -> None:
    handler = Join().run()
    await handler
    lines = drawn(handler)
    last = (
        {"Left -> together", "Right -> together -> StopEvent"},
        {"Right -> together", "Left -> together -> StopEvent"},
    )
    assert set(lines) - {"StartEvent -> left -> Left", "StartEvent -> right -> Right"} in last
    mermaid = draw_most_recent_execution(handler).mermaid
    assert mermaid.count("-.->") == 1  # from the one that put an event aside to the one that had the set
    assert mermaid.count('"Left"') == mermaid.count('"Right"') == 1


@every_schedule
async def test_defect_16c_also_for_joins_plain_steps_handlers_and_a_context_used_again() -> None:
    class Joined(Workflow):
        @step
        def left(self, ev: StartEvent) -> Left:
            return Left()

        @step
        async def right(self, ev: StartEvent) -> Right:
            raise ValueError("no good")

        @catch_error
        async def help(self, ev: StepFailedEvent) -> Right:
            return Right()

        @step
        async def both(self, a: Left, b: Right) -> StopEvent:
            return StopEvent()

    flow = Joined()
    ctx: Context[Any] = Context(flow)
    for _ in range(2):
        await flow.run(ctx=ctx)
        lines = drawn(flow)
        assert lines["Left | Right -> both -> StopEvent"] + lines["Right | Left -> both -> StopEvent"] == 1
        assert lines["StartEvent -> left -> Left"] == lines["StartEvent -> right -> StepFailedEvent"] == 1
        assert lines["StepFailedEvent -> help -> Right"] == 1
        assert lines.total() == 4


@every_schedule
async def test_defect_16d_a_question_is_drawn_once_and_leads_to_its_answer() -> None:
    handler = Ask().run()
    await asyncio.sleep(1)
    await handler.send_event(Answer(text="x"))
    await handler
    assert draw_most_recent_execution(handler).text.splitlines() == [
        "Ask",
        "  StartEvent -> ask #1 -> Question",
        "  Answer -> greet #1 -> StopEvent",
        "  Question -> person -> Answer",
        "  done · 2 step executions, 4 events",
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
@every_schedule
async def test_defect_16e_a_returned_list_is_not_drawn_as_an_event(count: int) -> None:
    flow = Lists()
    await flow.run(count=count)
    picture = draw_most_recent_execution(flow)
    assert "tuple" not in picture.text + picture.mermaid + picture.svg
    assert f"done · {count + 2} step executions, {2 * count + 2} events" in picture.text


# -- 17: drawing in a notebook ----------------------------------------------------------------------------------------


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in an empty folder, where opening a browser is a failure."""

    def refuse(*args: object, **kwargs: object) -> bool:
        raise AssertionError("a browser was opened")

    for name in ("open", "open_new", "open_new_tab", "get"):
        monkeypatch.setattr(webbrowser, name, refuse)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("renderer", ["svg", "pyvis"])
@pytest.mark.parametrize("kind", [Line, Loop, Join, Ask, Sync])
def test_defect_17_all_flows_are_drawn_inline(
    kind: type[Workflow], renderer: str, no_browser: Path, capsys: Captured
) -> None:
    for workflow in (kind, kind()):
        drawing = draw_all_possible_flows(workflow, notebook=True, renderer=renderer)
        html, kinds = drawing._repr_html_(), drawing._repr_mimebundle_()
        picture = (
            base64.b64decode(html.partition("base64,")[2].partition('"')[0]).decode() if renderer == "svg" else html
        )
        assert "StartEvent" in picture
        assert kinds["text/html"] == html
        assert "StartEvent -> " in kinds["text/plain"]
    assert list(no_browser.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_defect_17b_with_a_file_name_the_file_is_written_too_and_nothing_else(
    no_browser: Path, capsys: Captured
) -> None:
    drawings = [
        draw_all_possible_flows(Line, "a.html", True),
        draw_all_possible_flows(Line(), filename="b.html", notebook=True, max_label_length=8),
        draw_all_possible_flows(Line, filename="c.html", notebook=False),
    ]
    assert all("<" in drawing._repr_html_() for drawing in drawings)
    assert capsys.readouterr().out == "a.html\nb.html\nc.html\n"
    assert sorted(path.name for path in no_browser.iterdir()) == ["a.html", "b.html", "c.html"]
    assert "StartEvent" in (no_browser / "a.html").read_text(encoding="utf-8")
    assert "flowchart" in draw_all_possible_flows_mermaid(Line)


@every_schedule
async def test_defect_17c_executions_are_drawn_inline(no_browser: Path, capsys: Captured) -> None:
    capsys.readouterr()
    for flow in (Line(), Join(), Sync(), Fail(), Slow(timeout=1)):
        handler = flow.run(seconds=2)
        await asyncio.wait([asyncio.ensure_future(handler.stop_event_result())])
        for source in (handler, flow):
            assert "<img" in draw_most_recent_execution(source, notebook=True)._repr_html_()
    assert (os.listdir(no_browser), capsys.readouterr().out) == ([], "")
    draw_most_recent_execution(flow, "run.html", True)
    assert (os.listdir(no_browser), capsys.readouterr().out) == (["run.html"], "run.html\n")
    os.remove(no_browser / "run.html")


# -- 18: what many events cost ----------------------------------------------------------------------------------------


class Pairs(Workflow):
    """Joins many pairs."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Left | Right | None:
        for n in range(ev.count):
            ctx.send_event(Left(n=n, count=ev.count))
        for n in range(ev.count):
            ctx.send_event(Right(n=n))
        return None

    @step
    async def join(self, a: Left, b: Right) -> Middle:
        return Middle(text=str(a.n), count=a.count)

    @step
    async def end(self, ctx: Context, ev: Middle) -> StopEvent | None:
        return StopEvent() if ctx.collect_events(ev, [Middle] * ev.count) else None


class Waits(Workflow):
    """Waits for many answers, which have all come before."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for n in range(ev.count):
            ctx.send_event(Answer(text=str(n)))
        await asyncio.sleep(0)
        for n in range(ev.count):
            assert (await ctx.wait_for_event(Answer)).text == str(n)
        return StopEvent()


def calls(kind: type[Workflow], count: int) -> int:
    """Return how many Python functions a run calls."""
    number = 0

    def watch(frame: FrameType, what: str, argument: Any) -> None:
        nonlocal number
        number += what == "call"

    async def main() -> None:
        flow = kind(timeout=None, disable_validation=True)
        await flow.run(count=count, times=count)
        sys.setprofile(watch)
        try:
            await flow.run(count=count, times=count)
        finally:
            sys.setprofile(None)

    asyncio.run(main())
    return number


@pytest.mark.parametrize("kind", [Fan, Lists, Pairs, Waits, Loop])
def test_defect_18_the_cost_of_an_event_does_not_grow_with_their_number(kind: type[Workflow]) -> None:
    few, many = calls(kind, 100), calls(kind, 900)
    assert many < 9.5 * few
