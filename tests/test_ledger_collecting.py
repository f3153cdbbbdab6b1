"""Collecting in the books of a run: what a delivery has put aside or taken, and that another attempt gets the same."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.books import Done, Note, Task, new_ledger
from wfkit.collecting import Collected
from wfkit.events import Event
from wfkit.ledger import Ledger
from wfkit.work import Work

PAIR = [Done, Done]


def arrivals(count: int) -> tuple[Ledger, list[Work]]:
    """Return a ledger with so many deliveries of Done under way in the step that gathers, at most four."""
    ledger = new_ledger("gather", "work")
    for n in range(count):
        ledger.send(Done(n=n))
    return ledger, [ledger.take() for _ in range(count)]


def numbers(collected: Collected | None) -> list[int] | None:
    """Return the numbers of a completed set."""
    if collected is None or collected.events is None:
        return None
    return [event["n"] for event in collected.events]


def collect(ledger: Ledger, work: Work, *, buffer_id: str = "default") -> list[int] | None:
    """Collect a delivery's event into pairs."""
    return numbers(ledger.collect(work, work.event, PAIR, buffer_id))


def test_a_set_is_complete_with_its_last_event() -> None:
    ledger, works = arrivals(4)
    assert [collect(ledger, work) for work in works] == [None, [0, 1], None, [2, 3]]


def test_a_set_comes_in_the_order_asked_for_whatever_came_first() -> None:
    ledger, (first, second, third, _) = arrivals(4)
    expected: list[type[Event]] = [Task, Done]
    assert ledger.collect(first, Done(n=1), expected, "x") is not None
    assert ledger.collect(second, Done(n=2), expected, "x") is not None
    done = ledger.collect(third, Task(n=3), expected, "x")
    assert numbers(done) == [3, 1]
    assert done is not None
    assert done.ids == (third.id, first.id)


def test_an_event_of_an_unexpected_kind_is_left_alone() -> None:
    ledger, (work,) = arrivals(1)
    assert ledger.collect(work, Note(), PAIR, "default") is None
    assert work.collected is None


def test_buffers_are_kept_apart_by_their_id_and_by_step() -> None:
    ledger, (first, second) = arrivals(2)
    assert collect(ledger, first, buffer_id="a") is None
    assert collect(ledger, second, buffer_id="b") is None
    ledger.send(Task())
    assert collect(ledger, first, buffer_id="b") == [1, 0]
    other = ledger.take()
    assert ledger.collect(other, Done(n=9), PAIR, "a") is not None
    assert sorted(ledger.buffers) == [("gather", "a"), ("gather", "b"), ("work", "a")]


def test_what_a_failed_delivery_had_put_aside_stays_there_and_is_not_put_there_again() -> None:
    ledger, (first, second) = arrivals(2)
    collect(ledger, first)
    ledger.retry(first)
    assert collect(ledger, second) == [0, 1]
    ledger.requeue(first)
    assert collect(ledger, ledger.take()) is None
    assert ledger.buffers["gather", "default"].items == []


def test_a_set_belongs_to_the_delivery_that_completed_it_whatever_becomes_of_its_attempts() -> None:
    ledger, (first, second, third) = arrivals(3)
    collect(ledger, first)
    ledger.finish(first)
    assert collect(ledger, second) == [0, 1]
    lineage = second.lineage
    for _ in range(3):
        ledger.retry(second)
        assert second.lineage == second.id
        ledger.requeue(second)
        assert collect(ledger, ledger.take()) == [0, 1]
        assert second.lineage == lineage
    assert collect(ledger, third) is None


def test_an_attempt_that_goes_another_way_collects_anew() -> None:
    ledger, (first, second) = arrivals(2)
    collect(ledger, first, buffer_id="a")
    ledger.retry(first)
    ledger.requeue(first)
    assert collect(ledger, ledger.take(), buffer_id="b") is None
    assert collect(ledger, second, buffer_id="b") == [0, 1]
    assert collect(ledger, second, buffer_id="a") == [0, 1]


def test_a_failed_delivery_has_its_own_lineage_again() -> None:
    ledger, (first, second) = arrivals(2)
    collect(ledger, first)
    collect(ledger, second)
    assert second.lineage != second.id
    ledger.retry(second)
    assert (second.lineage, second.made) == (second.id, 0)


def test_an_event_that_anothers_set_has_used_is_not_brought_again() -> None:
    ledger, (first, second, third) = arrivals(3)
    collect(ledger, first)
    assert collect(ledger, second) == [0, 1]
    ledger.finish(second)
    ledger.retry(first)  # too late: its event has gone into the set
    ledger.requeue(first)
    assert collect(ledger, ledger.take()) is None
    assert collect(ledger, third) is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_failing_in_any_order_neither_loses_nor_doubles_an_event(order: tuple[int, ...]) -> None:
    ledger, works = arrivals(3)
    for work in works:
        collect(ledger, work)
    for index in order:
        ledger.retry(works[index])
    sets = []
    for index in order:
        ledger.requeue(works[index])
        sets.append(collect(ledger, ledger.take()) or [])
    left = [item.event["n"] for item in ledger.buffers["gather", "default"].items]
    assert sorted(left + [n for each in sets for n in each]) == [0, 1, 2]
    assert len(left) == 1


def test_two_collections_of_one_body_are_both_remembered() -> None:
    ledger, (first, second) = arrivals(2)
    collect(ledger, first, buffer_id="a")
    collect(ledger, first, buffer_id="b")
    ledger.retry(first)
    assert collect(ledger, second, buffer_id="a") == [0, 1]
    ledger.requeue(first)
    assert collect(ledger, ledger.take(), buffer_id="a") is None
    assert collect(ledger, first, buffer_id="b") is None
    assert collect(ledger, second, buffer_id="b") == [0, 1]
    assert [len(buffer.items) for buffer in ledger.buffers.values()] == [0, 0]


def test_a_completed_set_leaves_the_surplus() -> None:
    ledger, (first, second, third, fourth) = arrivals(4)
    expected: list[type[Event]] = [Done, Task]
    for work in (first, second, third):
        assert numbers(ledger.collect(work, work.event, expected, "x")) is None
    assert numbers(ledger.collect(fourth, Task(n=7), expected, "x")) == [0, 7]
    assert [item.event["n"] for item in ledger.buffers["gather", "x"].items] == [1, 2]
