"""The layout from left to right: as sound as the one that goes down, and truly sideways."""

from __future__ import annotations

import random
import re

import pytest

from tests.display.test_layout import assert_sound, boxes
from wfkit.display.layout import Box, Layout, lay_out


def spans_x(layout: Layout, name: str) -> tuple[float, float]:
    place = layout.places[name]
    return place.x - place.width / 2, place.x + place.width / 2


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_are_laid_out_soundly(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.choice([1, 2, 3, 5, 8, 14, 20, 30])
    some = [Box(f"n{i}", chance.choice([64, 100, 160, 300]), chance.choice([28, 36, 48])) for i in range(count)]
    wanted = int(count * chance.choice([0.5, 1, 1.5, 2]))
    edges = [(f"n{chance.randrange(count)}", f"n{chance.randrange(count)}") for _ in range(wanted)]
    layout = lay_out(some, edges, direction="right")
    assert_sound(layout, edges)
    assert {(place.width, place.height) for place in layout.places.values()} <= {(b.width, b.height) for b in some}


def test_edges_leave_at_the_right_and_enter_at_the_left() -> None:
    edges = [("n0", "n1"), ("n0", "n2"), ("n1", "n3"), ("n2", "n3"), ("n0", "n3")]
    layout = lay_out(boxes(4), edges, direction="right")
    for (source, target), route in layout.routes.items():
        assert route.start[0] == spans_x(layout, source)[1]
        assert route.end[0] == spans_x(layout, target)[0]


def test_a_chain_is_one_straight_row() -> None:
    layout = lay_out(boxes(3), [("n0", "n1"), ("n1", "n2")], direction="right")
    assert len({place.y for place in layout.places.values()}) == 1
    for route in layout.routes.values():
        assert re.fullmatch(r"M\d+ \d+H\d+", route.path())


def test_layers_and_the_boxes_in_them_stand_at_sensible_distances() -> None:
    edges = [("n0", "n1"), ("n0", "n2"), ("n0", "n3")]
    layout = lay_out(boxes(4, width=120, height=36), edges, direction="right")
    assert spans_x(layout, "n1")[0] - spans_x(layout, "n0")[1] == 48
    ys = sorted(layout.places[name].y for name in ("n1", "n2", "n3"))
    assert [ys[1] - ys[0] - 36, ys[2] - ys[1] - 36] == [20, 20]


def test_a_loop_goes_back_above_or_below() -> None:
    edges = [("n0", "n1"), ("n1", "n2"), ("n2", "n3"), ("n3", "n1")]
    layout = lay_out(boxes(4), edges, direction="right")
    assert layout.back == {("n3", "n1")}
    passed = layout.places["n2"]
    beside = [abs(y - passed.y) for x, y in layout.routes["n3", "n1"].points() if abs(x - passed.x) < passed.width / 2]
    assert beside
    assert min(beside) > passed.height / 2


def test_an_edge_to_itself_hangs_below_its_box() -> None:
    layout = lay_out(boxes(2), [("n0", "n0"), ("n0", "n1")], direction="right")
    place = layout.places["n0"]
    assert layout.routes["n0", "n0"].start[1] == layout.routes["n0", "n0"].end[1] == place.y + place.height / 2


def test_what_stands_last_is_on_the_right_of_the_rest() -> None:
    some = [*boxes(3), Box("frame", 200, 160, last=True)]
    layout = lay_out(some, [("n0", "n1"), ("n1", "n2"), ("n0", "frame")], direction="right")
    assert spans_x(layout, "frame")[0] > max(spans_x(layout, f"n{index}")[1] for index in range(3))


def test_pieces_without_connection_stand_apart() -> None:
    edges = [("n0", "n1"), ("n2", "n3")]
    assert_sound(lay_out(boxes(40), edges, direction="right"), edges)


def test_down_is_what_nobody_has_to_ask_for() -> None:
    edges = [("n0", "n1"), ("n1", "n0")]
    assert lay_out(boxes(2), edges) == lay_out(boxes(2), edges, direction="down")
    assert lay_out(boxes(2), edges) != lay_out(boxes(2), edges, direction="right")


@pytest.mark.parametrize("direction", ["up", "left", "RIGHT", "", "TB", 3, None])
def test_another_direction_is_refused(direction: str) -> None:
    with pytest.raises(ValueError, match=rf"a layout goes 'down' or 'right', not {direction!r}"):
        lay_out(boxes(1), [], direction=direction)  # type: ignore[arg-type]
