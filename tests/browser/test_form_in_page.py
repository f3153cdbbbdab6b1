"""The script of a form in a page of its own: what is typed comes back, and only what was touched."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic import Field, SecretStr

from wfkit import Event
from wfkit.widgets.base import panel_script, panel_style
from wfkit.widgets.forms import Form, FormError

pytestmark = pytest.mark.browser

BUILD = """async ([script, fields, options]) => {
  const url = URL.createObjectURL(new Blob([script + "export { wfkitForm };"], { type: "text/javascript" }));
  const { wfkitForm } = await import(url);
  window.sent = [];
  document.body.dataset.keys = 0;
  document.addEventListener("keydown", () => { document.body.dataset.keys++; });
  window.form = wfkitForm(document.getElementById("place"), fields, (values) => window.sent.push(values), options);
}"""


class Order(Event):
    text: str = Field(description="<b>what</b>")
    count: int = 3
    ready: bool
    maybe: bool | None = None
    word: Literal["x", "y"] = "x"
    limit: int | None = 5
    password: SecretStr = SecretStr("hidden")
    parts: list[int] = Field([1])


def show(page: Page, what: Any, **options: Any) -> Locator:
    """Put a form into an empty page."""
    script = panel_script("form") + "\nfunction wfkitPanel() {}"
    script = script.replace("export default { render };", "")
    page.set_content(f"<style>{panel_style('form')}</style><div class='wfkit-panel' id='place'></div>")
    page.evaluate(BUILD, [script, Form(what).specs(), options])
    return page.locator("form")


def values(page: Page) -> dict[str, Any]:
    """Return what would be sent, as it travels: as JSON."""
    found: dict[str, Any] = json.loads(page.evaluate("() => JSON.stringify(window.form.values())"))
    return found


def test_only_what_was_touched_comes_back_and_makes_the_event(page: Page) -> None:
    order = Order(text="one\ntwo", ready=False, extra=5)
    form = show(page, order, submit="send")
    assert values(page) == {}
    assert page.evaluate("() => window.form.changed()") is False
    expect(form.get_by_label("password")).to_have_attribute("type", "password")
    expect(form.get_by_label("password")).to_have_value("")
    expect(form.get_by_role("radiogroup", name="ready").get_by_label("no", exact=True)).to_be_checked()
    form.get_by_label("text").fill("new\nlines")
    form.get_by_label("count").fill("12345678901234567890")
    form.get_by_role("radiogroup", name="ready").get_by_label("yes").check()
    form.get_by_role("radiogroup", name="maybe").get_by_label("no", exact=True).check()
    form.get_by_label("word", exact=True).select_option("y")
    form.get_by_label("limit").fill("")
    form.get_by_label("password").fill("new")
    form.get_by_label("parts").fill("[1, 2]")
    form.get_by_label("extra").fill("6")
    made = Form(order).read(values(page))
    assert made == Order(
        text="new\nlines",
        count=12345678901234567890,
        ready=True,
        maybe=False,
        word="y",
        limit=None,
        password=SecretStr("new"),
        parts=[1, 2],
        extra=6,
    )
    form.get_by_label("extra").fill("5")
    assert "extra" not in values(page), "as it was is not touched"


def test_keys_send_and_stay_inside(page: Page) -> None:
    form = show(page, Order(text="one\ntwo", ready=True), submit="send")
    form.get_by_label("text").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("() => window.sent") == []
    page.keyboard.press("Control+Enter")
    form.get_by_label("count").fill("4")
    page.keyboard.press("Enter")
    assert [set(sent) for sent in page.evaluate("() => window.sent")] == [{"text"}, {"text", "count"}]
    page.keyboard.type("abc")
    assert page.evaluate("() => document.body.dataset.keys") == "0"


def test_a_text_of_one_line_takes_a_pasted_one_of_several_and_is_sent_by_enter(page: Page) -> None:
    form = show(page, Order, submit="send")
    text = form.get_by_label("text")
    expect(text).to_have_attribute("aria-required", "true")
    text.focus()
    page.keyboard.insert_text("one\ntwo")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("three")
    page.keyboard.press("Enter")
    assert page.evaluate("() => window.sent") == [{"text": "one\ntwo\nthree"}]


def test_errors_stand_beside_their_fields_until_these_change(page: Page) -> None:
    form = show(page, Order)
    with pytest.raises(FormError) as caught:
        Form(Order).read(values(page))
    page.evaluate("errors => window.form.errors(errors)", {**caught.value.errors, "": "<i>all</i>", "gone": "<b>x</b>"})
    wrong = form.locator(".wf-form-wrong")
    expect(wrong.locator(".wf-form-name")).to_have_text(["text*", "ready*"])
    expect(form.get_by_label("text")).to_be_focused()
    expect(form.get_by_label("text")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_role("alert")).to_have_text("<i>all</i> gone: <b>x</b>")
    form.get_by_label("text").fill("x")
    expect(wrong).to_have_count(1)
    page.evaluate("() => window.form.errors({})")
    expect(wrong).to_have_count(0)
    expect(form.get_by_role("alert")).to_have_count(0)


def test_a_field_may_be_added(page: Page) -> None:
    form = show(page, Event(), open=True)
    form.get_by_role("button", name="+ field").click()
    form.get_by_label("name of the field").fill("note")
    form.get_by_label("value of the field").fill('{"a": 1}')
    assert Form(Event()).read(values(page)) == Event(note={"a": 1})


HOSTILE = {
    "__proto__": "a",
    "constructor": "b",
    "<img src=x onerror=alert(1)>": "<script>alert(1)</script>",
    '"><b>': '" autofocus onfocus="alert(1)',
    "a b.c": "\u202etxt",
}


def test_names_and_values_that_would_break_out(page: Page) -> None:
    event = Event(**HOSTILE)
    form = show(page, event, label="<b>", submit="<i>send</i>", open=True)
    assert form.locator("img, script, b, i").count() == 0
    controls = form.locator(".wf-form-control")
    expect(controls).to_have_count(len(HOSTILE))
    for place in range(len(HOSTILE)):
        expect(controls.nth(place)).to_have_value(list(HOSTILE.values())[place])
        controls.nth(place).fill(f"new {place}")
    assert Form(event).read(values(page)) == Event(**{name: f"new {n}" for n, name in enumerate(HOSTILE)})


def test_it_can_be_made_anew_disabled_and_taken_away(page: Page) -> None:
    form = show(page, Order(text="a", ready=True), submit="send")
    form.get_by_label("text").fill("b")
    page.evaluate("fields => window.form.reset(fields)", Form(Event(only=1)).specs())
    expect(form.locator(".wf-form-row")).to_have_count(1)
    assert values(page) == {}
    page.evaluate("() => window.form.enable(false)")
    expect(form.get_by_label("only")).to_be_disabled()
    page.evaluate("() => window.form.destroy()")
    expect(form).to_have_count(0)
