"""The live display of a handler: what it sends to the front end, how often, and that the run does not mind."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from tests.display.playing import HeldFlow
from tests.flows import Answer, Ask, Fail, Line, Slow
from wfkit import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    ProgressEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowHandler,
    step,
)
from wfkit.display import handler_bundle, live
from wfkit.records import RunStarted


class Screen:
    """Stands in for a notebook's front end.

    Attributes:
        sent: what was sent: when, whether it was an update, for which display, and the bundle.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[float, bool, str, dict[str, str]]] = []
        self.broken = False

    def publish(
        self, data: dict[str, str], metadata: Any = None, *, transient: dict[str, str], update: bool = False
    ) -> None:
        if self.broken:
            raise RuntimeError("the front end has gone")
        self.sent.append((asyncio.get_running_loop().time(), update, transient["display_id"], data))

    @property
    def texts(self) -> list[str]:
        """The text of each bundle that was sent."""
        return [data["text/plain"] for _, _, _, data in self.sent]

    @property
    def times(self) -> list[float]:
        """When they were sent, in seconds."""
        return [when for when, _, _, _ in self.sent]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Run the test in a notebook's kernel."""
    screen = Screen()
    shell = SimpleNamespace(kernel=object(), display_pub=screen)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return screen


async def over(run: WorkflowHandler[Any]) -> Any:
    """Return the result of a run when its picture has been shown, too."""
    try:
        return await run
    finally:
        await asyncio.sleep(0.01)


