"""What events carried, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from tests.display.flows import HOSTILE, QueryEvent
from wfkit.display.payloads import MOST_FIELDS, MOST_FOREIGN, Payload, Speller, name_of_event, result_of, spell_within
from wfkit.events import ChildEvent, Event, StartEvent, StepFailedEvent, StopEvent, WorkflowCancelledEvent


def payload(event: Event) -> Payload:
    return Speller().payload(event)


def test_fields_are_spelled_and_secrets_masked() -> None:
    event = StartEvent(topic="pirates", password="hush", token=SecretStr("hush"), count=3)
    fields = dict(payload(event).fields)
    assert fields["topic"] == "'pirates'"
    assert fields["count"] == "3"
    assert "hush" not in str(fields)


def test_of_many_fields_the_first_are_shown_and_the_rest_counted() -> None:
    found = payload(StartEvent(**{f"field_{index}": index for index in range(5_000)}))
    assert len(found.fields) == MOST_FIELDS
    assert found.more == 5_000 - MOST_FIELDS


@pytest.mark.parametrize("value", ["x" * 1_000_000, ["x" * 1_000] * 1_000, {"k": list(range(100_000))}, HOSTILE])
def test_values_are_short_and_clean(value: Any) -> None:
    ((_, text),) = payload(StartEvent(value=value)).fields
    assert len(text) <= 200
    assert text.isprintable()


def test_when_something_failed_is_no_part_of_what_it_was() -> None:
    event = StepFailedEvent(
        step_name="a",
        input_event=StartEvent(),
        exception=ValueError("no"),
        attempts=1,
        elapsed_seconds=0.1,
        failed_at=datetime.now(UTC),
    )
    assert [name for name, _ in payload(event).fields] == ["step_name", "input_event", "exception", "attempts"]


def test_a_result_that_nobody_gave_is_not_told() -> None:
    class Mine(StopEvent):
        answer: int

    assert payload(Mine(answer=42)).fields == (("answer", "42"),)
    assert payload(StopEvent()).fields == (("result", "None"),)
    assert result_of(Mine(answer=42)) == "Mine(result=None, answer=42)"
    assert result_of(StopEvent(result="yes")) == "'yes'"
    assert result_of(WorkflowCancelledEvent()) == "None"


def test_what_a_child_has_shown_is_told_as_its_own() -> None:
    event = ChildEvent(child="helper", run_id="random", event=QueryEvent(query="?"))
    assert name_of_event(event) == "helper: QueryEvent"
    assert payload(event).fields == (("query", "'?'"),)


class Frame:
    """Stands in for a data frame, whose repr takes its time."""

    shown = 0

    def __repr__(self) -> str:
        Frame.shown += 1
        return "<a table>"


@dataclass
class Point:
    x: int


def test_only_so_many_foreign_values_are_asked_how_they_look() -> None:
    Frame.shown = 0
    speller = Speller()
    found = [speller.payload(StartEvent(frame=Frame(), point=Point(1))).fields for _ in range(3 * MOST_FOREIGN)]
    assert Frame.shown == MOST_FOREIGN
    assert found[0] == (("frame", "<a table>"), ("point", "Point(x=1)"))
    assert found[-1] == (("frame", "<Frame>"), ("point", "Point(x=1)"))


def weight(found: list[Payload]) -> int:
    return sum(one.weight for one in found)


def events(count: int, size: int) -> list[Event]:
    return [StartEvent(**{f"field_{n}": "x" * size for n in range(6)}) for _ in range(count)]


def test_with_room_enough_all_are_told_in_full() -> None:
    found = spell_within(events(100, 150), 1_000_000)
    assert found == [payload(events(1, 150)[0])] * 100


def test_with_less_room_all_are_brief_and_the_first_in_full() -> None:
    found = spell_within(events(100, 150), 50_000)
    assert weight(found) <= 50_000
    assert [len(one.fields) for one in found[:10]] == [6] * 10
    assert [len(one.fields) for one in found[-10:]] == [4] * 10
    assert found[-1].more == 2
    assert found[-1].fields[0][1].endswith("…")


def test_with_little_room_the_last_ones_are_bare() -> None:
    found = spell_within(events(1_000, 150), 20_000)
    assert weight(found) <= 20_000
    assert found[0].fields
    assert found[-1] == Payload((), 6)


class Text(str):
    """A text that counts how often it is asked how it looks."""

    shown = 0

    def __repr__(self) -> str:
        Text.shown += 1
        return super().__repr__()


def test_what_has_no_room_by_far_is_not_even_spelled() -> None:
    Text.shown = 0
    found = spell_within([StartEvent(text=Text("x" * 150)) for _ in range(2_000)], 10_000)
    assert len(found) == 2_000
    assert Text.shown < 250


def test_there_may_be_no_room_at_all() -> None:
    assert {one.fields for one in spell_within(events(10, 10), 0)} == {()}
    assert spell_within([], 100) == []


def test_what_a_page_writes_as_several_characters_weighs_more() -> None:
    plain, hostile = (Payload((("name", char * 100),), 0).weight for char in "a<")
    assert hostile > 5 * plain


def test_an_event_that_is_not_whole_has_no_fields() -> None:
    assert payload(StartEvent.__new__(StartEvent)) == Payload((), 0)
