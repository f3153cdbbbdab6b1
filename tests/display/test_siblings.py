"""Runs with lists, joins and error handlers as they are drawn, and many executions side by side."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.display.flows import HOSTILE, FailedEvent, InputEvent, QueryEvent, Question, SetupEvent, Tape
from tests.display.inert import inspect
from tests.display.test_execution import links, states, story
from tests.flows import Answer, Ask
from wfkit import Event, StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, draw_most_recent_execution, step
from wfkit.display.drawing import Drawing
from wfkit.display.execution import MOST
from wfkit.display.frame import SMALLEST
from wfkit.display.siblings import MOST_SIBLINGS
from wfkit.events import CollectionReleaseEvent
from wfkit.records import EventStreamed, StepFailed


class Item(Event):
    """A number to square."""

    n: int


class Square(Event):
    """A square."""

    n: int


class Squares(Workflow):
    """Squares numbers; those that end in 3 fail, those that end in 5 come to nothing."""

    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return [Item(n=n) for n in range(ev.count)]

    @step
    async def work(self, ev: Item) -> Square | None:
        if ev.n % 10 == 3:
            raise ValueError(f"{ev.n} is a bad number")
        return None if ev.n % 10 == 5 else Square(n=ev.n**2)

    @catch_error(for_steps=["work"], max_recoveries=1_000)
    async def mend(self, ev: StepFailedEvent) -> Square:
        return Square(n=0)

    @step
    async def total(self, squares: list[Square]) -> StopEvent:
        return StopEvent(result=sum(square.n for square in squares))


async def drawn(workflow: Workflow, **given: Any) -> Drawing:
    run = workflow.run(**given)
    await run
    return draw_most_recent_execution(run, unrolled=True)


async def test_a_run_with_a_list_and_a_recovered_failure() -> None:
    assert (await drawn(Squares(), count=6)).text == (
        "Squares\n"
        "  StartEvent -> split #1 -> Item\n"
        "  Item -> work #1 -> Square\n"
        "  Item -> work #2 -> Square\n"
        "  Item -> work #3 -> Square\n"
        "  Item -> work #4 -> StepFailedEvent  (failed, ValueError)\n"
        "  Item -> work #5 -> Square\n"
        "  Item -> work #6\n"
        "  StepFailedEvent -> mend #1 -> Square\n"
        "  Square -> total #1 -> StopEvent\n"
        "  done · 9 step executions, 14 events"
    )


async def test_many_siblings_are_one_shape_that_counts_them() -> None:
    drawing = await drawn(Squares(), count=100)
    assert drawing.text == (
        "Squares\n"
        "  StartEvent -> split #1 -> 100 \u00d7 Item\n"
        "  100 \u00d7 Item -> work \u00d7100 -> 80 \u00d7 Square | 10 \u00d7 StepFailedEvent  (90 done, 10 failed)\n"
        "  10 \u00d7 StepFailedEvent -> mend \u00d710 -> 10 \u00d7 Square  (10 done)\n"
        "  80 \u00d7 Square | 10 \u00d7 Square -> total #1 -> StopEvent\n"
        "  done · 112 step executions, 202 events"
    )
    assert "1 \u00d7 ValueError: 3 is a bad number" in drawing.svg
    width = re.search(r' width="(\d+)"', drawing.svg)
    assert width is not None
    assert int(width[1]) < 700


@pytest.mark.parametrize("count", [MOST_SIBLINGS, MOST_SIBLINGS + 1])
def test_a_few_siblings_are_drawn_one_by_one(count: int) -> None:
    tape = Tape()
    first = tape.start("split", 1, tape.send(StartEvent(), ["split"]))
    sent = [tape.send(QueryEvent(query=str(index)), ["work"], first) for index in range(count)]
    for index, one in enumerate(sent):
        tape.start("work", 10 + index, one)
    found = states(story(tape.records))
    assert len(found) == (1 + count if count <= MOST_SIBLINGS else 2)
    assert (f"work \u00d7{count}" in found) is (count > MOST_SIBLINGS)


def test_what_comes_of_siblings_folds_with_them() -> None:
    tape = Tape("WideFlow")
    first = tape.start("split", 1, tape.send(StartEvent(), ["split"]))
    sent = [tape.send(QueryEvent(query=str(index)), ["work"], first) for index in range(2_000)]
    tape.finish(first)
    for index, one in enumerate(sent):
        who = tape.start("work", 10 + index, one)
        result = FailedEvent(error="x")
        tape.finish(who, result)
        tape.finish(tape.start("mend", 10_000 + index, tape.send(result, ["mend"], who)))
    figure = story(tape.records)
    assert links(figure) == {
        ("StartEvent", "split #1"),
        ("split #1", "2,000 \u00d7 QueryEvent"),
        ("2,000 \u00d7 QueryEvent", "work \u00d72,000"),
        ("work \u00d72,000", "2,000 \u00d7 FailedEvent"),
        ("2,000 \u00d7 FailedEvent", "mend \u00d72,000"),
    }
    assert figure.remarks == ("still running · 4,001 step executions, 4,001 events",)


def test_a_state_that_asks_for_a_look_is_the_one_that_shows() -> None:
    tape = Tape()
    first = tape.start("split", 1, tape.send(StartEvent(), ["split"]))
    for index in range(12):
        who = tape.start("work", 10 + index, tape.send(QueryEvent(query=""), ["work"], first))
        if index < 9:
            tape.finish(who)
    assert states(story(tape.records))["work \u00d712"] == "running"
    assert "9 done, 3 running" in [shape.note for shape in story(tape.records).shapes]
    tape.records.append(StepFailed(0.0, 21, "work", ValueError("bad"), 1, None))
    assert states(story(tape.records))["work \u00d712"] == "failed"
    assert "9 done, 2 running, 1 failed" in [shape.note for shape in story(tape.records).shapes]


def test_executions_of_many_steps_side_by_side_open_on_something() -> None:
    tape = Tape()
    names = [f"step_{index}" for index in range(200)]
    start = tape.send(StartEvent(), names)
    for index, name in enumerate(names):
        tape.finish(tape.start(name, index + 1, start))
    drawing = Drawing(story(tape.records))
    width = float(drawing.svg.partition(' width="')[2].partition('"')[0])
    assert width > MOST * 100
    assert f"min-width:{width * SMALLEST:.0f}px" in drawing.html


async def test_two_failing_runs_alike_give_the_same_bytes() -> None:
    pictures = [(await drawn(Squares(), count=4))._repr_mimebundle_() for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert "step_name: " in pictures[0]["image/svg+xml"]
    assert "failed_at" not in pictures[0]["image/svg+xml"]


async def test_a_list_of_which_nothing_is_left() -> None:
    class Nothing(Squares):
        @step
        async def split(self, ev: StartEvent) -> list[Item]:
            return []

    assert "total #1 -> StopEvent  (with nothing that came of split #1)" in (await drawn(Nothing())).text
    assert "total #1 -> StopEvent  (with nothing that came of split #1)" in (await drawn(Lost(), count=5)).text


class Lost(Squares):
    """Nothing comes of any number."""

    @step
    async def work(self, ev: Item) -> Square | None:
        return None


async def test_a_join_has_an_arrow_from_each_of_its_events() -> None:
    class Joined(Workflow):
        @step
        async def left(self, ev: StartEvent) -> Item:
            return Item(n=1)

        @step
        async def right(self, ev: StartEvent) -> Square:
            return Square(n=1)

        @step
        async def both(self, item: Item, square: Square) -> StopEvent:
            return StopEvent()

    assert "  Item | Square -> both #1 -> StopEvent\n" in (await drawn(Joined())).text


async def test_a_failure_that_a_handler_took_is_a_failed_execution() -> None:
    class Mended(Workflow):
        @step
        async def fetch(self, ev: StartEvent) -> StopEvent:
            raise ConnectionError("no network")

        @catch_error
        async def give_up(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result="nothing")

    assert (await drawn(Mended())).text == (
        "Mended\n"
        "  StartEvent -> fetch #1 -> StepFailedEvent  (failed, ConnectionError)\n"
        "  StepFailedEvent -> give_up #1 -> StopEvent\n"
        "  done · 2 step executions, 3 events"
    )


def test_one_object_sent_several_times_is_gathered_each_time() -> None:
    tape = Tape()
    first = tape.start("split", 1, tape.send(StartEvent(), ["split"]))
    again = InputEvent(input="again")
    tape.finish(first, (again, again, again))
    for _ in range(3):
        tape.send(again, ["gather"], first)
    release = CollectionReleaseEvent(events=[again, again, again], stream_id="", binding_id="gather")
    tape.start("gather", 2, (release, 99, 0))
    figure = story(tape.records)
    assert links(figure) == {
        ("StartEvent", "split #1"),
        ("split #1", "3 \u00d7 InputEvent"),
        ("3 \u00d7 InputEvent", "gather #1"),
    }
    assert not any(shape.loose for shape in figure.shapes)


def test_gathered_events_whose_sending_is_lost_come_from_earlier() -> None:
    tape = Tape()
    release = CollectionReleaseEvent(events=[SetupEvent(error=False)], stream_id="", binding_id="gather")
    tape.start("gather", 2, (release, 99, 0))
    assert ("… earlier …", "SetupEvent") in links(story(tape.records[1:]))


def test_a_list_returned_when_the_run_had_been_ended_is_too_late() -> None:
    tape = Tape()
    start = tape.send(StartEvent(), ["a", "b"])
    first, second = tape.start("a", 1, start), tape.start("b", 2, start)
    stop = StopEvent()
    tape.finish(first, stop)
    tape.send(stop, (), first)
    tape.finish(second, (QueryEvent(query="1"), QueryEvent(query="2")))
    assert [shape.label for shape in story(tape.end(stop)).shapes if shape.loose] == ["2 \u00d7 QueryEvent"]


@pytest.mark.parametrize("streamed_first", [True, False])
def test_a_question_is_drawn_once(streamed_first: bool) -> None:
    tape = Tape()
    ask = tape.start("ask", 1, tape.send(StartEvent(), ["ask"]))
    question = Question(text="?")
    if streamed_first:
        tape.records.append(EventStreamed(0.0, 1, "ask", question))
    tape.finish(ask, question)
    tape.send(question, (), ask)
    if not streamed_first:
        tape.records.append(EventStreamed(0.0, 1, "ask", question))
    figure = story(tape.records)
    assert [shape.label for shape in figure.shapes if shape.kind == "question"] == ["Question"]
    assert ("ask #1", "Question") in links(figure)


async def test_a_real_question_is_drawn_once() -> None:
    run = Ask().run()
    async for event in run.stream_events():
        if type(event).__name__ == "Question":
            await run.send_event(Answer(text="Ann"))
    await run
    text = draw_most_recent_execution(run).text
    assert text.count("-> Question") == 1
    assert text.count("person") == 1


def test_hostile_names_of_siblings_stay_text() -> None:
    tape = Tape()
    first = tape.start("split", 1, tape.send(StartEvent(), ["split"]))
    for index in range(20):
        tape.start(HOSTILE, 10 + index, tape.send(QueryEvent(query=HOSTILE), [HOSTILE], first))
        tape.records.append(StepFailed(0.0, 10 + index, HOSTILE, ValueError(HOSTILE), 1, None))
    drawing = Drawing(story(tape.records))
    assert "\u00d720" in drawing.text
    assert inspect(drawing.page).images == 0
    assert "<script>" not in drawing.mermaid
    assert "<img" not in drawing.mermaid
