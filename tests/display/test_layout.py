"""The layout: nothing overlaps, no edge runs through a box, and the same input gives the same picture."""

from __future__ import annotations

import random
import time

import pytest

from wfkit.display.layout import Box, Layout, lay_out
from wfkit.display.order import crossings

Edges = list[tuple[str, str]]


def boxes(count: int, width: float = 100, height: float = 34) -> list[Box]:
    return [Box(f"n{index}", width, height) for index in range(count)]


def assert_sound(layout: Layout, edges: Edges) -> None:
    """Check everything that has to hold of any layout."""
    places = list(layout.places.items())
    for index, (name, place) in enumerate(places):
        assert place.x - place.width / 2 >= 0
        assert place.y - place.height / 2 >= 0
        assert place.x + place.width / 2 <= layout.width
        assert place.y + place.height / 2 <= layout.height
        for other_name, other in places[index + 1 :]:
            beside = abs(place.x - other.x) >= (place.width + other.width) / 2 + 10
            below = abs(place.y - other.y) >= (place.height + other.height) / 2 + 10
            assert beside or below, (name, other_name)
    assert list(layout.routes) == list(dict.fromkeys(edges))
    for (source, target), route in layout.routes.items():
        assert_touches(layout, source, route.start)
        assert_touches(layout, target, route.end)
        for x, y in route.points():
            assert 0 <= x <= layout.width
            assert 0 <= y <= layout.height
            for name, place in places:
                inset = 1.0 if name in (source, target) else -3.0
                inside = abs(x - place.x) < place.width / 2 - inset and abs(y - place.y) < place.height / 2 - inset
                assert not inside, (source, target, name)


def assert_touches(layout: Layout, name: str, point: tuple[float, float]) -> None:
    place = layout.places[name]
    dx, dy = abs(point[0] - place.x) - place.width / 2, abs(point[1] - place.y) - place.height / 2
    assert max(dx, dy) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("seed", range(120))
