"""The floors of the layout, each by itself: layers, their order, places on a line."""

from __future__ import annotations

import random
from itertools import pairwise, product

import pytest

from tests.display.test_layout import assert_sound
from wfkit.display.layout import Box, lay_out
from wfkit.display.order import Links, crossings, sort_layers
from wfkit.display.ranks import Edge, find_back_edges, rank
from wfkit.display.simplex import Simplex


def random_edges(chance: random.Random, count: int, more: int) -> list[Edge]:
    """Return the edges of a connected graph without cycles."""
    edges = [(chance.randrange(max(0, index - 4), index), index) for index in range(1, count)]
    edges += [tuple(sorted(chance.sample(range(count), 2))) for _ in range(more)]  # type: ignore[misc]
    return list(dict.fromkeys(edges))


def total(ranks: list[int], edges: list[Edge]) -> int:
    return sum(ranks[lower] - ranks[upper] for upper, lower in edges)


@pytest.mark.parametrize("seed", range(12))
def test_layers_are_the_best_that_there_are(seed: int) -> None:
    chance = random.Random(seed)
    edges = random_edges(chance, 6, 3)
    ranks = rank(6, edges)
    assert min(ranks) == 0
    assert all(ranks[upper] < ranks[lower] for upper, lower in edges)
    valid = (
        list(found)
        for found in product(range(6), repeat=6)
        if all(found[upper] < found[lower] for upper, lower in edges)
    )
    assert total(ranks, edges) == min(total(found, edges) for found in valid)


def test_a_group_that_one_edge_holds_back_moves_as_a_whole() -> None:
    # 2, 3 and 4 hang together and each has but one edge that pulls it down: alone, none of them would go.
    edges = [(0, 1), (1, 5), (5, 6), (6, 7), (0, 2), (2, 3), (2, 4), (3, 7), (4, 7)]
    ranks = rank(8, edges)
    assert total(ranks, edges) == 10
    assert ranks[2] == 2


def test_the_simplex_keeps_distances_and_weighs_the_pulls() -> None:
    # 0 and 1 stand at least 10 apart; 2 is drawn to 0 twice as strongly as to 1.
    places = [0.0, 40.0, 25.0, 0.0, 25.0]
    edges = [(0, 1), (3, 0), (3, 2), (4, 1), (4, 2)]
    Simplex(places, edges, [10.0, 0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 2.0, 1.0, 1.0]).run(20)
    assert places[1] - places[0] == 10
    assert places[2] == places[0]


def test_an_edge_is_turned_only_where_it_closes_a_cycle() -> None:
    assert find_back_edges(3, [(0, 1), (1, 2), (0, 2)]) == set()
    assert find_back_edges(3, [(0, 1), (1, 2), (2, 0)]) == {(2, 0)}
    assert find_back_edges(2, [(0, 1), (1, 0)]) == {(1, 0)}


@pytest.mark.parametrize("seed", range(20))
def test_without_the_edges_against_the_flow_nothing_goes_round(seed: int) -> None:
    chance = random.Random(seed)
    edges = list(dict.fromkeys((chance.randrange(12), chance.randrange(12)) for _ in range(30)))
    edges = [edge for edge in edges if edge[0] != edge[1]]
    back = find_back_edges(12, edges)
    left = [edge for edge in edges if edge not in back]
    while left:
        ends = {lower for _, lower in left}
        rest = [edge for edge in left if edge[0] in ends]
        assert len(rest) < len(left), "a cycle is left"
        left = rest


def links_of(down: list[list[int]], beside: dict[int, list[int]] | None = None) -> Links:
    up: list[list[int]] = [[] for _ in down]
    for above, others in enumerate(down):
        for below in others:
            up[below].append(above)
    return Links(up, down, beside or {})


@pytest.mark.parametrize("seed", range(10))
def test_a_shuffled_tree_is_disentangled(seed: int) -> None:
    chance = random.Random(seed)
    down = [[2 * box + 1, 2 * box + 2] if box < 15 else [] for box in range(31)]
    layers = [chance.sample(range(2**depth - 1, 2 ** (depth + 1) - 1), 2**depth) for depth in range(5)]
    for order in sort_layers(layers, links_of(down)):
        assert [sorted(layer) for layer in order] == [sorted(layer) for layer in layers]
        assert crossings(order, down) == 0


@pytest.mark.parametrize("seed", range(20))
def test_what_belongs_beside_a_box_stands_next_to_it(seed: int) -> None:
    chance = random.Random(seed)
    layers = [[0, 1, 2], [3, 4, 5]]
    beside = {chance.choice((0, 1, 2)): [6], chance.choice((3, 4, 5)): [7]}
    down = [chance.sample((3, 4, 5), 2) if box < 3 else [] for box in range(8)]
    down[6] = [7]
    for order in sort_layers(layers, links_of(down, beside)):
        assert sorted(number for layer in order for number in layer) == list(range(8))
        for box, [dummy] in beside.items():
            assert any({box, dummy} == set(pair) for layer in order for pair in pairwise(layer))


def test_counting_crossings() -> None:
    assert crossings([[0, 1], [2, 3]], [[3], [2], [], []]) == 1
    assert crossings([[0, 1], [2, 3]], [[2, 3], [2, 3], [], []]) == 1
    assert crossings([[0, 1], [2, 3]], [[2], [2, 3], [], []]) == 0


def test_a_fan_is_symmetric() -> None:
    ids = ["split", *(f"item{index}" for index in range(5)), "gather"]
    edges = [("split", id) for id in ids[1:-1]] + [(id, "gather") for id in ids[1:-1]]
    places = lay_out([Box(id, 80, 36) for id in ids], edges).places
    middle = places["split"].x
    assert places["gather"].x == middle
    assert [places[id].x - middle for id in ids[1:-1]] == pytest.approx([-248, -124, 0, 124, 248])


def test_many_edges_meet_in_one_tip_and_few_keep_apart() -> None:
    def tips(count: int) -> set[float]:
        ids = [f"n{index}" for index in range(count)]
        layout = lay_out([*(Box(id, 80, 36) for id in ids), Box("gather", 80, 36)], [(id, "gather") for id in ids])
        return {route.end[0] for route in layout.routes.values()}

    assert len(tips(4)) == 4
    assert len(tips(12)) == 1


def test_a_loop_of_two_stands_outside_of_the_fan() -> None:
    edges = [("start", "print"), ("print", "page"), ("print", "stop"), ("page", "print")]
    layout = lay_out([Box(id, 80, 36) for id in ("start", "print", "page", "stop")], edges)
    page, stop = layout.places["page"], layout.places["stop"]
    xs = [x for x, _ in layout.routes["page", "print"].points()]
    assert max(xs) < stop.x - stop.width / 2 if page.x < stop.x else min(xs) > stop.x + stop.width / 2


@pytest.mark.parametrize("seed", range(30))
def test_what_stands_last_may_lead_anywhere(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randrange(2, 14)
    some = [Box(f"n{index}", 100, 36, last=chance.random() < 0.3) for index in range(count)]
    edges = [(f"n{chance.randrange(count)}", f"n{chance.randrange(count)}") for _ in range(2 * count)]
    assert_sound(lay_out(some, edges, chance.choice(("down", "right"))), edges)
