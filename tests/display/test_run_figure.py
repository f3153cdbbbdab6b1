"""A flow with the counts of a run on it: the same places, and what became of each shape."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tests.display.flows import CollectSteps, PersonSteps, plan
from wfkit.display.figure import Figure
from wfkit.display.legend import PASSING, legend_html, legend_of
from wfkit.display.run_figure import run_figure
from wfkit.display.svg import draw_svg, element_id
from wfkit.display.tally import TALLY_STATES, Tally
from wfkit.graph import FlowGraph
from wfkit.plan import Plan

SVG = "{http://www.w3.org/2000/svg}"


def flow(found: Plan) -> Figure:
    return Figure.of_flow(FlowGraph.of(found))


def group(svg: str, id: str) -> ET.Element:
    (found,) = [each for each in ET.fromstring(svg).iter(f"{SVG}g") if each.get("id") == id]
    return found


def texts(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def test_a_step_tells_how_often_it_was_done_and_failed() -> None:
    tallies = {"wf-run_query": Tally("failed", False, (("failed", 1), ("done", 1_203)))}
    step = group(draw_svg(run_figure(flow(plan(CollectSteps)), tallies)), "wf-run_query")
    assert texts(step) == ["run_query", "1", "1,203"]
    assert (step.get("class") or "").split() == ["node", "step", "failed"]
    chips = [each.get("class") for each in step.iter(f"{SVG}g") if "chip" in (each.get("class") or "")]
    assert chips == ["chip failed", "chip done"]


def test_an_event_tells_how_often_it_was_sent_if_more_than_once() -> None:
    tallies = {"wf-QueryEvent": Tally(None, False, sent=3), "wf-InputEvent": Tally(None, False, sent=1)}
    svg = draw_svg(run_figure(flow(plan(CollectSteps)), tallies))
    assert texts(group(svg, "wf-QueryEvent")) == ["QueryEvent", "\u00d73"]
    assert texts(group(svg, "wf-InputEvent")) == ["InputEvent"]


def test_what_the_run_has_not_reached_fades() -> None:
    svg = draw_svg(run_figure(flow(plan(CollectSteps)), {"wf-setup": Tally("done", False, (("done", 1),))}))
    assert "idle" not in (group(svg, "wf-setup").get("class") or "")
    assert "idle" in (group(svg, "wf-run_query").get("class") or "")


def test_every_run_of_a_flow_is_drawn_at_the_same_places() -> None:
    figure = flow(plan(CollectSteps))
    some = {element_id(shape.id): Tally("done", False, (("done", 7),), 1) for shape in figure.shapes}
    assert run_figure(figure, {}).lay_out().places == run_figure(figure, some).lay_out().places


def test_a_page_finds_the_ends_of_every_way_and_a_sign_for_every_state() -> None:
    figure = run_figure(flow(plan(PersonSteps)), {})
    tree = ET.fromstring(draw_svg(figure, embedded=True))
    ids = {each.get("id") for each in tree.iter(f"{SVG}g")}
    ways = [each for each in tree.iter(f"{SVG}g") if each.get("class") == "way"]
    assert len(ways) == len(figure.arrows)
    assert all(way.get("data-from") in ids and way.get("data-to") in ids for way in ways)
    assert {f"wf-g-{state}" for state in TALLY_STATES} <= ids
    assert not re.search("#[0-9a-f]{3}", tree.findtext(f"{SVG}style") or ""), "its colours are the page's"


def test_the_legend_tells_the_states_that_are_on_the_picture() -> None:
    figure = run_figure(flow(plan(CollectSteps)), {"wf-setup": Tally("failed", False, (("failed", 2),))})
    assert ("failed", "failed") in legend_of(figure)
    assert ("waiting", "waiting") not in legend_of(figure)
    assert {"running", "queued", "done"} <= {word for _, word in legend_of(figure, PASSING)}
    assert legend_html(figure, PASSING).count("wf-key") == len(legend_of(figure, PASSING))
