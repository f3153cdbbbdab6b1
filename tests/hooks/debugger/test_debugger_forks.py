"""Going back: looking at earlier stops, starting another run from one, and comparing runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from tests.flows import Answer, Ask, Count, Fan, Item, Line, Loop, Middle, Result
from tests.shapes import Interview, Number
from wfkit import Context, ContextSerdeError, Event, StartEvent, StopEvent, Workflow, step
from wfkit.hooks.debugger import Debugger
from wfkit.records import RunStarted


async def stepped(workflow: Workflow[Any], times_stepped: int = 100, /, **fields: Any) -> Debugger:
    """Step through so many deliveries of a run, or to its end."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    await debugger.stopped()
    for _ in range(times_stepped):
        if await debugger.step() is None:
            break
    return debugger


# -- looking back ------------------------------------------------------------------------------------------------


async def test_every_earlier_moment_is_there_to_look_at() -> None:
    debugger = await stepped(Loop(), times=3)
    assert [stop.number for stop in debugger.stops] == [1, 2, 3, 4, 5]
    assert [debugger.rewind(n).ready[0].event.get("n") for n in range(2, 6)] == [0, 1, 2, 3]
    snapshot = debugger.rewind(2).snapshot
    assert snapshot is not None
    snapshot["work"].clear()
    again = debugger.rewind(2).snapshot
    assert again is not None
    assert json.dumps(again) == debugger.rewind(2).text
    assert again["work"]["deliveries"]


