"""What a run works on: lanes with their queues, deliveries with their defaults, and what a wait wants."""

from __future__ import annotations

import pytest

from tests.books import Answer, Special, Task, new_ledger
from wfkit.events import Event
from wfkit.work import Lane, Seldom, Wait, Work


def lane(name: str = "work") -> Lane:
    """Return the lane of a step."""
    return new_ledger(name).lanes[0]


def work_in(where: Lane, id: int = 1) -> Work:
    """Return a delivery."""
    return Work(where, Task(), id, 0, 0)


def test_a_lane_begins_with_all_slots_and_no_queue() -> None:
    new = lane()
    assert (new.free, new.queue, new.resuming) == (2, None, None)


def test_a_lane_queues_first_in_first_out_and_lets_a_retry_go_first() -> None:
    where = lane()
    one, two, again = work_in(where, 1), work_in(where, 2), work_in(where, 3)
    where.line_up(one)
    where.line_up(two)
    where.line_up_first(again)
    assert list(where.queue or ()) == [again, one, two]


def test_who_wants_a_slot_back_lines_up_apart() -> None:
    where = lane()
    one, two = work_in(where, 1), work_in(where, 2)
    where.line_up_to_resume(one)
    where.line_up_to_resume(two)
    assert list(where.resuming or ()) == [one, two]
    assert where.queue is None


def test_a_retry_can_be_first_in_an_empty_queue() -> None:
    where = lane()
    again = work_in(where)
    where.line_up_first(again)
    assert list(where.queue or ()) == [again]


def test_what_one_delivery_notes_is_not_seen_in_another() -> None:
    where = lane()
    one, two = work_in(where, 1), work_in(where, 2)
    one.attempt, one.sends, one.asked = 5, 6, {"Answer": 7}
    one.answers = {"w": []}
    assert (two.attempt, two.sends, two.asked, two.answers) == (1, 0, None, None)
    assert (Seldom.attempt, Seldom.answers) == (1, None)


def test_a_delivery_begins_with_its_own_id_as_lineage() -> None:
    work = work_in(lane(), 42)
    assert (work.lineage, work.made, work.all_collected()) == (42, 0, [])


def wants(event: Event, event_type: type[Event], step: str = "work", **requirements: object) -> bool:
    """Whether a wait in a step wants an event."""
    return Wait(work_in(lane(step)), "w", event_type, requirements, lambda: None).wants(event)


@pytest.mark.parametrize(
    ("event", "event_type", "step", "wanted"),
    [
        (Answer(), Answer, "work", True),
        (Task(), Answer, "work", False),
        (Special(), Task, "work", False),
        (Special(), Task, "watch", True),
        (Task(), Special, "watch", False),
    ],
)
def test_a_wait_wants_its_type_exactly_or_subclasses_where_the_step_takes_them(
    event: Event, event_type: type[Event], step: str, wanted: bool
) -> None:
    assert wants(event, event_type, step) is wanted


def test_all_requirements_must_be_met_by_declared_and_undeclared_fields() -> None:
    event = Answer(n=1, colour="red")
    assert wants(event, Answer, n=1, colour="red")
    assert not wants(event, Answer, n=1, colour="blue")
    assert not wants(event, Answer, n=2)


def test_a_required_none_is_met_by_a_field_that_is_missing() -> None:
    assert wants(Answer(), Answer, colour=None)
