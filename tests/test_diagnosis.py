"""What a run that does not move is said to wait for."""

from __future__ import annotations

from tests.books import Answer, Done, Note, Question, Task, new_ledger
from tests.flows import Ask, Line
from wfkit.diagnosis import explain, is_stuck
from wfkit.events import Event, StopEvent
from wfkit.ledger import Ledger
from wfkit.work import Wait


def test_nothing_to_go_on_with() -> None:
    assert explain(new_ledger()) == "Every step has returned and no StopEvent was among what they returned."


def test_an_open_question_names_the_event_and_the_way_to_answer() -> None:
    ledger = new_ledger()
    ledger.ask(Question())
    assert explain(ledger) == "It waits for a person's answer to Question: await handler.send_event(...)."


def test_a_wait_names_the_step_and_the_event() -> None:
    ledger = new_ledger("work")
    ledger.send(Task())
    ledger.wait(Wait(ledger.take(), "w", Answer, {}, lambda: None))
    assert explain(ledger) == "Step 'work' waits for Answer."


def test_an_event_that_nobody_took_is_named_with_what_would_have_been_taken() -> None:
    ledger = new_ledger()
    for _ in range(3):
        ledger.send(Note())
    ledger.send(Event())
    assert explain(ledger) == "No step takes Note (3 times), Event. The steps take StartEvent, Done, Task."


def test_a_stop_that_was_sent_instead_of_returned_is_explained() -> None:
    ledger = new_ledger()
    ledger.send(StopEvent())
    assert explain(ledger).endswith("A StopEvent ends the run only when a step returns it.")


def test_a_set_that_is_not_complete_says_what_it_has_and_what_is_missing() -> None:
    ledger = new_ledger("gather")
    for n in range(2):
        ledger.send(Done(n=n))
        work = ledger.take()
        ledger.collect(work, work.event, [Done] * 5, "default")
    assert explain(ledger) == "Step 'gather' has collected 2 Done and waits for 3 Done."


def test_a_set_of_several_kinds_names_only_what_is_missing() -> None:
    ledger = new_ledger("gather")
    ledger.send(Done())
    work = ledger.take()
    ledger.collect(work, work.event, [Done, Task, Note, Note], "default")
    assert explain(ledger) == "Step 'gather' has collected Done and waits for Task, 2 Note."


def test_a_complete_set_is_no_reason() -> None:
    ledger = new_ledger("gather")
    ledger.send(Done())
    work = ledger.take()
    ledger.collect(work, work.event, [Done], "default")
    assert "collected" not in explain(ledger)


def test_several_reasons_are_all_given() -> None:
    ledger = new_ledger()
    ledger.ask(Question())
    ledger.send(Note())
    text = explain(ledger)
    assert "Question" in text
    assert "No step takes Note." in text


def test_a_workflow_that_takes_answers_says_which() -> None:
    ledger = Ledger(Ask.__wfkit_plan__())
    assert not is_stuck(ledger)
    assert explain(ledger) == "It waits for Answer from outside: await handler.send_event(Answer(...))."


def test_a_workflow_without_people_is_stuck_when_it_is_idle() -> None:
    assert is_stuck(Ledger(Line.__wfkit_plan__()))


def test_an_event_that_nobody_took_is_a_reason_even_where_answers_are_taken() -> None:
    ledger = Ledger(Ask.__wfkit_plan__())
    ledger.send(Note())
    assert is_stuck(ledger)
    ledger.ask(Question())
    assert not is_stuck(ledger)


def test_a_requirement_that_cannot_be_shown_does_no_harm_and_a_long_one_is_cut() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    ledger = new_ledger("work")
    ledger.send(Task())
    ledger.wait(Wait(ledger.take(), "w", Answer, {"a": Broken(), "b": "x" * 5_000}, lambda: None))
    told = explain(ledger)
    assert "Answer with a=<Broken, not showable>, b='xxx" in told
    assert len(told) < 300
