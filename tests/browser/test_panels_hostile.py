"""Hostile texts in every place of every panel, on a real page: nothing runs, nothing is fetched, all of it is text."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_debugger_page import SHOW
from tests.display.corpus import TEXTS
from tests.display.hostile_runs import apart
from tests.display.test_injection import MIXED
from tests.widgets.hostile_panels import Faces, all_faces
from tests.widgets.panels import FakePage
from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.display.words import clean
from wfkit.widgets.ask import Ask
from wfkit.widgets.debugger import DebuggerPanel, debug
from wfkit.widgets.inspector import Inspector

pytestmark = pytest.mark.browser

KINDS = {kind.__name__: kind for kind in (DebuggerPanel, Inspector, Ask)}
# Shows one state after the other, does in each what a person can do, and tells what the page is made of.
GO_THROUGH = """states => {
  const tags = new Set(), live = new Set(), said = [];
  const address = /^(src|srcdoc|href|action|formaction|data|xlink:href)$/;
  const look = () => {
    for (const one of document.querySelectorAll(".wfkit-panel, .wfkit-panel *")) {
      tags.add(one.localName);
      for (const { name, value } of one.attributes) {
        const leads = address.test(name) && !value.startsWith("#");
        if (leads || name.startsWith("on")) live.add(`${one.localName} ${name}`);
      }
    }
    const panel = document.querySelector(".wfkit-panel");
    said.push(panel.textContent, ...[...panel.querySelectorAll("input, textarea")].map(({ value }) => value));
  };
  for (const state of states) {
    for (const [name, value] of Object.entries(state)) window.change(name, value);
    look();
    for (const one of document.querySelectorAll(".wfkit-panel button")) one.click();
    for (const one of document.querySelectorAll(".wfkit-panel select")) one.dispatchEvent(new Event("change"));
    for (const one of document.querySelectorAll(".wfkit-panel details")) one.open = true;
    for (const one of document.querySelectorAll(".wfkit-panel .node")) {
      one.dispatchEvent(new PointerEvent("pointerover", { pointerType: "mouse", bubbles: true }));
    }
    look();
  }
  JSON.stringify(window.sent);
  return { tags: [...tags].sort(), live: [...live], said: said.join("\\\\n"), pwned: "pwned" in window };
}"""


def shown(page: Page, kind: Any, states: list[dict[str, Any]]) -> dict[str, Any]:
    """Put a panel on an empty page and go through these states; return what the page is made of."""
    page.goto("about:blank")
    page.evaluate(SHOW, [states[0], str(kind._esm), str(kind._css)])
    found: dict[str, Any] = page.evaluate(GO_THROUGH, states)
    return found


def states_of(faces: Faces, name: str) -> list[dict[str, Any]]:
    """Return what the page of a panel was sent; questions have two fields, which are told otherwise than one."""
    states = faces.states[name]
    for question in (each for state in states for each in state["view"].get("open", ())):
        question["fields"] = [*question["fields"], *question["fields"]]
    return states


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("handler", "double quote", "noise"), id="few"),
        pytest.param(tuple(TEXTS), id="all", marks=pytest.mark.slow),
    ],
)
def test_hostile_texts_are_text(names: tuple[str, ...], page: Page) -> None:
    plain: Faces = apart(all_faces("Harmless"))
    expected = {name: shown(page, kind, states_of(plain, name)) for name, kind in KINDS.items()}
    for called in names:
        text = (TEXTS | MIXED)[called]
        faces: Faces = apart(all_faces(text))
        for name, kind in KINDS.items():
            found = shown(page, kind, states_of(faces, name))
            assert set(found["tags"]) <= set(expected[name]["tags"]), (called, name)
            assert found["live"] == [], (called, name)
            assert not found["pwned"], (called, name)
            assert clean(text[:100])[:12].strip() in found["said"], (called, name)


# -- names that every object of JavaScript has -------------------------------------------------------------------------

NAMES = ("constructor", "toString", "hasOwnProperty", "__proto__")


class Hop(Event):
    constructor: int = 1
    toString: str = "a"
    hasOwnProperty: str = "b"


class Inherited(Workflow):
    @step
    async def constructor(self, ctx: Context, ev: StartEvent) -> Hop:
        for name in NAMES:
            await ctx.store.set(name, {name: name})
        return Hop(__proto__="c")

    @step
    async def toString(self, ctx: Context, ev: Hop) -> StopEvent:
        await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent(**dict.fromkeys(NAMES, "d")))
        return StopEvent(result={name: ev[name] for name in NAMES})


async def held_inherited() -> list[dict[str, Any]]:
    """Return what a page is sent of a run that is held before its second step, before and after a mistake."""
    page = FakePage(debug(Inherited(timeout=None)))
    await page.settled()
    panel: Any = page.panel
    states = []
    for values in ({}, {"constructor": "x", "__proto__": "new"}):
        view = await page.click("step", values=values)
        states.append({"view": view, "lines": panel.lines, "picture": panel.picture})
    await page.click("break", node="wf-toString")
    states.append({"view": panel.view, "lines": panel.lines, "picture": panel.picture})
    await page.click("step", values={"constructor": "2", "toString": "e", "__proto__": "f"})
    await page.click("answer", question="q1", name="HumanResponseEvent", values={"constructor": "g"})
    assert await panel.handler == {"constructor": 2, "toString": "e", "hasOwnProperty": "b", "__proto__": "f"}
    return states


def test_names_that_every_object_has_are_names_like_any_other(page: Page) -> None:
    held, wrong, marked = apart(held_inherited())
    page.evaluate(SHOW, [held, str(DebuggerPanel._esm), str(DebuggerPanel._css)])
    form = page.locator(".wfd-held form")
    for name in NAMES:
        form.get_by_label(name, exact=True).fill("7")
        expect(page.locator(".wfd-tree code", has_text=name).first).to_be_visible()
    page.locator(".wfd-step").click()
    sent = json.loads(page.evaluate("() => JSON.stringify(window.sent.at(-1))"))
    assert sent["values"] == dict.fromkeys(NAMES, "7")
    page.evaluate("view => window.change('view', view)", wrong["view"])
    expect(form.locator(".wf-form-wrong .wf-form-name")).to_have_text(["constructor"])
    page.evaluate("view => window.change('view', view)", marked["view"])
    expect(page.locator("[id=wf-toString] .wfd-break.set")).to_have_count(1)
    expect(page.locator(".wfd-break.set")).to_have_count(1)
    assert page.evaluate("() => ({}).x === undefined && Object.keys(Object.prototype).length === 0")


# -- values that show themselves ---------------------------------------------------------------------------------------


class Rich:
    """Shows itself as hostile HTML."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Listen where nobody should knock."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def knocked(door: socket.socket) -> bool:
    """Return whether somebody has opened a connection."""
    try:
        door.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def hostile_html(at: str) -> str:
    """Return HTML that tries to run something, to fetch something, and to leave."""
    tries = [
        "<script>parent.pwned=1</script><scr<script></script>ipt>parent.pwned=1</scr</script>ipt>",
        "<img src=x onerror='parent.pwned=1'><svg onload='parent.pwned=1'></svg>",
        "<details open ontoggle='parent.pwned=1'></details><a id=out href='{at}/a'>a link</a>".replace("{at}", at),
        "<iframe srcdoc='<script>top.pwned=1</script>'></iframe><iframe src='javascript:top.pwned=1'></iframe>",
        f"<link rel=preconnect href='{at}'><link rel=dns-prefetch href='{at}'><link rel=prefetch href='{at}/p'>",
        f"<link rel=stylesheet href='{at}/s'><style>@import url({at}/i);body{{background:url({at}/b)}}</style>",
        f"<img src='{at}/img'><video src='{at}/v' autoplay></video><object data='{at}/o'></object><embed src='{at}/e'>",
        f"<base href='{at}'><meta http-equiv=refresh content='0;url={at}/r'>",
        f"<form action='{at}/f'><button autofocus>send</button></form>",
    ]
    return "".join(["<b>shown</b>", *tries])


