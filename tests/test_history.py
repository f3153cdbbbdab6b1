"""What the records of a run tell, put together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.display.flows import Answer, FailedEvent, InputEvent, QueryEvent, Question, Tape
from tests.display.playing import CollectFlow, FanFlow, LoopFlow, Piece, record
from wfkit import Event, StartEvent, StopEvent, Workflow, step
from wfkit.events import CollectionReleaseEvent
from wfkit.history import Execution, History, Passage
from wfkit.lineage import delivery_id
from wfkit.records import EventsGathered, EventStreamed, Record, StepResumed, StepWaiting


def senders(execution: Execution) -> list[str]:
    """Return who sent an execution what it was called with."""
    return [f"{way.sender.step} #{way.sender.number}" for way in execution.got if way.sender is not None]


def last(history: History, step: str) -> Execution:
    return [execution for execution in history.executions if execution.step == step][-1]


async def test_every_execution_knows_what_it_was_called_with() -> None:
    history = History(await record(LoopFlow()))
    assert [(one.step, one.number, senders(one)) for one in history.executions[:3]] == [
        ("answer", 1, []),
        ("improve", 1, ["answer #1"]),
        ("answer", 2, ["improve #1"]),
    ]
    assert all(one.events == (one.got[0].event,) for one in history.executions)
    assert {one.stage for one in history.executions} == {"done"}


SAME = Piece(n=1)


class Twice(Workflow):
    """Two steps send one and the same object, and a list step gathers it."""

    @step
    async def split(self, ev: StartEvent) -> list[InputEvent | QueryEvent]:
        return [InputEvent(input=""), QueryEvent(query="")]

    @step
    async def left(self, ev: InputEvent) -> Piece:
        return SAME

    @step
    async def right(self, ev: QueryEvent) -> Piece:
        return SAME

    @step
    async def gather(self, pieces: list[Piece]) -> StopEvent:
        return StopEvent(result=len(pieces))


async def test_a_list_step_has_got_its_events_from_those_its_record_names() -> None:
    records = await record(Twice())
    for order in (records, [one if type(one) is not EventsGathered else turned(one) for one in records]):
        history = History(order)
        gathered = next(one for one in order if isinstance(one, EventsGathered))
        gather = last(history, "gather")
        named = [delivery_id(*way.sent, "gather") for way in gather.got if way.sent is not None]
        assert named == list(gathered.ids)
        assert sorted(senders(gather)) == ["left #1", "right #1"]


def turned(record: EventsGathered) -> EventsGathered:
    return record._replace(ids=record.ids[::-1])


async def test_without_that_record_the_events_tell() -> None:
    records = [one for one in await record(FanFlow()) if not isinstance(one, EventsGathered)]
    join = last(History(records), "join")
    assert len(set(senders(join))) == 12
    assert len({id(way) for way in join.got}) == 12


async def test_names_that_belong_to_no_delivery_do_not_stop_the_events_from_telling() -> None:
    records = [
        one._replace(ids=tuple(range(12))) if isinstance(one, EventsGathered) else one
        for one in await record(FanFlow())
    ]
    assert len(set(senders(last(History(records), "join")))) == 12


def test_one_object_that_was_sent_often_is_got_from_each_way_once() -> None:
    gather = last(History(gathers(4)), "gather")
    assert len({id(way) for way in gather.got}) == 4


def test_a_question_that_was_shown_and_then_sent_is_one_event() -> None:
    tape = Tape()
    first = tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    question = Question(text="?")
    tape.records.append(EventStreamed(0.0, 1, "a", question))
    tape.finish(tape.start("b", 2, tape.send(question, ["b"], first)))
    history = History(tape.records)
    (passage,) = [one for one in history.passages if one.event is question]
    assert (passage.targets, [taker.step for taker in passage.takers]) == (("b",), ["b"])
    assert not any(history.standing.missing["b"].values())


async def test_what_was_collected_tells_who_brought_it() -> None:
    history = History(await record(CollectFlow()))
    ((brought, by),) = history.sets
    assert {one.step for one in (*brought, by)} == {"gather"}
    assert sorted(one.number for one in (*brought, by)) == [1, 2, 3]


def test_counts_are_how_many_are_how() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a", "b", "c"])
    tape.start("a", 1, start)
    tape.records.append(StepWaiting(0.0, 1, "a", "w", Answer))
    tape.finish(tape.start("b", 2, start))
    counts = History(tape.records).standing.counts
    assert {step: {key: count for key, count in found.items() if count} for step, found in counts.items()} == {
        "a": {"waiting": 1},
        "b": {"done": 1},
        "c": {"queued": 1},
    }


def test_a_step_with_two_waits_goes_on_after_both() -> None:
    tape = Tape()
    tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    stages = []
    for one in (
        StepWaiting(0.0, 1, "a", "w1", Answer),
        StepWaiting(0.0, 1, "a", "w2", Answer),
        StepResumed(0.0, 1, "a", "w1", None),
        StepResumed(0.0, 1, "a", "w2", None),
    ):
        tape.records.append(one)
        stages.append(History(tape.records).executions[0].stage)
    assert stages == ["waiting", "waiting", "waiting", "running"]


@pytest.mark.parametrize("lost", range(1, 8))
def test_what_was_before_the_first_record_is_told_by_the_later_ones(lost: int) -> None:
    tape = Tape()
    first = tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    event = QueryEvent(query="?")
    tape.finish(first, event)
    second = tape.start("b", 2, tape.send(event, ["b"], first))
    tape.finish(second, StopEvent())
    history = History(tape.records[lost:])
    found = history.standing.with_missing(history.standing.counts)
    assert all(count >= 0 for counts in found.values() for count in counts.values())
    assert not history.complete
    told = {step: counts["done"] for step, counts in found.items()}
    assert told == {key: 1 for key in ("a", "b") if lost < {"a": 4, "b": 7}[key]}
    missing = history.standing.missing
    if lost == 2:
        assert missing["a"]["queued"] == 1
    if lost == 3:
        assert missing["a"]["running"] == 1


def test_who_returned_a_question_before_the_first_record_is_done() -> None:
    question = Question(text="?")
    history = History([EventStreamed(0.0, 1, "ask", question)])
    assert history.executions[0].stage == "done"
    history = History([EventStreamed(0.0, 1, "ask", InputEvent(input="so far"))])
    assert history.executions[0].stage == "running"


def test_records_may_be_read_one_by_one() -> None:
    tape = Tape()
    tape.finish(tape.start("a", 1, tape.send(StartEvent(), ["a"])), StopEvent())
    at_once, bit_by_bit = History(tape.end()), History()
    for one in tape.records:
        bit_by_bit.take(one)
    bit_by_bit.close()
    assert bit_by_bit.standing.counts == at_once.standing.counts
    assert len(bit_by_bit.passages) == len(at_once.passages)


def test_counts_know_of_a_list_step_before_its_record_has_come() -> None:
    tape = Tape()
    first = tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    events = [QueryEvent(query=str(index)) for index in range(3)]
    sent = [tape.send(event, ["gather"], first) for event in events]
    release = CollectionReleaseEvent(events=list(events), stream_id="s", binding_id="gather")
    tape.start("gather", 2, (release, 77, 0))
    history = History()
    for one in tape.records:
        history.take(one)
    assert history.standing.counts["gather"]["queued"] == len(sent)
    assert history.counts_now()["gather"]["queued"] == 0


# -- how much work it is: a count instead of a clock -------------------------------------------------------------


def lines_run(work: Callable[[], Any]) -> int:
    """Return how many lines of Python it takes."""
    count = 0

    def trace(*_: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def gathers(count: int) -> list[Record]:
    tape = Tape()
    first = tape.start("a", 1, tape.send(StartEvent(), ["a"]))
    event = QueryEvent(query="the same")
    sent = [tape.send(event, ["gather"], first) for _ in range(count)]
    release = CollectionReleaseEvent(events=[event] * count, stream_id="s", binding_id="gather")
    tape.start("gather", 2, (release, 77, 0))
    if count % 2:
        tape.records.append(EventsGathered(0.0, 2, "gather", tuple(delivery_id(1, n, "gather") for _, _, n in sent)))
    return tape.records


def gathers_by_name(count: int) -> list[Record]:
    return gathers(count + 1)


def questions(count: int) -> list[Record]:
    tape = Tape()
    start = tape.send(StartEvent(), ["ask"])
    for index in range(count):
        tape.start("ask", index + 1, start)
        tape.records.append(EventStreamed(0.0, index + 1, "ask", Question(text="?")))
        tape.records.append(StepWaiting(0.0, index + 1, "ask", "w", Answer))
    for index in reversed(range(count)):
        answer = Answer(text="!")
        tape.send(answer)
        tape.records.append(StepResumed(0.0, index + 1, "ask", "w", answer))
    return tape.records


def one_answer_for_all(count: int) -> list[Record]:
    tape = Tape()
    start, answer = tape.send(StartEvent(), ["ask"]), Answer(text="!")
    for index in range(count):
        tape.start("ask", index + 1, start)
        tape.send(answer)
        tape.records.append(StepResumed(0.0, index + 1, "ask", "w", answer))
    return tape.records


def many_takers(count: int) -> list[Record]:
    tape = Tape()
    start = tape.send(StartEvent(), [f"step_{index}" for index in range(count)])
    for index in range(count):
        tape.finish(tape.start(f"step_{index}", index + 1, start), FailedEvent(error="no"))
    return tape.records


@pytest.mark.parametrize("records", [gathers, gathers_by_name, questions, one_answer_for_all, many_takers])
def test_a_run_twice_as_long_is_twice_the_work(records: Callable[[int], list[Record]]) -> None:
    short, long = records(200), records(400)
    assert lines_run(lambda: History(long)) < 2.2 * lines_run(lambda: History(short))


def test_an_event_of_its_own_kind_of_equality_is_told_apart() -> None:
    class Equal(Event):
        def __eq__(self, other: object) -> bool:
            return True

    tape = Tape()
    one, other = Equal(), Equal()
    first = tape.start("a", 1, tape.send(one, ["a"]))
    second = tape.start("a", 2, tape.send(other, ["a"]))
    history = History(tape.records)
    assert [first[1], second[1]] == [execution.id for execution in history.executions]
    passages: list[Passage] = history.passages
    assert [passage.takers[0].id for passage in passages] == [1, 2]
