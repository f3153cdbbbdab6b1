"""The books of a run, without an event loop: who gets an event, who has a slot, what happens to a failed delivery.

There is no coroutine in this file. What the ledger decides can be asked of it directly.
"""

from __future__ import annotations

import pytest

from tests.books import Answer, Done, Note, Question, Special, Task, new_ledger, ready, send_tasks
from wfkit.events import StartEvent
from wfkit.ledger import UNCLAIMED_LIMIT, Ledger
from wfkit.work import Work

# -- routing -----------------------------------------------------------------------------------------------------


def test_an_event_is_queued_for_all_that_take_it_in_the_order_of_the_plan() -> None:
    ledger = new_ledger()
    assert ledger.send(Task()) == ("watch", "work")
    assert ready(ledger) == [("watch", 0), ("work", 0)]


def test_all_receivers_get_the_same_event_object() -> None:
    ledger, task = new_ledger(), Task()
    ledger.send(task)
    assert [work.event is task for work in ledger.ready] == [True, True]


def test_a_subclass_is_not_delivered_to_a_step_that_takes_the_class_itself() -> None:
    assert new_ledger().send(Special()) == ("watch",)


def test_an_event_can_be_sent_to_one_step_only() -> None:
    ledger = new_ledger()
    assert ledger.send(Task(), only=3) == ("work",)
    assert ready(ledger) == [("work", 0)]


def test_an_event_that_nobody_takes_is_kept() -> None:
    ledger, note = new_ledger(), Note()
    assert ledger.send(note) == ()
    assert ledger.unclaimed == [note]


def test_a_question_is_not_kept_because_the_person_outside_takes_it() -> None:
    ledger = new_ledger()
    ledger.send(Question())
    assert ledger.unclaimed == []


def test_what_nobody_takes_is_bounded_and_the_oldest_goes_first() -> None:
    ledger = new_ledger()
    for n in range(UNCLAIMED_LIMIT + 3):
        ledger.send(Note(n=n))
    assert len(ledger.unclaimed) == UNCLAIMED_LIMIT
    assert ledger.unclaimed[0]["n"] == 3
    assert ledger.unclaimed[-1]["n"] == UNCLAIMED_LIMIT + 2


# -- slots -------------------------------------------------------------------------------------------------------


def test_no_more_than_num_workers_are_ready_or_active() -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, 5)
    assert ready(ledger) == [("work", 0), ("work", 1)]
    ledger.take()
    assert ready(ledger) == [("work", 1)]


def test_a_slot_is_handed_on_in_the_order_of_arrival() -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, 6)
    order = []
    while ledger.ready:
        work = ledger.take()
        order.append(work.event["n"])
        ledger.finish(work)
    assert order == [0, 1, 2, 3, 4, 5]


def test_a_latecomer_does_not_overtake_the_queue() -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, 3)
    first = ledger.take()
    ledger.finish(first)  # its slot goes to task 2, which had queued
    ledger.send(Task(n=3))
    assert ready(ledger) == [("work", 1), ("work", 2)]


def test_steps_do_not_take_each_others_slots() -> None:
    ledger = new_ledger()
    send_tasks(ledger, 2)
    assert ready(ledger) == [("watch", 0), ("work", 0), ("work", 1)]


def test_all_slots_are_free_again_when_everything_is_done() -> None:
    ledger = new_ledger()
    send_tasks(ledger, 7)
    while ledger.ready:
        ledger.finish(ledger.take())
    assert [lane.free for lane in ledger.lanes] == [4, 4, 1, 2]
    assert ledger.idle


def test_it_is_idle_only_when_nothing_is_ready_active_or_retrying() -> None:
    ledger = new_ledger("work")
    assert ledger.idle
    ledger.send(Task())
    assert not ledger.idle
    work = ledger.take()
    assert not ledger.idle
    ledger.retry(work)
    assert not ledger.idle
    ledger.requeue(work)
    ledger.finish(ledger.take())
    assert ledger.idle


def test_clearing_forgets_everything() -> None:
    ledger = new_ledger()
    send_tasks(ledger, 5)
    ledger.send(Note())
    ledger.ask(Question())
    ledger.collect(ledger.take(), Done(), [Done, Done], "default")
    ledger.clear()
    assert ledger.idle
    assert (ledger.unclaimed, ledger.questions, ledger.buffers) == ([], [], {})
    assert not ledger.question_open


# -- questions ---------------------------------------------------------------------------------------------------


def test_an_answer_from_outside_closes_the_oldest_question() -> None:
    ledger, second = new_ledger(), Question()
    ledger.ask(Question())
    ledger.ask(second)
    assert ledger.question_open
    ledger.send(Answer())
    assert len(ledger.questions) == 1
    assert ledger.questions[0] is second


def test_an_answer_that_a_step_sends_closes_no_question() -> None:
    ledger = new_ledger()
    ledger.send(Task())
    ledger.ask(Question())
    ledger.send(Answer(), ledger.take())
    assert ledger.question_open


def test_something_else_from_outside_closes_no_question() -> None:
    ledger = new_ledger()
    ledger.ask(Question())
    ledger.send(Task())
    assert ledger.question_open


# -- retry -------------------------------------------------------------------------------------------------------


def failed(ledger: Ledger) -> Work:
    """Take the next delivery and let it fail with another attempt to come."""
    work = ledger.take()
    ledger.retry(work)
    return work


def test_a_failed_delivery_gives_its_slot_to_the_next() -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, 3)
    failed(ledger)
    assert ready(ledger) == [("work", 1), ("work", 2)]


def test_a_retried_delivery_goes_to_the_head_of_the_queue() -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, 5)
    work = failed(ledger)
    ledger.requeue(work)
    ledger.finish(ledger.take())
    assert ready(ledger) == [("work", 2), ("work", 0)]


def test_a_retried_delivery_is_ready_at_once_if_a_slot_is_free() -> None:
    ledger = new_ledger("work")
    ledger.send(Task())
    work = failed(ledger)
    ledger.requeue(work)
    assert list(ledger.ready) == [work]


def test_attempts_are_counted_and_the_lineage_stays() -> None:
    ledger = new_ledger("work")
    ledger.send(Task())
    id = ledger.ready[0].id
    for attempt in (2, 3):
        work = failed(ledger)
        assert (work.attempt, work.id, work.lineage) == (attempt, id, id)
        ledger.requeue(work)


def test_a_retried_delivery_counts_its_sends_again_from_the_beginning() -> None:
    ledger = new_ledger()
    ledger.send(StartEvent())
    work = ledger.take()
    ledger.send(Done(), work)
    first = ledger.ready[-1].id
    ledger.retry(work)
    ledger.requeue(work)
    assert work.made == 0
    ledger.send(Done(), work)
    assert ledger.ready[-1].id == first


@pytest.mark.parametrize("taken", [1, 2])
def test_the_slots_add_up_after_a_retry(taken: int) -> None:
    ledger = new_ledger("work")
    send_tasks(ledger, taken)
    work = failed(ledger)
    ledger.requeue(work)
    while ledger.ready:
        ledger.finish(ledger.take())
    assert ledger.lanes[0].free == 2
