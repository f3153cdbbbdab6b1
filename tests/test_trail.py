"""The way that led to a failure, and the note of it that an error carries."""

from __future__ import annotations

import asyncio
import traceback
from typing import Annotated, Any

import pytest

from tests.flows import Answer, Count, Fail, Item, Middle, Question, Result, Slow
from wfkit import (
    Collect,
    Context,
    Event,
    Hook,
    HumanResponseEvent,
    InputRequiredEvent,
    Recorder,
    StartEvent,
    StepCall,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledByUser,
    WorkflowTimeoutError,
    catch_error,
    retry_policy,
    step,
)
from wfkit.history import History
from wfkit.records import Record, RunEnded, StepFailed, StepStarted
from wfkit.retry import stop_after_attempt, wait_fixed
from wfkit.seam import Proceed
from wfkit.trail import HEAD, TAIL, fold_way, note_way, spell_way, way_to


async def note_of(workflow: Workflow, **fields: Any) -> str:
    """Return the notes of the error with which a run fails."""
    with pytest.raises(Exception) as failed:
        await workflow.run(**fields)
    return "\n".join(getattr(failed.value, "__notes__", []))


# -- the way -----------------------------------------------------------------------------------------------------------


class Line(Workflow):
    @step
    async def parse(self, ev: StartEvent) -> Middle:
        return Middle(text="secret payload")

    @step
    async def judge(self, ev: Middle) -> StopEvent:
        raise ValueError("no good")


async def test_the_note_names_the_step_the_event_and_the_way() -> None:
    assert await note_of(Line()) == (
        "In step 'judge' of Line, working on Middle. The way there: StartEvent -> parse -> Middle."
    )


async def test_every_traceback_tells_it() -> None:
    with pytest.raises(ValueError) as failed:
        await Line().run()
    assert traceback.format_exception(failed.value)[-1].startswith("In step 'judge' of Line")


async def test_the_first_step_has_no_way() -> None:
    assert await note_of(Fail()) == "In step 'fail' of Fail, working on StartEvent."


class Rounds(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Count:
        return Count(n=ev.times)

    @step
    async def turn(self, ev: Count) -> Count | StopEvent:
        return Count(n=ev.n - 1) if ev.n else StopEvent(result=1 / 0)


async def test_the_rounds_of_a_loop_are_counted() -> None:
    assert (await note_of(Rounds(), times=3_000)).endswith(
        "The way there: StartEvent -> begin -> (Count -> turn) x 3,000 -> Count."
    )


async def test_when_the_first_records_are_gone_it_begins_with_an_ellipsis() -> None:
    note = await note_of(Rounds(), times=5_000)
    assert "The way there: \u2026 -> " in note
    assert "(turn -> Count) x 3," in note


async def test_the_attempt_is_told() -> None:
    class Again(Workflow):
        @step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3)))
        async def go(self, ev: StartEvent) -> StopEvent:
            raise ValueError("never")

    assert await note_of(Again()) == "In step 'go' of Again, attempt 3, working on StartEvent."


class Empty(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Item]:
        return []

    @step
    async def join(self, items: list[Item]) -> StopEvent:
        raise ValueError(len(items))


async def test_a_list_step_that_is_called_with_nothing_is_told_too() -> None:
    assert (await note_of(Empty())).startswith("In step 'join' of Empty, working on no event.")


ONE_ERROR = ValueError("the same one")


class Shared(Workflow):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | Middle | None:
        ctx.send_event(Item(n=1))
        return Middle(text="x")

    @step
    async def slow(self, ev: Item) -> StopEvent:
        await asyncio.sleep(5)
        raise ONE_ERROR

    @step
    async def quick(self, ev: Middle) -> StopEvent:
        await asyncio.sleep(1)
        raise ONE_ERROR

    @catch_error(for_steps=["quick"])
    async def help(self, ev: StepFailedEvent) -> None:
        return None


async def test_of_an_error_that_was_raised_twice_the_last_time_counts() -> None:
    assert (await note_of(Shared())).startswith("In step 'slow' of Shared, working on Item.")


class Asks(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text="?")

    @step
    async def hear(self, ev: Answer) -> StopEvent:
        raise ValueError("no good")


async def test_a_question_that_was_asked_before_a_restart_was_asked_by_nobody_outside() -> None:
    run = Asks().run()
    await asyncio.sleep(1)
    assert run.ctx is not None
    saved = run.ctx.to_dict()
    await run.cancel_run()
    again = Asks()
    resumed = again.run(ctx=Context.from_dict(again, saved))
    await asyncio.sleep(1)
    await resumed.send_event(Answer(text="x"))
    with pytest.raises(ValueError) as failed:
        await resumed
    (note,) = failed.value.__notes__
    assert note.endswith("The way there: \u2026 -> Question -> (somebody outside) -> Answer.")


