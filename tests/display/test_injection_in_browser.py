"""Hostile names, texts, values and errors in a real browser: nothing runs, nothing is fetched, the text is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.display.corpus import TEXTS, VALUES
from tests.display.hostile_runs import apart, asked_and_failed, flow_of
from tests.display.test_injection import MIXED, QUICK, Sow
from wfkit.display import draw_all_possible_flows, draw_most_recent_execution, handler_bundle
from wfkit.display.words import clean

pytestmark = pytest.mark.browser

Opener: TypeAlias = Callable[[str], Any]
SHORT = {name: text for name, text in TEXTS.items() if len(text) < 1_000}
# What a person can do in a playback: go through all moments, open what is folded, point at everything, search.
EXPLORE = """() => { window.told = (async () => {
  const said = [], face = document.querySelector(".wfp-face"), slider = face.querySelector("input[type=range]");
  const press = (key) => face.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const point = (node, kind) => node.dispatchEvent(new PointerEvent(kind, { pointerType: "mouse", bubbles: true }));
  const panel = face.querySelector(".wfp-panel");
  press("c");
  press("Home");
  for (let i = 0; i <= Number(slider.max); i++) {
    for (const more of panel.querySelectorAll("button")) if (more.textContent === "more") more.click();
    for (const folded of panel.querySelectorAll("details")) folded.open = true;
    said.push(panel.textContent);
    press("ArrowRight");
  }
  for (const bar of face.querySelectorAll(".wfp-bar")) {
    point(bar, "pointermove");
    said.push(face.querySelector(".wfp-timeline .wf-hint").textContent);
  }
  for (const node of face.querySelectorAll("svg.wfkit .node, svg.wfkit .frame > text")) {
    point(node, "pointerover");
    await new Promise((done) => setTimeout(done, 150));
    said.push(face.querySelector(".wf-stage .wf-hint").textContent);
  }
  return { said: said.join("\\n"), last: slider.value === slider.max };
})(); }"""
MADE = """() => {
  const all = [...document.querySelectorAll("*")];
  const address = /^(src|href|action|data|xlink:href)$/;
  const live = ({ name, value }) => name.startsWith("on") || (address.test(name) && !/^(#|data:)/.test(value));
  return {
    tags: [...new Set(all.map(({ localName }) => localName))].sort(),
    live: all.flatMap(({ attributes }) => [...attributes].filter(live).map(({ name }) => name)),
    pwned: "pwned" in window,
  };
}"""


def opened(open_html: Opener, cells: list[str]) -> Any:
    """Open a page with these outputs, and wait until the frames in them are awake."""
    page = open_html(f"<!DOCTYPE html><meta charset='utf-8'><body>{'<hr>'.join(cells)}</body>")
    page.wait_for_load_state("load")
    return page


def explore(page: Any) -> list[tuple[str, set[str]]]:
    """Do in each playback what a person can do; return what each said and the tags it is made of."""
    frames = [frame for frame in page.frames if frame != page.main_frame]
    for frame in frames:
        frame.locator(".wfp-face").wait_for(state="attached")
        frame.evaluate(EXPLORE)
    found = []
    for frame in frames:
        told = frame.evaluate("() => window.told")
        made = frame.evaluate(MADE)
        assert told["last"]
        assert made["live"] == []
        assert not made["pwned"]
        found.append((told["said"], set(made["tags"])))
    outside = page.evaluate(MADE)
    assert not outside["pwned"]
    assert outside["live"] == []
    return found


@pytest.mark.parametrize(
    "names",
    [
        pytest.param((*QUICK, "script", "handler", "single quote", "javascript", "template"), id="few"),
        pytest.param(tuple(SHORT), id="all", marks=pytest.mark.slow),
    ],
)
def test_hostile_runs_are_text_in_every_moment(names: tuple[str, ...], open_html: Opener) -> None:
    texts = ["Harmless", *((SHORT | MIXED)[name] for name in names)]
    page = opened(open_html, [handler_bundle(asked_and_failed(text))["text/html"] for text in texts])
    found = explore(page)
    assert len(found) == len(texts)
    tags = found[0][1]
    for text, (said, made) in zip(texts, found, strict=True):
        assert made <= tags
        assert clean(text)[:30].strip() in said, text
    cards = page.locator(".wfkit-failure").all_text_contents()
    for text, card in zip(texts, cards, strict=True):
        assert clean(text)[:30].strip() in card


def test_hostile_values_are_text_in_every_moment(open_html: Opener) -> None:
    async def run() -> Any:
        handler = Sow(timeout=None).run(fields={name: make() for name, make in VALUES.items()})
        await handler
        return handler

    page = opened(open_html, [handler_bundle(apart(run()))["text/html"]])
    ((said, _),) = explore(page)
    for text in ("<script>pwned=1</script>", "not showable", "nan", "__proto__", "constructor", "toString"):
        assert text in said


@pytest.mark.parametrize("name", ["out of script", "single quote", "link"])
def test_hostile_flows_drawn_by_pyvis_are_text(name: str, open_html: Opener) -> None:
    drawing = draw_all_possible_flows(flow_of(TEXTS[name], failing=False), renderer="pyvis")
    page = opened(open_html, [drawing.html])
    frame = page.frames[-1]
    frame.locator("canvas").wait_for()
    titles = frame.evaluate("() => nodes.get().map(({ title }) => title.textContent).join('\\n')")
    assert clean(TEXTS[name])[:12] in titles.replace("\u2060", "")
    for each in page.frames:
        assert not each.evaluate(MADE)["pwned"]
        assert each.evaluate(MADE)["live"] == []


def test_a_hostile_page_is_saved_as_it_was(page: Any, problems: list[str], tmp_path: Path) -> None:
    text = "".join(TEXTS[name] for name in ("out of title", "out of srcdoc", "comment", "entities"))
    drawing = draw_most_recent_execution(asked_and_failed(text))
    page.route("http://wfkit.test/", lambda route: route.fulfill(body=drawing.page, content_type="text/html"))
    page.goto("http://wfkit.test/")
    page.locator(".wfp-face").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    problems[:] = [
        one for one in problems if one != "http://wfkit.test/" and not one.startswith("blob:http://wfkit.test/")
    ]
    page.goto(file.as_uri())
    page.locator(".wfp-face").wait_for()
    page.evaluate(EXPLORE)
    assert clean(text)[:30] in page.evaluate("() => window.told")["said"]
    assert not page.evaluate(MADE)["pwned"]
    assert page.evaluate(MADE)["live"] == []
