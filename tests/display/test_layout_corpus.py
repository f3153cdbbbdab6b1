"""Our layout on the corpus of the layout benchmark: the promises that hold without exception."""

from __future__ import annotations

from itertools import combinations

import pytest

from benchmarks.layouts.contenders import wfkit as ours
from benchmarks.layouts.corpus import FLOWS, corpus
from benchmarks.layouts.graph import Graph, Rect
from benchmarks.layouts.quality import count_crossings, overlap, runs_through
from wfkit.display.layout import Box, Layout, lay_out
from wfkit.display.spacing import Direction


def laid_out(graph: Graph, direction: Direction = "down") -> Layout:
    return lay_out([Box(shape.id, shape.width, shape.height) for shape in graph.shapes], graph.edges, direction)


def test_the_corpus_has_thirty_graphs_of_many_kinds() -> None:
    graphs = corpus()
    assert len(graphs) == len({graph.name for graph in graphs}) == 30
    assert {shape.kind for graph in graphs for shape in graph.shapes} >= {"start", "stop", "step", "event", "resource"}
    for graph in graphs:
        ids = {shape.id for shape in graph.shapes}
        assert len(ids) == len(graph.shapes)
        assert {end for edge in graph.edges for end in edge} == ids
        assert len(set(graph.edges)) == len(graph.edges)
    assert sum(bool(laid_out(graph).back) for graph in graphs) >= 12


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("graph", corpus(), ids=lambda graph: graph.name)
def test_nothing_overlaps_and_no_edge_runs_through_a_box(graph: Graph, direction: Direction) -> None:
    layout = laid_out(graph, direction)
    boxes = {id: Rect(place.x, place.y, place.width, place.height) for id, place in layout.places.items()}
    assert not [pair for pair in combinations(boxes, 2) if overlap(boxes[pair[0]], boxes[pair[1]])]
    for edge, route in layout.routes.items():
        line = list(route.points(8))
        assert not [name for name, box in boxes.items() if name not in edge and runs_through(line, box)], edge


@pytest.mark.parametrize("graph", corpus(), ids=lambda graph: graph.name)
def test_the_same_graph_is_drawn_the_same(graph: Graph) -> None:
    first, second = laid_out(graph), laid_out(graph)
    assert first == second
    assert [route.path() for route in first.routes.values()] == [route.path() for route in second.routes.values()]


@pytest.mark.parametrize("name", FLOWS)
def test_the_flows_of_the_seeds_and_the_documentation_have_no_crossings(name: str) -> None:
    graph = next(graph for graph in corpus() if graph.name == name)
    [drawn] = ours.draw([graph])
    assert count_crossings(drawn.lines) == 0
