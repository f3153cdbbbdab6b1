"""The story of a run: what a playback is given, and that playing it comes to what the records say."""

from __future__ import annotations

import asyncio

import pytest

from tests.display.flows import Drawable, QueryEvent, Tape, made_step, plan
from tests.display.playing import (
    Answer,
    CollectFlow,
    FanFlow,
    FetchFlow,
    HeldFlow,
    LoopFlow,
    MendFlow,
    PersonFlow,
    Piece,
    Player,
    Sum,
    WaitFlow,
    moments,
    named,
    record,
    story_of,
    text_of,
)
from wfkit import Context, Event, Hook, StartEvent, StepCall, StopEvent, Workflow, step
from wfkit.display.tally import Tally
from wfkit.plan import Plan
from wfkit.records import (
    ChildStreamed,
    EventSent,
    Record,
    RunEnded,
    RunIdle,
    RunStarted,
    StateChanged,
    StepFailed,
    StepFinished,
    StepHeld,
)
from wfkit.seam import Proceed

FLOWS: list[tuple[type[Workflow], Event | None]] = [
    (LoopFlow, None),
    (FanFlow, None),
    (PersonFlow, Answer(text="yes")),
    (WaitFlow, Answer(text="yes")),
    (FetchFlow, None),
    (MendFlow, None),
    (CollectFlow, None),
    (HeldFlow, None),
]


async def test_what_a_step_is_held_is_not_its_own_time() -> None:
    workflow = HeldFlow()
    story = story_of(workflow, await record(workflow))
    split = next(run for run in story.data["runs"] if story.data["nodes"][run[0]][1] == "split")
    assert [[end - start, kind] for start, end, kind in split[5]] == [
        [0, "run"],
        [2, "hold"],
        [0, "run"],
        [1, "hold"],
        [0, "run"],
    ]
    assert len(moments(story, "held")) == len(moments(story, "released")) == 10
    assert story.data["headline"] == "done in 9.2 s, held for 9.0 s of it"


