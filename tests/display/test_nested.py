"""Workflows inside workflows, resources, error handlers and lists on the picture of all possible flows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.display.flows import HOSTILE, Drawable, LoopSteps, QueryEvent, hostile, made_step, plan
from tests.display.inert import played
from tests.display.nested import Fact, Main, Search
from tests.display.test_network import dataset
from wfkit import (
    Resource,
    ResourceConfig,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    step,
)
from wfkit.display import workflow_bundle
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.plan import Plan

UNTHINKABLE = re.compile("[\x00\ud800]")  # Python itself refuses these in names
SVG = "{http://www.w3.org/2000/svg}"


SEARCH = (
    "  Hit -> best -> StopEvent  (gathers 3)\n"
    "  StepFailedEvent -> skip -> Hit  (error handler)\n"
    "  StartEvent -> split -> Query \u00d7 n  (uses app.json#db)\n"
    "  Query -> work -> Hit  (uses make_model, when it fails: StepFailedEvent)\n"
    "  make_model  (uses make_client)"
)
FACT = f"  StartEvent -> check -> StopEvent\n  search: Search  (run by check)\n{SEARCH}".replace("\n  ", "\n    ")
FACT = FACT.replace("    search: Search", "  search: Search")


def test_the_text_tells_all_of_it() -> None:
    def indented(text: str) -> str:
        return "\n".join("  " + line for line in text.split("\n"))

    assert draw_all_possible_flows(Search).text == f"Search\n{SEARCH}"
    assert draw_all_possible_flows(Main).text == (
        "Main\n"
        "  StartEvent -> begin -> Left | Right\n"
        "  Left | Right -> end -> StopEvent  (joins 2)\n"
        "  StepFailedEvent -> give_up -> StopEvent  (error handler, any step fails)\n"
        "  Left -> look -> Right\n"
        f"  first: Fact  (run by begin, look)\n{indented(FACT)}\n"
        f"  second: Fact\n{indented(FACT)}"
    )


def test_children_can_be_left_out() -> None:
    assert "Fact" not in draw_all_possible_flows(Main, include_child_workflows=False).text
    assert "subgraph" not in draw_all_possible_flows_mermaid(Main, include_child_workflows=False)
    assert "subgraph" in draw_all_possible_flows_mermaid(Main)


def test_a_workflow_as_the_last_value_of_a_cell_shows_its_children() -> None:
    assert "  first: Fact  (run by begin, look)" in workflow_bundle(Main)["text/plain"]


def test_the_picture_has_a_frame_for_each_child_around_all_of_it() -> None:
    drawing = draw_all_possible_flows(Main)
    tree = ET.fromstring(drawing.svg)
    titles = [
        text.text
        for group in tree.iter(f"{SVG}g")
        if group.get("class") == "frame"
        for text in group.iter(f"{SVG}text")
    ]
    assert titles == ["first: Fact", "second: Fact", "search: Search", "search: Search"]
    figure = Figure.of_flow(graph_of(Main))
    layout = figure.lay_out()
    for cluster in figure.all_clusters:
        assert cluster.figure is not None
        frame = layout.places[cluster.id]
        inside = [shape.id for shape in cluster.figure.all_shapes]
        for inner in (*inside, *(found.id for found in cluster.figure.all_clusters)):
            place = layout.places[inner]
            assert abs(place.x - frame.x) + place.width / 2 <= frame.width / 2
            assert abs(place.y - frame.y) + place.height / 2 <= frame.height / 2
    outer = [layout.places[shape.id] for shape in figure.shapes]
    lowest = max(place.y + place.height / 2 for place in outer)
    first = layout.places[figure.clusters[0].id]
    assert first.y - first.height / 2 > lowest


def test_the_way_to_a_frame_ends_at_its_upper_edge() -> None:
    class Two(Workflow):
        small: Fact
        large: Main

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await self.small.run()
            return StopEvent(result=await self.large.run())

    figure = Figure.of_flow(graph_of(Two))
    layout = figure.lay_out()
    for cluster in figure.clusters:
        frame = layout.places[cluster.id]
        x, y = layout.routes["go", cluster.id].end
        assert y == pytest.approx(frame.y - frame.height / 2)
        assert abs(x - frame.x) <= frame.width / 2


def test_each_kind_of_way_has_a_look_of_its_own() -> None:
    tree = ET.fromstring(draw_all_possible_flows(Search).svg)
    classes = [path.get("class") for path in tree.iter(f"{SVG}path")]
    assert classes.count("edge use") == 3
    assert classes.count("edge many") == 2  # the edge, and its sample below the picture
    assert [classes.count(f"edge quiet-edge{end}") for end in (" wf-to", "")] == [1, 1]
    words = [text.text for text in tree.iter(f"{SVG}text") if "words" in (text.get("class") or "")]
    assert words == ["step", "event", "start", "stop", "resource", "many", "fails"]


def test_what_a_flow_does_not_have_leaves_no_trace_in_its_picture() -> None:
    svg = draw_all_possible_flows(Drawable(plan(LoopSteps))).svg
    assert not re.search("many|frame|resource|gap", svg)


def test_mermaid_nests_the_flows() -> None:
    lines = draw_all_possible_flows_mermaid(Fact).splitlines()
    begin = next(index for index, line in enumerate(lines) if "subgraph" in line)
    end = lines.index("    end")
    assert lines[begin].endswith('["search: Search"]')
    inside = "\n".join(lines[begin:end])
    assert '["best<br/>gathers 3"]:::step' in inside
    assert '{{"make_model"}}:::resource' in inside
    ways = "\n".join(lines[end:])
    assert ways.count('==>|"\u00d7 n"|') == 1
    assert ways.count("-.- ") == 3
    assert ways.count("-.-> ") == 2
    assert f"s_check -.-> {lines[begin].split()[1].partition('[')[0]}" in ways


def test_the_pyvis_page_has_everything_too(tmp_path: Path) -> None:
    draw_all_possible_flows(Fact, tmp_path / "fact.html")
    page = (tmp_path / "fact.html").read_text(encoding="utf-8")
    labels = {node["label"] for node in dataset(page, "nodes")}
    assert {"search: Search", "best\ngathers\u00a03", "make_client", "check"} <= labels
    assert len(played(page)["frames"]) == 1


def test_the_same_flow_gives_the_same_bytes() -> None:
    assert draw_all_possible_flows(Main)._repr_mimebundle_() == draw_all_possible_flows(Main)._repr_mimebundle_()
    ids = re.findall(r'\bid="([^"]*)"', draw_all_possible_flows(Main).svg)
    assert len(ids) == len(set(ids)) > 40


# -- hostile names ---------------------------------------------------------------------------------------------------


def hostile_flow(name: str) -> Drawable:
    """Return a flow whose handler, resource, config and children have a bad name."""

    def make() -> None: ...

    make.__name__ = make.__qualname__ = make.__doc__ = UNTHINKABLE.sub("", name)
    inner = hostile(name)

    class Steps:
        @step
        async def go(
            self,
            ev: StartEvent,
            made: Annotated[Any, Resource(make)],
            read: Annotated[Any, ResourceConfig("a.json", UNTHINKABLE.sub("", name), label=name, description=name)],
        ) -> list[QueryEvent]:
            raise NotImplementedError

    go = next(iter(plan(Steps).steps))
    handler = made_step(name, [StepFailedEvent], [StopEvent], doc=name)
    handler = handler._replace(catches=catches_of(Search.skip))
    end = made_step("end", [QueryEvent], [StopEvent])
    children = {
        name: Drawable(inner, children={name: Drawable(inner)}),
        f"{name}/": Drawable(inner),
        "": Drawable(inner),
    }
    return Drawable(Plan(name, [go, end, handler]), children=children)


def catches_of(func: Any) -> Any:
    return func.__wfkit_step__.catches


@pytest.mark.parametrize("name", [HOSTILE, "end", "a" * 100_000, "go/", "//", " ", "StartEvent", "x; click y"])
def test_hostile_names_stay_text(name: str, tmp_path: Path) -> None:
    flow = hostile_flow(name)
    drawing = draw_all_possible_flows(flow, tmp_path / "flow.html")
    tree = ET.fromstring(drawing.svg)
    assert not [element for element in tree.iter() if element.tag.endswith(("script", "img"))]
    assert len(drawing.svg) < 100_000
    for text in (drawing.svg, drawing.mermaid, drawing.text):
        text.encode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028\u202e\ufffe\uffff]", text)
    assert all(line.count('"') in (0, 2) for line in drawing.mermaid.splitlines())
    page = (tmp_path / "flow.html").read_text(encoding="utf-8")
    for text in (drawing.mermaid, page):
        assert "<script>alert" not in text
        assert "<img" not in text
    ids = re.findall(r'\bid="([^"]*)"', drawing.svg)
    assert len(ids) == len(set(ids))


def test_a_child_without_steps_is_still_framed() -> None:
    flow = Drawable(plan(LoopSteps), children={"empty": Drawable(Plan("Empty", []))})
    drawing = draw_all_possible_flows(flow)
    assert "  empty: Empty\n    (no steps)" in drawing.text
    assert "subgraph" not in drawing.mermaid
    ET.fromstring(drawing.svg)