async def test_the_state_of_a_stop_is_what_it_was() -> None:
    class Writes(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Count:
            await ctx.store.set("list", [1])
            return Count(n=0)

        @step
        async def grow(self, ctx: Context, ev: Count) -> StopEvent:
            (await ctx.store.get("list")).append(2)
            return StopEvent(result=await ctx.store.get("list"))

    debugger = await stepped(Writes(), 1)
    debugger.break_at(event=StopEvent)
    await debugger.step()
    assert [stop.state for stop in debugger.stops] == [{}, {"list": [1]}, {"list": [1, 2]}]
    assert [stop.changed for stop in debugger.stops] == [(), ("list",), ()]
    debugger.stops[1].state["list"].append(9)
    await debugger.continue_()
    assert await debugger.handler == [1, 2]


# -- forking -----------------------------------------------------------------------------------------------------


async def test_a_finished_run_is_forked_with_a_changed_event() -> None:
    debugger = await stepped(Line(), text="hi")
    fork = debugger.fork(2, text="other")
    stop = await fork.stopped()
    assert stop is not None
    assert (stop.number, stop.why) == (1, "forked at 2")
    assert (stop.ready[0].event, stop.ready[0].source) == (Middle(text="other"), "first")
    assert (fork.parent, fork.forked_at, fork.status) == (debugger, 2, "held")
    assert await fork.continue_() is None
    assert (await debugger.handler, await fork.handler) == ("HI", "OTHER")
    assert [type(record) for record in fork.history].count(RunStarted) == 2
    again = fork.fork(1, event=Middle(text="third"))
    await again.continue_()
    assert await again.handler == "THIRD"
    assert again.history[: len(debugger.rewind(2).ready)] == debugger.records[:1]


async def test_a_fork_changes_the_delivery_and_the_state_that_are_named() -> None:
    debugger = await stepped(Fan(), 1, count=3)
    fork = debugger.fork(held="square", n=5, state={"count": 2, "deep.er": 1})
    other = debugger.fork(held=-1, n=6)
    third = debugger.fork(held=debugger.stops[-1].ready[1], n=7)
    for each in (fork, other, third, debugger):
        await each.continue_()
    assert len(await fork.handler) == 2
    assert fork.handler.ctx.store.state["deep"] == {"er": 1}
    assert sorted(await other.handler) == [0, 1, 36]
    assert sorted(await third.handler) == [0, 4, 49]
    assert sorted(await debugger.handler) == [0, 1, 4]


async def test_what_cannot_be_forked_starts_nothing() -> None:
    debugger = await stepped(Line(), text="hi")
    with pytest.raises(ValueError, match="There is no stop 7"):
        debugger.fork(7)
    with pytest.raises(ValueError, match="valid string"):
        debugger.fork(2, text=3)
    with pytest.raises(TypeError, match="does not take Item"):
        debugger.fork(2, event=Item(n=1))
    with pytest.raises(ValueError, match=r"Stop 2 has no delivery first to change. Ready: \w{8} \(second\)"):
        debugger.fork(2, held="first", text="x")
    with pytest.raises(ValueError, match=r"is no index|takes no key"):
        debugger.fork(2, state={"a": 1, "a.b": 2})
    with pytest.raises(ContextSerdeError, match="does not have"):
        debugger.fork(2, workflow=Loop())


async def test_a_failed_run_is_forked_from_just_before_with_a_mended_step() -> None:
    class Broken(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Count:
            await ctx.store.set("user", "Ada")
            return Count(n=0)

        @step
        async def divide(self, ctx: Context, ev: Count) -> StopEvent:
            return StopEvent(result=(10 / ev.n, await ctx.store.get("user")))

    class Mended(Broken):
        @step
        async def divide(self, ctx: Context, ev: Count) -> StopEvent:
            return StopEvent(result=("mended", await ctx.store.get("user")))

    Mended.__qualname__, Mended.__module__ = Broken.__qualname__, Broken.__module__
    debugger = Debugger()  # idle: it was only there
    handler = Broken().run(hooks=[debugger])
    with pytest.raises(ZeroDivisionError):
        await handler
    assert debugger.status == "failed"
    mended = debugger.fork(workflow=Mended())
    changed = debugger.fork(n=5)
    same = debugger.fork()
    for each in (mended, changed, same):
        stop = await each.stopped()
        assert stop is not None
        assert [found.step for found in stop.ready] == ["divide"]
        assert await each.continue_() is None
    assert await mended.handler == ("mended", "Ada")
    assert await changed.handler == (2, "Ada")
    with pytest.raises(ZeroDivisionError):
        await same.handler
    assert same.stops[-1].why == "failed: ZeroDivisionError"
    stop = debugger.stop
    assert stop is not None
    assert (stop.ready[0].source, stop.record) == ("begin", len(debugger.records) - 2)
    assert [(each.step, each.what) for each in debugger.compare(changed).events] == [
        ("divide", "event"),
        ("divide", "outcome"),
    ]


async def test_a_failure_that_was_held_and_given_up_makes_no_second_stop() -> None:
    class Broken(Workflow):
        @step
        async def divide(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=10 / ev.n)

    debugger = Debugger(on_failure=True)
    handler = Broken().run(n=0, hooks=[debugger])
    await debugger.stopped()
    await debugger.give_up()
    assert [stop.why for stop in debugger.stops] == ["failed: ZeroDivisionError"]
    fork = debugger.fork(n=2)
    await fork.stopped()
    await fork.continue_()
    assert await fork.handler == 5
    with pytest.raises(ZeroDivisionError):
        await handler


async def test_a_fork_asks_again_and_keeps_the_answers_it_had() -> None:
    debugger = await stepped(Ask(), 1)
    await debugger.answer(Answer(text="Ada"))
    before, after = debugger.fork(2), debugger.fork(3)
    stop = await before.stopped()
    assert stop is not None
    assert (stop.ready, len(stop.questions)) == ((), 1)
    await before.answer(Answer(text="Bob"))
    for each in (before, after, debugger):
        await each.continue_()
    assert [await each.handler for each in (debugger, before, after)] == ["hello Ada", "hello Bob", "hello Ada"]


async def test_what_waited_waits_again_in_a_fork() -> None:
    debugger = await stepped(Interview(), 2)
    fork = debugger.fork()
    stop = await fork.stopped()
    assert stop is not None
    assert [found.step for found in stop.waiting] == ["ask"]
    assert stop.ready == ()
    for each in (debugger, fork):
        await each.answer(Number(n=1))
        stop = await each.continue_()
        assert stop is not None
        assert await each.answer(Number(n=2)) is None
    assert sorted(await debugger.handler) == sorted(await fork.handler) == [1, 11, 22]


async def test_a_fork_has_the_breakpoints_of_its_parent_as_its_own() -> None:
    debugger = await stepped(Loop(), 1, times=3)
    debugger.break_at("turn", when="n == 2")
    fork = debugger.fork()
    fork.clear()
    assert len(debugger.breakpoints) == 1
    await fork.stopped()
    assert await fork.continue_() is None
    stop = await debugger.continue_()
    assert stop is not None
    assert stop.ready[0].event == Count(n=2)
    await debugger.continue_()


async def test_what_came_of_the_edit_of_a_stop_is_in_its_own_stop() -> None:
    debugger = await stepped(Line(), 1, text="hi")
    debugger.edit(text="edited")
    await debugger.stopped()
    forks = [debugger.fork(2), debugger.fork(3)]
    for each in (*forks, debugger):
        await each.continue_()
    assert [await each.handler for each in (*forks, debugger)] == ["HI", "EDITED", "EDITED"]


# -- comparing ---------------------------------------------------------------------------------------------------


async def test_two_runs_are_the_same() -> None:
    left, right = await stepped(Fan(), count=3), await stepped(Fan(), count=3)
    comparison = left.compare(right)
    assert comparison.same
    assert (comparison.events, comparison.state, comparison.where) == ((), {}, (None, None))
    assert (str(comparison), repr(comparison)) == ("The two runs are the same.", "<Comparison: the same>")


async def test_it_says_where_two_forks_part_and_what_differs() -> None:
    debugger = await stepped(Line(), text="hi")
    left, right = debugger.fork(2, text="left"), debugger.fork(2, text="right", state={"user": "Ada", "api_key": "x"})
    for each in (left, right):
        await each.stopped()
        await each.continue_()
    comparison = left.compare(right)
    assert not comparison.same
    event, outcome = comparison.events
    assert (event.step, event.what, event.left, event.right) == (
        "second",
        "event",
        Middle(text="left"),
        Middle(text="right"),
    )
    assert (outcome.what, outcome.left) == ("outcome", StopEvent(result="LEFT"))
    assert comparison.where == event.at
    at = event.at[0]
    assert at is not None
    assert left.history[at - 1].event == Middle(text="left")  # type: ignore[union-attr]  # a StepStarted
    assert comparison.state == {"user": (..., "Ada"), "api_key": (..., "x")}
    text = str(comparison)
    assert text.startswith("They part at second [")
    assert "state user: not there | 'Ada'" in text
    assert "state api_key: not there | ****" in text
    assert "end: done, StopEvent(result='LEFT') | done, StopEvent(result='RIGHT')" in text
    assert repr(comparison) == "<Comparison: 2 deliveries differ>"


async def test_one_run_goes_where_the_other_does_not() -> None:
    left, right = await stepped(Loop(), times=1), await stepped(Loop(), times=2)
    comparison = left.compare(right)
    assert [(each.step, each.what) for each in comparison.events] == [
        ("begin", "event"),
        ("turn", "outcome"),
        ("turn", "missing"),
    ]
    missing = comparison.events[-1]
    assert (missing.left, missing.right, missing.at[0]) == (None, Count(n=2), None)
    assert "end: done, StopEvent(result=1) | done, StopEvent(result=2)" in str(comparison)


async def test_a_run_that_goes_on_is_compared_as_far_as_it_is() -> None:
    left, right = await stepped(Loop(), times=9), await stepped(Loop(), 3, times=9)
    comparison = left.compare(right)
    assert comparison.outcomes == ("done", None)
    assert "| goes on" in str(comparison)
    assert "more" not in str(left.compare(left))
    await right.cancel()


async def test_hostile_values_are_compared_and_told() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        def __hash__(self) -> int:
            return 1

        def __repr__(self) -> str:
            raise RuntimeError("no")

    class Carries(Event):
        thing: Any
        secret: SecretStr

    class Odd(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Carries:
            await ctx.store.set("thing", Hostile())
            return Carries(thing=Hostile(), secret=SecretStr("hidden"), password="open")

        @step
        async def end(self, ev: Carries) -> StopEvent:
            return StopEvent(result="\x1b[31mred\n")

    left, right = await stepped(Odd()), await stepped(Odd())
    text = str(left.compare(right))
    assert "state thing: <Hostile, not showable> | <Hostile, not showable>" in text
    assert "hidden" not in text
    assert "open" not in text
    assert "\x1b" not in text
    assert left.stops[-1].snapshot is None
    assert "\x1b" not in "\n".join((*left.log, *map(str, left.stops)))


async def test_results_are_compared_by_their_class_and_fields() -> None:
    left, right = await stepped(Fan(), 1, count=1), await stepped(Fan(), 1, count=1)
    left.skip(0, Result(n=7))
    await left.continue_()
    await right.continue_()
    assert [(each.step, each.what) for each in left.compare(right).events][:1] == [("square", "outcome")]
