"""The debugger's panel on an empty page: hostile text in every place of it, and how it takes what it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

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


def test_what_somebody_types_stays_while_the_run_moves(page: Page) -> None:
    (_, held) = shown(lambda: views_of(["hello"]))
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    field = page.locator(".wfd-held textarea, .wfd-held input").first
    field.fill("hello you")
    page.evaluate("() => change('view', {...state.view, counts: '7 ready', next: 'soon', error: 'Oh.'})")
    expect(page.locator(".wfd-counts")).to_have_text("7 ready")
    expect(page.locator(".wfd-trouble")).to_contain_text("Oh.")
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
    assert done == ["hello", "step", "continue", "fork", "break"], "a held run cannot be paused"
    assert page.evaluate("() => sent.at(-1).node") == "wf-fail"
    page.screenshot(path=tmp_path / "held.png")


def test_an_ended_panel_leaves_nothing_behind(page: Page) -> None:
    (_, held) = shown(lambda: views_of(["hello"]))
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    page.evaluate("() => { window.end(); change('view', {...state.view, title: 'GONE'}) }")
    expect(page.locator(".wfkit-panel")).to_have_count(0)