async def opened(html: str) -> list[dict[str, Any]]:
    """Return what the page of an inspector is sent when such a value is open."""
    handler = Inherited(timeout=None).run()
    page = FakePage(Inspector(handler))
    handler.ctx.store.state["rich"] = Rich(html)
    view = await page.click("open", path="rich")
    panel: Any = page.panel
    await handler.cancel_run()
    return [{"view": view, "detail": panel.detail}]


def test_a_value_that_shows_itself_is_shut_in(page: Page, problems: list[str], door: socket.socket) -> None:
    at = f"http://127.0.0.1:{door.getsockname()[1]}"
    (state,) = apart(opened(hostile_html(at)))
    page.goto("about:blank")
    page.evaluate(SHOW, [state, str(Inspector._esm), str(Inspector._css)])
    frame = page.frame_locator("iframe.wfi-rich")
    expect(frame.locator("b", has_text="shown")).to_be_visible()
    page.wait_for_timeout(500)  # what it would fetch it would fetch now
    assert page.evaluate("() => window.pwned") is None
    assert page.locator("iframe").count() == 1
    assert page.locator("iframe").get_attribute("sandbox") == ""
    frame.get_by_text("a link").click()
    page.wait_for_timeout(300)
    assert not knocked(door)
    expect(frame.locator("b", has_text="shown")).to_be_visible()
    # The browser says that it has refused; that is all that may be said.
    problems[:] = [line for line in problems if "Content Security Policy" not in line and "sandboxed" not in line]
