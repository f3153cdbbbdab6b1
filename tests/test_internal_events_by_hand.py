"""What records made by hand are translated to: the orders of them that a run seldom or never shows."""

from __future__ import annotations

from tests import books
from tests.test_internal_events import brief
from wfkit import Event
from wfkit.internal_events import Translator
from wfkit.records import EventSent, Record, RunIdle, StepFailed, StepFinished, StepResumed, StepStarted, StepWaiting


def told(*records: Record) -> list[Event | str]:
    translate = Translator(books.new_ledger().plan)
    return [brief(event) for record in records for event in translate(record)]


def sent(event: Event, *targets: str, n: int = 0) -> EventSent:
    return EventSent(0, event, None, 0, n, targets)


def started(id: int, step: str = "work", n: int = 0) -> StepStarted:
    return StepStarted(0, id, step, books.Task(), 0, n, 1)


TASK = books.Task()
ANSWER = books.Answer()


def test_a_number_that_is_given_back_is_the_next_to_be_taken() -> None:
    def finished(id: int) -> StepFinished:
        return StepFinished(0, id, "work", None)

    assert told(started(1), started(2), finished(1), started(3), finished(3), finished(2), started(4)) == [
        "work 0 running: Task",
        "work 1 running: Task",
        "work 0 not_running: Task",
        "work 0 running: Task",
        "work 0 not_running: Task",
        "work 1 not_running: Task",
        "work 0 running: Task",
    ]


def test_each_step_that_an_event_goes_to_has_its_own_queue() -> None:
    three = [sent(TASK, "watch", "work", n=n) for n in range(3)]  # of one worker, and of two

    assert told(*three) == [f"{step} <enqueued> preparing: Task" for step in ("watch", "watch", "work")]
    assert told(three[0], started(1, n=0), three[1], three[2])[-1] == "work <enqueued> preparing: Task"


def test_a_delivery_of_which_the_beginning_was_not_seen_is_left_out() -> None:
    assert (
        told(
            StepWaiting(0, 1, "work", "w", books.Answer),
            StepResumed(0, 1, "work", "w", ANSWER),
            StepFinished(0, 1, "work", None),
        )
        == []
    )


def test_a_step_whose_event_was_there_already_just_goes_on() -> None:
    assert told(started(1), StepResumed(0, 1, "work", "w", ANSWER)) == ["work 0 running: Task"]


def test_an_event_is_called_unhandled_when_no_wait_for_its_type_is_left() -> None:
    other = books.Answer(n=1)
    waiting: list[Record] = [started(1), StepWaiting(0, 1, "work", "w", books.Answer)]

    assert told(*waiting, sent(ANSWER), sent(other), StepResumed(0, 1, "work", "w", ANSWER))[2:] == [
        "work 0 running: Task",
        "Answer unhandled",
    ]
    assert told(*waiting, sent(ANSWER), StepResumed(0, 1, "work", "w", None))[2:] == [
        "work 0 running: Task",
        "Answer unhandled",
    ]
    assert told(*waiting, sent(ANSWER), StepFinished(0, 1, "work", None))[2:] == [
        "work 0 running: Task",
        "work 0 not_running: Task",
        "Answer unhandled and idle",
    ]
    assert told(*waiting, sent(books.Note()))[2:] == ["Note unhandled and idle"]


def test_an_idle_run_says_what_is_unhandled_first() -> None:
    waiting: list[Record] = [started(1), StepWaiting(0, 1, "work", "w", books.Answer), sent(ANSWER)]

    assert told(*waiting, RunIdle(0, "", False))[2:] == ["Answer unhandled and idle", "idle"]


def test_a_run_is_not_idle_while_something_queues_or_is_tried_again() -> None:
    assert told(sent(TASK, "work"), sent(books.Note())) == ["Note unhandled"]
    assert told(started(1), sent(books.Note()))[1:] == ["Note unhandled"]
    failed: list[Record] = [started(1), StepFailed(0, 1, "work", ValueError(), 1, 5.0)]
    assert told(*failed, sent(books.Note()))[2:] == ["Note unhandled"]
    given_up = StepFailed(0, 1, "work", ValueError(), 1, None)  # to its error handler
    assert told(started(1), given_up, sent(books.Note()))[2:] == ["Note unhandled and idle"]
    again = StepStarted(5, 1, "work", TASK, 0, 0, 2)
    finished = StepFinished(5, 1, "work", None)
    assert told(*failed, again, finished, sent(books.Note()))[4:] == ["Note unhandled and idle"]
    assert told(sent(books.Note())) == ["Note unhandled and idle"]


def test_a_wait_for_a_base_class_or_an_older_class_of_the_name_may_take_an_event() -> None:
    older = type("Answer", (Event,), {"__module__": "tests.books"})
    for wanted in (Event, older):
        waiting: list[Record] = [started(1), StepWaiting(0, 1, "work", "w", wanted)]
        assert told(*waiting, sent(ANSWER))[2:] == []
