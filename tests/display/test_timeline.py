"""Rows, bars and the axis of a timeline."""

from __future__ import annotations

from itertools import pairwise

import pytest

from wfkit.display.timeline import MOST_BARS, MOST_FOLDS, Bar, Fold, Timeline, fold
from wfkit.standing import Execution, Stage

Turn = tuple[int, Execution, Stage]


def timeline(times: list[float], *turns: tuple[int, Execution, Stage]) -> Timeline:
    return Timeline(turns, times, {execution for _, execution, _ in turns})


def of(step: str, number: int = 1) -> Execution:
    return Execution(hash((step, number)), step, number)


def test_the_next_execution_takes_the_first_row_that_is_free() -> None:
    a, b, c, d = (of("work", number) for number in range(1, 5))
    found = timeline(
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        (0, a, "running"),
        (1, b, "running"),
        (2, a, "done"),
        (3, c, "running"),
        (4, b, "failed"),
        (5, d, "running"),
        (6, d, "done"),
        (7, c, "cancelled"),
    )
    assert [found.rows[one] for one in (a, b, c, d)] == [("work", 1), ("work", 2), ("work", 1), ("work", 2)]
    assert found.bars == {
        a: [Bar(0.0, 2.0, "run")],
        b: [Bar(1.0, 4.0, "fail")],
        c: [Bar(3.0, 7.0, "run")],
        d: [Bar(5.0, 6.0, "run")],
    }


def test_what_is_held_is_neither_work_nor_counted_twice() -> None:
    a, b = of("work", 1), of("work", 2)
    found = timeline(
        [0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 8.0],
        (0, a, "running"),
        (1, a, "held"),
        (2, b, "running"),
        (3, b, "held"),
        (4, a, "running"),
        (5, b, "running"),
        (6, a, "held"),
    )
    assert found.bars[a] == [Bar(0.0, 1.0, "run"), Bar(1.0, 6.0, "hold"), Bar(6.0, 8.0, "run"), Bar(8.0, 8.0, "hold")]
    assert found.bars[b] == [Bar(2.0, 3.0, "run"), Bar(3.0, 7.0, "hold"), Bar(7.0, 8.0, "open")]
    assert found.held == 6.0
    assert found.rests == [(1.0, 2.0), (3.0, 6.0)]


def test_at_equal_times_the_order_of_the_records_decides() -> None:
    a, b = of("work", 1), of("work", 2)
    found = timeline([0.0] * 4, (0, a, "running"), (1, a, "done"), (2, b, "running"), (3, b, "done"))
    assert found.rows == {a: ("work", 1), b: ("work", 1)}
    assert found.bars[b] == [Bar(0.0, 0.0, "run")]
    assert found.rests == []


def test_rows_are_grouped_by_step_in_the_order_of_their_first_runs() -> None:
    b1, a1, b2 = of("b", 1), of("a", 1), of("b", 2)
    found = timeline([0.0, 1.0, 2.0], (0, b1, "running"), (1, a1, "running"), (2, b2, "running"))
    assert found.lanes() == [("b", 1), ("b", 2), ("a", 1)]


def test_rows_count_those_that_are_not_shown_and_hide_those_that_stay_empty() -> None:
    a, b = of("work", 1), of("work", 2)
    turns: list[Turn] = [(0, a, "running"), (1, b, "running"), (2, a, "done"), (3, b, "done")]
    found = Timeline(turns, [0.0, 1.0, 2.0, 3.0], {b})
    assert found.lanes() == [("work", 2)]
    assert list(found.bars) == [b]


def test_waits_and_retries_are_bars_of_their_own() -> None:
    a = of("work")
    found = timeline(
        [0.0, 1.0, 2.0, 4.0, 5.0, 6.0],
        (0, a, "running"),
        (1, a, "waiting"),
        (2, a, "running"),
        (3, a, "retrying"),
        (4, a, "running"),
        (5, a, "done"),
    )
    assert found.bars[a] == [
        Bar(0.0, 1.0, "run"),
        Bar(1.0, 2.0, "wait"),
        Bar(2.0, 4.0, "fail"),
        Bar(4.0, 5.0, "retry"),
        Bar(5.0, 6.0, "run"),
    ]
    assert found.rests == [(1.0, 2.0), (4.0, 5.0)]


def test_a_wait_that_ends_badly_is_still_a_wait() -> None:
    a = of("work")
    found = timeline([0.0, 1.0, 2.0], (0, a, "running"), (1, a, "waiting"), (2, a, "failed"))
    assert found.bars[a] == [Bar(0.0, 1.0, "run"), Bar(1.0, 2.0, "wait")]


