"""A failed delivery in the books of a run: what the next attempt is given again and what it does not do again."""

from __future__ import annotations

from tests.books import Answer, Done, Task, new_ledger
from wfkit.ledger import Ledger
from wfkit.work import Wait, Work


def working() -> tuple[Ledger, list[Work]]:
    """Return a ledger with one delivery under way."""
    ledger = new_ledger("work")
    ledger.send(Task())
    return ledger, [ledger.take()]


def wait_of(work: Work, id: str = "name") -> Wait:
    """Return a wait for an answer."""
    return Wait(work, id, Answer, {}, lambda: None)


def again(ledger: Ledger, work: Work) -> None:
    """Let a delivery fail and begin another attempt."""
    ledger.retry(work)
    ledger.requeue(work)
    assert ledger.take() is work


def test_a_failed_body_gets_its_answers_again() -> None:
    ledger, (work,) = working()
    ledger.wait(wait_of(work))
    ledger.send(Answer(n=7))
    again(ledger, work)
    assert ledger.wait(wait_of(work)) == Answer(n=7)
    assert ledger.wait(wait_of(work)) is None


def test_answers_given_again_survive_another_failure() -> None:
    ledger, (work,) = working()
    ledger.wait(wait_of(work))
    ledger.send(Answer(n=7))
    for _ in range(3):
        again(ledger, work)
    assert ledger.wait(wait_of(work)) == Answer(n=7)


def test_an_answer_given_again_is_given_again_after_another_failure() -> None:
    ledger, (work,) = working()
    ledger.wait(wait_of(work))
    ledger.send(Answer(n=7))
    for _ in range(3):
        again(ledger, work)
        assert ledger.wait(wait_of(work)) == Answer(n=7)


def test_several_answers_of_one_wait_come_again_in_their_order() -> None:
    ledger, (work,) = working()
    for n in range(3):
        ledger.wait(wait_of(work))
        ledger.send(Answer(n=n))
    again(ledger, work)
    assert [ledger.wait(wait_of(work)) for _ in range(3)] == [Answer(n=0), Answer(n=1), Answer(n=2)]


def test_answers_are_given_again_to_the_wait_of_the_same_name_only() -> None:
    ledger, (work,) = working()
    ledger.wait(wait_of(work, "one"))
    ledger.send(Answer(n=1))
    again(ledger, work)
    assert ledger.wait(wait_of(work, "two")) is None


def test_what_was_sent_and_shown_is_to_be_left_out() -> None:
    ledger, (work,) = working()
    work.sends, work.streamed, work.asked = 3, 2, {"Answer": 1}
    again(ledger, work)
    assert (work.skip, work.sends, work.skip_streamed, work.streamed) == (3, 0, 2, 0)


def test_an_attempt_that_did_less_than_the_one_before_forgets_nothing() -> None:
    ledger, (work,) = working()
    work.sends, work.streamed = 3, 2
    again(ledger, work)
    work.sends, work.streamed = 1, 1
    again(ledger, work)
    assert (work.skip, work.skip_streamed) == (3, 2)


def test_a_set_that_is_not_complete_leaves_the_lineage_alone() -> None:
    ledger, (work,) = working()
    ledger.send(Done(), work)
    assert ledger.collect(work, Task(), [Task, Task], "default") is not None
    assert (work.lineage, work.made) == (work.id, 1)


def test_a_delivery_that_fails_while_the_lane_is_full_keeps_the_slots_right() -> None:
    ledger = new_ledger("work")
    for n in range(4):
        ledger.send(Task(n=n))
    work = ledger.take()
    ledger.retry(work)
    ledger.requeue(work)
    assert [each.event["n"] for each in ledger.ready] == [1, 2]
    assert [each.event["n"] for each in ledger.lanes[0].queue or ()] == [0, 3]
    assert ledger.lanes[0].free == 0
