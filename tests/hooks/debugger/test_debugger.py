"""A debugger driven from plain Python: stopping, looking, stepping, changing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from tests.flows import Answer, Ask, Count, Fail, Fan, Item, Line, Loop, Middle, Question, Result, Slow
from tests.shapes import Again, Interview, Number, Squares
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowValidationError, step
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop
from wfkit.records import spell
from wfkit.testing import Probe


def ready(stop: Stop | None) -> list[str]:
    """Return the steps that are held."""
    assert stop is not None
    return [found.step for found in stop.ready]


async def held_at(workflow: Workflow[Any], *steps: str, **fields: Any) -> tuple[Debugger, Stop]:
    """Start a run that is held, and step through the steps named; return what holds it, and where it is."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    stop = await debugger.stopped()
    for name in steps:
        stop = await debugger.step(name)
    assert stop is not None
    return debugger, stop


# -- stopping and looking ----------------------------------------------------------------------------------------


async def test_a_run_breaks_at_its_start_and_goes_on_step_by_step() -> None:
    debugger = Debugger(break_at_start=True)
    assert debugger.status == "not started"
    handler = Line().run(text="hi", hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    assert (stop.number, stop.why, ready(stop), debugger.status) == (1, "break at start", ["first"], "held")
    assert stop.ready[0].source is None
    assert stop.ready[0].event == StartEvent(text="hi")
    assert await debugger.stopped() is stop  # however often it is asked
    stop = await debugger.step()
    assert stop is not None
    assert (stop.number, stop.why, ready(stop)) == (2, "step", ["second"])
    assert (stop.ready[0].source, stop.ready[0].event) == ("first", Middle(text="hi"))
    assert await debugger.step() is None
    assert await debugger.stopped() is None
    assert debugger.status == "done"
    assert await handler == await debugger.handler == "HI"
    assert debugger.run_id == handler.run_id


async def test_stepping_in_a_loop_comes_by_every_stop() -> None:
    debugger = Debugger(break_at_start=True)
    handler = Fan().run(count=3, hooks=[debugger])
    stops = []
    while stop := await debugger.step():
        stops.append(stop.number)
    assert stops == list(range(1, 8))
    assert await handler == [0, 1, 4]


async def test_which_is_let_go_is_chosen_in_many_ways() -> None:
    debugger, stop = await held_at(Fan(), "split", count=3)
    assert ready(stop) == ["square"] * 3
    for which, number in ((stop.ready[1], 1), (spell(stop.ready[2].id), 2)):
        found = await debugger.step(which)
        assert found is not None
        assert found.ready[-1].event == Result(n=number**2)
    found = await debugger.step("tally")
    assert found is not None
    assert [each.event for each in found.ready] == [Item(n=0), Result(n=4)]
    found = await debugger.step(found.ready[0].id)
    assert found is not None
    assert [each.event for each in found.ready] == [Result(n=4), Result(n=0)]
    found = await debugger.step(-1)
    assert ready(found) == ["tally"]
    assert await debugger.step(0) is None
    assert await debugger.handler == [1, 0, 4]


async def test_a_stop_tells_what_waits_queues_and_was_put_aside() -> None:
    class Narrow(Fan):
        @step(num_workers=1)
        async def square(self, ev: Item) -> Result:
            return Result(n=ev.n)

    debugger, stop = await held_at(Narrow(), "split", count=4)
    assert (ready(stop), stop.queued) == (["square"], {"square": 3})
    assert [(each.step, each.event, each.source) for each in stop.pending] == [
        ("square", Item(n=n), "split") for n in (1, 2, 3)
    ]
    assert stop.changed == ("count",)
    assert stop.state == {"count": 4}
    stop2 = await debugger.step()
    stop3 = await debugger.step("tally")
    assert stop2 is not None
    assert stop3 is not None
    assert stop3.buffers == {("tally", "default"): (Result(n=0),)}
    assert "aside    1 in tally, 'default'" in str(stop3)
    assert "queued   2 for square" in str(stop2)
    assert stop.buffers == {}  # as it was then
    assert [each.event for each in stop3.pending] == [Item(n=2), Item(n=3)]
    assert await debugger.continue_() is None


async def test_a_question_makes_a_stop_and_an_answer_leads_on() -> None:
    debugger, stop = await held_at(Ask(), "ask")
    assert (stop.ready, stop.questions, debugger.status) == ((), (Question(text="What is your name?"),), "waiting")
    with pytest.raises(WorkflowRuntimeError, match=r"Nothing is held\. It waits for a person's answer to Question"):
        debugger.step()
    found = await debugger.answer(Answer(text="Ada"))
    assert found is not None
    assert (found.why, ready(found), found.questions) == ("sent Answer", ["greet"], ())
    assert await debugger.step(text="Bob") is None
    assert await debugger.handler == "hello Bob"


async def test_a_step_that_waits_goes_on_with_its_answer_before_the_next_stop() -> None:
    debugger, stop = await held_at(Interview(), "ask", "tally")
    assert [(found.step, found.waits) for found in stop.waiting] == [("ask", ("Number",))]
    found = await debugger.answer(Number(n=3))
    assert ready(found) == ["tally"]
    assert found is not None
    assert found.ready[0].event == Item(n=13)
    await debugger.cancel()


async def test_a_run_that_waits_or_is_stuck_tells_whoever_waits_for_a_stop() -> None:
    debugger, _ = await held_at(Ask())
    stop = await debugger.continue_()
    assert stop is not None
    assert stop.why.startswith("waits: It waits for a person's answer to Question")
    assert stop.questions
    assert not debugger.holding
    again = await debugger.stopped()
    assert again is not None
    assert await debugger.answer(Answer(text="Ada")) is None
    assert await debugger.handler == "hello Ada"


async def test_a_running_workflow_is_paused_while_a_step_sleeps() -> None:
    class Sleeps(Workflow):
        @step
        async def first(self, ev: StartEvent) -> Middle:
            await asyncio.sleep(10)
            return Middle(text="rested")

        @step
        async def second(self, ev: Middle) -> StopEvent:
            return StopEvent(result=ev.text)

    debugger = Debugger()
    handler = Sleeps().run(hooks=[debugger])
    await asyncio.sleep(1)
    stop = await debugger.pause()
    assert stop is not None
    assert (stop.why, stop.ready, [found.step for found in stop.running]) == ("pause", (), ["first"])
    assert debugger.status == "held"
    assert asyncio.get_running_loop().time() == pytest.approx(1)
    found = await debugger.step()  # there is nothing to let go: on to where it next stands
    assert ready(found) == ["second"]
    assert asyncio.get_running_loop().time() == pytest.approx(10)
    assert await debugger.continue_() is None
    assert await handler == "rested"


async def test_what_comes_of_a_step_at_work_makes_a_stop_of_its_own() -> None:
    class Two(Workflow):
        @step
        async def slow(self, ev: StartEvent) -> Middle:
            await asyncio.sleep(10)
            return Middle(text="late")

        @step
        async def quick(self, ev: StartEvent) -> Count:
            return Count(n=1)

        @step
        async def end(self, ctx: Context, ev: Middle | Count) -> StopEvent | None:
            return StopEvent(result="both") if ctx.collect_events(ev, [Middle, Count]) else None

    debugger = Debugger()
    handler = Two().run(hooks=[debugger])
    debugger.break_at(event=Count)
    stop = await debugger.stopped()
    assert stop is not None
    assert ([found.step for found in stop.running], ready(stop)) == (["slow"], ["end"])
    await asyncio.sleep(20)
    later = await debugger.stopped()
    assert later is not None
    assert (later.number, later.why, ready(later)) == (2, "something arrived", ["end", "end"])
    await debugger.continue_()
    assert await handler == "both"


async def test_step_until_a_step_an_event_a_condition_and_a_failure() -> None:
    debugger, _ = await held_at(Loop())
    stop = await debugger.step_until("turn")
    assert stop is not None
    assert (stop.why, stop.ready[0].event) == ("until turn", Count(n=0))
    stop = await debugger.step_until(event=Count, when="n == 3")
    assert stop is not None
    assert stop.ready[0].event == Count(n=3)
    assert await debugger.step_until("turn") is None
    debugger, _ = await held_at(Loop())
    with pytest.raises(WorkflowValidationError, match="no step 'nowhere'"):
        debugger.step_until("nowhere")
    assert await debugger.step_until() is None
    debugger, _ = await held_at(Fail())
    stop = await debugger.step_until()
    assert stop is not None
    assert (stop.why, repr(stop.ready[0].error)) == ("failed: ValueError", "ValueError('no good')")
    assert await debugger.give_up() is None


async def test_a_paused_run_is_cancelled() -> None:
    debugger, _ = await held_at(Fan(), "split", count=2)
    await debugger.cancel()
    assert (debugger.status, await debugger.stopped()) == ("cancelled", None)
    assert debugger.now.ready == ()
    with pytest.raises(WorkflowRuntimeError, match=r"has ended: cancelled.*fork\(n\)"):
        debugger.step()
    assert await debugger.continue_() is None
    assert await debugger.pause() is None


# -- changing ----------------------------------------------------------------------------------------------------


async def test_an_event_is_edited_and_the_step_gets_the_new_one() -> None:
    debugger, _ = await held_at(Line(), "first", text="hi")
    assert debugger.edit(text="bye") == Middle(text="bye")
    stop = await debugger.stopped()
    assert stop is not None
    assert (stop.number, stop.why, stop.ready[0].event) == (3, "edited second", Middle(text="bye"))
    assert debugger.rewind(2).ready[0].event == Middle(text="hi")
    assert await debugger.step() is None
    assert await debugger.handler == "BYE"


async def test_a_value_that_does_not_fit_changes_nothing() -> None:
    debugger, stop = await held_at(Loop(), "begin", times=1)
    for command in (debugger.edit, debugger.step):
        with pytest.raises(ValueError, match=r"^Count does not take that: n: Input should be a valid integer, .*\.$"):
            command(n="many")
    with pytest.raises(ValueError, match=r"Count has no field 'm' to change\. Its fields: n"):
        debugger.edit(m=3)
    with pytest.raises(TypeError, match=r"Step 'turn' does not take Item\. It takes Count"):
        debugger.replace(None, Item(n=1))
    with pytest.raises(TypeError, match="works on events; 3 is none"):
        debugger.step(event=3)  # type: ignore[arg-type]
    with pytest.raises(WorkflowRuntimeError, match=r"No held delivery is begin. Held: \w{8} \(turn\)"):
        debugger.edit("begin", n=3)
    assert await debugger.stopped() is stop
    assert debugger.now.ready == stop.ready
    assert await debugger.continue_() is None
    assert await debugger.handler == 1


async def test_fields_nobody_declared_are_edited_where_there_are_no_others() -> None:
    debugger, _ = await held_at(Line())
    await debugger.step(text="given")
    await debugger.continue_()
    assert await debugger.handler == "GIVEN"


async def test_an_event_is_dropped() -> None:
    debugger, _ = await held_at(Fan(), "split", count=2)
    stop = await debugger.drop(1)
    assert ready(stop) == ["square"]
    stop = await debugger.continue_()
    assert stop is not None
    assert stop.why.startswith("waits: ")
    await debugger.cancel()


async def test_a_step_is_skipped_by_giving_its_result() -> None:
    debugger, _ = await held_at(Fan(), "split", count=2)
    for wrong, text in ((3, "an event or None, not 3"), ([Result(n=1)], "an event or None, not")):
        with pytest.raises(TypeError, match=text):
            debugger.skip(0, wrong)
    debugger.skip(0, Result(n=100))
    assert await debugger.continue_() is None
    assert await debugger.handler in ([100, 1], [1, 100])


async def test_a_step_that_returns_a_list_is_skipped_by_giving_one() -> None:
    debugger, stop = await held_at(Squares())
    with pytest.raises(TypeError, match="returns a list of Item"):
        debugger.skip(stop.ready[0], [Middle(text="x")])
    with pytest.raises(TypeError, match="It declares"):
        debugger.skip(stop.ready[0], Item(n=1))
    stop2 = await debugger.skip(stop.ready[0], [Item(n=7)])
    assert ready(stop2) == ["square"]
    assert await debugger.continue_() is None
    assert await debugger.handler == [49]


async def test_another_event_is_injected() -> None:
    debugger, _ = await held_at(Loop(), "begin", times=5)
    stop = await debugger.send(Count(n=5), step="turn")
    assert stop is not None
    assert [found.event for found in stop.ready] == [Count(n=0), Count(n=5)]
    assert stop.ready[1].source is None
    assert await debugger.step(1) is None
    assert await debugger.handler == 5
    with pytest.raises(WorkflowRuntimeError):
        debugger.send(Count(n=1))
    with pytest.raises(WorkflowRuntimeError, match="takes an Event"):
        debugger.send("text")  # type: ignore[arg-type]


async def test_the_state_is_set() -> None:
    debugger, _ = await held_at(Fan(), "split", count=3)
    await debugger.set_state("count", 2)
    stop = await debugger.stopped()
    assert stop is not None
    assert (stop.why, stop.changed, stop.state) == ("set count", ("count",), {"count": 2})
    assert await debugger.continue_() is None
    assert len(await debugger.handler) == 2


class Flaky(Workflow):
    """Fails on every number below its limit, having sent something."""

    @step
    async def begin(self, ev: StartEvent) -> Count:
        return Count(n=0)

    @step
    async def work(self, ctx: Context, ev: Count) -> Item | Result:
        ctx.send_event(Item(n=ev.n))
        if ev.n < 3:
            raise ValueError(f"{ev.n} is too small")
        return Result(n=ev.n)

    @step
    async def tally(self, ctx: Context, ev: Item | Result) -> StopEvent | None:
        both = ctx.collect_events(ev, [Item, Result])
        return None if both is None else StopEvent(result=[each.n for each in both])


async def test_a_failed_step_is_tried_again_with_the_same_and_with_a_changed_event(probe: Probe) -> None:
    debugger = Debugger(on_failure=True)
    handler = Flaky().run(hooks=[debugger, probe])
    stop = await debugger.stopped()
    assert stop is not None
    assert (stop.why, sorted(ready(stop))) == ("failed: ValueError", ["tally", "work"])
    assert "failed: ValueError: 0 is too small" in str(stop)
    again = await debugger.retry("work")
    assert again is not None
    assert repr(again.ready[-1].error) == "ValueError('0 is too small')"
    assert sorted(ready(again)) == ["tally", "work"]  # what it had sent has not been sent twice
    await debugger.retry("work", n=5)
    assert await debugger.continue_() is None
    assert await handler == [0, 5]
    assert probe.results.count(("work", "Result")) == 1


async def test_stepping_a_failed_step_fails_it_and_with_a_change_tries_it_again() -> None:
    debugger = Debugger(on_failure=True)
    handler = Flaky().run(hooks=[debugger])
    await debugger.stopped()
    stop = await debugger.step("work", n=4)
    assert ready(stop) == ["tally", "tally"]
    assert await debugger.continue_() is None
    assert await handler == [0, 4]
    debugger = Debugger(on_failure=True)
    handler = Flaky().run(hooks=[debugger])
    await debugger.stopped()
    with pytest.raises(WorkflowRuntimeError, match="has not failed"):
        debugger.give_up("tally")
    assert await debugger.step("work") is None
    with pytest.raises(ValueError, match="0 is too small"):
        await handler


async def test_a_failure_given_up_is_left_to_the_retry_policy() -> None:
    class Twice(Workflow):
        @step(retry_policy=Again(5))
        async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
            if ctx.retry_info().retry_number < 2:
                raise ValueError("not yet")
            return StopEvent(result=ctx.retry_info().retry_number)

    debugger = Debugger(on_failure=True)
    handler = Twice().run(hooks=[debugger])
    for attempt in (1, 2):
        stop = await debugger.stopped()
        assert stop is not None
        assert (stop.ready[0].attempt, repr(stop.ready[0].error)) == (attempt, "ValueError('not yet')")
        found = await debugger.give_up()
        assert found is not None
        assert (found.ready[0].attempt, found.ready[0].error) == (attempt + 1, None)
        debugger.continue_()
    assert await handler == 2
    assert asyncio.get_running_loop().time() == pytest.approx(10)


async def test_the_end_is_held_and_given_another_result() -> None:
    debugger = Debugger()
    debugger.break_at(event=StopEvent)
    handler = Line().run(hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    assert stop.ready[0].result == StopEvent(result="HELLO")
    assert "has returned StopEvent" in str(stop)
    assert await debugger.skip(0, StopEvent(result="another")) is None
    assert await handler == "another"


async def test_what_a_step_has_returned_is_edited_while_it_is_held_at_its_end() -> None:
    debugger = Debugger()
    debugger.break_at(event=StopEvent)
    handler = Line().run(hooks=[debugger])
    await debugger.stopped()
    with pytest.raises(ValueError, match="StopEvent has no field 'text'"):
        debugger.edit(text="x")
    assert debugger.edit(result="edited") == StopEvent(result="edited")
    stop = debugger.stop
    assert stop is not None
    assert (stop.ready[0].event, stop.ready[0].result) == (Middle(text="hello"), StopEvent(result="edited"))
    assert await debugger.continue_() is None
    assert await handler == "edited"
    debugger = Debugger()
    debugger.break_at(event=StopEvent, once=True)
    handler = Line().run(hooks=[debugger])
    await debugger.stopped()
    await debugger.retry(text="again")  # this changes what the step gets
    assert await handler == "AGAIN"
    debugger = Debugger()
    debugger.break_at(event=StopEvent)
    handler = Line().run(hooks=[debugger])
    await debugger.stopped()
    await debugger.step(event=StopEvent(result="other"))
    assert await handler == "other"


async def test_a_run_that_was_paused_does_not_end_behind_ones_back() -> None:
    debugger = Debugger()
    debugger.break_at("sleep", after=1)
    handler = Slow().run(seconds=5, hooks=[debugger])
    await asyncio.sleep(1)
    stop = await debugger.pause()
    assert stop is not None
    assert [found.step for found in stop.running] == ["sleep"]
    await asyncio.sleep(10)
    later = await debugger.stopped()
    assert later is not None
    assert later.ready[0].result == StopEvent(result="rested")
    assert await debugger.continue_() is None
    assert await handler == "rested"


async def test_changes_make_their_stop_at_once() -> None:
    debugger, _ = await held_at(Line(), "first")
    debugger.edit(text="x")
    assert debugger.stop is await debugger.stopped()
    assert debugger.stops[-1].why == "edited second"
    await debugger.set_state("n", 1)
    assert [stop.why for stop in debugger.stops[-2:]] == ["edited second", "set n"]
    await debugger.continue_()
    with pytest.raises(WorkflowRuntimeError, match="The run has ended: done"):
        await debugger.set_state("n", 2)
    assert len(debugger.stops) == 4


async def test_it_shows_itself_in_words() -> None:
    assert repr(Debugger()) == "<Debugger: not started>"
    debugger, stop = await held_at(Fan(), "split", count=2)
    assert repr(debugger) == "<Debugger of Fan: held before square, 2 stops>"
    assert repr(stop) == "<Stop 2: step; ready: square, square>"
    coming = debugger.continue_()
    assert repr(coming) == "<Coming: the next stop, not there yet; await it>"
    with pytest.raises(WorkflowRuntimeError, match=r"Nothing is held\. The run is running: await the command before"):
        debugger.step("square")
    await coming
    assert repr(coming) == "<Coming: none, the run has ended>"
    assert repr(debugger) == "<Debugger of Fan: done, 2 stops>"


class Inner(BaseModel):
    """A part of an event."""

    n: int


class Nesting(Event):
    """An event with parts."""

    inner: Inner
    names: list[str]
    alias: int = 0


async def test_events_with_parts_are_edited_field_by_field() -> None:
    class Parts(Workflow):
        @step
        async def make(self, ev: StartEvent) -> Nesting:
            return Nesting(inner=Inner(n=1), names=["a"], more=2)

        @step
        async def take(self, ev: Nesting) -> StopEvent:
            return StopEvent(result=(ev.inner.n, ev.names, ev.alias, ev.more))

    debugger, _ = await held_at(Parts(), "make")
    debugger.edit(inner={"n": 2}, more=5)
    with pytest.raises(ValueError, match=r"inner\.n: Input should be a valid integer"):
        debugger.edit(inner={"n": "x"})
    await debugger.step(alias="7")
    assert await debugger.handler == (2, ["a"], 7, 5)
