"""The panel that asks on an empty page: it can be used without a mouse, and says whose question it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from wfkit import HumanResponseEvent
from wfkit.widgets.ask import Ask
from wfkit.widgets.forms import Form

pytestmark = pytest.mark.browser

SHOW = """async ([view, script]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: { render } } = await import(url);
  const heard = {}, state = { view };
  window.sent = [];
  const model = {
    get: (name) => state[name],
    on: (name, act) => (heard[name] ??= []).push(act),
    off: () => {},
    send: (message) => window.sent.push(message),
  };
  window.change = (now) => { state.view = now; for (const act of heard["change:view"] ?? []) act(); };
  render({ model, el: document.body.appendChild(document.createElement("div")) });
}"""


class Answer(HumanResponseEvent):
    text: str
    times: int = 1


def view(*keys: str, **more: Any) -> dict[str, Any]:
    """Return what the panel shows of open questions."""
    form = Form(Answer)
    told = {"name": "Answer", "fields": form.specs(), "open": False}
    card = {"name": "Ask", "step": "ask", "child": "", "forms": [told], "after": "", "errors": {}}
    asked = [{**card, "key": key, "fields": [["text", f"{key}?"]]} for key in keys]
    status = {"state": "waiting", "events": 1, "rows": [], "waiting_for": "", "result": ""}
    shown = {"name": "Flow", "status": status, "open": asked, "more": 0, "answered": [], "tries": 0, "elsewhere": []}
    found: dict[str, Any] = json.loads(json.dumps({**shown, "error": "", **more}))
    return found


def sent(page: Page) -> list[dict[str, Any]]:
    """Return the answers that were sent."""
    return [message for message in page.evaluate("() => window.sent") if message["do"] == "answer"]


def test_answers_one_after_the_other_by_keys_alone(page: Page) -> None:
    page.evaluate(SHOW, [view("one", "two"), str(Ask._esm)])
    cards = page.get_by_role("article")
    first, second = (cards.nth(place).get_by_label("text") for place in (0, 1))
    second.fill("half typed")
    first.focus()
    page.keyboard.type("yes")
    page.keyboard.press("Enter")
    assert sent(page)[-1] | {"key": "one", "values": {"text": "yes"}} == sent(page)[-1]

    page.evaluate("view => window.change(view)", view("two", tries=1))
    expect(cards).to_have_count(1)
    expect(first).to_be_focused()
    expect(first).to_have_value("half typed")
    page.keyboard.press("Enter")
    page.evaluate("view => window.change(view)", view(tries=2))
    expect(cards).to_have_count(0)
    expect(page.get_by_role("region", name="questions of a run")).to_be_focused()

    page.evaluate("view => window.change(view)", view("three", tries=2))
    expect(first).to_be_focused()


def test_whoever_reads_elsewhere_keeps_the_focus(page: Page) -> None:
    page.evaluate(SHOW, [view("one"), str(Ask._esm)])
    page.evaluate("() => document.body.prepend(Object.assign(document.createElement('input'), { id: 'mine' }))")
    page.locator("#mine").focus()
    page.evaluate("view => window.change(view)", view("two"))
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.locator("#mine")).to_be_focused()


def test_a_mistake_is_told_at_its_field_each_time_it_is_made(page: Page) -> None:
    page.evaluate(SHOW, [view("one"), str(Ask._esm)])
    wrong = view("one", tries=1)
    wrong["open"][0]["errors"] = {"times": "This is no number."}
    times = page.get_by_label("times")
    for tries in (1, 2):
        times.fill("x")
        page.evaluate("view => window.change(view)", {**wrong, "tries": tries})
        expect(page.locator(".wf-form-wrong .wf-form-name")).to_have_text("times")
        expect(times).to_be_focused()
        expect(times).to_have_value("x")
        expect(times).to_have_accessible_description("whole number This is no number.")


def test_it_says_which_child_asks_and_which_asks_in_vain(page: Page) -> None:
    shown = view("one", elsewhere=["<b>far</b>"])
    shown["open"][0]["child"] = "near.<i>inner</i>"
    page.evaluate(SHOW, [shown, str(Ask._esm)])
    expect(page.get_by_role("heading")).to_have_text("Askfrom ask of the child run near.<i>inner</i>")
    expect(page.get_by_role("article")).to_have_accessible_name("Ask of near.<i>inner</i>")
    expect(page.locator(".wfa-none")).to_contain_text("The child run <b>far</b> asks, but goes on in a thread")


def test_two_panels_on_one_page_have_controls_of_their_own(page: Page) -> None:
    for _ in range(2):  # each has its script for itself
        page.evaluate(SHOW, [view("one"), str(Ask._esm)])
    names = page.locator("label").filter(has_text="text")
    expect(names).to_have_count(2)
    names.nth(1).click()
    expect(page.locator(".wfa-face").nth(1).get_by_label("text")).to_be_focused()