@pytest.mark.parametrize(("stage", "kind"), [("running", "open"), ("waiting", "wait"), ("retrying", "retry")])
def test_what_is_open_lasts_until_the_last_record(stage: Stage, kind: str) -> None:
    a = of("work")
    found = Timeline([(0, a, "running"), (1, a, stage)], [0.0, 1.0, 9.0], {a})
    assert found.bars[a][-1] == (1.0, 9.0, kind)


def test_what_began_before_the_first_record_begins_with_it() -> None:
    a = of("work")
    found = timeline([0.0, 3.0], (-1, a, "running"), (1, a, "done"))
    assert found.bars[a] == [Bar(0.0, 3.0, "run")]
    assert found.rests == []


def test_an_execution_that_waits_a_thousand_times_has_few_bars() -> None:
    a = of("work")
    turns: list[Turn] = []
    for place in range(1_000):
        turns.append((place, a, "waiting" if place % 2 else "running"))
    found = Timeline(turns, [float(place) for place in range(1_000)], {a})
    bars = found.bars[a]
    assert len(bars) == MOST_BARS
    assert all(one.end == after.start for one, after in pairwise(bars))
    assert (bars[0].start, bars[-1].end) == (0.0, 999.0)


def test_rests_are_told_at_both_ends() -> None:
    a = of("work")
    found = Timeline([(1, a, "running"), (2, a, "done")], [0.0, 2.0, 3.0, 8.0], {a})
    assert found.rests == [(0.0, 2.0), (3.0, 8.0)]


def test_nothing_at_all_has_no_rows() -> None:
    found = Timeline([], [], {})
    assert found.lanes() == []
    assert found.rests == []


# -- the axis ----------------------------------------------------------------------------------------------------


def test_a_long_rest_is_folded() -> None:
    points, folds = fold([(1.0, 31.0)], [], 32.0)
    assert folds == [Fold(1.0, 31.0, "idle")]
    assert points == [(0.0, 0.0), (1.0, 0.48), (31.0, 0.52), (32.0, 1.0)]


def test_short_rests_stay_as_they_are() -> None:
    assert fold([(1.0, 1.2), (2.0, 2.2)], [], 3.0) == ([(0.0, 0.0), (3.0, 1.0)], [])


def test_the_axis_never_falls_and_ends_at_one() -> None:
    rests = [(10 * n + 1.0, 10 * n + 9.9) for n in range(6)]
    points, folds = fold(rests, [(70.0, 90.0)], 92.0)
    assert len(folds) == 7
    assert [kind for *_, kind in folds].count("skipped") == 1
    assert points == sorted(points)
    assert [x for _, x in points] == sorted(x for _, x in points)
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (92.0, 1.0)


def test_rests_at_both_ends_are_folded_too() -> None:
    points, folds = fold([(0.0, 10.0), (11.0, 30.0)], [], 30.0)
    assert folds == [Fold(0.0, 10.0, "idle"), Fold(11.0, 30.0, "idle")]
    assert points == [(0.0, 0.0), (10.0, 0.04), (11.0, 0.96), (30.0, 1.0)]


def test_a_run_that_takes_no_time_has_an_axis() -> None:
    assert fold([], [], 0.0) == ([(0.0, 0.0), (1.0, 1.0)], [])


def test_where_nothing_else_takes_time_nothing_is_folded() -> None:
    assert fold([(0.0, 30.0)], [], 30.0) == ([(0.0, 0.0), (30.0, 1.0)], [])


def test_a_rest_in_what_is_skipped_is_not_folded_again() -> None:
    rests = [(0.5, 0.75), (7.0, 8.0), (8.5, 9.0), (25.0, 26.0), (28.0, 60.0)]
    _, folds = fold(rests, [(3.0, 20.0), (40.0, 45.0)], 62.0)
    assert folds == [Fold(3.0, 20.0, "skipped"), Fold(28.0, 60.0, "skipped")]


def test_of_very_many_rests_few_are_folded() -> None:
    rests = [(2.0 * n, 2.0 * n + 1) for n in range(1, 5_000)] + [(20_000.0, 90_000.0)]
    points, folds = fold(rests, [], 100_000.0)
    assert folds == [Fold(20_000.0, 90_000.0, "idle")]
    assert len(points) == 4
    many = [(float(1_000 * n), 1_000 * n + 999.0) for n in range(30)]
    assert len(fold(many, [], 30_000.0)[1]) == 30 <= MOST_FOLDS
