"""The pyvis page: one file, no network, the same bytes, and safe with any name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.display.flows import Drawable, LoopSteps, TrivialSteps, hostile, plan
from wfkit.display import draw_all_possible_flows


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
    assert "http" not in outside_scripts
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
    assert not any("href" in node["title"] for node in dataset(page, "nodes"))