class Pages(Workflow):
    """Reports on each of `count` pages, which take `pause` seconds."""

    @step
    async def read(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for number in range(1, ev.count + 1):
            ctx.write_event_to_stream(ProgressEvent(done=number, total=ev.count))
            await asyncio.sleep(ev.pause)
        return StopEvent(result="read")


# -- when it is not live -----------------------------------------------------------------------------------------------


async def test_outside_of_a_notebook_nothing_is_live() -> None:
    run = Slow().run(seconds=1)
    with pytest.raises(NotImplementedError):
        run._ipython_display_()
    await run


async def test_what_has_ended_is_not_live(screen: Screen) -> None:
    run = Line().run()
    await run
    with pytest.raises(NotImplementedError):
        run._ipython_display_()
    assert screen.sent == []


async def test_ipython_falls_back_to_the_picture_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    run = Slow().run(seconds=1)
    data, _ = formatters.DisplayFormatter().format(run)
    assert data["text/plain"].startswith("Run of Slow: running")
    assert "text/html" in data
    assert capsys.readouterr() == ("", "")
    await run


async def test_ipython_leaves_the_display_to_what_is_live(screen: Screen) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    run = Slow().run(seconds=1)
    assert formatters.DisplayFormatter().format(run) == ({}, {})
    assert len(screen.sent) == 1
    await run


# -- how often ---------------------------------------------------------------------------------------------------------


async def test_it_shows_at_once_and_ends_as_the_picture(screen: Screen) -> None:
    run = Line().run()
    run._ipython_display_()
    assert screen.texts == ["Run of Line: running, 0 s, 1 event"]
    await over(run)
    assert [update for _, update, _, _ in screen.sent] == [False, True]
    assert screen.sent[-1][3] == handler_bundle(run)
    await asyncio.sleep(100)
    assert len(screen.sent) == 2


async def test_at_most_ten_a_second_however_much_happens(screen: Screen) -> None:
    run = Pages(timeout=None).run(count=1_000, pause=0.003)
    run._ipython_display_()
    await over(run)
    gaps = [after - before for before, after in zip(screen.times, screen.times[1:], strict=False)]
    assert min(gaps[:-1]) >= live.TICK - 1e-9  # the last one does not wait
    assert 25 < len(gaps) <= 32


async def test_a_picture_that_is_a_long_text_is_sent_less_often(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LENGTH", 500)
    run = Pages(timeout=None).run(count=100, pause=0.1)
    run._ipython_display_()
    await over(run)
    assert 5 < len(screen.sent) < 15


async def test_while_nothing_happens_only_the_time_moves(screen: Screen) -> None:
    run = Slow(timeout=None).run(seconds=100.5)
    run._ipython_display_()
    await over(run)
    assert len(screen.sent) == pytest.approx(102, abs=2)
    assert screen.texts[10].startswith("Run of Slow: running, 9 s, 1 event")
    assert screen.texts[-2].startswith("Run of Slow: running, 1 min 40 s, 1 event")


async def test_a_long_rest_is_told_by_the_minute_and_then_no_more(screen: Screen) -> None:
    run = Ask(timeout=None).run()
    run._ipython_display_()
    await asyncio.sleep(300)
    assert "over 4 min" in screen.texts[-1]
    await asyncio.sleep(3_700)
    assert len(screen.sent) < 80
    assert "over 10 min" in screen.texts[-1]
    await run.send_event(Answer(text="Ann"))
    await over(run)
    assert "done" in screen.texts[-1]


async def test_nothing_is_sent_again_that_looks_the_same(screen: Screen) -> None:
    run = Slow(timeout=None).run(seconds=4_000)
    await asyncio.sleep(3_600)
    run._ipython_display_()
    await over(run)
    assert len(screen.sent) < 12
    assert len(set(screen.texts)) == len(screen.sent)


# -- what it tells -----------------------------------------------------------------------------------------------------


def html(screen: Screen, index: int = -1) -> str:
    return screen.sent[index][3]["text/html"]


async def test_it_tells_of_steps_events_and_progress(screen: Screen) -> None:
    run = Pages(timeout=None).run(count=10, pause=1)
    run._ipython_display_()
    await asyncio.sleep(3.5)
    assert screen.texts[-1] == "Run of Pages: running, 3 s, 1 event, at work: 1 \u00d7 read, read 4 of 10"
    assert 'aria-valuenow="40"' in html(screen)
    await run


async def test_what_happened_before_it_was_shown_counts(screen: Screen) -> None:
    run = Busy(timeout=None).run()
    await asyncio.sleep(2.5)
    run._ipython_display_()
    assert screen.texts[0].startswith("Run of Busy: running, 2 s, 21 events, at work: 2 \u00d7 work, work 50 %")
    assert "4 done" in html(screen)
    await run


async def test_when_the_first_records_are_gone_it_says_over(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Slow().run(seconds=5)
    await asyncio.sleep(1)
    records = run.__wfkit_records__()
    assert records is not None
    kept = [record for record in records if not isinstance(record, RunStarted)]
    monkeypatch.setattr(type(run), "__wfkit_records__", lambda self: tuple(kept))
    run._ipython_display_()
    assert "over 1 event" in screen.texts[0]
    monkeypatch.undo()
    await run


class Shy(Workflow):
    """Asks in a wait, with a secret in the question."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        question = InputRequiredEvent(text="<script>go</script>?", password="hunter2")
        answer = await ctx.wait_for_event(HumanResponseEvent, waiter_event=question)
        return StopEvent(result=answer.text)


@pytest.mark.parametrize("flow", [Ask, Shy])
async def test_it_tells_the_question_that_is_open(flow: type[Workflow], screen: Screen) -> None:
    run = flow().run()
    run._ipython_display_()
    await asyncio.sleep(1)
    assert "waiting" in screen.texts[-1]
    assert html(screen).count('class="wfkit-question"') == 1
    assert "<script" not in html(screen)
    assert "hunter2" not in html(screen)
    await run.send_event(Answer(text="x") if flow is Ask else HumanResponseEvent(text="x"))
    await run


class Item(Event):
    n: int


class Busy(Workflow):
    """Two workers report on twenty items; one attempt in three fails."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
        for n in range(20):
            ctx.send_event(Item(n=n))
        return None

    @step(num_workers=2)
    async def work(self, ctx: Context, ev: Item) -> StopEvent | None:
        ctx.write_event_to_stream(ProgressEvent(fraction=0.5))
        await asyncio.sleep(1)
        return StopEvent() if ev.n == 19 else None


async def test_it_counts_what_runs_and_what_queues(screen: Screen) -> None:
    run = Busy(timeout=None).run()
    run._ipython_display_()
    await asyncio.sleep(3.5)
    for words in ("6 done", "2 running", "12 queued"):
        assert words in html(screen)
    assert html(screen).count('role="progressbar"') == 2
    await run


async def test_it_counts_what_is_held(screen: Screen) -> None:
    run = HeldFlow(timeout=None).run()
    run._ipython_display_()
    await asyncio.sleep(1)
    assert "1 held" in html(screen)
    assert "1 running" not in html(screen)
    await asyncio.sleep(2.5)
    assert "1 held" not in html(screen)
    assert "3 held" in html(screen)
    await run


class Parent(Workflow):
    """Runs a child that reports."""

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await Pages(timeout=None).run(count=4, pause=1))


async def test_progress_of_a_child_run_is_shown(screen: Screen) -> None:
    run = Parent().run()
    run._ipython_display_()
    await asyncio.sleep(1.5)
    assert "Pages 2 of 4" in screen.texts[-1]
    await run


async def test_a_run_that_waits_for_its_turn_is_queued(screen: Screen) -> None:
    workflow = Slow(num_concurrent_runs=1)
    first, second = workflow.run(seconds=3), workflow.run(seconds=3)
    second._ipython_display_()
    await asyncio.sleep(1)
    assert screen.texts == ["Run of Slow: queued, 0 events"]
    await first
    await asyncio.sleep(1.5)
    assert screen.texts[-1].startswith("Run of Slow: running, 1 s, 1 event")
    await over(second)
    assert "done" in screen.texts[-1]


async def test_a_failed_run_ends_as_its_failure(screen: Screen) -> None:
    run = Fail().run()
    run._ipython_display_()
    with pytest.raises(ValueError):
        await over(run)
    assert "ValueError: no good" in screen.texts[-1]


async def test_a_cancelled_run_ends_as_its_picture(screen: Screen) -> None:
    run = Slow().run(seconds=10)
    run._ipython_display_()
    await asyncio.sleep(1)
    await run.cancel_run()
    await asyncio.sleep(0.01)
    assert screen.texts[-1].startswith("Run of Slow: cancelled")


# -- other users of the run --------------------------------------------------------------------------------------------


async def test_shown_twice_it_is_one_display(screen: Screen) -> None:
    run = Slow().run(seconds=2.5)
    run._ipython_display_()
    await asyncio.sleep(1.2)
    run._ipython_display_()
    await over(run)
    assert [update for _, update, _, _ in screen.sent].count(False) == 2
    assert len({display for _, _, display, _ in screen.sent}) == 1
    assert len(screen.sent) == 6  # twice shown, the step that began, twice the time, the picture


async def test_two_runs_have_two_displays(screen: Screen) -> None:
    runs = [Line().run() for _ in range(2)]
    for run in runs:
        run._ipython_display_()
    await asyncio.gather(*(over(run) for run in runs))
    assert len({display for _, _, display, _ in screen.sent}) == 2


async def test_whoever_reads_the_stream_gets_all_of_it(screen: Screen) -> None:
    run = Pages(timeout=None).run(count=30, pause=0.05)
    run._ipython_display_()
    done = [event.done async for event in run.stream_events() if isinstance(event, ProgressEvent)]
    assert done == list(range(1, 31))
    assert await over(run) == "read"


@pytest.mark.parametrize("when", ["showing", "moving", "ending"])
async def test_a_front_end_that_fails_is_no_business_of_the_runs(
    when: str, screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    run = Pages(timeout=None).run(count=3, pause=1)
    if when != "showing":
        run._ipython_display_()
    if when == "ending":
        await asyncio.sleep(2.9)
    screen.broken = True
    if when == "showing":
        with pytest.raises(RuntimeError):
            run._ipython_display_()
    with caplog.at_level(logging.WARNING, "wfkit"):
        assert await over(run) == "read"
    assert "the run goes on" in caplog.text


async def test_a_picture_that_cannot_be_drawn_leaves_the_outcome(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(handler: Any) -> dict[str, str]:
        raise RuntimeError("no paper")

    run = Line().run()
    run._ipython_display_()
    monkeypatch.setattr("wfkit.display.bundles.handler_bundle", fail)
    assert await over(run) == "HELLO"
    assert screen.texts[-1] == "<Run of Line: done>. Its picture cannot be drawn."
    assert "no paper" in caplog.text


async def test_a_mistake_in_the_counting_is_no_business_of_the_runs(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: Event) -> bool:
        raise RuntimeError("cannot count")

    monkeypatch.setattr(live, "is_progress", fail)
    run = Pages(timeout=None).run(count=3, pause=1)
    run._ipython_display_()
    assert await over(run) == "read"
    assert "cannot count" in caplog.text


async def test_when_the_run_has_ended_nothing_is_kept(screen: Screen) -> None:
    run = Line().run()
    run._ipython_display_()
    shown = weakref.ref(run._live)
    await run
    await asyncio.sleep(1)
    gc.collect()
    assert shown() is None


def test_a_run_whose_loop_is_closed_in_the_middle_is_not_kept(screen: Screen) -> None:
    async def main() -> list[weakref.ref[Any]]:
        run = Slow(timeout=None).run(seconds=60)
        run._ipython_display_()
        await asyncio.sleep(0.15)
        return [weakref.ref(run), weakref.ref(run._live)]

    refs = asyncio.run(main())
    gc.collect()
    assert [ref() for ref in refs] == [None, None]