def test_random_graphs_are_laid_out_soundly(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.choice([1, 2, 3, 5, 8, 14, 20, 30])
    some = [Box(f"n{i}", chance.choice([40, 100, 160, 300]), chance.choice([28, 34, 60])) for i in range(count)]
    wanted = int(count * chance.choice([0.5, 1, 1.5, 2]))
    edges = [(f"n{chance.randrange(count)}", f"n{chance.randrange(count)}") for _ in range(wanted)]
    assert_sound(lay_out(some, edges), edges)


def test_nothing_at_all() -> None:
    layout = lay_out([], [])
    assert layout.places == {}
    assert layout.width > 0
    assert layout.height > 0


def test_a_chain_stands_in_one_straight_column() -> None:
    edges = [("n0", "n1"), ("n1", "n2")]
    layout = lay_out(boxes(3), edges)
    assert len({place.x for place in layout.places.values()}) == 1
    assert [place.y for place in layout.places.values()] == sorted(place.y for place in layout.places.values())
    assert all(route.path().count("C") == 0 for route in layout.routes.values())
    assert_sound(layout, edges)


def test_two_that_lead_to_each_other() -> None:
    edges = [("n0", "n1"), ("n1", "n0")]
    layout = lay_out(boxes(2), edges)
    assert layout.back == {("n1", "n0")}
    assert layout.routes["n0", "n1"].path() != layout.routes["n1", "n0"].path()
    assert_sound(layout, edges)


def test_an_edge_to_itself() -> None:
    edges = [("n0", "n0"), ("n0", "n1"), ("n0", "n2")]
    assert_sound(lay_out(boxes(3), edges), edges)


def test_a_loop_goes_back_along_the_side() -> None:
    edges = [("n0", "n1"), ("n1", "n2"), ("n2", "n3"), ("n3", "n1")]
    layout = lay_out(boxes(4), edges)
    xs = [x for x, _ in layout.routes["n3", "n1"].points()]
    box = layout.places["n2"]
    assert min(abs(x - box.x) for x in xs) >= box.width / 2
    assert layout.places["n1"].y < layout.places["n3"].y


def test_the_first_box_of_a_cycle_stays_on_top() -> None:
    layout = lay_out(boxes(3), [("n0", "n1"), ("n1", "n2"), ("n2", "n0")])
    assert layout.places["n0"].y == min(place.y for place in layout.places.values())


def test_pieces_without_connection_stand_apart() -> None:
    edges = [("n0", "n1"), ("n2", "n3")]
    assert_sound(lay_out(boxes(40), edges), edges)


def test_duplicate_edges_count_once() -> None:
    assert list(lay_out(boxes(2), [("n0", "n1"), ("n0", "n1")]).routes) == [("n0", "n1")]


def test_the_same_input_gives_the_same_layout() -> None:
    chance = random.Random(7)
    edges = [(f"n{chance.randrange(60)}", f"n{chance.randrange(60)}") for _ in range(90)]
    assert lay_out(boxes(60), edges) == lay_out(boxes(60), edges)


def test_a_tree_has_no_crossings() -> None:
    layers = [[0], [2, 1], [3, 4, 5, 6]]
    down = [[1, 2], [3, 4], [5, 6], [], [], [], []]
    assert crossings(layers, down) == 4
    assert crossings([[0], [1, 2], [3, 4, 5, 6]], down) == 0


def test_wide_boxes_keep_their_distance() -> None:
    edges = [("n0", f"n{index}") for index in range(1, 12)]
    some = [Box("n0", 60, 34), *(Box(f"n{index}", 40 + 60 * index, 34) for index in range(1, 12))]
    assert_sound(lay_out(some, edges), edges)


def five_hundred_steps() -> dict[str, tuple[int, Edges]]:
    chance = random.Random(1)
    chain = [(f"n{index}", f"n{index + 1}") for index in range(999)]
    fan = [("n0", f"n{index}") for index in range(1, 500)] + [(f"n{index}", "n999") for index in range(1, 500)]
    return {
        "chain with one stop": (1001, chain + [(f"n{index}", "n1000") for index in range(0, 1000, 2)]),
        "fan": (1000, fan),
        "tree": (1000, [(f"n{(index - 1) // 2}", f"n{index}") for index in range(1, 1000)]),
        "random": (1000, [(f"n{chance.randrange(1000)}", f"n{chance.randrange(1000)}") for _ in range(1300)]),
    }


@pytest.mark.parametrize("shape", five_hundred_steps())
def test_five_hundred_steps_and_as_many_events_are_quick(shape: str) -> None:
    count, edges = five_hundred_steps()[shape]
    start = time.process_time()
    layout = lay_out(boxes(count), edges)
    # A second on an idle machine is the goal; the bound leaves room for a busy one, not for quadratic work.
    assert time.process_time() - start < 5
    assert len(layout.places) == count


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(ValueError, match=r"the edge 'n0' -> 'other' names 'other', and there is no box of that id"):
        lay_out(boxes(1), [("n0", "other")])


def test_two_boxes_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two boxes have the same id"):
        lay_out([*boxes(1), *boxes(1)], [])


@pytest.mark.parametrize("seed", range(20))
def test_what_stands_last_is_below_the_rest_at_one_height(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randrange(2, 12)
    above = boxes(count)
    frames = [Box(f"f{i}", 2 * chance.randrange(50, 200), chance.randrange(30, 400), last=True) for i in range(3)]
    edges = [(f"n{index}", f"n{index + 1}") for index in range(count - 1)]
    edges += [(f"n{chance.randrange(count)}", f"n{chance.randrange(count)}") for _ in range(5)]
    edges += [(f"n{chance.randrange(count)}", frame.id) for frame in frames for _ in range(2)]
    found = lay_out([*above, *frames], edges)
    assert_sound(found, list(dict.fromkeys(edges)))
    lowest = max(found.places[box.id].y + box.height / 2 for box in above)
    tops = {found.places[frame.id].y - frame.height / 2 for frame in frames}
    assert len(tops) == 1
    assert tops.pop() > lowest


def test_a_shortened_way_ends_where_the_longer_one_passes() -> None:
    found = lay_out([Box("a", 80, 36), Box("b", 80, 36), Box("c", 80, 36)], [("a", "b"), ("a", "c")])
    for route in found.routes.values():
        short = route.shortened(6)
        assert short.start == route.start
        assert short.end == (route.end[0], route.end[1] - 6)
