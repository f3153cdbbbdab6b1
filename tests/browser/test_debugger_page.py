"""The debugger's panel on an empty page: hostile text in every place of it, and how it takes what it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.display.corpus import TEXTS
from wfkit import (
    Breakpoint,
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from wfkit.widgets.debugger import DebuggerPanel, debug

pytestmark = pytest.mark.browser

SHOW = """async ([state, script, style]) => {
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  const {default: {render}} = await import(url);
  const heard = {};
  window.sent = [];
  window.state = state;
  const model = {
    get: name => state[name],
    on: (name, act) => (heard[name] ??= []).push(act),
    off: (name, act) => heard[name] = heard[name].filter(other => other !== act),
    send: message => window.sent.push(message),
  };
  window.model = model;
  window.tell = message => { for (const act of heard["msg:custom"] ?? []) act(message) };
  window.change = (name, value) => { state[name] = value; for (const act of heard["change:" + name] ?? []) act() };
  const sheet = document.head.appendChild(document.createElement("style"));
  sheet.textContent = style;
  window.end = render({model, el: document.body.appendChild(document.createElement("div"))});
}"""


class Hostile(Event):
    text: str


class Asked(InputRequiredEvent):
    text: str


class Answer(HumanResponseEvent):
    text: str = "yes"


class HostileFlow(Workflow):
    """Carries a text everywhere."""

    @step
    async def look(self, ctx: Context, ev: StartEvent) -> Hostile:
        await ctx.store.set("told", {ev.text[:200]: ev.text})
        return Hostile(text=ev.text)

    @step
    async def fail(self, ctx: Context, ev: Hostile) -> StopEvent:
        await ctx.wait_for_event(Answer, waiter_event=Asked(text=ev.text))
        raise ValueError(ev.text)


def shown(make: Callable[[], Coroutine[Any, Any, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Return what panels show; in a thread, because this one has Playwright's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(make())).result()


async def views_of(texts: list[str]) -> list[dict[str, Any]]:
    """Return what a panel shows of runs with these texts: waiting for an answer, and held at a failure."""
    found = []
    for text in texts:
        panel = debug(HostileFlow(timeout=None), breakpoints=[Breakpoint(failure=True)], text=text)
        for state in ("waiting", "held"):
            while panel.debugger.status != state:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0)
            panel.show_now()
            found.append({"view": panel.view, "picture": panel.picture, "lines": panel.lines})
            if state == "waiting":
                (question,) = panel.view["questions"]
                panel.do_answer(question["key"], "Answer", {})
        await panel.debugger.cancel()
    return found


def test_nothing_hostile_comes_to_life(page: Page) -> None:
    texts = [text for name, text in TEXTS.items() if name != "surrogates"]  # a page cannot be sent halves of a pair
    states = shown(lambda: views_of(texts))
    script, style = str(DebuggerPanel._esm), str(DebuggerPanel._css)
    page.evaluate(SHOW, [states[0], script, style])
    for place, state in enumerate(states):
        page.evaluate(
            "state => { for (const [name, value] of Object.entries(state)) window.change(name, value) }", state
        )
        page.evaluate("() => document.querySelector('.wfd-leaf .wfd-link')?.click()")
        assert page.evaluate("() => window.pwned") is None, texts[place // 2][:80]
        assert page.evaluate("() => document.querySelectorAll('script, iframe, img, object, base').length") == 0
    assert len(states) == 2 * len(texts)


class Draft(Event):
    text: str
    score: int = 3


class Plain(Workflow):
    """Something to step through."""

    @step
    async def write(self, ctx: Context, ev: StartEvent) -> Draft:
        await ctx.store.set("count", 1)
        return Draft(text="one")

    @step
    async def judge(self, ev: Draft) -> StopEvent:
        if ev.score < 0:
            raise ValueError("too low")
        return StopEvent(result=ev.text)


async def views_of_a_tour() -> dict[str, dict[str, Any]]:
    """Return what a panel shows at the places where one comes by."""
    panel = debug(Plain(timeout=None))
    found: dict[str, dict[str, Any]] = {}

    async def keep(name: str) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        panel.show_now()
        found[name] = {"view": panel.view, "picture": panel.picture, "lines": panel.lines}

    await keep("start")
    panel.do_step()
    await keep("held")
    panel.do_look(0, 1)
    await keep("past")
    panel.do_fork()
    await keep("fork")
    panel.do_step(values={})
    await keep("further")
    panel.do_compare(0)
    await keep("compared")
    panel.do_look(0)
    panel.do_compose("wf-Draft")
    panel.do_break("wf-judge")
    await keep("composing")
    panel.do_failures()
    panel.do_step(values={"score": "-1"})
    await keep("failed")
    panel.do_step()
    await keep("over")
    for watched in panel.family:
        await watched.debugger.cancel()
    return found


@pytest.fixture(scope="module")
def tour() -> dict[str, dict[str, Any]]:
    """Return what a panel shows, by the name of the place."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(views_of_a_tour())).result()


