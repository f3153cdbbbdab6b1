"""One debugged run as a panel follows it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.display.corpus import Failing
from tests.widgets.panels import AskFlow, CountFlow, FakePage
from wfkit import (
    Context,
    Debugger,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from wfkit.widgets.counts import Counts
from wfkit.widgets.debugger import debug
from wfkit.widgets.watched import Watched


def watched(workflow: Workflow, **start: Any) -> Watched:
    """Start a run under a debugger, and watch it."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **start)
    return Watched(debugger, None, lambda: None)


async def test_counting_fails_once_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Counts, fields: tuple[Any, ...]) -> None:
        raise ZeroDivisionError

    debugger = Debugger(break_at_start=True)
    handler = CountFlow(timeout=None).run(n=3, hooks=[debugger])
    monkeypatch.setattr(Counts, "see", fail)
    Watched(debugger, None, lambda: None)
    debugger.continue_()
    assert await handler == [6, 3]
    assert caplog.text.count("could not count a record; the run goes on") == 1


async def test_a_form_is_the_same_as_long_as_its_event_is() -> None:
    one = watched(CountFlow(timeout=None), n=3)
    await one.debugger.stopped()
    event = one.held.event
    assert one.form(event) is one.form(event)
    for n in range(200):
        one.form(type(event)(n=n))
    assert len(one._forms) <= 51
    await one.debugger.cancel()


async def test_what_an_answer_must_have_may_be_anything() -> None:
    class Picky(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(
                HumanResponseEvent, waiter_event=InputRequiredEvent(), requirements={"x": Failing()}
            )
            return StopEvent()

    page = FakePage(debug(Picky(timeout=None)))
    await page.settled()
    view = await page.click("continue")
    assert (view["error"], len(view["questions"])) == ("", 1)
    await page.click("cancel")


async def test_a_child_asks_through_the_panel_of_its_parent() -> None:
    class Parent(Workflow):
        def __init__(self) -> None:
            super().__init__(timeout=None)
            self.child = AskFlow(timeout=None)

        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.child.run(text="the child's"))

    flow = Parent()
    panel = debug(flow)
    page = FakePage(panel)
    await page.settled()
    view = await page.click("continue")
    (question,) = view["questions"]
    assert (question["event"], question["step"], question["fields"]) == (
        "Question",
        "child.ask",
        [["text", "the child's"]],
    )
    await page.click("answer", question=question["key"], name="Reply", values={"word": "heard"})
    assert await panel.handler == "heard"


async def test_only_what_some_step_takes_can_be_sent() -> None:
    one = watched(AskFlow(timeout=None), text="?")
    await one.debugger.stopped()
    assert [kind.__name__ for kind in one.sendable()] == ["StartEvent", "Reply"]
    assert one.place_of(Event) == ""
    await one.debugger.cancel()
    await asyncio.sleep(0)
