"""What the debugger keeps and says: stops, their number, their words, and the lines of a log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flows import Item, Left, Question
from tests.shapes import Number
from wfkit import Event, InputRequiredEvent, StartEvent, StopEvent, records
from wfkit.events import ChildEvent, CollectionReleaseEvent
from wfkit.hooks.debugger.past import Past
from wfkit.hooks.debugger.stops import Delivery, Stop
from wfkit.hooks.debugger.telling import lines_of, tell
from wfkit.hooks.debugger.writing import Text
from wfkit.lineage import delivery_id

ID = 0x0123456789ABCDEF
GATHERED = CollectionReleaseEvent(events=[Left(), Item(n=1), Item(n=2)], stream_id="", binding_id="a")


class Unspeakable(Exception):
    """An error whose text raises."""

    def __str__(self) -> str:
        raise RuntimeError("no")


# -- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "text"),
    [
        (Delivery(ID, "a", Item(n=1)), "Item -> a"),
        (Delivery(ID, "a", Item(n=1), attempt=2, source="b"), "Item -> a, attempt 2, from b"),
        (Delivery(ID, "a", Item(n=1), error=ValueError("no\ngood")), "Item -> a, failed: ValueError: no good"),
        (
            Delivery(ID, "a", Item(n=1), error=Unspeakable()),
            "Item -> a, failed: Unspeakable: (its message cannot be shown)",
        ),
        (Delivery(ID, "a", Item(n=1), result=StopEvent()), "Item -> a, has returned StopEvent"),
        (Delivery(ID, "a", GATHERED), "Left, 2 \u00d7 Item -> a"),
        (Delivery(ID, "a", CollectionReleaseEvent(events=[], stream_id="", binding_id="a")), "no events -> a"),
        (Delivery(ID, "a", Item(n=1), waits=("Left", "Right")), "Item -> a, waits for Left, Right"),
    ],
)
def test_a_delivery_reads_as_words(delivery: Delivery, text: str) -> None:
    assert str(delivery) == text


def test_a_delivery_shows_no_secret_of_its_event() -> None:
    delivery = Delivery(ID, "a", Event(password="hunter2", data={"token": "hunter2"}))
    assert repr(delivery) == "<Delivery 01234567: Event -> a>"
    assert delivery.events == (delivery.event,)
    assert Delivery(ID, "a", GATHERED).events == (Left(), Item(n=1), Item(n=2))


def test_a_stop_reads_as_words() -> None:
    stop = Stop(
        number=3,
        why="pause",
        time=1.0,
        ready=(Delivery(ID, "a", Item(n=1)),),
        running=(Delivery(ID, "b", Item(n=1)),),
        waiting=(Delivery(ID, "c", Item(n=1), waits=("Left",)),),
        queued={"d": 2},
        questions=(Question(text="?"),),
        buffers={("e", "default"): (Left(), Left())},
        changed=("x.y", ""),
        problem="none of\nthis",
    )
    assert str(stop).splitlines() == [
        "Stop 3: pause",
        "  ready    01234567  Item -> a",
        "  running  01234567  Item -> b",
        "  waiting  01234567  Item -> c, waits for Left",
        "  queued   2 for d",
        "  asked    Question",
        "  aside    2 in e, 'default'",
        "  changed  x.y, all",
        "  problem  none of this",
    ]
    assert repr(stop) == "<Stop 3: pause; ready: a>"
    assert repr(Stop(1, "x", 0.0)) == "<Stop 1: x; ready: nothing>"
    assert (stop.snapshot, stop.state, stop.size) == (None, None, 0)


# -- bounds ------------------------------------------------------------------------------------------------------


def stop_of(number: int, size: int) -> Stop:
    """Return a stop whose snapshot has so many bytes."""
    return Stop(number, "", 0.0, written=Text("x" * size))


def test_the_oldest_go_first_by_number_and_by_size() -> None:
    past = Past(3, 100)
    for number in range(1, 5):
        past.add(stop_of(number, 10))
    assert ([stop.number for stop in past.all()], past.dropped, past.size) == ([2, 3, 4], 1, 30)
    past.add(stop_of(5, 85))
    assert ([stop.number for stop in past.all()], past.dropped, past.size) == ([4, 5], 3, 95)
    kept = past.add(stop_of(6, 101))
    assert (kept.size, past.size, len(past)) == (0, 95, 3)
    assert kept.problem.startswith("The snapshot has 101 bytes; keep_bytes=100")
    assert past.find(5).number == past.find(-2).number == 5
    assert str(past).startswith("3 stops kept, 95 bytes, from number 4 to 6 (at most 3 stops and 100 bytes")
    assert str(Past(1, 1)) == "0 stops kept, 0 bytes (at most 1 stops and 1 bytes; keep=, keep_bytes=)"
    with pytest.raises(TypeError, match="has a whole number, not 'x'"):
        past.find("x")  # type: ignore[arg-type]


# -- lines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (records.RunStarted(0.0, "r", "Line", False), "run of Line begins"),
        (records.RunStarted(0.0, "r", "Line", True), "run of Line goes on"),
        (records.EventSent(0.0, Item(n=1), None, 0, 0, ("a", "b")), "somebody outside sends Item to a, b"),
        (records.EventSent(0.0, StopEvent(), "a", 1, 0, ()), "a sends StopEvent, which ends the run"),
        (records.EventSent(0.0, InputRequiredEvent(), "a", 1, 0, ()), "a sends InputRequiredEvent to a person"),
        (records.EventSent(0.0, Item(n=1), "a", 1, 0, ()), "a sends Item, for whoever waits for it"),
        (records.StepStarted(0.0, ID, "a", Item(n=1), 0, 0, 2), "a starts on Item, attempt 2  [01234567]"),
        (records.StepFinished(0.0, ID, "a", None), "a returns nothing  [01234567]"),
        (records.StepFinished(0.0, ID, "a", (Item(n=1), Item(n=2))), "a returns 2 events  [01234567]"),
        (
            records.StepFailed(0.0, ID, "a", ValueError("x"), 1, 0.5),
            "a fails: ValueError: x; again in 0.5 s  [01234567]",
        ),
        (records.StepCancelled(0.0, ID, "a"), "a is cancelled  [01234567]"),
        (records.StepHeld(0.0, ID, "a"), "a is held  [01234567]"),
        (records.StepReleased(0.0, ID, "a"), "a is let go  [01234567]"),
        (records.EventReplaced(0.0, ID, "a", Item(n=1)), "a is given another Item  [01234567]"),
        (records.StepSkipped(0.0, ID, "a"), "a is given what it returns  [01234567]"),
        (records.EventSent(0.0, Number(n=1), None, 0, 0, ()), "somebody outside sends Number"),
        (records.StepStarted(0.0, ID, "a", GATHERED, 0, 0, 1), "a starts on Left, 2 \u00d7 Item  [01234567]"),
        (records.StepWaiting(0.0, ID, "a", "w", Item), "a waits for Item  [01234567]"),
        (records.StepResumed(0.0, ID, "a", "w", None), "a waits no longer  [01234567]"),
        (records.StepResumed(0.0, ID, "a", "w", Item(n=1)), "a gets Item  [01234567]"),
        (records.EventBuffered(0.0, ID, "a", "b", Item(n=1)), "a puts Item aside  [01234567]"),
        (records.EventsCollected(0.0, ID, "a", "b", (1, 2), 3), "a has its 2 events  [01234567]"),
        (records.EventsGathered(0.0, ID, "a", (1, 2)), "a has its 2 events  [01234567]"),
        (records.EventStreamed(0.0, ID, "a", Item(n=1)), "a shows Item  [01234567]"),
        (records.EventStreamed(0.0, 0, None, Item(n=1)), "Item is shown"),
        (records.ChildStreamed(0.0, ChildEvent(child="c", run_id="r", event=Item(n=1))), "child c shows Item"),
        (records.StateChanged(0.0, "a", "set", ("x", "y")), "a changes x, y"),
        (records.StateChanged(0.0, None, "clear", ()), "all changed from outside"),
        (records.RunIdle(0.0, "It waits.", False), "run rests. It waits."),
        (records.RunEnded(0.0, "failed", StopEvent(), ValueError("x")), "run ends: failed: ValueError: x"),
    ],
)
def test_every_record_is_a_line(record: records.Record, line: str) -> None:
    assert tell(record) == line


def test_notes_stand_where_they_belong_and_text_of_others_is_made_plain() -> None:
    start = records.RunStarted(5.0, "r", "Li\x1b[31mne", False)
    sent = records.StepStarted(5.25, delivery_id(0, 0, "a"), "a", StartEvent(), 0, 0, 1)
    lines = lines_of([start, sent], [(1, "paused\nhere"), (9, "late")])
    assert lines[0] == "    1     0.000  run of Line begins"
    assert lines[1] == "              > paused here"
    assert lines[2].startswith("    2     0.250  a starts on StartEvent  [")
    assert lines[3] == "              > late"
    assert lines_of([]) == []


def test_a_stop_is_not_changed_by_what_is_made_of_it() -> None:
    stop = stop_of(1, 5)
    assert replace(stop, written=Text()).size == 0
    assert stop.size == 5
