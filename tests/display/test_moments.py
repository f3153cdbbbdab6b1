"""Records as moments of a playback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.display.flows import Answer, LoopSteps, QueryEvent, Question, Tape, plan
from wfkit.display.atlas import NOWHERE, Atlas
from wfkit.display.moments import MOST_LISTED, Moments
from wfkit.events import Event, StartEvent, StopEvent
from wfkit.graph import FlowGraph, event_ids
from wfkit.history import History
from wfkit.records import (
    EventsCollected,
    EventStreamed,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StateChanged,
    StepCancelled,
    StepFailed,
    StepResumed,
    StepWaiting,
)

FLOW = plan(LoopSteps)


def told(records: Sequence[Record]) -> Moments:
    """Return the moments of some records."""
    history = History()
    moments = Moments(history, Atlas.of(FlowGraph.of(FLOW), event_ids(FLOW)))
    for place, record in enumerate(records):
        history.take(record)
        moments.tell(record, float(place))
    return moments


def last(*records: Record) -> list[Any]:
    """Return the last moment, without its time."""
    return told(records).rows[-1][1:]


def begun(*steps: str) -> list[Record]:
    """Return the records of a run in which these steps have begun."""
    tape = Tape()
    start = tape.send(StartEvent(), steps)
    for number, name in enumerate(steps, 1):
        tape.start(name, number, start)
    return tape.records


@pytest.mark.parametrize(
    ("record", "row"),
    [
        (RunStarted(0.0, "run", "Flow", True), ["began", True]),
        (StepFailed(0.0, 1, "answer_query", ValueError("no"), 1, 0.5), ["failed", 0, 0, 0.5]),
        (StepFailed(0.0, 1, "answer_query", ValueError("no"), 1, None), ["failed", 0, 0, None]),
        (StepCancelled(0.0, 1, "answer_query"), ["cancelled", 0]),
        (StepWaiting(0.0, 1, "answer_query", "w", Answer), ["waiting", 0, "Answer"]),
        (StepResumed(0.0, 1, "answer_query", "w", None), ["resumed", 0, -1]),
        (StepResumed(0.0, 1, "answer_query", "w", Answer(text="!")), ["resumed", 0, 1]),
        (EventStreamed(0.0, 1, "answer_query", Question(text="?")), ["streamed", 0, 1]),
        (EventStreamed(0.0, 0, None, Question(text="?")), ["streamed", -1, 1]),
        (EventsCollected(0.0, 1, "answer_query", "b", (1, 99), 7), ["collected", 0, [0]]),
        (StateChanged(0.0, "answer_query", "set", ("a.b",)), ["state", 0, "set", ["a.b"]]),
        (StateChanged(0.0, None, "clear", ()), ["state", -1, "clear", []]),
        (RunIdle(0.0, "It waits.", True), ["idle", "It waits.", True]),
        (RunEnded(0.0, "cancelled", StopEvent(), ValueError("no")), ["ended", "cancelled", 1, 0]),
    ],
)
def test_each_record_is_a_moment(record: Record, row: list[Any]) -> None:
    assert last(*begun("answer_query"), record) == row


def test_a_change_of_the_store_has_no_run_where_two_may_have_made_it() -> None:
    record = StateChanged(0.0, "answer_query", "set", ("a",))
    assert last(*begun("answer_query", "answer_query"), record) == ["state", -1, "set", ["a"]]
    assert last(*begun("answer_query", "improve_query"), record) == ["state", 0, "set", ["a"]]
    done = StepCancelled(0.0, 1, "answer_query")
    assert last(*begun("answer_query"), done, record) == ["state", -1, "set", ["a"]]


def test_keys_are_few_and_short() -> None:
    keys = tuple("k" * 1_000 + str(index) for index in range(1_000))
    found = last(StateChanged(0.0, None, "set", keys))[3]
    assert len(found) == 13
    assert found[-1] == "…"
    assert max(map(len, found)) == 60


def test_one_object_is_one_event() -> None:
    tape = Tape()
    event = QueryEvent(query="?")
    first = tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    tape.send(event, ["answer_query"], first)
    tape.send(event, ["answer_query"], first)
    tape.finish(first, event)
    moments = told(tape.records)
    assert [type(one) for one in moments.events] == [StartEvent, QueryEvent]
    assert [row[2] for row in moments.rows if row[1] == "sent"] == [0, 1, 1]


def test_a_long_list_is_named_in_part() -> None:
    tape = Tape()
    first = tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    tape.finish(first, tuple(QueryEvent(query=str(index)) for index in range(1_000)))
    moments = told(tape.records)
    assert len(moments.rows[-1][3]) == MOST_LISTED
    assert len(moments.events) <= MOST_LISTED + 2


def test_what_somebody_will_look_for_is_noted() -> None:
    tape = Tape()
    asked: list[Event] = [StartEvent(), QueryEvent(query="?"), Question(text="?"), Answer(text="!"), StopEvent()]
    first = tape.start("answer_query", 1, tape.send(asked[0], ["answer_query"]))
    tape.send(asked[1], ["improve_query"], first)
    for event in asked[2:]:
        tape.send(event, (), first)
    moments = told(tape.records)
    assert [type(moments.events[number]).__name__ for number in moments.notable] == [
        "StartEvent",
        "Question",
        "Answer",
        "StopEvent",
    ]


def test_what_a_failed_step_worked_on_is_noted() -> None:
    tape = Tape()
    first = tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"]))
    tape.finish(tape.start("improve_query", 2, tape.send(QueryEvent(query="1"), ["improve_query"], first)))
    tape.start("improve_query", 3, tape.send(QueryEvent(query="2"), ["improve_query"], first))
    tape.records.append(StepFailed(0.0, 3, "improve_query", ValueError("no"), 1, None))
    moments = told(tape.records)
    assert [moments.events[number].get("query") for number in moments.notable] == [None, "2"]


def test_a_stranger_gets_a_place_after_all_others() -> None:
    moments = told(begun("answer_query", "nobody", "improve_query"))
    count = len(moments.atlas.places)
    assert moments.strangers == {"nobody": count}
    assert moments.step("nobody") == count
    assert moments.step("answer_query") < count
    assert moments.atlas.step("nobody") == NOWHERE
