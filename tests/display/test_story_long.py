"""The story of a long run: both ends and the failures are told, the rest is counted, and it stays small."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.display.flows import Drawable, Tape, made_event, made_step
from tests.display.playing import Player, moments, named, story_of, text_of
from wfkit import Event, StartEvent, StopEvent
from wfkit.display.payloads import MOST_FIELDS
from wfkit.display.story import MOST_BYTES
from wfkit.display.summary import MOST
from wfkit.plan import Plan
from wfkit.records import Record, StateChanged, StepFailed, StepFinished, StepStarted


def plan_of_one() -> Plan:
    return Plan("OneFlow", [made_step("known", [StartEvent], [StopEvent])])


def looping(turns: int, **fields: Any) -> list[Record]:
    """Return the records of a loop of two steps."""
    tape = Tape("LoopFlow")
    event: Event = StartEvent(**fields)
    parent: tuple[str, int] | None = None
    for index in range(turns):
        for name, kind in (("answer", made["Failed"]), ("improve", made["Query"])):
            parent = tape.start(name, len(tape.records), tape.send(event, [name], parent))
            event = kind(number=index, **fields)
            tape.finish(parent, event)
    tape.end()
    return [one._replace(time=0.01 * place) for place, one in enumerate(tape.records)]


made = {name: made_event(name) for name in ("Failed", "Query")}


def loop_plan() -> Plan:
    failed, query = made["Failed"], made["Query"]
    steps = [made_step("answer", [StartEvent, query], [failed, StopEvent]), made_step("improve", [failed], [query])]
    return Plan("LoopFlow", steps)


def test_a_long_run_is_told_at_both_ends_and_counted_between() -> None:
    records = looping(2_000)
    story = story_of(Drawable(loop_plan()), records)
    Player(story.data).check(story)
    rows = story.data["moments"]
    assert len(rows) <= MOST
    (skipped,) = [place for place, row in enumerate(rows) if row[1] == "skipped"]
    assert skipped >= 200
    assert len(rows) - skipped >= 700
    left_out, _, words, _ = rows[skipped][2:]
    assert left_out + len(rows) - 1 == len(records)
    assert "answer → improve, 1," in words or "improve → answer, 1," in words
    assert "times over" in words
    assert f"{left_out:,} of 12,002 records are counted only, not told one by one" in story.remarks
    assert [fold[2] for fold in story.data["folds"]] == ["skipped"]
    # Who sent the first event after the stretch is told too, though its own moments are not.
    assert [run for run in story.data["runs"] if not run[3]] == [story.data["runs"][0], story.data["runs"][-1]]


def test_a_long_run_is_not_longer_when_it_is_ten_times_as_long() -> None:
    short, long = (text_of(story_of(Drawable(loop_plan()), looping(turns))) for turns in (300, 3_000))
    assert len(long) < 1.1 * len(short) < MOST_BYTES / 2


@pytest.mark.slow
def test_a_run_of_a_hundred_thousand_records_is_told() -> None:
    records = looping(16_700)
    assert len(records) > 100_000
    story = story_of(Drawable(loop_plan()), records)
    Player(story.data).check(story)
    assert len(story.data["moments"]) <= MOST


def test_a_failure_in_the_middle_is_told_with_what_surrounds_it() -> None:
    records = looping(1_000)
    place = next(place for place, one in enumerate(records) if place > 3_000 and isinstance(one, StepFinished))
    old = records[place]
    assert isinstance(old, StepFinished)
    again = next(one for one in reversed(records[:place]) if isinstance(one, StepStarted))
    records[place:place] = [
        StepFailed(old.time, old.id, old.step, ValueError("here"), 1, 0.0),
        again._replace(time=old.time, attempt=2),
    ]
    story = story_of(Drawable(loop_plan()), records)
    Player(story.data).check(story)
    kinds = [row[1] for row in story.data["moments"]]
    failed = kinds.index("failed")
    assert kinds.count("skipped") == 2
    assert "started" in kinds[failed - 4 : failed]
    assert kinds[failed + 1 : failed + 3] == ["started", "finished"]
    run = story.data["runs"][story.data["moments"][failed][2]]
    assert [bar[2] for bar in run[5]] == ["fail", "retry", "run"]


def test_moments_that_take_much_room_are_fewer() -> None:
    keys = tuple("k" * 60 + str(index) for index in range(20))
    story = story_of(Drawable(loop_plan()), [StateChanged(float(place), None, "set", keys) for place in range(1_500)])
    assert len(text_of(story).encode()) <= MOST_BYTES
    assert 300 < len(story.data["moments"]) < 800
    assert any("are counted only" in remark for remark in story.remarks)


def test_thousands_of_failures_keep_to_the_budget() -> None:
    tape = Tape()
    for index in range(5_000):
        who = tape.start("known", index + 1, tape.send(StartEvent(n=index), ["known"]))
        try:
            raise ValueError(f"{index} " + "y" * 2_000)
        except ValueError as error:
            tape.records.append(StepFailed(0.0, who[1], "known", error, 1, None))
    story = story_of(Drawable(plan_of_one()), tape.records)
    Player(story.data).check(story)
    assert len(story.data["moments"]) <= MOST
    assert len(text_of(story).encode()) <= MOST_BYTES
    assert story.data["errors"][-1][2].endswith("ValueError: 4999 " + "y" * 282 + "…")
    assert "" in [error[2] for error in story.data["errors"]]


@pytest.mark.parametrize("size", [3_000, 1_000_000])
def test_big_payloads_keep_to_the_budget_and_the_last_ones_are_told(size: int) -> None:
    long = {f"field_{index}": "'<&\u00e9" * (size // 4) for index in range(30)}
    story = story_of(Drawable(loop_plan()), looping(400, **long))
    text = text_of(story)
    assert len(text.encode()) <= MOST_BYTES
    told = [event for event in story.data["events"] if event[2]]
    assert all(len(event[2]) <= MOST_FIELDS and event[3] >= 18 for event in told if event[1] != "StopEvent")
    assert story.data["events"][0][2]
    assert [] in [event[2] for event in story.data["events"]]
    assert any("of the events carried is left out" in remark for remark in story.remarks)


def test_a_fan_of_thousands_keeps_to_the_budget() -> None:
    tape = Tape("FanFlow")
    first = tape.start("answer", 1, tape.send(StartEvent(), ["answer"]))
    events = [made["Failed"](number=index) for index in range(5_000)]
    tape.finish(first, tuple(events))
    sent = [tape.send(event, ["improve"], first) for event in events]
    for index, one in enumerate(sent):
        tape.finish(tape.start("improve", 10 + index, one))
    story = story_of(Drawable(loop_plan()), tape.end())
    Player(story.data).check(story)
    assert len(moments(story, "finished")[0][1]) == 40
    assert len(text_of(story)) < MOST_BYTES / 2
    assert named(story)["improve"].chips == (("done", 5_000),)


@pytest.mark.parametrize("text", ["<" * 2_000, "&'" * 1_000, '\\"' * 1_000])
def test_what_a_page_writes_as_several_characters_counts_so(text: str) -> None:
    tape = Tape()
    for index in range(1_500):
        who = tape.start("known", index + 1, tape.send(StartEvent(n=index, text=text), ["known"]))
        tape.records.append(StepFailed(0.0, who[1], "known", ValueError(text), 1, None))
    story = story_of(Drawable(plan_of_one()), tape.records)
    page = text_of(story).replace("'", "&#x27;")
    assert len(json.dumps(page)) < 1.4 * MOST_BYTES  # in the notebook's file
    assert story.data["errors"][-1][2]
