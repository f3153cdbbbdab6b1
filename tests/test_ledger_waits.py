"""Waits in the books of a run: whose answer it is, who has a slot meanwhile, and what a wait given up leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.books import Answer, Done, Note, Question, Special, Task, new_ledger, ready, send_tasks
from wfkit.events import Event
from wfkit.ledger import Ledger
from wfkit.work import Wait, Work


class Waiting(Wait):
    """A wait that remembers how often it was woken."""

    def __init__(self, work: Work, event_type: type[Event] = Answer, id: str = "w", **requirements: Any) -> None:
        super().__init__(work, id, event_type, requirements, self.count)
        self.woken = 0

    def count(self) -> None:
        """Note that the step may go on."""
        self.woken += 1


def working(count: int = 1, *names: str) -> tuple[Ledger, list[Work]]:
    """Return a ledger with so many tasks sent, and those that have a slot of `work` taken."""
    ledger = new_ledger(*(names or ("work",)))
    send_tasks(ledger, count)
    return ledger, [ledger.take() for _ in range(min(count, 2))]


# -- waiting and going on ----------------------------------------------------------------------------------------


def test_a_waiting_delivery_gives_its_slot_to_the_next() -> None:
    ledger, (first, _) = working(3)
    assert ready(ledger) == []
    assert ledger.wait(Waiting(first)) is None
    assert ready(ledger) == [("work", 2)]
    assert list(ledger.waiting) == [first]


def test_it_is_woken_by_the_event_and_has_a_slot_again() -> None:
    ledger, (work,) = working()
    wait, answer = Waiting(work), Answer()
    ledger.wait(wait)
    ledger.send(answer)
    assert (wait.event, wait.woken) == (answer, 1)
    assert list(ledger.active) == [work]
    assert ledger.lanes[0].free == 1


def test_an_answered_delivery_waits_for_a_slot() -> None:
    ledger, (first, second) = working(3)
    wait = Waiting(first)
    ledger.wait(wait)
    third = ledger.take()
    ledger.send(Answer())
    assert wait.woken == 0
    ledger.finish(second)
    assert wait.woken == 1
    assert list(ledger.active) == [third, first]
    assert ledger.lanes[0].free == 0


def test_who_was_answered_goes_on_before_new_work_begins() -> None:
    ledger, (first, second) = working(4)
    wait = Waiting(first)
    ledger.wait(wait)
    ledger.take()
    ledger.send(Answer())
    ledger.finish(second)
    assert wait.woken == 1
    assert ready(ledger) == []  # task 3 still queues


def test_those_that_were_answered_go_on_in_the_order_of_their_answers() -> None:
    ledger, (first, second) = working(4)
    one, two = Waiting(first, n=1), Waiting(second, n=2)
    ledger.wait(one)
    ledger.wait(two)
    others = [ledger.take(), ledger.take()]
    ledger.send(Answer(n=2))
    ledger.send(Answer(n=1))
    ledger.finish(others[0])
    assert (one.woken, two.woken) == (0, 1)
    ledger.finish(others[1])
    assert (one.woken, two.woken) == (1, 1)


def test_a_run_with_a_wait_only_is_idle_and_a_question_is_open() -> None:
    ledger, (work,) = working()
    assert not ledger.question_open
    ledger.wait(Waiting(work))
    assert ledger.idle
    assert ledger.question_open


# -- whose event it is -------------------------------------------------------------------------------------------


def test_the_oldest_wait_gets_the_event() -> None:
    ledger, (first, second) = working(2)
    one, two = Waiting(first), Waiting(second)
    ledger.wait(one)
    ledger.wait(two)
    ledger.send(Answer(n=1))
    ledger.send(Answer(n=2))
    assert one.event == Answer(n=1)
    assert two.event == Answer(n=2)


def test_requirements_choose_the_event() -> None:
    ledger, (work,) = working()
    wait = Waiting(work, n=2)
    ledger.wait(wait)
    ledger.send(Answer(n=1))
    assert wait.event is None
    ledger.send(Answer(n=2))
    assert wait.event == Answer(n=2)


def test_a_required_field_that_the_event_lacks_does_not_match() -> None:
    ledger, (work,) = working()
    wait = Waiting(work, colour="red")
    ledger.wait(wait)
    ledger.send(Answer())
    assert wait.event is None


def test_a_wait_takes_the_event_away_from_its_own_step_only() -> None:
    ledger = new_ledger("watch", "work")
    ledger.send(Task(n=0))
    work = next(each for each in (ledger.take(), ledger.take()) if each.lane.spec.name == "work")
    wait = Waiting(work, Task)
    ledger.wait(wait)
    assert ledger.send(Task(n=1)) == ("watch",)
    assert wait.event == Task(n=1)


def test_an_event_for_a_wait_is_not_kept_for_another() -> None:
    ledger, (work,) = working()
    ledger.wait(Waiting(work))
    ledger.send(Answer())
    assert ledger.unclaimed == []


def test_a_subclass_answers_only_where_the_step_takes_subclasses() -> None:
    ledger = new_ledger("watch", "work")
    ledger.send(Task())
    watch, work = ledger.take(), ledger.take()
    exact, broad = Waiting(work, Task), Waiting(watch, Task)
    ledger.wait(exact)
    ledger.wait(broad)
    ledger.send(Special())
    assert exact.event is None
    assert broad.event == Special()


def test_a_class_defined_again_answers_too() -> None:
    again = type("Answer", (Event,), {"__module__": Answer.__module__, "__qualname__": "Answer"})
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    ledger.send(again())
    assert type(wait.event) is again


def test_an_event_that_nobody_wants_is_kept_while_a_wait_is_open() -> None:
    ledger, (work,) = working()
    ledger.wait(Waiting(work))
    assert ledger.send(Note()) == ()
    assert ledger.unclaimed == [Note()]


def test_slots_are_counted_while_a_wait_is_open() -> None:
    ledger, (work,) = working()
    ledger.wait(Waiting(work))
    send_tasks(ledger, 3)
    assert ready(ledger) == [("work", 0), ("work", 1)]
    ledger.finish(ledger.take())
    assert ready(ledger) == [("work", 1), ("work", 2)]


# -- events that came before -------------------------------------------------------------------------------------


def test_an_event_that_came_before_is_returned_at_once() -> None:
    ledger, (work,) = working()
    ledger.send(Answer(n=1))
    ledger.send(Answer(n=2))
    wait = Waiting(work)
    assert ledger.wait(wait) == Answer(n=1)
    assert wait.woken == 0
    assert list(ledger.active) == [work]
    assert ledger.unclaimed == [Answer(n=2)]


def test_an_earlier_event_of_another_kind_stays() -> None:
    ledger, (work,) = working()
    ledger.send(Note())
    assert ledger.wait(Waiting(work)) is None
    assert ledger.unclaimed == [Note()]


def test_an_earlier_event_must_meet_the_requirements() -> None:
    ledger, (work,) = working()
    ledger.send(Answer(n=1))
    ledger.send(Answer(n=2))
    assert ledger.wait(Waiting(work, n=2)) == Answer(n=2)
    assert ledger.unclaimed == [Answer(n=1)]


# -- several waits in one delivery -------------------------------------------------------------------------------


def test_a_delivery_waits_as_long_as_any_of_its_waits_is_open() -> None:
    ledger, (work,) = working()
    one, two = Waiting(work, n=1), Waiting(work, n=2)
    ledger.wait(one)
    ledger.wait(two)
    ledger.send(Answer(n=1))
    assert (one.woken, two.woken) == (1, 0)
    assert list(ledger.waiting) == [work]
    assert ledger.question_open
    ledger.send(Answer(n=2))
    assert two.woken == 1
    assert list(ledger.active) == [work]


def test_several_waits_give_back_one_slot_and_take_one() -> None:
    ledger, (work,) = working()
    for n in range(3):
        ledger.wait(Waiting(work, n=n))
    assert ledger.lanes[0].free == 2
    for n in range(3):
        ledger.send(Answer(n=n))
    assert ledger.lanes[0].free == 1


def test_a_second_wait_while_the_first_is_answered_but_has_no_slot() -> None:
    ledger, (first, second) = working(3)
    one, two = Waiting(first, n=1), Waiting(first, n=2)
    ledger.wait(one)
    third = ledger.take()
    ledger.send(Answer(n=1))
    ledger.wait(two)
    ledger.finish(second)
    ledger.finish(third)
    assert one.woken == 1
    ledger.send(Answer(n=2))
    assert two.woken == 1
    assert list(ledger.active) == [first]
    ledger.finish(first)
    assert ledger.lanes[0].free == 2


# -- giving up ---------------------------------------------------------------------------------------------------


def test_a_wait_that_timed_out_goes_on_without_an_event() -> None:
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    ledger.answer(wait, None)
    assert (wait.event, wait.woken) == (None, 1)
    assert list(ledger.active) == [work]
    assert work.answers is None


def test_an_abandoned_wait_lets_the_body_go_on_even_without_a_slot() -> None:
    ledger, (first, second) = working(3)
    wait = Waiting(first)
    ledger.wait(wait)
    third = ledger.take()
    ledger.abandon(wait)
    assert list(ledger.active) == [second, third, first]
    send_tasks(ledger, 1)
    ledger.finish(second)
    assert ready(ledger) == []  # two still work
    ledger.finish(third)
    assert ready(ledger) == [("work", 0)]


def test_an_abandoned_wait_takes_no_event() -> None:
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    ledger.abandon(wait)
    ledger.send(Answer())
    assert (wait.event, wait.woken) == (None, 0)
    assert ledger.unclaimed == [Answer()]


def test_an_answer_that_the_step_gave_up_at_the_last_moment_goes_back() -> None:
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    answer = Answer()
    ledger.send(answer)
    ledger.abandon(wait)
    assert ledger.unclaimed == [answer]
    assert wait.event is None
    assert work.all_answers() == {wait.id: []}


def test_a_wait_that_timed_out_without_a_slot_gives_nothing_back() -> None:
    ledger, (first, _) = working(3)
    wait = Waiting(first)
    ledger.wait(wait)
    ledger.take()
    ledger.answer(wait, None)
    ledger.abandon(wait)
    assert ledger.unclaimed == []
    assert first in ledger.active


def test_abandoning_twice_does_nothing() -> None:
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    ledger.abandon(wait)
    ledger.abandon(wait)
    ledger.finish(work)
    assert ledger.lanes[0].free == 2


def test_abandoning_one_of_two_waits_keeps_the_delivery_waiting() -> None:
    ledger, (work,) = working()
    one, two = Waiting(work, n=1), Waiting(work, n=2)
    ledger.wait(one)
    ledger.wait(two)
    ledger.abandon(one)
    assert list(ledger.waiting) == [work]
    ledger.send(Answer(n=2))
    assert two.woken == 1
    assert list(ledger.active) == [work]


def answered_without_slot() -> tuple[Ledger, Work, Waiting]:
    """Return a delivery whose answer is there while others have both slots."""
    ledger, (first, _) = working(3)
    wait = Waiting(first)
    ledger.wait(wait)
    ledger.take()
    ledger.send(Answer(n=1))
    assert wait.woken == 0
    return ledger, first, wait


def test_the_answer_of_an_abandoned_wait_is_for_the_next_one() -> None:
    ledger, work, wait = answered_without_slot()
    ledger.send(Answer(n=2))
    ledger.abandon(wait)
    assert ledger.unclaimed == [Answer(n=1), Answer(n=2)]
    assert ledger.wait(Waiting(work, id="next")) == Answer(n=1)


def test_an_answer_that_went_back_is_no_longer_counted_as_given() -> None:
    ledger, work, wait = answered_without_slot()
    ledger.abandon(wait)
    assert not (work.answers or {}).get("w")


def test_a_delivery_abandoned_while_answered_is_not_resumed_later() -> None:
    ledger, work, wait = answered_without_slot()
    ledger.abandon(wait)
    for each in list(ledger.active):
        ledger.finish(each)
    assert wait.woken == 0
    assert ledger.lanes[0].free == 2
    assert work not in ledger.waiting


@pytest.mark.parametrize("answered", [False, True])
def test_a_body_that_returns_with_a_wait_open_leaves_nothing(answered: bool) -> None:
    ledger, (first, second) = working(3)
    ledger.wait(Waiting(first))
    third = ledger.take()
    if answered:
        ledger.send(Answer())
    ledger.finish(first)
    assert ledger.waits == {}
    assert not ledger.at_work(first)
    ledger.finish(second)
    ledger.finish(third)
    assert ledger.lanes[0].free == 2
    assert ledger.idle
    assert not ledger.question_open


def test_a_question_is_no_answer() -> None:
    ledger, (work,) = working()
    wait = Waiting(work)
    ledger.wait(wait)
    ledger.send(Question())
    ledger.send(Done())
    assert wait.event is None
