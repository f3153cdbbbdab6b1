"""What the ledger calls a delivery: a number worked out from where it came from, the same on every schedule."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from tests.books import Done, Note, Task, new_ledger, send_tasks
from wfkit.events import StartEvent
from wfkit.ledger import Ledger
from wfkit.work import Work

ROOT = Path(__file__).resolve().parent.parent


def ids(ledger: Ledger) -> list[int]:
    """Return the ids of what is ready."""
    return [work.id for work in ledger.ready]


def started(ledger: Ledger) -> Work:
    """Send the first event and take it."""
    ledger.send(StartEvent())
    return ledger.take()


def test_the_numbers_are_pinned() -> None:
    # Saved notebooks show them and journals keep them: another version must work out the same.
    ledger = new_ledger()
    work = started(ledger)
    ledger.send(Task(), work)
    ledger.send(Task(), work)
    assert work.id == 0x9A848D5E6672B3DE
    assert ids(ledger) == [0x4FC5A37B9987D0FE, 0xEC68AE254D1C6EF6, 0xBD9CD3692B9F5E8B]


def test_they_do_not_depend_on_the_interpreters_hash_seed() -> None:
    code = (
        "from tests.books import *; ledger = new_ledger(); ledger.send(StartEvent()); work = ledger.take();"
        "ledger.send(Task(), work); print([work.id, *(each.id for each in ledger.ready)])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_two_receivers_of_one_event_have_different_ids_and_the_same_origin() -> None:
    ledger = new_ledger()
    work = started(ledger)
    ledger.send(Task(), work)
    watch, other = ledger.ready
    assert watch.id != other.id
    assert (watch.parent, watch.n) == (other.parent, other.n) == (work.id, 0)


def test_every_send_of_a_delivery_has_its_own_number() -> None:
    ledger = new_ledger("work")
    ledger.send(Task())
    work = ledger.take()
    for _ in range(3):
        ledger.send(Task(), work)
    sent = [*ledger.ready, *(ledger.lanes[0].queue or ())]
    assert [each.n for each in sent] == [0, 1, 2]
    assert len({each.id for each in sent}) == 3


def test_a_send_that_nobody_takes_is_counted_too() -> None:
    ledger = new_ledger()
    work = started(ledger)
    ledger.send(Note(), work)
    ledger.send(Task(), work)
    assert ledger.ready[0].n == 1


def test_what_comes_from_outside_is_numbered_in_order() -> None:
    ledger = new_ledger("begin")
    for _ in range(3):
        ledger.send(StartEvent())
    assert [(work.parent, work.n) for work in ledger.ready] == [(0, 0), (0, 1), (0, 2)]
    assert ledger.from_outside == 3


def test_it_is_the_same_whether_work_is_ready_at_once_or_queues() -> None:
    free, busy = new_ledger("work"), new_ledger("work")
    send_tasks(free, 1)
    free.finish(free.take())
    send_tasks(free, 1)
    send_tasks(busy, 1)
    send_tasks(busy, 1)
    assert free.ready[0].id == busy.ready[1].id


def test_it_does_not_depend_on_which_parent_sends_first() -> None:
    def children(backwards: bool) -> set[int]:
        ledger = new_ledger("work", "gather")
        send_tasks(ledger, 2)
        parents = [ledger.take(), ledger.take()]
        for work in reversed(parents) if backwards else parents:
            ledger.send(Done(), work)
        return set(ids(ledger))

    assert children(backwards=False) == children(backwards=True)


def three_done() -> tuple[Ledger, list[Work]]:
    """Return a ledger with three deliveries under way in the step that gathers."""
    ledger = new_ledger("gather", "work")
    for n in range(3):
        ledger.send(Done(n=n))
    return ledger, [ledger.take() for _ in range(3)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_after_a_collect_it_does_not_matter_who_came_last(order: tuple[int, ...]) -> None:
    ledger, works = three_done()
    for index in order:
        work = works[index]
        collected = ledger.collect(work, work.event, [Done] * 3, "default")
    assert collected is not None
    assert collected.taken
    ledger.send(Task(), work)
    expected_ledger, expected_works = three_done()
    for each in expected_works:
        expected_ledger.collect(each, each.event, [Done] * 3, "default")
    expected_ledger.send(Task(), expected_works[-1])
    assert ids(ledger) == ids(expected_ledger)


def test_after_a_collect_the_sends_before_it_do_not_count() -> None:
    ledger, works = three_done()
    last = works[-1]
    ledger.send(Note(), last)
    for work in works:
        ledger.collect(work, work.event, [Done] * 3, "default")
    assert last.made == 0
    assert last.lineage != last.id


def test_different_sets_have_different_lineages() -> None:
    ledger, works = three_done()
    for work in works[:2]:
        ledger.collect(work, work.event, [Done] * 2, "two")
    ledger.collect(works[2], works[2].event, [Done], "one")
    assert works[1].lineage != works[2].lineage


def test_many_deliveries_have_many_ids() -> None:
    ledger = new_ledger("work")
    ledger.send(Task())
    work = ledger.take()
    for _ in range(2_000):
        ledger.send(Task(), work)
    sent = [*ledger.ready, *(ledger.lanes[0].queue or ())]
    for parent in sent[:50]:
        for _ in range(20):
            ledger.send(Task(), parent)
    children = [*ledger.ready, *(ledger.lanes[0].queue or ())]
    assert len({each.id for each in children}) == len(children) == 3_000
