"""The panels that ask and inspect, in JupyterLab: a question answered by its form, and a store seen to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, Opener

pytestmark = pytest.mark.browser

FLOW = """
import asyncio, wfkit
from pydantic import Field
from wfkit import Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step

class Question(InputRequiredEvent):
    text: str
    api_key: str = "sk-secret"

class Approve(HumanResponseEvent):
    approved: bool = Field(description="whether <b>it</b> may go out")
    stars: int = Field(3, ge=1, le=5)
    comment: str = ""

class Reject(HumanResponseEvent):
    why: str

class Table:
    def _repr_html_(self):
        link = "<a href='http://127.0.0.1:9/'>cell</a>"
        moved = "<svg><a><animate attributeName='href' to='http://127.0.0.1:9/'/><text>svg</text></a></svg>"
        table = f"<form action='/x'><table><tr><td>{link}{moved}</td></tr></table></form>"
        return f"{table}<script>parent.document.title = 'broken'</script>"

HOSTILE = "<img src=x onerror=alert(1)></script><b>bold</b>"

class Review(Workflow):
    @step
    async def write(self, ctx: Context, ev: StartEvent) -> Question:
        await ctx.store.set("draft", HOSTILE)
        await ctx.store.set("<b>key</b>", 1)
        await ctx.store.set("password", "sk-secret")
        await ctx.store.set("table", Table())
        return Question(text=HOSTILE)

    @step
    async def send(self, ctx: Context, ev: Approve | Reject) -> StopEvent:
        await ctx.store.set("draft", "sent")
        return StopEvent(result=f"{ev!r}")
"""
RUN = "handler = Review(timeout=None).run()"
ASK = "wfkit.ask(handler)"
AWAIT = "print(await handler)"
INSPECT = "wfkit.inspect(handler)"


def test_a_question_is_answered_by_its_form(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    notebook = open_notebook(lab.write("ask", FLOW, RUN, ASK, AWAIT))
    page = notebook.page
    for cell in range(3):
        notebook.run(cell)
    panel = page.locator(".wfa-face:visible")
    card = panel.locator(".wfa-card")
    expect(panel.locator(".wfa-state")).to_contain_text("1 question for you")
    expect(card.locator(".wfa-facts dd").first).to_have_text("<img src=x onerror=alert(1)></script><b>bold</b>")
    expect(card.locator(".wfa-facts dd").nth(1)).to_have_text("****")
    expect(card.locator(".wf-form-help").first).to_have_text("whether <b>it</b> may go out")
    assert "sk-secret" not in panel.inner_html()

    stars = card.get_by_label("stars")
    stars.fill("9")
    stars.press("Enter")
    wrong = card.locator(".wf-form-wrong")
    expect(wrong.locator(".wf-form-name")).to_have_text(["approved*", "stars"])
    card.get_by_label("yes").check()
    card.get_by_label("comment").fill("dd aa bb")  # keys that JupyterLab would take for commands
    page.screenshot(path=tmp_path / "ask.png")
    card.get_by_role("button", name="Send answer").click()
    expect(card.locator(".wf-form-wrong .wf-form-error:visible")).to_have_text(
        "Input should be less than or equal to 5"
    )
    expect(stars).to_be_focused()
    expect(card.get_by_label("comment")).to_have_value("dd aa bb")
    notebook.set_theme(light=False)
    expect(panel.locator("xpath=..")).to_have_attribute("data-theme", "dark")
    page.screenshot(path=tmp_path / "ask-dark.png")
    notebook.set_theme(light=True)

    notebook.start(3)  # it awaits the handler while the answer is given
    stars.fill("4")
    stars.press("Enter")
    notebook.wait_until_done()
    assert notebook.text(3).strip() == "Approve(approved=True, stars=4, comment='dd aa bb')"
    expect(page.locator(".wfa-face:visible")).to_have_count(0)  # it is the picture of the run now
    assert "text/html" in notebook.outputs(2)[0]["data"]
    assert "application/vnd.jupyter.widget-view+json" not in notebook.outputs(2)[0]["data"]


def test_a_store_is_seen_to_change(lab: Lab, open_notebook: Opener, tmp_path: Path) -> None:
    answer = "await handler.ctx.store.set('draft', {'lines': ['a', 'b'], 'n': 2})"
    notebook = open_notebook(
        lab.write("inspect", FLOW, RUN, INSPECT, answer, "await handler.send_event(Reject(why='x'))", AWAIT)
    )
    page = notebook.page
    for cell in range(3):
        notebook.run(cell)
    panel = page.locator(".wfi-face:visible")
    row = panel.locator(".wfi-row")
    expect(row).to_have_count(4)
    expect(row.nth(1).locator(".wfi-key")).to_have_text("<b>key</b>")
    expect(row.nth(0).locator(".wfi-value")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(row.nth(2).locator(".wfi-value")).to_have_text("****")

    row.nth(3).click()
    frame = panel.locator("iframe.wfi-rich")
    expect(frame).to_have_attribute("sandbox", "")
    expect(frame.content_frame.locator("td")).to_contain_text("cell")
    frame.content_frame.get_by_text("cell").click()  # a link that led somewhere would be a problem of the page
    expect(frame.content_frame.locator("td")).to_contain_text("cell")
    assert page.title() != "broken"

    row.nth(0).click()
    expect(panel.locator(".wfi-side .wfi-whole")).to_contain_text("<b>bold</b>")
    notebook.run(3)
    expect(panel.locator(".wfi-row.wfi-changed .wfi-key").first).to_have_text("draft")
    expect(panel.locator(".wfi-side .wfi-whole")).to_contain_text("'lines': ['a', 'b']")
    expect(panel.locator(".wfi-history li")).to_have_count(2)
    expect(panel.locator(".wfi-history .wfi-who").first).to_have_text("outside")
    panel.locator(".wfi-history button").last.click()
    expect(panel.locator(".wfi-side .wfi-whole")).to_contain_text("<b>bold</b>")
    panel.get_by_role("button", name="compare").click()
    expect(panel.locator(".wfi-diff .wfi-gone")).to_contain_text("<b>bold</b>")
    expect(panel.locator(".wfi-diff .wfi-new").first).to_contain_text("{")
    page.screenshot(path=tmp_path / "inspect.png")
    notebook.set_theme(light=False)
    page.screenshot(path=tmp_path / "inspect-dark.png")
    notebook.set_theme(light=True)

    notebook.run(4)
    notebook.run(5)
    still = page.locator(".wfkit-state:visible")
    expect(still).to_contain_text("'sent'")
    still.locator("summary").first.click()
    expect(still.locator(".wfkit-text").nth(1)).to_contain_text("send: 'sent'")
    page.screenshot(path=tmp_path / "inspect-still.png")
    assert "sk-secret" not in str(notebook.outputs(2))
