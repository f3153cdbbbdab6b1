"""The debugger's panel without a browser: what it shows, and what its clicks do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.display.corpus import TEXTS
from tests.widgets.panels import AskFlow, CountFlow, FakePage, FanFlow
from wfkit import Breakpoint, Debugger, Event, StartEvent, StopEvent, Workflow, step
from wfkit.widgets import base
from wfkit.widgets.debugger import DebuggerPanel, debug


async def page_of(workflow: Workflow, **start: Any) -> FakePage:
    """Start a run under a debugger and return the page with its panel, when it has come to its first stop."""
    page = FakePage(debug(workflow, **start))
    await page.settled()
    return page


def panel_of(page: FakePage) -> DebuggerPanel:
    """Return the panel on a page."""
    assert isinstance(page.panel, DebuggerPanel)
    return page.panel


async def test_it_says_that_it_is_held_and_what_a_step_does() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    view = await page.settled()
    assert (view["state"], view["title"], view["counts"]) == ("held", "HELD before first", "1 ready")
    assert view["next"] == "step gives StartEvent to first. continue runs to the end."
    assert view["nodes"]["wf-first"] == {"state": "held", "idle": False, "chips": [["held", 1]]}
    assert view["dots"] == [["wf-StartEvent", "wf-first", 1]]
    assert view["can"] == ["cancel", "until", "continue", "step", "fork"]
    view = await page.click("step")
    assert view["title"] == "HELD before double"
    assert view["nodes"]["wf-first"]["chips"] == [["done", 1]]
    assert [row["key"] for row in view["tree"] if row["changed"]] == ["seen"]
    assert any("first returns Number" in line for line in panel_of(page).lines)
    assert [run["stops"] for run in view["runs"]] == [
        [[1, "stop 1: break at start", False], [2, "stop 2: step", False]]
    ]
    await page.click("cancel")


async def test_an_event_is_edited_and_the_result_is_another() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    await page.click("step")
    view = await page.click("step", values={"n": "many"})
    assert "n" in view["problems"][0]
    assert view["title"] == "HELD before double", "nothing has happened"
    assert view["error"].startswith("Number was not made: n: ")
    view = await page.click("step", values={"n": "20"})
    assert (view["problems"][0], view["error"], view["title"]) == ({}, "", "HELD before last")
    await page.click("continue")
    assert await panel_of(page).handler == [40, 3]


async def test_secrets_are_not_on_the_page() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    for _ in range(3):
        view = await page.click("step")
        assert "hunter2" not in json.dumps(view) + str(panel_of(page).lines)
    bundle, _metadata = panel_of(page)._repr_mimebundle_()
    assert "hunter2" not in str(bundle)


async def test_breakpoints_are_set_and_cleared_on_the_picture() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    view = await page.click("break", node="wf-double")
    assert view["marks"] == {"wf-double": True}
    await page.click("break", node="wf-Total")
    view = await page.click("continue")
    assert (view["title"], view["why"]) == ("HELD before double", "breakpoint: double")
    key = view["breakpoints"][0]["key"]
    view = await page.click("enable", key=key, on=False)
    assert view["marks"] == {"wf-double": False, "wf-Total": True}
    view = await page.click("clear", key=key)
    assert [point["text"] for point in view["breakpoints"]] == ["Total"]
    view = await page.click("continue")
    assert view["title"] == "HELD before last"
    view = await page.click("break", node="wf-Total")
    assert view["marks"] == {}
    view = await page.click("break", node="wf-nowhere")
    assert "No event of this run stops there" in view["error"]
    assert (await page.click("dismiss"))["error"] == ""
    await page.click("cancel")


async def test_one_of_several_is_chosen() -> None:
    page = await page_of(FanFlow(timeout=None), n=3)
    view = await page.click("step")
    assert [one["brief"] for one in view["stop"]["ready"]] == ["n=0, password=****", "n=1, password=****"]
    assert view["counts"] == "2 ready, 1 queued"
    second = view["stop"]["ready"][1]["key"]
    view = await page.click("choose", held=second)
    assert view["held"]["held"] == second
    view = await page.click("step", held=second)
    steps = [one["way"][1] for one in view["stop"]["ready"]]
    assert sorted(steps) == ["join", "work", "work"]
    assert second not in [one["key"] for one in view["stop"]["ready"]]
    view = await page.click("step", held=second)
    assert "not held any more" in view["error"]
    view = await page.click("until", node="wf-join")
    assert "HELD before" in view["title"]
    await page.click("continue")
    assert await panel_of(page).handler == 3


async def test_a_failure_is_tried_again_with_another_event() -> None:
    page = await page_of(CountFlow(timeout=None), breakpoints=[Breakpoint(failure=True)], n=-1)
    view = await page.settled()
    assert view["title"] == "HELD, double has failed"
    assert view["stop"]["ready"][0]["brief"] == "ValueError: -1 is too small"
    assert view["next"].startswith("let it fail makes the failure of double count.")
    view = await page.click("retry", values={"n": "4"})
    assert "HELD before last" in view["title"] or view["state"] == "done"
    await page.click("continue")
    assert await panel_of(page).handler == [8, -1]


async def test_a_failure_counts_when_it_is_given_up() -> None:
    page = await page_of(CountFlow(timeout=None), breakpoints=[Breakpoint(failure=True)], n=-1)
    await page.settled()
    view = await page.click("step")
    assert view["state"] == "failed"
    with pytest.raises(ValueError, match="too small"):
        await panel_of(page).handler


async def test_a_step_is_skipped_with_a_result() -> None:
    page = await page_of(CountFlow(timeout=None), breakpoints=["double"], n=3)
    view = await page.settled()
    assert [one["name"] for one in view["held"]["skips"]] == ["Total"]
    view = await page.click("skip", name="Total", values={})
    assert "n" in view["problems"][0]
    view = await page.click("skip", name="Number", values={})
    assert "does not return" in view["error"]
    view = await page.click("skip", name="Total", values={"n": "7"})
    assert (view["title"], view["stop"]["ready"][0]["brief"]) == ("HELD before last", "n=7")
    await page.click("drop")
    await page.click("cancel")


async def test_a_question_is_answered() -> None:
    page = await page_of(AskFlow(timeout=None), breakpoints=["hear"], text="<b>why</b>")
    view = await page.settled()
    (question,) = view["questions"]
    assert (view["title"], question["fields"]) == ("WAITING", [["text", "<b>why</b>"]])
    (answer,) = question["answers"]
    view = await page.click("answer", question=question["key"], name=answer["name"], values={})
    assert "word" in view["problems"][0]
    view = await page.click("answer", question=question["key"], name=answer["name"], values={"word": "so"})
    assert view["title"] == "HELD before hear"
    assert view["questions"] == []
    await page.click("continue")
    assert await panel_of(page).handler == "so"


async def test_the_store_is_edited() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    await page.click("step")
    view = await page.click("set_state", path="seen.n", text="9")
    assert view["why"] == "set seen.n"
    row = next(row for row in view["tree"] if row["path"] == "seen.n")
    assert (row["text"], row["was"], row["changed"]) == ("9", "3", True)
    view = await page.click("set_state", path="seen.n", text="{")
    assert "is no JSON" in view["error"]
    await page.click("continue")
    assert await panel_of(page).handler == [6, 9]


async def test_an_earlier_stop_is_looked_at_and_forked_with_another_event() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    await page.click("step")
    await page.click("step")
    view = await page.click("rewind")
    assert (view["title"], view["looking"], view["can"]) == ("STOP 2", 2, ["rewind", "fork"])
    assert all(row["edit"] is None for row in view["tree"]), "the past is not edited"
    assert view["nodes"]["wf-double"]["chips"] == [["held", 1]], "it has not been done there"
    view = await page.click("fork", values={"n": "5"})
    assert (view["title"], view["looking"]) == ("HELD before double", None)
    assert [(run["name"], run["parent"], run["forked"]) for run in view["runs"]] == [
        ("run", None, None),
        ("fork 1", 0, 2),
    ]
    assert view["nodes"]["wf-first"]["chips"] == [["done", 1]], "what came before the fork counts"
    fork = panel_of(page).handler
    await page.click("continue")
    assert await fork == [10, 3]
    view = await page.click("look", run=0)
    assert view["title"] == "HELD before last"
    await page.click("continue")
    assert await panel_of(page).handler == [6, 3]


async def test_a_run_is_paused_and_led_to_a_step() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    view = await page.click("until", node="wf-last")
    assert (view["title"], view["why"]) == ("HELD before last", "until last")
    view = await page.click("pause")
    assert view["error"] == ""
    view = await page.click("until")
    assert view["state"] == "done"
    assert view["can"] == ["rewind", "fork"]


async def test_what_is_held_at_its_end_may_be_changed() -> None:
    page = await page_of(CountFlow(timeout=None), breakpoints=[StopEvent], n=3)
    view = await page.settled()
    assert view["title"] == "HELD before StopEvent ends the run"
    assert view["held"]["kind"] == "result"
    await page.click("step", values={"result": "[1]"})
    assert await panel_of(page).handler == [1]


async def test_a_failed_run_keeps_its_panel_and_is_forked_by_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(base, "in_notebook", lambda: True)
    monkeypatch.setattr(base, "_publish", lambda bundle, name, update: published.append((name, bundle)))
    page = await page_of(CountFlow(timeout=None), n=-1)
    panel_of(page)._ipython_display_()
    await page.click("continue")
    with pytest.raises(ValueError, match="too small"):
        await panel_of(page).handler
    view = await page.settled()
    assert (view["title"], view["can"]) == ("FAILED", ["rewind", "fork"])
    assert view["next"].startswith("It ended with ValueError: -1 is too small. rewind shows the stops; fork starts")
    await asyncio.sleep(5)
    assert [name.endswith("-still") for name, _ in published] == [False, True, True], "the panel is still there"
    assert "<iframe" in published[-1][1]["text/html"], "a saved notebook has the playback"
    view = await page.click("fork")
    assert view["title"] == "HELD before double"
    view = await page.click("step", values={"n": "1"})
    await page.click("continue")
    await asyncio.sleep(3)
    assert [name.endswith("-still") for name, _ in published[-2:]] == [False, True], "all is over: it gives its place"
    assert "Run of CountFlow: done" in published[-2][1]["text/plain"]


async def test_an_end_is_told_with_its_result() -> None:
    debugger = Debugger(break_at_start=True)
    handler = CountFlow(timeout=None).run(n=3, hooks=[debugger])
    page = FakePage(DebuggerPanel(debugger))
    await page.settled()
    await page.click("continue")
    await handler
    view = await page.settled()
    assert view["next"].startswith("It ended with StopEvent [6, 3]. rewind shows")
    assert not any(row["edit"] for row in view["tree"]), "nothing can be changed there"
    assert "nothing at 'seen.n' that can be edited" in (await page.click("set_state", path="seen.n", text="1"))["error"]


async def test_a_fork_that_python_makes_is_in_the_family() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    debugger = panel_of(page).debugger
    fork = debugger.fork(1, n=5)
    view = await page.settled()
    assert [(run["name"], run["forked"], run["on"]) for run in view["runs"]] == [
        ("run", None, True),
        ("fork 1", 1, False),
    ]
    view = await page.click("look", run=1)
    assert panel_of(page).debugger is fork
    await page.click("cancel")
    await debugger.cancel()


async def test_a_closed_panel_looks_no_more_and_its_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    panel, other = panel_of(page), DebuggerPanel(panel_of(page).debugger)
    panel.close()
    looks: list[DebuggerPanel] = []

    def look(self: DebuggerPanel) -> dict[str, Any]:
        looks.append(self)
        return {}

    monkeypatch.setattr(DebuggerPanel, "look", look)
    other.debugger.continue_()
    assert await other.handler == [6, 3]
    await page.settled()
    assert set(looks) == {other}


async def test_a_saved_notebook_tells_what_is_held_and_the_state() -> None:
    page = await page_of(FanFlow(timeout=None), n=30)
    await page.click("step")
    await page.click("step")
    still = panel_of(page).still()
    assert "Number \u2192 work · from split · n=1, password=****" in still
    assert "hunter2" not in still
    await page.click("cancel")


async def test_where_it_can_be_led_to_stands_as_it_goes() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    goals = (await page.settled())["goals"]
    assert [name for _, name, _ in goals] == ["first", "double", "last", "StartEvent", "Number", "Total", "StopEvent"]
    view = await page.click("until", node="wf-Total")
    assert view["title"] == "HELD before last"
    view = await page.click("until", node="wf-StopEvent")
    assert view["title"] == "HELD before StopEvent ends the run"
    assert view["dots"] == [["wf-last", "wf-StopEvent", 1]]
    assert "fork" in view["can"]
    view = await page.click("fork", values={})
    assert view["title"] == "HELD before StopEvent ends the run", "the step has been done"
    await page.click("cancel")
    await page.click("look", run=0)
    await page.click("cancel")


async def test_a_run_that_is_over_is_forked_from_just_before_its_failure() -> None:
    debugger = Debugger()
    handler = CountFlow(timeout=None).run(n=-1, hooks=[debugger])
    with pytest.raises(ValueError, match="too small"):
        await handler
    page = FakePage(DebuggerPanel(debugger))
    view = await page.settled()
    assert (view["state"], view["can"]) == ("failed", ["rewind", "fork"])
    view = await page.click("rewind")
    assert view["why"].startswith("failed: ValueError")
    await page.click("fork", values={"n": "1"})
    view = await page.click("continue")
    assert view["state"] == "done"
    assert await panel_of(page).handler == [2, -1]


async def test_a_debugger_may_wait_for_its_run() -> None:
    debugger = Debugger(break_at_start=True)
    page = FakePage(DebuggerPanel(debugger))
    view = await page.settled()
    assert (view["title"], view["next"]) == ("NO RUN YET", "Start one with workflow.run(hooks=[debugger]).")
    handler = CountFlow(timeout=None).run(n=1, hooks=[debugger])
    view = await page.settled()
    assert view["title"] == "HELD before first"
    assert panel_of(page).picture.startswith("<svg")
    await page.click("continue")
    assert await handler == [2, 1]


@pytest.mark.parametrize("name", TEXTS)
async def test_hostile_text_is_plain_text_for_the_page(name: str) -> None:
    text = TEXTS[name]

    class Hostile(Event):
        text: str

    class HostileFlow(Workflow):
        @step
        async def look(self, ev: StartEvent) -> Hostile:
            return Hostile(text=text)

        @step
        async def fail(self, ev: Hostile) -> StopEvent:
            raise ValueError(ev.text)

    page = await page_of(HostileFlow(timeout=None), breakpoints=[Breakpoint(failure=True)])
    view = await page.settled()
    assert view["title"] == "HELD, fail has failed"
    assert len(json.dumps(view)) < 60_000
    assert "script" not in panel_of(page).picture
    told = view["stop"]["ready"][0]["brief"]
    assert not {char for char in told if ord(char) < 32 or char in "\u202e\u2028"}
    await page.click("cancel")


async def test_what_no_page_would_send_is_refused() -> None:
    page = await page_of(CountFlow(timeout=None), n=3)
    for content in (None, 7, "step", {}, {"do": 7}, {"do": ["step"]}):
        panel_of(page)._handle_custom_msg(content, [])
    view = await page.click("__class__")
    assert "nothing that this panel can do" in view["error"]
    view = await page.click("step", held="../..")
    assert "not held any more" in view["error"]
    view = await page.click("step", nonsense=1)
    assert view["error"].startswith("TypeError")
    assert view["title"] == "HELD before first"
    await page.click("cancel")


async def test_a_long_run_stays_small_on_the_page() -> None:
    page = await page_of(FanFlow(timeout=None), breakpoints=["join"], n=400)
    view = await page.settled()
    assert len(json.dumps(view)) < 60_000
    assert len(panel_of(page).lines) <= 150
    await page.click("cancel")
