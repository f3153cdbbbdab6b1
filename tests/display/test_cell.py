"""A drawing in a cell, in a browser: its height, its theme, and what hostile names cannot do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.display.flows import CollectSteps, Drawable, chain, hostile, plan
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.display.frame import frame_document, framed
from wfkit.display.svg import draw_svg
from wfkit.plan import Plan

pytestmark = pytest.mark.browser

Opener: TypeAlias = Callable[..., Any]


@pytest.fixture
def show_cells(open_html: Opener) -> Opener:
    """Return a function that opens a page with drawings in frames, as a notebook has them."""

    def opened(*pictures: Plan, theme: str | None = None) -> Any:
        told = "" if theme is None else f' data-jp-theme-light="{theme}"'
        cells = "".join(cell(picture) for picture in pictures)
        return open_html(f"<!DOCTYPE html><meta charset='utf-8'><body{told}>{cells}</body>")

    return opened


def cell(flow: Plan) -> str:
    figure = Figure.of_flow(graph_of(Drawable(flow)))
    still = draw_svg(figure)
    width, height = (float(still.partition(f' {side}="')[2].partition('"')[0]) for side in ("width", "height"))
    return framed(frame_document(draw_svg(figure, embedded=True), flow.name), still, flow.name, width, height)


def test_the_cell_is_as_high_as_the_picture_needs(show_cells: Opener) -> None:
    page = show_cells(plan(CollectSteps), chain(50))
    page.wait_for_function("[...document.querySelectorAll('.wfkit-out')].every(cell => cell.style.height)")
    cells, stages = [], []
    for index in range(2):
        stage = page.frame_locator("iframe").nth(index).locator(".wf-stage")
        cells.append(page.locator(".wfkit-out").nth(index).bounding_box()["height"])
        stages.append(stage.bounding_box()["height"])
    assert cells == [pytest.approx(height, abs=2) for height in stages]
    assert cells[0] < cells[1] <= 562
    page.locator(".wfkit-out").first.evaluate("cell => cell.style.display = 'none'")
    page.locator(".wfkit-out").first.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.locator(".wfkit-out").first.evaluate("cell => cell.style.height") != "0px"
    assert page.locator("img[aria-hidden=true]").count() == 2


def test_the_legend_is_folded_where_space_is_short(page: Any, open_html: Opener) -> None:
    html = frame_document("<svg class='wfkit' viewBox='0 0 9 9'></svg>", "Flow", foot="<span>a step</span>")
    open_html(html)
    assert page.get_by_text("a step").is_visible()
    assert not page.get_by_text("legend").is_visible()
    page.set_viewport_size({"width": 400, "height": 600})
    page.reload()
    page.get_by_text("legend").click()
    page.get_by_text("a step").wait_for()


@pytest.mark.parametrize("preference", ["light", "dark"])
def test_the_theme_follows_the_notebook(page: Any, show_cells: Opener, preference: str) -> None:
    page.emulate_media(color_scheme=preference)
    show_cells(plan(CollectSteps), theme="true")
    frame = page.frame_locator("iframe")
    frame.locator("html[data-theme=light]").wait_for()
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    frame.locator("html[data-theme=dark]").wait_for()
    ground = frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert ground == "rgb(17, 20, 24)"
    page.evaluate("delete document.body.dataset.jpThemeLight")
    frame.locator(f"html[data-theme={preference}]").wait_for()


def test_the_ground_is_that_of_the_notebook(page: Any, show_cells: Opener) -> None:
    show_cells(plan(CollectSteps), theme="false")
    body = page.frame_locator("iframe").locator("body")
    ground = "body => getComputedStyle(body).backgroundColor"
    assert body.evaluate(ground) == "rgb(17, 20, 24)"
    # A notebook may tell of its theme before it has its colours.
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#fdf6e3')")
    page.frame_locator("iframe").locator("html[style*='#fdf6e3']").wait_for()
    assert body.evaluate(ground) == "rgb(253, 246, 227)"


def test_without_a_notebook_the_reader_decides(page: Any, show_cells: Opener) -> None:
    page.emulate_media(color_scheme="light")
    show_cells(plan(CollectSteps))
    page.frame_locator("iframe").locator("html[data-theme=light]").wait_for()
    page.emulate_media(color_scheme="dark")
    page.frame_locator("iframe").locator("html[data-theme=dark]").wait_for()


def test_the_policy_stops_what_is_injected(page: Any, show_cells: Opener, problems: list[str]) -> None:
    show_cells(plan(CollectSteps))
    body = page.frame_locator("iframe").locator("body")
    body.locator(".wf-controls").wait_for(state="attached")
    body.evaluate(
        """body => {
          body.insertAdjacentHTML("beforeend", "<button id='trap' onclick='parent.caught = 1'>x</button>");
          const script = document.createElement("script");
          script.textContent = "parent.caught = 2";
          body.append(script);
          body.querySelector("#trap").click();
        }"""
    )
    assert page.evaluate("window.caught") is None
    assert problems
    assert all("Content Security Policy" in problem for problem in problems)
    problems.clear()


def test_hostile_names_do_nothing(show_cells: Opener) -> None:
    page = show_cells(hostile(), hostile('"><img src=x onerror=alert(1)>\n${alert(2)}`'))
    for index in range(2):
        frame = page.frame_locator("iframe").nth(index)
        frame.locator(".wf-controls").wait_for(state="attached")
        for node in frame.locator(".node").all():
            node.hover()
            frame.locator(".wf-hint").wait_for()
        assert frame.locator("body img, body script").count() == 0


def test_without_scripts_the_picture_is_there(chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 500, "height": 700})
    page = context.new_page()
    page.set_content(f"<!DOCTYPE html><body>{cell(plan(CollectSteps))}</body>")
    frame = page.frame_locator("iframe")
    assert frame.locator("#wf-run_query").is_visible()
    assert frame.locator("#wf-run_query .box").bounding_box()["y"] < 400
    assert page.locator("img").bounding_box()["height"] > 200
    context.close()
