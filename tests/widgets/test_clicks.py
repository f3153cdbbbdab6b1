"""What the clicks on a debugger's panel do, beyond leading a run on; a page may send anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.widgets.panels import AskFlow, CountFlow, FakePage, FanFlow, Number, Total
from wfkit import Debugger, StartEvent, StopEvent, Workflow, step
from wfkit.widgets.debugger import DebuggerPanel, debug


class GatherFlow(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Number]:
        return [Number(n=n) for n in range(ev.n)]

    @step
    async def add(self, ev: list[Number]) -> StopEvent:
        return StopEvent(result=[type(each).__name__ for each in ev] + [sum(each.n for each in ev)])


async def page_of(workflow: Workflow, **start: Any) -> tuple[FakePage, DebuggerPanel]:
    """Start a run under a debugger and return its panel, with the page, when it has come to its first stop."""
    panel = debug(workflow, **start)
    page = FakePage(panel)
    await page.settled()
    return page, panel


async def test_another_event_is_sent_into_the_run() -> None:
    page, panel = await page_of(AskFlow(timeout=None), text="?")
    view = await page.settled()
    assert view["sends"] == [["StartEvent", "wf-StartEvent"], ["Reply", "wf-Reply"]]
    assert view["compose"] is None
    view = await page.click("compose", node="wf-Reply")
    assert (view["compose"]["name"], [field["name"] for field in view["compose"]["fields"]]) == ("Reply", ["word"])
    view = await page.click("send", values={})
    assert (view["problems"][0], view["compose"]["name"]) == ({"word": "Needed."}, "Reply"), "it can be mended"
    view = await page.click("send", values={"word": "unasked"})
    assert ([one["brief"] for one in view["stop"]["ready"]], view["why"]) == (
        ["text='?'", "word='unasked'"],
        "sent Reply",
    )
    assert view["compose"] is None
    view = await page.click("compose", node="wf-StopEvent")
    assert view["error"] == "No step takes an event of that type."
    assert "Choose which event" in (await page.click("send", values={}))["error"]
    await page.click("continue")
    assert await panel.handler == "unasked"


async def test_what_a_step_gathers_is_edited_as_what_it_is() -> None:
    page, panel = await page_of(GatherFlow(timeout=None), breakpoints=["add"], n=2)
    view = await page.settled()
    assert (view["held"]["name"], [field["name"] for field in view["held"]["fields"]]) == (
        "2 \u00d7 Number",
        ["events"],
    )
    assert view["dots"] == [["wf-Number", "wf-add", 1]]
    assert "hunter2" not in str(view)
    view = await page.click("step", values={"events": '[{"n": 1}, {"m": "oops"}]'})
    assert list(view["problems"][0]) == ["events"]
    assert view["title"] == "HELD before add", "nothing has happened"
    await page.click("step", values={"events": '[{"n": 10, "password": "x"}, {"n": 5, "password": "x"}]'})
    assert await panel.handler == ["Number", "Number", 15]


async def test_one_of_many_is_found_and_chosen() -> None:
    class Wide(FanFlow):
        @step(num_workers=200)
        async def work(self, ev: Number) -> Total:
            return Total(n=ev.n)

    page, _ = await page_of(Wide(timeout=None), n=150)
    view = await page.click("step")
    assert (len(view["stop"]["ready"]), view["stop"]["more"]) == (40, 110)
    view = await page.click("seek", text="n=149")
    (found,) = view["stop"]["ready"]
    view = await page.click("choose", held=found["key"])
    assert view["held"]["held"] == found["key"]
    assert view["held"]["fields"][0]["value"] == "149"
    view = await page.click("seek", text="x" * 10_000)
    assert (view["stop"]["ready"], len(view["stop"]["sought"])) == ([], 200)
    assert "not held any more" in (await page.click("choose", held="nobody"))["error"]
    await page.click("cancel")


async def test_a_breakpoint_is_given_a_condition() -> None:
    page, _ = await page_of(CountFlow(timeout=None), n=3)
    view = await page.click("break", node="wf-last")
    view = await page.click("when", key=view["breakpoints"][0]["key"], text=" n > 3")
    (point,) = view["breakpoints"]
    assert (point["text"], point["when"]) == ("last if n > 3", "n > 3")
    view = await page.click("when", key=point["key"], text="n >")
    assert "is no expression" in view["error"]
    assert [point["text"] for point in view["breakpoints"]] == ["last if n > 3"]
    view = await page.click("when", key=point["key"], text="().__class__")
    assert "more than a comparison" in view["error"]
    view = await page.click("when", key=point["key"], text="")
    assert [point["text"] for point in view["breakpoints"]] == ["last"]
    assert "That breakpoint is gone" in (await page.click("when", key=point["key"], text="n > 3"))["error"]
    panel = page.panel
    assert isinstance(panel, DebuggerPanel)
    panel.debugger.break_at(when="n > 5")
    view = await page.settled()
    view = await page.click("when", key=view["breakpoints"][-1]["key"], text="")
    assert "nothing but its condition" in view["error"]
    await page.click("cancel")


async def test_a_part_of_the_store_is_watched() -> None:
    page, panel = await page_of(CountFlow(timeout=None), n=3)
    assert "nothing at 'seen'" in (await page.click("watch", path="seen"))["error"], "there is none yet"
    await page.click("step")
    assert "nothing at 'secret" in (await page.click("watch", path="secret" * 1_000))["error"]
    view = await page.click("watch", path="seen")
    assert [point["text"] for point in view["breakpoints"]] == ["state 'seen' changes"]
    assert {row["path"]: row["watched"] for row in view["tree"]} == {
        "seen": True,
        "seen.n": False,
        "seen.api_key": False,
    }
    view = await page.click("watch", path="seen")
    assert view["breakpoints"] == []
    await page.click("continue")
    assert await panel.handler == [6, 3]


async def test_what_a_page_does_not_show_it_cannot_change() -> None:
    page, panel = await page_of(CountFlow(timeout=None), n=3)
    await page.click("step")
    for path in ("seen.api_key", "nowhere", "seen.n.__class__", ""):
        view = await page.click("set_state", path=path, text="1", plain=True)
        assert "that can be edited here" in view["error"], path
    assert (await panel.handler.ctx.store.get("seen"))["api_key"] == "hunter2"
    await page.click("cancel")


@pytest.mark.parametrize("number", ["x", {}, [], 999, 1.5, True, 0, -1])
async def test_only_a_stop_that_is_kept_is_looked_at(number: Any) -> None:
    page, _ = await page_of(CountFlow(timeout=None), n=3)
    view = await page.click("look", run=0, number=number)
    assert view["error"].startswith("There is no stop ")
    assert "Kept are 1 to 1." in view["error"]
    assert view["title"] == "HELD before first"
    await page.click("cancel")


@pytest.mark.parametrize("run", ["0", 1, -1, None, True, 0.0, {}])
async def test_only_a_run_of_the_family_is_looked_at(run: Any) -> None:
    page, _ = await page_of(CountFlow(timeout=None), n=3)
    for do in ("look", "compare"):
        view = await page.click(do, run=run)
        assert view["error"].startswith("There is no run ")
    await page.click("cancel")


async def test_a_stop_that_was_forgotten_meanwhile_is_looked_at_no_more() -> None:
    debugger = Debugger(break_at_start=True, keep=2)
    CountFlow(timeout=None).run(n=3, hooks=[debugger])
    page = FakePage(DebuggerPanel(debugger))
    await page.settled()
    await page.click("step")
    view = await page.click("look", run=0, number=1)
    assert (view["looking"], view["title"]) == (1, "STOP 1")
    debugger.step()
    view = await page.settled()
    assert (view["looking"], view["title"]) == (None, "HELD before last")
    await page.click("cancel")


async def test_two_runs_are_compared() -> None:
    page, panel = await page_of(CountFlow(timeout=None), n=3)
    await page.click("step")
    assert "Compare it with a fork" in (await page.click("compare", run=0))["error"]
    view = await page.click("fork", values={"n": "5"})
    await page.click("continue")
    view = await page.click("compare", run=1)
    assert view["comparison"][:2] == ["run (left) and fork 1 (right)", view["comparison"][1]]
    assert view["comparison"][1].startswith("They part at double")
    assert "hunter2" not in str(view["comparison"])
    assert view["comparison"] == (await page.click("compare", run=0))["comparison"]
    view = await page.click("uncompare")
    assert view["comparison"] is None
    await page.click("look", run=0)
    await page.click("cancel")
    assert panel.debugger.status == "cancelled"
