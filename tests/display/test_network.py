"""The pyvis page: one file, no network, the same bytes, and safe with any name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.display.flows import Drawable, LoopSteps, TrivialSteps, chain, hostile, plan
from wfkit.display import draw_all_possible_flows
from wfkit.display.draw import graph_of
from wfkit.display.drawing import Drawing
from wfkit.display.figure import Figure
from wfkit.display.frame import framed
from wfkit.display.tokens import DARK, LIGHT


def page_of(name: str, tmp_path: Path, flow: Any) -> str:
    draw_all_possible_flows(flow, filename=tmp_path / name)
    return (tmp_path / name).read_text(encoding="utf-8")


def dataset(page: str, name: str) -> list[dict[str, Any]]:
    found = re.search(rf"{name} = new vis\.DataSet\((\[.*?\])\);", page)
    assert found is not None
    items: list[dict[str, Any]] = json.loads(found[1])
    return items


def test_the_page_asks_no_network(tmp_path: Path) -> None:
    page = page_of("flow.html", tmp_path, Drawable(plan(LoopSteps)))
    outside_scripts = re.sub(r"<script\b[^>]*>.*?</script>|<style\b[^>]*>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search("https?:", outside_scripts)
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*\b(src|href)\s*=\s*[\"']?(https?:|//|lib/)", page)
    assert not re.search(r"@import|url\(\s*[\"']?(https?:|//)", page)


def test_nothing_else_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda *_, **__: pytest.fail("a browser was opened"))
    draw_all_possible_flows(Drawable(plan(LoopSteps)), filename="flow.html")
    assert [path.name for path in tmp_path.iterdir()] == ["flow.html"]


def test_the_same_flow_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [page_of(f"{index}.html", tmp_path, Drawable(plan(LoopSteps))) for index in range(2)]
    assert pages[0] == pages[1]


def test_steps_events_and_edges_are_those_of_the_flow(tmp_path: Path) -> None:
    page = page_of("flow.html", tmp_path, Drawable(plan(TrivialSteps)))
    nodes, edges = dataset(page, "nodes"), dataset(page, "edges")
    assert [node["id"] for node in nodes] == ["StartEvent", "generate", "StopEvent"]
    assert [(edge["from"], edge["to"]) for edge in edges] == [("StartEvent", "generate"), ("generate", "StopEvent")]
    assert all(edge["arrows"] == "to" for edge in edges)
    assert nodes[0]["y"] < nodes[1]["y"] < nodes[2]["y"]
    assert '"physics": {"enabled": false}' in page


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    page = page_of("flow.html", tmp_path, Drawable(hostile()))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "tooltip_link" not in page


def test_a_docstring_about_links_does_not_switch_to_html_tips(tmp_path: Path) -> None:
    page = page_of("flow.html", tmp_path, Drawable(hostile('<a href="javascript:alert(1)">here</a>')))
    assert not any("href" in line for node in dataset(page, "nodes") for line in node["lines"])


# In a browser


@pytest.fixture
def network(open_html: Callable[[str], Any], tmp_path: Path) -> Any:
    """Open the page of a flow of fifty steps."""
    return open_html(page_of("flow.html", tmp_path, Drawable(chain(50))))


@pytest.mark.browser
def test_a_node_is_found_selected_and_centred(network: Any) -> None:
    network.keyboard.press("/")
    network.keyboard.type("STEP_04")
    assert network.locator("#wf-found").text_content() == "10 found"
    network.keyboard.press("Enter")
    network.keyboard.press("Enter")
    assert network.locator("#wf-found").text_content() == "2 of 10"
    assert network.evaluate("network.getSelectedNodes()") == ["step_041"]
    middle = network.evaluate("network.getViewPosition()")
    place = network.evaluate("network.getPositions()['step_041']")
    assert (middle["x"], middle["y"]) == (pytest.approx(place["x"], abs=2), pytest.approx(place["y"], abs=2))


@pytest.mark.browser
def test_the_page_follows_the_theme(page: Any, network: Any) -> None:
    for name, tokens in (("light", LIGHT), ("dark", DARK)):
        page.emulate_media(color_scheme=name)
        page.locator(f"html[data-theme={name}]").wait_for()
        assert page.evaluate("nodes.get('step_001').color.background") == tokens["step"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 20, 24)"


@pytest.mark.browser
def test_hovering_tells_of_a_node(page: Any, network: Any) -> None:
    page.evaluate("network.focus('step_001', {scale: 1})")
    at = page.evaluate("network.canvasToDOM(network.getPositions()['step_001'])")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    page.mouse.move(box["x"] + at["x"] + 2, box["y"] + at["y"])
    tip = page.locator(".vis-tooltip")
    tip.wait_for()
    assert tip.locator("b").text_content() == "step step_001"
    assert tip.locator("dd").first.text_content() == "Event001"


@pytest.mark.browser
def test_nothing_that_is_injected_runs(page: Any, network: Any, problems: list[str]) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data: onerror=\"caught = 1\">')")
    page.wait_for_function("performance.now() > 0")
    page.evaluate("new Promise(done => setTimeout(done, 100))")
    assert page.evaluate("window.caught") is None
    assert [problem for problem in problems if "Content Security Policy" in problem]
    problems.clear()


@pytest.mark.browser
def test_in_a_cell_the_theme_is_that_of_the_notebook(chromium: Any) -> None:
    drawing = Drawing(Figure.of_flow(graph_of(Drawable(plan(LoopSteps)))), renderer="pyvis")
    context = chromium.new_context(color_scheme="null")  # a preference set by hand would hold for frames, too
    page = context.new_page()
    # JupyterLab sets both; the frame is shut and sees only the second.
    page.set_content(
        f'<!DOCTYPE html><body data-jp-theme-light="false" style="color-scheme:dark">'
        f"{framed(drawing.page, drawing.svg, 'Flow', 300, 300, sandbox=True)}</body>"
    )
    frame = page.frame_locator("iframe")
    frame.locator("html[data-theme=dark]").wait_for()
    assert page.locator(".wfkit-out").bounding_box()["height"] == 560
    page.evaluate("document.body.style.colorScheme = 'light'")
    frame.locator("html[data-theme=light]").wait_for()
    context.close()
