"""The faces of a flow: SVG, Mermaid, text and HTML say the same, are well formed, and stand hostile names."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

import pytest

from tests.display.flows import (
    HOSTILE,
    CollectSteps,
    LoopSteps,
    PersonSteps,
    TrivialSteps,
    WaitSteps,
    chain,
    hostile,
    plan,
)
from tests.display.inert import inspect
from wfkit.display.drawing import Drawing
from wfkit.display.figure import Figure
from wfkit.graph import FlowGraph
from wfkit.plan import Plan

SVG = "{http://www.w3.org/2000/svg}"


def drawing_of(found: Plan, max_label_length: int | None = None) -> Drawing:
    return Drawing(Figure.of_flow(FlowGraph.of(found), max_label_length))


def labels(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text") if "words" not in text.get("class", "")]


@pytest.mark.parametrize(
    ("steps", "shapes", "arrows"),
    [(TrivialSteps, 3, 2), (LoopSteps, 6, 7), (WaitSteps, 4, 4), (CollectSteps, 9, 10), (PersonSteps, 7, 6)],
)
def test_every_step_event_and_edge_of_the_seeds_is_drawn(steps: type, shapes: int, arrows: int) -> None:
    drawing = drawing_of(plan(steps))
    tree = ET.fromstring(drawing.svg)
    assert len([group for group in tree.iter(f"{SVG}g") if group.get("id")]) == shapes
    assert len([path for path in tree.iter(f"{SVG}path") if "wf-to" in path.get("class", "")]) == arrows
    assert drawing.mermaid.count(":::") == shapes
    assert drawing.mermaid.count("-->") == arrows


def test_the_text_face_is_a_line_for_each_step() -> None:
    assert drawing_of(plan(LoopSteps)).text == (
        "LoopFlow\n"
        "  StartEvent | QueryEvent -> answer_query -> FailedEvent | StopEvent\n"
        "  FailedEvent -> improve_query -> QueryEvent | StopEvent"
    )


def test_the_person_outside_and_a_worker_count_are_drawn() -> None:
    drawing = drawing_of(plan(PersonSteps))
    assert "Question -> person -> Answer" in drawing.text
    assert "\u00d71" in labels(drawing.svg)


def test_the_same_flow_gives_the_same_bytes() -> None:
    first, second = drawing_of(plan(CollectSteps)), drawing_of(plan(CollectSteps))
    assert first._repr_mimebundle_() == second._repr_mimebundle_()


def test_a_picture_for_a_cell_is_small() -> None:
    drawing = drawing_of(plan(LoopSteps))
    assert len(drawing.html) < 45_000
    assert len(drawing.svg) < 9_000


def test_the_picture_brings_its_dark_colours() -> None:
    svg = drawing_of(plan(LoopSteps)).svg
    assert "prefers-color-scheme:dark" in svg
    assert "#111418" in svg


def test_no_rule_of_the_picture_reaches_beyond_it() -> None:
    style = re.search(r"<style>(.*?)</style>", drawing_of(plan(LoopSteps)).svg, re.DOTALL)
    assert style is not None
    rules = re.sub(r"@media[^{]*\{(.*)\}", r"\1", style[1])
    for selectors in re.findall(r"([^{}]+)\{", rules):
        assert all(selector.strip().startswith(".wfkit ") for selector in selectors.split(",")), selectors


def test_every_element_id_is_there_once() -> None:
    ids = re.findall(r'\bid="([^"]*)"', drawing_of(chain(50)).svg)
    assert len(ids) == len(set(ids)) > 100


@pytest.mark.parametrize("name", [HOSTILE, "end", "a" * 1_000_000, "名前の長いイベント" * 20, "", " ", "x; click y"])
def test_hostile_names_stay_text(name: str) -> None:
    drawing = drawing_of(hostile(name))
    tree = ET.fromstring(drawing.svg)
    assert not list(tree.iter(f"{SVG}script"))
    assert not list(tree.iter(f"{SVG}img"))
    assert len(drawing.svg) < 60_000
    assert len(drawing.mermaid) < 10_000
    for text in (drawing.svg, drawing.mermaid, drawing.text):
        text.encode()  # no lone surrogates
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028\u202e\ufffe\uffff]", text)
    assert inspect(drawing.html).images == 1
    assert "<script" not in drawing.mermaid


def test_mermaid_labels_cannot_leave_their_quotes() -> None:
    for line in drawing_of(hostile()).mermaid.splitlines():
        assert line.count('"') in (0, 2)


def test_long_names_are_cut_and_told_in_full_on_hovering() -> None:
    name = "a_step_whose_name_goes_on_and_on_and_on"
    svg = drawing_of(hostile(name)).svg
    assert name not in labels(svg)
    assert f"step {name}\n" in svg
    assert "a_step_whose_name_goes_on_and_o…" in labels(svg)


def test_max_label_length_is_kept() -> None:
    svg = drawing_of(plan(LoopSteps), max_label_length=5).svg
    assert max(map(len, labels(svg))) == 5
    assert "Quer…" in labels(svg)


@pytest.mark.parametrize("length", [0, -1, True, "10", 2.5])
def test_a_senseless_label_length_is_refused(length: object) -> None:
    with pytest.raises(ValueError, match="max_label_length is a whole number of characters from 1 on, or None"):
        drawing_of(plan(LoopSteps), max_label_length=length)  # type: ignore[arg-type]


def test_the_html_is_an_image_that_survives_untrusted_notebooks() -> None:
    drawing = drawing_of(plan(LoopSteps))
    found = re.search(r'<img [^>]*alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)"', drawing.html)
    assert found is not None
    assert found[1] == "LoopFlow: all possible flows"
    still = base64.b64decode(found[2]).decode()
    # Nobody points at a part of an image: it has neither their names nor their tips.
    assert still == re.sub(r'<g id="[^"]*"([^>]*>)<title>.*?</title>', r"<g\1", drawing.svg, flags=re.DOTALL)


def test_a_flow_without_steps_can_be_drawn() -> None:
    drawing = drawing_of(Plan("EmptyFlow", []))
    ET.fromstring(drawing.svg)
    assert drawing.text == "EmptyFlow\n  (no steps)"
