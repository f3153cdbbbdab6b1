"""The drawing of an execution: who sent what to whom, as the records tell it."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from pydantic import SecretStr

from tests.display.flows import (
    HOSTILE,
    Answer,
    FailedEvent,
    InputEvent,
    QueryEvent,
    Question,
    SetupEvent,
    Tape,
    made_event,
)
from tests.display.inert import inspect
from wfkit.display.drawing import Drawing
from wfkit.display.execution import FOLD, MOST, draw_execution
from wfkit.display.figure import Figure
from wfkit.events import Event, StartEvent, StopEvent, WorkflowFailedEvent
from wfkit.records import (
    EventBuffered,
    EventsCollected,
    EventStreamed,
    Record,
    RunEnded,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepResumed,
    StepWaiting,
)


def story(records: list[Record]) -> Figure:
    return draw_execution(records)


def links(figure: Figure) -> set[tuple[str, str]]:
    """Return the plain arrows by label."""
    label = {shape.id: shape.label for shape in figure.shapes}
    return {(label[arrow.source], label[arrow.target]) for arrow in figure.arrows if not arrow.quiet}


def states(figure: Figure) -> dict[str, str | None]:
    return {shape.label: shape.state for shape in figure.shapes if shape.kind == "step"}


def test_a_loop_is_a_line_of_executions() -> None:
    tape = Tape("LoopFlow")
    answer = tape.start("answer_query", 11, tape.send(StartEvent(query="?"), ["answer_query"]))
    failed = FailedEvent(error="no")
    tape.finish(answer, failed)
    improve = tape.start("improve_query", 12, tape.send(failed, ["improve_query"], answer))
    query = QueryEvent(query="better")
    tape.finish(improve, query)
    again = tape.start("answer_query", 13, tape.send(query, ["answer_query"], improve))
    stop = StopEvent(result="yes")
    tape.finish(again, stop)
    tape.send(stop, (), again)
    figure = story(tape.end(stop))
    assert links(figure) == {
        ("StartEvent", "answer_query #1"),
        ("answer_query #1", "FailedEvent"),
        ("FailedEvent", "improve_query #1"),
        ("improve_query #1", "QueryEvent"),
        ("QueryEvent", "answer_query #2"),
        ("answer_query #2", "StopEvent"),
    }
    assert set(states(figure).values()) == {"done"}
    assert figure.remarks == ("done · 3 step executions, 4 events",)
    assert not any(shape.kind == "person" or shape.loose for shape in figure.shapes)


def test_a_sent_event_comes_from_the_step_that_sent_it() -> None:
    tape = Tape()
    first = tape.start("dispatch", 1, tape.send(StartEvent(), ["dispatch"]))
    sent = [tape.send(QueryEvent(query=str(index)), ["work"], first) for index in range(2)]
    tape.finish(first)
    for index, one in enumerate(sent):
        tape.finish(tape.start("work", 10 + index, one))
    figure = story(tape.records)
    assert ("dispatch #1", "QueryEvent") in links(figure)
    assert ("QueryEvent", "work #1") in links(figure)
    assert ("QueryEvent", "work #2") in links(figure)
    assert sum(shape.label == "QueryEvent" for shape in figure.shapes) == 2


def test_one_event_to_several_steps_is_one_pill() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a", "b"])
    tape.finish(tape.start("a", 1, start))
    tape.finish(tape.start("b", 2, start))
    figure = story(tape.records)
    assert links(figure) == {("StartEvent", "a #1"), ("StartEvent", "b #1")}
    assert len(figure.shapes) == 3


def collecting(tape: Tape, returned: bool) -> None:
    """Three events are gathered; the last delivery of the three sends on, under the lineage of the set."""
    start = tape.send(StartEvent(), ["setup"])
    setup = tape.start("setup", 1, start)
    events: list[Event] = [InputEvent(input="i"), QueryEvent(query="q"), SetupEvent(error=False)]
    sent = [tape.send(event, ["gather"], setup) for event in events]
    tape.finish(setup)
    for index in (0, 1):
        who = tape.start("gather", 10 + index, sent[index])
        tape.records.append(EventBuffered(0.0, 10 + index, "gather", "default", events[index]))
        tape.finish(who)
    last = tape.start("gather", 12, sent[2])
    tape.records.append(EventsCollected(0.0, 12, "gather", "default", (11, 10, 12), 999))
    stop = FailedEvent(error="x")
    if returned:
        tape.finish(last, stop)
    tape.send(stop, ["after"], last, parent=999)
    if not returned:
        tape.finish(last)


@pytest.mark.parametrize("returned", [True, False])
def test_a_collected_set_descends_from_all_its_deliveries(returned: bool) -> None:
    tape = Tape()
    collecting(tape, returned)
    figure = story(tape.records)
    assert ("gather #3", "FailedEvent") in links(figure)
    quiet = {(arrow.source, arrow.target) for arrow in figure.arrows if arrow.quiet}
    assert quiet == {("gather #2", "gather #3"), ("gather #1", "gather #3")}
    assert "(with what was put aside by gather #2, gather #1)" in Drawing(figure).text


def test_an_event_that_nobody_took_leads_nowhere() -> None:
    tape = Tape()
    first = tape.start("dispatch", 1, tape.send(StartEvent(), ["dispatch"]))
    tape.send(QueryEvent(query="?"), (), first)
    figure = story(tape.records)
    loose = [shape for shape in figure.shapes if shape.loose]
    assert [shape.label for shape in loose] == ["QueryEvent"]
    assert "no step took it" in loose[0].tip
    assert not [arrow for arrow in figure.arrows if arrow.source == loose[0].id]
    assert "taken by nobody: QueryEvent" in Drawing(figure).text


def test_a_second_stop_event_is_shown_as_too_late() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a", "b"])
    first, second = tape.start("a", 1, start), tape.start("b", 2, start)
    stop = StopEvent(result=1)
    tape.finish(first, stop)
    tape.send(stop, (), first)
    tape.finish(second, StopEvent(result=2))
    figure = story(tape.end(stop))
    assert [shape.label for shape in figure.shapes if shape.loose] == ["StopEvent"]
    assert ("b #1", "StopEvent") in links(figure)


def test_a_person_answers() -> None:
    tape = Tape()
    ask = tape.start("ask", 1, tape.send(StartEvent(), ["ask"]))
    question = Question(text="?")
    tape.finish(ask, question)
    tape.send(question, (), ask)
    hear = tape.start("hear", 2, tape.send(Answer(text="!"), ["hear"]))
    tape.finish(hear)
    assert links(story(tape.records)) == {
        ("StartEvent", "ask #1"),
        ("ask #1", "Question"),
        ("Question", "person"),
        ("person", "Answer"),
        ("Answer", "hear #1"),
    }


def test_a_step_that_waits_gets_its_answer() -> None:
    tape = Tape()
    ask = tape.start("ask", 1, tape.send(StartEvent(), ["ask"]))
    tape.records.append(EventStreamed(0.0, 1, "ask", Question(text="?")))
    tape.records.append(StepWaiting(0.0, 1, "ask", "w", Answer))
    waiting = story(tape.records)
    assert states(waiting) == {"ask #1": "waiting"}
    assert "for Answer" in [shape.note for shape in waiting.shapes]
    answer = Answer(text="!")
    tape.send(answer)
    tape.records.append(StepResumed(0.0, 1, "ask", "w", answer))
    tape.finish(ask)
    figure = story(tape.records)
    assert states(figure) == {"ask #1": "done"}
    assert not any(shape.loose for shape in figure.shapes)
    assert links(figure) == {
        ("StartEvent", "ask #1"),
        ("ask #1", "Question"),
        ("Question", "person"),
        ("person", "Answer"),
        ("Answer", "ask #1"),
    }


def test_states_tell_how_an_execution_stands() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a", "b", "c", "d"])
    for index, name in enumerate("abcd"):
        tape.start(name, index + 1, start)
    tape.records.append(StepFailed(0.0, 1, "a", ValueError("bad"), 1, None))
    tape.records.append(StepFailed(0.0, 2, "b", OSError("busy"), 1, 0.5))
    tape.records.append(StepCancelled(0.0, 3, "c"))
    figure = story(tape.records)
    assert states(figure) == {"a #1": "failed", "b #1": "waiting", "c #1": "cancelled", "d #1": "running"}
    notes = {shape.label: shape.note for shape in figure.shapes}
    assert notes["a #1"] == "ValueError"
    assert notes["b #1"] == "OSError, 1 attempt, to be retried"
    error = ValueError("bad")
    failed = WorkflowFailedEvent(step_name="a", exception=error)
    ended = story([*tape.records, RunEnded(0.0, "failed", failed, error)])
    assert states(ended)["d #1"] == "cancelled"
    assert ended.remarks == ("failed · 4 step executions, 1 event", "ValueError: bad")


def test_a_retry_is_one_execution_with_several_attempts() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a"])
    who = tape.start("a", 1, start)
    tape.records.append(StepFailed(0.0, 1, "a", ValueError("bad"), 1, 0.0))
    tape.start("a", 1, start, attempt=2)
    tape.finish(who)
    figure = story(tape.records)
    assert states(figure) == {"a #1": "done"}
    assert [shape.note for shape in figure.shapes if shape.kind == "step"] == ["2 attempts"]


def test_a_run_whose_beginning_is_lost_is_still_drawn() -> None:
    tape = Tape()
    first = tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    event = QueryEvent(query="?")
    tape.finish(first, event)
    tape.finish(tape.start("b", 2, tape.send(event, ["b"], first)))
    for lost in range(1, len(tape.records)):
        figure = story(tape.records[lost:])
        Drawing(figure).svg.encode()
        assert "the beginning of the run is not in the records" in figure.remarks
    assert ("… earlier …", "QueryEvent") in links(story(tape.records[-2:]))


def long_loop(count: int) -> list[Record]:
    tape = Tape("LongFlow")
    who = tape.start("turn", 1, tape.send(StartEvent(), ["turn"]))
    for index in range(2, count + 1):
        event = QueryEvent(query=str(index))
        tape.finish(who, event)
        who = tape.start("turn", index, tape.send(event, ["turn"], who))
    stop = StopEvent()
    tape.finish(who, stop)
    tape.send(stop, (), who)
    return tape.end(stop)


def test_a_long_run_is_folded_in_the_middle() -> None:
    figure = story(long_loop(5_000))
    executions = [shape.label for shape in figure.shapes if shape.kind == "step"]
    assert len(executions) == MOST
    assert executions[0] == "turn #1"
    assert executions[-1] == "turn #5000"
    assert [shape.label for shape in figure.shapes if shape.kind == "fold"] == ["… 4,940 more …"]
    assert "4,940 executions in the middle are folded into one shape" in figure.remarks
    assert "… 4,940 more …" in Drawing(figure).text
    assert len(figure.shapes) < 3 * MOST


def test_a_run_just_over_the_limit_is_not_folded_for_one() -> None:
    assert not any(shape.kind == "fold" for shape in story(long_loop(MOST + 1)).shapes)


def test_a_start_that_too_many_steps_take_is_folded() -> None:
    tape = Tape()
    names = [f"step_{index}" for index in range(200)]
    start = tape.send(StartEvent(), names)
    for index, name in enumerate(names):
        tape.finish(tape.start(name, index + 1, start))
    figure = story(tape.records)
    assert [shape.kind for shape in figure.shapes].count("fold") == 1
    assert not any(shape.kind == "person" for shape in figure.shapes)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("value", [HOSTILE, "x" * 1_000_000, Broken(), SecretStr("hush"), {"api_key": "hush"}])
def test_hostile_payloads_and_secrets_stay_harmless(value: Any) -> None:
    tape = Tape(HOSTILE)
    kind = made_event(HOSTILE)
    first = tape.start(HOSTILE, 1, tape.send(StartEvent(payload=value, password="hush"), [HOSTILE]))
    tape.send(kind(payload=value), ["x"], first)
    tape.records.append(StepFailed(0.0, 1, HOSTILE, ValueError(HOSTILE), 1, None))
    drawing = Drawing(story(tape.records))
    tree = ET.fromstring(drawing.svg)
    assert not [element for element in tree.iter() if element.tag.endswith(("script", "img"))]
    assert len(drawing.svg) < 20_000
    assert "hush" not in drawing.svg
    assert inspect(drawing.page).images == 0
    assert not re.search("[\x00-\x08\x0e-\x1f\u2028]", drawing.page + drawing.text + drawing.mermaid)


def test_payloads_are_told_on_hovering_only() -> None:
    tape = Tape()
    tape.start("a", 1, tape.send(StartEvent(topic="pirates"), ["a"]))
    drawing = Drawing(story(tape.records))
    assert "topic: 'pirates'" in html.unescape(drawing.svg)
    assert "pirates" not in drawing.text


def test_an_empty_story_is_drawn() -> None:
    drawing = Drawing(story([RunStarted(0.0, "run", "Flow", False)]))
    ET.fromstring(drawing.svg)
    assert FOLD not in drawing.text
