"""The measures of the layout benchmark, on drawings made by hand."""

from __future__ import annotations

import pytest

from benchmarks.layouts.corpus import of_ways
from benchmarks.layouts.graph import Drawn, Edge, Point, Rect
from benchmarks.layouts.pictures import draw_beside
from benchmarks.layouts.quality import Quality, count_crossings, measure, overlap, runs_through
from benchmarks.layouts.table import draw_tables, verdict

FALLING: list[Point] = [(0, 0), (100, 100)]
RISING: list[Point] = [(0, 100), (100, 0)]


def crossed(**lines: list[Point]) -> int:
    return count_crossings({(name[0], name[1]): line for name, line in lines.items()})


def test_two_lines_that_cross() -> None:
    assert crossed(ab=FALLING, cd=RISING) == 1


def test_two_lines_that_cross_twice() -> None:
    assert crossed(ab=[(0, 0), (100, 0)], cd=[(10, -10), (50, 10), (90, -10)]) == 2


def test_two_lines_that_miss_each_other() -> None:
    assert crossed(ab=FALLING, cd=[(0, 50), (0, 100), (45, 100)]) == 0


def test_a_crossing_exactly_at_a_corner_of_both_counts_once() -> None:
    assert crossed(ab=[(0, 0), (50, 50), (100, 100)], cd=[(0, 100), (50, 50), (100, 0)]) == 1


def test_touching_at_a_shared_end_is_no_crossing() -> None:
    assert crossed(ab=FALLING, ac=[(0, 0), (100, 50)]) == 0
    assert crossed(ac=[(0, 0), (50, 50)], bc=[(100, 0), (50, 50)]) == 0


def test_lines_that_join_on_the_way_to_a_shared_end_do_not_cross() -> None:
    trunk: list[Point] = [(50, 50), (50, 200)]
    assert crossed(ax=[(0, 0), *trunk], bx=[(100, 0), *trunk]) == 0


def test_lines_from_one_box_that_cross_later_do_cross() -> None:
    assert crossed(ab=[(0, 0), (40, 0), (40, 50)], ac=[(0, 0), (0, 20), (80, 20)]) == 1


def test_a_line_across_a_trunk_crosses_each_edge_in_it() -> None:
    trunk: list[Point] = [(50, 50), (50, 200)]
    assert crossed(ax=[(0, 0), *trunk], bx=[(100, 0), *trunk], cd=[(0, 150), (100, 150)]) == 2


@pytest.mark.parametrize(
    ("line", "through"),
    [
        ([(0, 50), (100, 50)], True),
        ([(50, 0), (50, 100)], True),
        ([(45, 45), (55, 55)], True),
        ([(0, 0), (100, 100)], True),
        ([(0, 0), (30, 30)], False),
        ([(0, 39), (100, 39)], False),
        ([(0, 40.5), (100, 40.5)], False),
        ([(0, 0), (100, 35)], False),
    ],
)
def test_running_through_a_box(line: list[Point], through: bool) -> None:
    assert runs_through(line, Rect(50, 50, 40, 20)) is through


def test_boxes_that_touch_do_not_overlap() -> None:
    assert overlap(Rect(0, 0, 10, 10), Rect(9, 9, 10, 10))
    assert not overlap(Rect(0, 0, 10, 10), Rect(10, 0, 10, 10))
    assert not overlap(Rect(0, 0, 10, 10), Rect(9, 10, 10, 10))


def drawn_badly() -> tuple[dict[str, Rect], dict[Edge, tuple[Point, ...]]]:
    boxes = {"first": Rect(0, 0, 64, 36), "Middle": Rect(0, 100, 80, 28), "last": Rect(10, 110, 64, 36)}
    lines: dict[Edge, tuple[Point, ...]] = {
        ("first", "Middle"): ((0, 18), (0, 86)),
        ("Middle", "last"): ((0, 114), (0, 92)),
        ("first", "last"): ((0, 18), (0, 98), (10, 110)),
    }
    return boxes, lines


def test_a_whole_drawing() -> None:
    graph = of_ways("bad", ["first > Middle > last", "first > last"])
    found = measure(graph, Drawn(*drawn_badly()))
    assert found.overlaps == 1
    assert found.through == 1  # first -> last through Middle
    assert found.labels == 2  # Middle's and last's, and the edge across Middle's
    assert found.longest == pytest.approx(80 + (10**2 + 12**2) ** 0.5)
    assert found.length == pytest.approx(68 + 22 + found.longest)
    assert found.area == pytest.approx(82 * 146)


def test_a_graph_is_read_as_a_workflow_lists_it() -> None:
    graph = of_ways("flow", ["StartEvent > zeta > Left > alpha > StopEvent", "@key > alpha"])
    assert [shape.id for shape in graph.shapes] == ["StartEvent", "alpha", "Left", "StopEvent", "@key", "zeta"]
    assert [shape.kind for shape in graph.shapes] == ["start", "step", "event", "stop", "resource", "step"]
    assert set(graph.edges) == {
        ("StartEvent", "zeta"),
        ("zeta", "Left"),
        ("Left", "alpha"),
        ("alpha", "StopEvent"),
        ("@key", "alpha"),
    }


def quality(crossings: int, overlaps: int = 0) -> Quality:
    return Quality(crossings, length=100.0, longest=50.0, overlaps=overlaps, through=0, labels=0, area=1.0)


def test_the_verdict_allows_a_tenth_more_crossings_and_no_flaw() -> None:
    assert [line[:4] for line in verdict({"a": {"wfkit": quality(11), "dot": quality(10)}})] == ["ok: ", "ok: "]
    assert [line[:4] for line in verdict({"a": {"wfkit": quality(12), "dot": quality(10)}})] == ["ok: ", "MISS"]
    assert [line[:4] for line in verdict({"a": {"wfkit": quality(0, 1), "dot": quality(10)}})] == ["MISS", "ok: "]
    assert [line[:4] for line in verdict({"a": {"wfkit": quality(0)}})] == ["ok: "]


def test_the_tables_name_every_graph_and_contender() -> None:
    text = draw_tables(
        {"one": {"wfkit": quality(3), "dot": quality(4)}, "two": {"wfkit": quality(5)}}, ["wfkit", "dot"]
    )
    assert [line.split() for line in text.splitlines()[:6]] == [
        ["crossings", "wfkit", "dot"],
        ["-" * 21],
        ["one", "3", "4"],
        ["two", "5", "-"],
        ["-" * 21],
        ["sum", "8", "4"],
    ]
    assert "boxes that overlap" in text


def test_pictures_show_every_label_once_for_each_contender() -> None:
    graph = of_ways("bad", ["first > Middle > last", "first > last"])
    text = draw_beside(graph, {"one": Drawn(*drawn_badly()), "<two>": Drawn(*drawn_badly())})
    assert text.count(">Middle</text>") == 2
    assert "&lt;two&gt;" in text