class Swaps(Hook):
    """Gives each step another event than the one it got."""

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        if call.step.name == "last":
            call.replace(Item(n=7))
        return await proceed(call)


class Ends(Workflow):
    @step
    async def first(self, ev: StartEvent) -> Middle | Item:
        return Middle(text="x")

    @step
    async def last(self, ev: Middle | Item) -> StopEvent:
        raise ValueError(type(ev).__name__)


async def test_it_names_the_event_that_a_hook_has_given_the_step() -> None:
    with pytest.raises(ValueError, match="Item") as failed:
        await Ends(hooks=[Swaps()]).run()
    assert failed.value.__notes__ == [
        "In step 'last' of Ends, working on Item. The way there: StartEvent -> first -> Item."
    ]


async def test_through_a_collect() -> None:
    class Gather(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(3):
                ctx.send_event(Item(n=n))
            return None

        @step
        async def join(self, ctx: Context, ev: Item) -> Middle | None:
            return None if ctx.collect_events(ev, [Item] * 3) is None else Middle(text="all")

        @step
        async def judge(self, ev: Middle) -> StopEvent:
            raise ValueError("no good")

    assert (await note_of(Gather())).endswith("The way there: StartEvent -> split -> Item -> join -> Middle.")


async def test_through_a_list_and_a_step_that_gathers() -> None:
    class Lists(Workflow):
        @step
        async def split(self, ev: StartEvent) -> list[Item]:
            return [Item(n=n) for n in range(3)]

        @step
        async def square(self, ev: Item) -> Result:
            return Result(n=ev.n)

        @step
        async def judge(self, results: Annotated[list[Result], Collect()]) -> StopEvent:
            raise ValueError("no good")

    assert await note_of(Lists()) == (
        "In step 'judge' of Lists, working on 3 Result. The way there: "
        "StartEvent -> split -> Item -> square -> 3 Result."
    )


async def test_through_a_question_and_its_answer() -> None:
    run = Asks().run()
    await asyncio.sleep(1)
    await run.send_event(Answer(text="x"))
    with pytest.raises(ValueError) as failed:
        await run
    assert failed.value.__notes__[0].endswith(
        "The way there: StartEvent -> ask -> Question -> (somebody outside) -> Answer."
    )


async def test_after_a_wait_in_the_step_itself() -> None:
    class Waits(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent())
            raise ValueError("no good")

    run = Waits().run()
    await asyncio.sleep(1)
    await run.send_event(HumanResponseEvent())
    with pytest.raises(ValueError) as failed:
        await run
    assert failed.value.__notes__ == ["In step 'ask' of Waits, working on StartEvent."]


async def test_into_an_error_handler_that_fails_itself() -> None:
    class Caught(Line):
        @catch_error
        async def help(self, ev: StepFailedEvent) -> StopEvent:
            raise KeyError("cannot help")

    assert (await note_of(Caught())).startswith(
        "In step 'help' of Caught, working on StepFailedEvent. "
        "The way there: StartEvent -> parse -> Middle -> judge -> StepFailedEvent."
    )


# -- runs that were cut short ------------------------------------------------------------------------------------------


async def test_a_run_that_took_too_long_tells_what_was_at_work() -> None:
    assert await note_of(Slow(timeout=2), seconds=5) == "When it was cut short, step 'sleep' was working on StartEvent."


class Flaky(Workflow):
    @step(retry_policy=retry_policy(wait=wait_fixed(30), stop=stop_after_attempt(9)))
    async def fetch(self, ev: StartEvent) -> StopEvent:
        raise ConnectionError("no network")


async def test_a_run_that_took_too_long_in_the_pause_before_a_retry_tells_after_what() -> None:
    assert await note_of(Flaky(timeout=40)) == (
        "When it was cut short, step 'fetch' was to be tried again after ConnectionError at attempt 2, on StartEvent."
    )


async def test_a_step_that_waits_is_told_too() -> None:
    class Waits(Workflow):
        @step
        async def first(self, ev: StartEvent) -> Middle:
            return Middle(text="x")

        @step
        async def last(self, ctx: Context, ev: Middle) -> StopEvent:
            await ctx.wait_for_event(Item, timeout=None)
            return StopEvent()

    assert await note_of(Waits(timeout=40)) == (
        "When it was cut short, step 'last' was working on Middle. The way there: StartEvent -> first -> Middle."
    )


async def test_of_many_at_work_some_are_told() -> None:
    class Wide(Workflow):
        @step
        async def split(self, ctx: Context, ev: StartEvent) -> Item | None:
            for n in range(4):
                ctx.send_event(Item(n=n))
            return None

        @step(num_workers=4)
        async def work(self, ev: Item) -> StopEvent:
            await asyncio.sleep(100)
            return StopEvent()

    note = await note_of(Wide(timeout=2))
    assert note.count("step 'work' was working on Item. The way there: StartEvent -> split -> Item.") == 3
    assert note.endswith("Also 1 more were at work.")


async def test_a_stuck_run_that_took_too_long_has_none() -> None:
    class Stuck(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent | None:
            return None

    with pytest.raises(WorkflowTimeoutError) as failed:
        await Stuck(timeout=1).run()
    assert not hasattr(failed.value, "__notes__")


async def test_who_cancels_a_run_knows() -> None:
    run = Slow().run(seconds=5)
    await asyncio.sleep(1)
    await run.cancel_run()
    with pytest.raises(WorkflowCancelledByUser) as failed:
        await run
    assert not hasattr(failed.value, "__notes__")


# -- who gets it -------------------------------------------------------------------------------------------------------


async def test_it_is_there_once_however_often_the_run_is_awaited() -> None:
    run = Line().run()
    for _ in range(3):
        with pytest.raises(ValueError) as failed:
            await run
    assert len(failed.value.__notes__) == 1


async def test_an_error_that_runs_share_gets_one() -> None:
    shared = ValueError("the only one")

    class Shares(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise shared

    for _ in range(5):
        with pytest.raises(ValueError):
            await Shares().run()
    assert shared.__notes__ == ["In step 'go' of Shares, working on StartEvent."]


async def test_an_error_of_a_child_run_gets_one_of_each() -> None:
    class Parent(Workflow):
        @step
        async def call(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Line().run())

    assert [note.split(",")[0] for note in (await note_of(Parent())).split("\n")] == [
        "In step 'judge' of Line",
        "In step 'call' of Parent",
    ]


@pytest.mark.parametrize("notes", [None, 7, ["mine", 3]])
async def test_notes_that_are_none_are_left_alone(notes: Any) -> None:
    class Odd(ValueError):
        __notes__ = notes

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise Odd("odd")

    with pytest.raises(Odd):
        await Flow().run()


def test_records_that_cannot_be_read_are_no_reason_to_fail() -> None:
    error = ValueError("x")
    note_way(error, [None, RunEnded(0.0, "failed", StopEvent(), error)], "Flow")  # type: ignore[list-item]
    note_way(error, [StepFailed(0.0, 1, "go", error, 1, None), RunEnded(0.0, "failed", StopEvent(), error)], "Flow")
    assert not hasattr(error, "__notes__")


async def test_a_run_that_does_not_fail_reads_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Recorder) -> Any:
        raise AssertionError("nobody asked")

    monkeypatch.setattr(Recorder, "records", property(fail))
    assert await Slow().run(seconds=1) == "rested"


def test_hostile_names_are_written_so_that_a_terminal_can_show_them() -> None:
    kind = type("Bad\x1b[31m\n\u202eEvent", (Event,), {})
    error = ValueError("x")
    records: list[Record] = [
        StepStarted(0.0, 1, "go", kind(), 0, 0, 1),
        StepFailed(0.0, 1, "go", error, 1, None),
        RunEnded(0.0, "failed", StopEvent(), error),
    ]
    note_way(error, records, "Flow\n" + "x" * 10_000)
    assert len(error.__notes__) == 1
    assert error.__notes__[0].isprintable()
    assert len(error.__notes__[0]) < 500


# -- in one line -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("A", "A"),
        ("A b C", "A -> b -> C"),
        ("S a X b X b X", "S -> a -> (X -> b) x 2 -> X"),
        ("S q F i S q F i S q", "(S -> q -> F -> i) x 2 -> S -> q"),
        ("S a X b X b Y c Y c Y", "S -> a -> (X -> b) x 2 -> (Y -> c) x 2 -> Y"),
    ],
)
def test_a_way_in_one_line(way: str, words: str) -> None:
    assert spell_way(way.split()) == words


def test_the_middle_of_a_long_way_is_left_out() -> None:
    way = [str(number) for number in range(1_000)]
    told = fold_way(way)
    assert told == [*way[:HEAD], f"\u2026 {1_000 - HEAD - TAIL:,} more \u2026", *way[-TAIL:]]
    assert fold_way(way[: HEAD + TAIL + 1]) == way[: HEAD + TAIL + 1]


def test_of_a_long_run_without_rounds_a_line_is_left() -> None:
    kinds = [type(f"Kind{number}", (Event,), {}) for number in range(3)]
    records = [StepStarted(0.0, n + 1, f"s{n % 7}", kinds[n % 3](), n, 0, 1) for n in range(10_000)]
    way = way_to(History(records).by_id[10_000])
    assert len(way) == 20_000
    assert len(spell_way(way)) < 1_000