class Meddling(Hook):
    """Gives one piece of work another event, and the result of the next."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        if call.event == Piece(n=0):
            call.replace(Piece(n=10))
        elif call.event == Piece(n=1):
            call.skipped()
            return Sum(n=100)
        return await proceed(call)


async def test_what_a_hook_has_changed_is_told() -> None:
    workflow = HeldFlow()
    records = await record(FanFlow(hooks=[Meddling()]))
    story = story_of(workflow, records)
    ((edited, event),) = moments(story, "replaced")
    ((skipped,),) = moments(story, "stood_in")
    was = story.data["runs"][edited][2]
    assert story.data["events"][was][1:] == ["Piece", [["n", "0"]]], "what it is until it is edited"
    assert story.data["events"][event][1:] == ["Piece", [["n", "10"]]]
    one, other = (execution for execution in story.history.executions if execution.edited or execution.skipped)
    assert (one.edited, one.skipped, one.events) == (True, False, (Piece(n=10),))
    assert (other.edited, other.skipped, other.events) == (False, True, (Piece(n=1),))
    assert edited != skipped
    Player(story.data).check(story)


async def test_a_step_that_is_held_when_the_records_end_is_shown_so() -> None:
    workflow = HeldFlow()
    records = await record(workflow)
    first = next(place for place, found in enumerate(records) if isinstance(found, StepHeld))
    story = story_of(workflow, records[: first + 1])
    assert named(story)["split"] == Tally("held", idle=False, chips=(("held", 1),))
    # Its beginning may be gone; then it must have run before.
    story = story_of(workflow, records[first:])
    Player(story.data).check(story)


@pytest.mark.parametrize(("flow", "answer"), FLOWS)
async def test_playing_a_run_comes_to_what_its_picture_shows(flow: type[Workflow], answer: Event | None) -> None:
    workflow = flow()
    records = await record(workflow, answer)
    story = story_of(workflow, records)
    Player(story.data).check(story)
    assert story.data["outcome"] == "done"
    assert [moment[1] for moment in story.data["moments"]].count("ended") == 1
    assert len(story.data["moments"]) == len(records)


@pytest.mark.parametrize(("flow", "answer"), FLOWS)
async def test_any_part_of_a_run_can_be_played(flow: type[Workflow], answer: Event | None) -> None:
    workflow = flow()
    records = await record(workflow, answer)
    for first in range(0, len(records), 3):
        for last in range(first, len(records) + 1, 5):
            story = story_of(workflow, records[first:last])
            Player(story.data).check(story)


async def test_the_same_records_give_the_same_bytes() -> None:
    workflow = MendFlow()
    records = await record(workflow)
    assert text_of(story_of(workflow, records)) == text_of(story_of(workflow, records))


async def test_awaiting_a_failed_run_does_not_change_its_story() -> None:
    workflow = FetchFlow()
    workflow.fatal = True
    handler = workflow.run()
    await asyncio.sleep(1.85)
    assert handler.is_done()
    before = story_of(workflow, handler.__wfkit_records__() or ())
    for _ in range(2):
        with pytest.raises(ValueError, match="no title"):
            await handler
    after = story_of(workflow, handler.__wfkit_records__() or ())
    assert text_of(before) == text_of(after)
    assert "read" in after.data["errors"][2][2]
    assert "test_awaiting" not in after.data["errors"][2][2]


async def test_a_run_that_is_repeated_differs_in_times_alone() -> None:
    first, second = [story_of(FetchFlow(), await record(FetchFlow())).data for _ in range(2)]
    for data in (first, second):
        data["moments"] = [row[1:] for row in data["moments"]]
    assert first["moments"] == second["moments"]
    assert first["events"] == second["events"]
    assert first["errors"] == second["errors"]


async def test_a_loop_is_told_moment_by_moment() -> None:
    workflow = LoopFlow()
    workflow.turns = 2
    story = story_of(workflow, await record(workflow, query="?"))
    data = story.data
    nodes = {name: number for number, (_, name, _) in enumerate(data["nodes"])}
    assert [(data["nodes"][run[0]][1], run[1], run[3]) for run in data["runs"]] == [
        ("answer", 1, []),
        ("improve", 1, [0]),
        ("answer", 2, [1]),
    ]
    assert [(data["nodes"][node][1], fields) for node, _, fields in data["events"]] == [
        ("StartEvent", [["query", "'?'"]]),
        ("Failed", [["error", "'too short'"]]),
        ("Query", [["query", "'better'"]]),
        ("StopEvent", [["result", "'Arr, matey'"]]),
    ]
    assert [moment[1:] for moment in data["moments"][:6]] == [
        ["began", False],
        ["sent", 0, -1, [nodes["answer"]]],
        ["started", 0, 1],
        ["state", 0, "set", ["turn"]],
        ["finished", 0, [1]],
        ["sent", 1, 0, [nodes["improve"]]],
    ]
    assert data["moments"][-1][1:] == ["ended", "done", 3, -1]
    assert data["counts"] == {"events": 4, "steps": 3, "retries": 0, "failed": 0}
    assert story.headline == "done in 50 ms"
    assert story.remarks == ("result: 'Arr, matey'",)


async def test_tallies_say_how_often_and_what_was_never_reached() -> None:
    workflow = FetchFlow()
    workflow.fatal = True
    tallies = named(story_of(workflow, await record(workflow)))
    assert tallies["fetch"] == Tally("done", False, (("retried", 2), ("done", 1)))
    assert tallies["read"] == Tally("failed", False, (("failed", 1),))
    assert tallies["Query"] == Tally(None, False, (), 1)
    assert tallies["StopEvent"] == Tally(None, True)


async def test_a_failed_run_has_its_error_with_the_way_to_it() -> None:
    workflow = FetchFlow()
    workflow.fatal = True
    story = story_of(workflow, await record(workflow))
    assert story.data["outcome"] == "failed"
    assert story.headline.startswith("failed after 1.8 s")
    assert "ValueError: no title" in story.remarks
    assert [error[:2] for error in story.data["errors"]] == [
        ["ConnectionError", "no network"],
        ["ConnectionError", "no network"],
        ["ValueError", "no title"],
    ]
    assert 'raise ValueError("no title")' in story.data["errors"][2][2]
    failed = moments(story, "failed")
    assert failed == [[0, 0, 0.5], [0, 1, 1.0], [1, 2, None]]
    assert moments(story, "ended")[0][2] == 2


async def test_a_failure_goes_to_the_pill_of_its_handler() -> None:
    story = story_of(MendFlow(), await record(MendFlow()))
    (event,) = [event for event in story.data["events"] if event[1] == "StepFailedEvent"]
    assert story.data["nodes"][event[0]][1] == "StepFailedEvent"
    assert [name for name, _ in event[2]] == ["step_name", "input_event", "exception", "attempts"]
    assert named(story)["StepFailedEvent"].sent == 1


async def test_a_list_step_comes_from_all_who_sent_its_events() -> None:
    story = story_of(FanFlow(), await record(FanFlow()))
    join = next(run for run in story.data["runs"] if story.data["nodes"][run[0]][1] == "join")
    assert len(join[2]) == len(join[3]) == 12
    assert moments(story, "collected") == [[story.data["runs"].index(join), join[3]]]


async def test_a_very_wide_join_names_some_and_counts_all() -> None:
    workflow = FanFlow()
    workflow.width = 300
    story = story_of(workflow, await record(workflow))
    join = next(run for run in story.data["runs"] if story.data["nodes"][run[0]][1] == "join")
    assert len(join[2]) == len(join[3]) == 40
    assert join[6] == 300
    Player(story.data).check(story)


async def test_what_collect_events_has_got_names_the_runs_that_brought_it() -> None:
    story = story_of(CollectFlow(), await record(CollectFlow()))
    ((run, brought),) = moments(story, "collected")
    assert run in brought
    assert len(brought) == 3
    assert len(moments(story, "buffered")) == 2


async def test_a_run_that_waits_says_for_what() -> None:
    workflow = WaitFlow()
    records = await record(workflow, Answer(text="yes"))
    until = next(place for place, one in enumerate(records) if isinstance(one, RunIdle)) + 1
    story = story_of(workflow, records[:until])
    assert story.data["outcome"] == "waiting"
    assert "waits for Answer" in story.remarks[0]
    assert moments(story, "waiting") == [[0, "Answer"]]
    assert named(story)["draft"] == Tally("waiting", False, (("waiting", 1),))
    assert (
        story_of(workflow, [*records[: until - 1], RunIdle(1.0, "Nobody can help.", True)]).data["outcome"] == "stuck"
    )


async def test_a_question_and_its_answer_wake_the_person() -> None:
    story = story_of(PersonFlow(), await record(PersonFlow(), Answer(text="yes")))
    assert not named(story)["person"].idle
    early = story_of(PersonFlow(), (await record(PersonFlow(), Answer(text="yes")))[:3])
    assert named(early)["person"].idle


async def test_what_a_child_run_shows_is_told_with_its_name() -> None:
    class Child(Workflow):
        @step
        async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Piece(n=7))
            return StopEvent()

    class Parent(Workflow):
        helper = Child()

        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await self.helper.run())

    records = await record(Parent())
    assert any(isinstance(one, ChildStreamed) for one in records)
    story = story_of(Parent(), records)
    names = [story.data["events"][event][1:] for run, event in moments(story, "streamed") if run == -1]
    assert names[0] == ["helper: Piece", [["n", "7"]]]


def test_steps_that_the_flow_does_not_have_break_nothing() -> None:
    class Steps:
        @step
        async def known(self, ev: StartEvent) -> StopEvent:
            raise NotImplementedError

    tape = Tape("OldFlow")
    first = tape.start("known", 1, tape.send(StartEvent(), ["known"]))
    event = QueryEvent(query="?")
    tape.finish(first, event)
    old = tape.start("was_here", 2, tape.send(event, ["was_here"], first))
    tape.finish(old, StopEvent())
    story = story_of(Drawable(plan(Steps)), tape.end())
    Player(story.data).check(story)
    assert "the workflow does not have these steps any more: was_here" in story.remarks
    assert story.data["nodes"][-1][1:] == ["was_here", "step"]
    assert story.data["nodes"][-1][0] not in story.tallies
    assert story.data["events"][1][:2] == [-1, "QueryEvent"]


@pytest.mark.parametrize(
    "records",
    [
        [],
        [RunStarted(5.0, "run", "TrivialFlow", False)],
        [StateChanged(0.0, None, "clear", ())],
        [RunEnded(0.0, "cancelled", StopEvent(), None)],
        [StepFailed(1.0, 9, "known", ValueError("?"), 3, None)],
        [StepFinished(1.0, 9, "nobody", None)],
    ],
)
def test_hardly_any_records_are_told(records: list[Record]) -> None:
    story = story_of(Drawable(plan_of_one()), records)
    Player(story.data).check(story)
    assert story.data["duration"] == 0
    assert story.data["fold"] == [[0.0, 0.0], [1.0, 1.0]]


def plan_of_one() -> Plan:
    return Plan("OneFlow", [made_step("known", [StartEvent], [StopEvent])])


def test_a_clock_that_jumps_back_does_not_turn_time_back() -> None:
    tape = Tape()
    who = tape.start("known", 1, tape.send(StartEvent(), ["known"]))
    tape.finish(who, StopEvent())
    tape.end()
    times = [10.0, 10.5, 9.0, 11.0, 3.0]
    records = [one._replace(time=time) for one, time in zip(tape.records, times, strict=True)]
    story = story_of(Drawable(plan_of_one()), records)
    assert [moment[0] for moment in story.data["moments"]] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert story.data["runs"][0][5] == [[0.5, 1.0, "run"]]


async def test_a_run_goes_on_from_a_snapshot() -> None:
    workflow = PersonFlow()
    records = await record(workflow, Answer(text="yes"))
    place = next(place for place, one in enumerate(records) if isinstance(one, EventSent) and place > 5)
    later = [RunStarted(records[place].time, "later", "PersonFlow", True), *records[place:]]
    story = story_of(workflow, later)
    Player(story.data).check(story)
    assert "it goes on from a snapshot" in story.remarks
    assert story.headline.startswith("done, after")
