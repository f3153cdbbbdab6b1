"""What of a long run is told one by one, and the words for the rest."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.display.flows import FailedEvent, QueryEvent
from wfkit.display.summary import MOST, Stretch, choose, tell_left_out
from wfkit.events import StartEvent
from wfkit.records import EventSent, Record, RunIdle, StateChanged, StepFailed, StepStarted

QUIET = StateChanged(0.0, None, "clear", ())


def failure(retry_in: float | None = None) -> StepFailed:
    return StepFailed(0.0, 1, "work", ValueError("?"), 1, retry_in)


def started(step: str, attempt: int = 1) -> StepStarted:
    return StepStarted(0.0, 1, step, StartEvent(), 0, 0, attempt)


def left_out(stretches: list[Stretch]) -> int:
    return sum(stretch.stop - stretch.start for stretch in stretches if not stretch.told)


@pytest.mark.parametrize("count", [1, 2, MOST])
def test_a_short_run_is_told_whole(count: int) -> None:
    assert choose([QUIET] * count) == [Stretch(0, count, True)]


def test_no_records_are_no_stretches() -> None:
    assert choose([]) == []


@pytest.mark.parametrize("count", [MOST + 1, MOST + 2, 2 * MOST, 100_000])
def test_stretches_cover_everything_once(count: int) -> None:
    records: list[Record] = [QUIET] * count
    for place in range(0, count, 777):
        records[place] = failure()
    stretches = choose(records)
    assert stretches[0].start == 0
    assert stretches[-1].stop == count
    assert all(one.stop == after.start for one, after in pairwise(stretches))
    assert all(one.told != after.told for one, after in pairwise(stretches))
    skips = sum(not stretch.told for stretch in stretches)
    assert count - left_out(stretches) + skips <= MOST
    assert stretches[0].told
    assert stretches[-1].told


def test_the_end_is_told_more_of_than_the_beginning() -> None:
    first, skipped, last = choose([QUIET] * 10_000)
    assert first.stop == 300
    assert last.stop - last.start > 1_000
    assert not skipped.told


def test_a_failure_is_told_with_what_surrounds_it() -> None:
    records: list[Record] = [QUIET] * 10_000
    records[5_000] = failure()
    stretches = choose(records)
    assert Stretch(4_992, 5_007, True) in stretches
    assert len(stretches) == 5


def test_what_was_given_up_comes_before_what_was_tried_again_and_that_before_rests() -> None:
    records: list[Record] = [QUIET] * 10_000
    for place in range(1_000, 5_000, 100):
        records[place] = failure(1.0)
    records[6_000] = RunIdle(0.0, "?", False)
    records[5_500] = failure()
    told = [stretch for stretch in choose(records, most_stretches=4) if stretch.told]
    assert [stretch.start + 8 for stretch in told[1:-1]] == [1_000, 4_900, 5_500]


def test_of_too_many_failures_the_first_and_the_last_are_told() -> None:
    records: list[Record] = [QUIET] * 100_000
    for place in range(1_000, 90_000, 50):
        records[place] = failure()
    told = [stretch.start + 8 for stretch in choose(records) if stretch.told][1:-1]
    assert {1_000, 1_050, 89_900, 89_950} <= set(told)
    assert len(told) <= 19


def test_to_leave_out_two_records_saves_nothing() -> None:
    records: list[Record] = [QUIET] * 10_000
    records[5_000] = records[5_017] = failure()
    assert Stretch(4_992, 5_024, True) in choose(records)


def test_a_loop_is_counted() -> None:
    records: list[Record] = []
    for index in range(2_000):
        records += [
            started("ask"),
            EventSent(0.0, QueryEvent(query=str(index)), "ask", 1, 0, ("answer",)),
            started("answer"),
        ]
    assert tell_left_out(records) == "6,000 records left out: ask → answer, 2,000 times over, 2,000 events sent"


def test_steps_in_no_order_are_counted_one_by_one() -> None:
    records = [started("a"), started("b"), started("a"), started("a"), started("b", attempt=2)]
    assert tell_left_out(records) == "5 records left out: a ran 3 times, b ran once"


def test_many_steps_are_told_in_sum() -> None:
    records = [started(f"step_{number}") for number in range(9) for _ in range(9 - number)]
    assert tell_left_out(records).endswith("step_4 ran 5 times, 4 other steps ran 10 times")


def test_failures_are_counted_by_what_came_of_them() -> None:
    records: list[Record] = [
        failure(),
        failure(1.0),
        failure(0.0),
        EventSent(0.0, FailedEvent(error="x"), None, 0, 0, ()),
    ]
    assert tell_left_out(records) == (
        "4 records left out: 1 event sent, 1 step failed, 2 attempts failed and were to be made again"
    )


def test_records_of_nothing_much_are_only_counted() -> None:
    assert tell_left_out([QUIET]) == "1 record left out"


def test_names_in_words_are_clean_and_short() -> None:
    words = tell_left_out([started("x\x1b[31m" + "y" * 1_000)])
    assert len(words) < 100
    assert "\x1b" not in words