def open_panel(page: Page, state: dict[str, Any]) -> Locator:
    """Show a panel that says how things stand; return it."""
    page.evaluate(SHOW, [state, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    return page.locator(".wfd-face")


def go(page: Page, state: dict[str, Any]) -> None:
    """Show how things stand next."""
    page.evaluate("state => { for (const [name, value] of Object.entries(state)) window.change(name, value) }", state)


def clicks(page: Page) -> list[dict[str, Any]]:
    """Return what was asked for."""
    found: list[dict[str, Any]] = page.evaluate("() => window.sent.filter(({do: name}) => name !== 'hello')")
    return found


def test_nothing_moves_while_the_run_does(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["start"])
    places = """() => ["step", "continue", "pause", "rewind", "fork", "cancel", "middle"].map(name => {
        const {x, y} = document.querySelector(`.wfd-${name}`).getBoundingClientRect();
        return [name, x, y];
    })"""
    high = "() => document.querySelector('.wfd-middle').offsetHeight"
    first, heights = page.evaluate(places), [page.evaluate(high)]
    for name in ("held", "past", "fork", "compared", "composing", "failed", "over"):
        go(page, tour[name])
        assert page.evaluate(places) == first, name
        heights.append(page.evaluate(high))
    assert heights == sorted(heights), "it grows with what it has to show, and never shrinks"
    assert heights[0] == 520
    assert heights[-1] < 600
    go(page, tour["held"])
    panel.locator(".wfd-held .wf-form-control").first.fill("two")
    expect(panel.locator(".wfd-step")).to_contain_text("step as edited")
    page.evaluate("() => change('view', {...state.view, error: 'No.'})")
    expect(panel.locator(".wfd-next")).to_contain_text("No.")
    assert page.evaluate(places) == first


def test_the_focus_stays_where_it_was(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["held"])
    panel.locator(".wfd-stop").nth(0).click()
    go(page, tour["past"])
    expect(panel.locator(".wfd-stop").nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("f")
    go(page, tour["fork"])
    page.keyboard.press("n")
    assert [(each["do"], each.get("number")) for each in clicks(page)] == [
        ("look", 1),
        ("look", 2),
        ("fork", None),
        ("step", None),
    ]
    panel.get_by_role("button", name="drop").focus()
    go(page, tour["over"])
    expect(panel).to_be_focused()


def test_no_letter_goes_on_to_the_notebook(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["start"])
    page.evaluate("() => { window.got = []; document.addEventListener('keydown', event => got.push(event.key)) }")
    panel.focus()
    for key in ("x", "d", "z", "b", "n", "q", "Tab"):
        page.keyboard.press(key)
    panel.locator(".node").first.focus()
    page.keyboard.press("b")
    assert page.evaluate("() => got") == ["Tab"]
    assert [each["do"] for each in clicks(page)] == ["break", "step", "break"]


def test_runs_are_a_family_whose_lines_meet(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["further"])
    expect(panel.locator(".wfd-run")).to_have_text(["history", "fork 1 from 1"])
    left = [dot.bounding_box() for dot in panel.locator(".wfd-stop").all()]
    x = [round(box["x"] - left[0]["x"]) for box in left if box and left[0]]
    assert x == [0, 18, 18, 36], "the fork begins one to the right of its stop"
    panel.get_by_role("button", name="compare").first.click()
    assert clicks(page)[-1] == {"do": "compare", "run": 0}
    go(page, tour["compared"])
    expect(panel.locator(".wfd-compared")).to_contain_text("run (left) and fork 1 (right)")


def test_an_event_is_filled_in_and_sent(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["held"])
    panel.get_by_label("send another event into the run").select_option("Draft")
    assert clicks(page)[-1] == {"do": "compose", "node": "wf-Draft"}
    go(page, tour["composing"])
    form = panel.locator(".wfd-composed")
    form.locator(".wf-form-control").first.fill("more")
    form.get_by_role("button", name="send").click()
    assert clicks(page)[-1] == {"do": "send", "values": {"text": "more"}}


def test_a_failed_step_is_tried_again_or_skipped(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    panel = open_panel(page, tour["failed"])
    expect(panel.locator(".wfd-state")).to_have_text("HELD, judge has failed")
    panel.locator(".wfd-trace summary").click()
    expect(panel.locator(".wfd-trace pre")).to_contain_text('raise ValueError("too low")')
    expect(panel.locator(".wfd-step")).to_contain_text("let it fail")
    panel.get_by_role("button", name="retry", exact=True).click()
    assert (clicks(page)[-1]["do"], clicks(page)[-1]["values"]) == ("retry", {})
    panel.get_by_role("button", name="skip with a result…").click()
    panel.get_by_role("button", name="back").click()
    panel.get_by_role("button", name="skip with a result…").click()
    panel.get_by_role("button", name="skip", exact=True).click()
    assert (clicks(page)[-1]["do"], clicks(page)[-1]["name"]) == ("skip", "StopEvent")


def test_a_breakpoint_is_given_a_condition_and_the_store_is_watched(
    page: Page, tour: dict[str, dict[str, Any]]
) -> None:
    panel = open_panel(page, tour["composing"])
    panel.locator(".wfd-point").get_by_role("button", name="stop only when a condition holds").click()
    page.keyboard.type("score > 2")
    page.keyboard.press("Enter")
    assert {**clicks(page)[-1], "key": ""} == {"do": "when", "key": "", "text": "score > 2"}
    row = panel.locator(".wfd-leaf").first
    row.hover()
    row.get_by_role("button", name="stop when it changes").click()
    assert clicks(page)[-1] == {"do": "watch", "path": "count"}
    row.get_by_role("button", name="edit").click()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    assert clicks(page)[-1] == {"do": "set_state", "path": "count", "text": "12", "plain": False}


def test_a_kernel_that_does_not_answer_is_told_of(page: Page, tour: dict[str, dict[str, Any]]) -> None:
    page.clock.install()
    panel = open_panel(page, tour["held"])
    silence = page.locator(".wfkit-silence")
    page.clock.run_for(4_000)
    expect(silence).to_contain_text("The kernel does not answer")
    page.evaluate("() => tell({heard: 'hello'})")
    expect(silence).to_be_hidden()
    panel.locator(".wfd-step").click()
    page.evaluate("() => tell({heard: 'step'})")
    page.clock.run_for(10_000)
    expect(silence).to_be_hidden()
    page.evaluate("() => model.send = () => { throw new Error('Cannot send') }")
    panel.locator(".wfd-step").click()
    expect(silence).to_be_visible()


def test_what_somebody_types_stays_while_the_run_moves(page: Page) -> None:
    (_, held) = shown(lambda: views_of(["hello"]))
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    field = page.locator(".wfd-held .wf-form-control").first
    field.fill("hello you")
    page.evaluate("() => change('view', {...state.view, counts: '7 ready', next: 'soon', error: 'Oh.'})")
    expect(page.locator(".wfd-counts")).to_have_text("7 ready")
    expect(page.locator(".wfd-next")).to_contain_text("Oh.")
    expect(field).to_have_value("hello you")
    expect(field).to_be_focused()
    page.keyboard.type("n c p")  # letters, no keys of the panel
    assert page.evaluate("() => sent.filter(({do: name}) => name !== 'hello')") == []
    page.locator(".wfd-step").click()
    sent = page.evaluate("() => sent.at(-1)")
    assert (sent["do"], sent["held"], sent["values"]) == (
        "step",
        held["view"]["held"]["held"],
        {"text": "hello youn c p"},
    )


def test_keys_do_what_the_buttons_do_and_only_what_can_be_done(page: Page, tmp_path: Path) -> None:
    (_, held) = shown(lambda: views_of(["hello"]))
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    face = page.locator(".wfd-face")
    for key in "ncpfb":
        face.press(key)
    done = page.evaluate("() => sent.map(message => message.do)")
    assert done == ["step", "continue", "fork", "break"], "a held run cannot be paused"
    assert page.evaluate("() => sent.at(-1).node") == "wf-fail"
    page.screenshot(path=tmp_path / "held.png")


def test_an_ended_panel_leaves_nothing_behind(page: Page) -> None:
    (_, held) = shown(lambda: views_of(["hello"]))
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    page.evaluate("() => { window.end(); change('view', {...state.view, title: 'GONE'}) }")
    expect(page.locator(".wfkit-panel")).to_have_count(0)
