"""The files as a browser shows them: from disk, without a network, without a word of complaint."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.display.flows import Drawable, LoopSteps, Tape, chain, hostile, plan
from wfkit.display import draw_all_possible_flows, draw_most_recent_execution
from wfkit.events import StartEvent, StopEvent
from wfkit.plan import Plan

pytestmark = pytest.mark.browser
INK = """() => {
  const canvas = document.querySelector("canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 0; i < pixels.length; i += 4)
    if (pixels[i + 3] > 0 && pixels[i] + pixels[i + 1] + pixels[i + 2] < 600) count++;
  return count;
}"""


def ran() -> Drawable:
    tape = Tape("LoopFlow")
    stop = StopEvent(result="yes")
    who = tape.start("answer_query", 1, tape.send(StartEvent(query="?"), ["answer_query"]))
    tape.finish(who, stop)
    tape.send(stop, (), who)
    return Drawable(plan(LoopSteps), tape.end(stop))


@pytest.mark.parametrize("flow", [plan(LoopSteps), hostile(), chain(50)], ids=["loop", "hostile", "fifty"])
def test_the_pyvis_page_is_drawn(flow: Plan, page: Any, tmp_path: Path) -> None:
    draw_all_possible_flows(Drawable(flow), filename=tmp_path / "flow.html")
    page.goto((tmp_path / "flow.html").as_uri())
    page.wait_for_function(f"({INK})() > 200", timeout=15_000)
    assert page.evaluate("nodes.length") == len(flow.steps) + len(flow.events)
    assert page.evaluate("document.images.length + document.querySelectorAll('h1').length") == 1


def test_the_pyvis_page_keeps_the_positions_of_the_layout(page: Any, tmp_path: Path) -> None:
    drawing = draw_all_possible_flows(Drawable(plan(LoopSteps)), filename=tmp_path / "flow.html")
    page.goto((tmp_path / "flow.html").as_uri())
    page.wait_for_timeout(300)
    found = page.evaluate("network.getPositions()")
    layout = drawing._figure.lay_out()
    assert {name: (place.x, place.y) for name, place in layout.places.items()} == {
        name: (place["x"], place["y"]) for name, place in found.items()
    }


def test_a_shape_can_be_dragged_and_takes_its_edges_along(page: Any, tmp_path: Path) -> None:
    draw_all_possible_flows(Drawable(plan(LoopSteps)), filename=tmp_path / "flow.html")
    page.goto((tmp_path / "flow.html").as_uri())
    page.wait_for_function(f"({INK})() > 200")
    assert page.evaluate("edges.get().every(edge => edge.hidden)")
    at = page.evaluate("network.canvasToDOM(network.getPositions()['StartEvent'])")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + at["x"] + 120, box["y"] + at["y"] + 10, steps=5)
    page.mouse.up()
    assert page.evaluate("edges.get().every(edge => !edge.hidden)")


def test_the_page_of_an_execution_is_drawn(page: Any, tmp_path: Path) -> None:
    draw_most_recent_execution(ran(), filename=tmp_path / "execution.html")
    page.goto((tmp_path / "execution.html").as_uri())
    assert page.locator("svg.wfkit text", has_text="answer_query").first.is_visible()
    assert page.locator("g.node.done").count() == 1


@pytest.mark.parametrize(("theme", "dark"), [("true", False), ("false", True)])
@pytest.mark.parametrize("preference", ["light", "dark"])
def test_the_picture_in_a_cell_follows_the_theme_of_the_notebook(
    theme: str, dark: bool, preference: str, page: Any, tmp_path: Path
) -> None:
    html = draw_all_possible_flows(Drawable(plan(LoopSteps))).html
    name = tmp_path / "cell.html"
    name.write_text(f'<!DOCTYPE html><body data-jp-theme-light="{theme}">{html}</body>', encoding="utf-8")
    page.emulate_media(color_scheme=preference)
    page.goto(name.as_uri())
    assert page.evaluate("document.images[0].naturalWidth") > 200
    picture = page.locator("img").screenshot(path=tmp_path / "cell.png")
    assert _is_dark(page, picture) == dark


def _is_dark(page: Any, picture: bytes) -> bool:
    """Look at a pixel of the ground, on a blank page of its own."""
    other = page.context.new_page()
    data = base64.b64encode(picture).decode()
    red: int = other.evaluate(
        """async data => {
          const image = new Image();
          image.src = "data:image/png;base64," + data;
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = image.width; canvas.height = image.height;
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return context.getImageData(12, 12, 1, 1).data[0];
        }""",
        data,
    )
    other.close()
    return red < 128


@pytest.mark.parametrize("renderer", ["svg", "pyvis"])
def test_hostile_names_do_nothing_in_a_cell(renderer: str, page: Any, tmp_path: Path) -> None:
    html = draw_all_possible_flows(Drawable(hostile()), renderer=renderer).html
    name = tmp_path / "cell.html"
    name.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body>{html}</body>", encoding="utf-8")
    page.goto(name.as_uri())
    page.wait_for_timeout(500)
