"""What the commands take, what they refuse, and what the records tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from IPython.lib.pretty import pretty
from pydantic import BaseModel

from tests.flows import Count, Item, Line, Loop, Middle, Result, Slow
from tests.shapes import Joins, Rescue, Squares
from tests.stepping import result_of
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, step
from wfkit.errors import WorkflowRuntimeError
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop
from wfkit.records import EventReplaced, StepSkipped
from wfkit.testing import Probe


async def held_at(workflow: Workflow[Any], *steps: str, **fields: Any) -> tuple[Debugger, Stop]:
    """Start a run that is held, and step through the steps named; return what holds it, and where it is."""
    debugger = Debugger(break_at_start=True)
    workflow.run(hooks=[debugger], **fields)
    stop = await debugger.stopped()
    for name in steps:
        stop = await debugger.step(name)
    assert stop is not None
    return debugger, stop


class Divide(Workflow):
    """Fails on 0."""

    @step
    async def divide(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=10 / ev.n)


# -- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("onward", ["step", "continue_"])
async def test_a_failed_step_whose_event_was_edited_is_tried_again(onward: str) -> None:
    debugger = Debugger(on_failure=True)
    handler = Divide().run(n=0, hooks=[debugger])
    await debugger.stopped()
    debugger.edit(n=5)
    assert await getattr(debugger, onward)() is None
    assert await handler == 2


async def test_a_failed_step_whose_event_was_edited_is_given_up_all_the_same() -> None:
    debugger = Debugger(on_failure=True)
    handler = Divide().run(n=0, hooks=[debugger])
    await debugger.stopped()
    debugger.edit(n=5)
    assert await debugger.give_up() is None
    assert await result_of(handler) == "ZeroDivisionError('division by zero')"
    assert "> gave up divide" in "\n".join(debugger.log)


async def test_the_log_says_that_a_failure_was_let_through() -> None:
    debugger = Debugger(on_failure=True)
    handler = Divide().run(n=0, hooks=[debugger])
    await debugger.stopped()
    await debugger.step()
    assert [text for _, text in debugger.notes] == ["let divide fail"]
    assert await result_of(handler) == "ZeroDivisionError('division by zero')"


async def test_what_has_not_been_run_is_not_run_once_more() -> None:
    debugger, stop = await held_at(Line())
    with pytest.raises(WorkflowRuntimeError, match=r"Step 'first' has not been run on this event: step\(\) lets it"):
        debugger.retry()
    assert debugger.now.ready == stop.ready
    await debugger.cancel()


async def test_failures_that_an_error_handler_takes_are_held_before() -> None:
    debugger = Debugger(on_failure=True)
    handler = Rescue().run(hooks=[debugger])
    attempts = []
    stop = await debugger.stopped()
    while stop is not None:
        attempts.append(stop.ready[0].attempt)
        stop = await debugger.continue_()
    assert attempts == [1, 2, 3]
    assert sorted(await handler) == [0, 4, 103]


async def test_a_failure_beside_what_is_held_ends_the_run_and_leaves_a_stop_with_both() -> None:
    class Halves(Workflow):
        @step
        async def bad(self, ev: StartEvent) -> Item:
            raise ValueError("no good")

        @step
        async def good(self, ev: StartEvent) -> Item:
            return Item(n=1)

        @step
        async def end(self, ev: Item) -> StopEvent:
            return StopEvent(result=ev.n)

    debugger, _ = await held_at(Halves())
    assert await debugger.step("bad") is None
    assert await result_of(debugger.handler) == "ValueError('no good')"
    stop = debugger.stop
    assert stop is not None
    assert (stop.why, [(each.step, each.error is None) for each in stop.ready]) == (
        "failed: ValueError",
        [("bad", False), ("good", True)],
    )
    assert debugger.now.ready == ()
    fork = debugger.fork()
    await fork.stopped()
    fork.drop("bad")
    await fork.continue_()
    assert await fork.handler == 1


# -- arguments ---------------------------------------------------------------------------------------------------


async def test_one_argument_of_skip_is_the_result_of_the_first() -> None:
    debugger, _ = await held_at(Line())
    stop = await debugger.skip(Middle(text="skipped"))
    assert stop is not None
    assert stop.ready[0].event == Middle(text="skipped")
    stop = await debugger.skip(None)  # nothing comes of it
    assert stop is not None
    assert (stop.ready, debugger.status) == ((), "stuck")
    await debugger.cancel()


async def test_what_is_not_held_is_named_in_a_few_words() -> None:
    debugger, _ = await held_at(Line())
    for wrong in ({"password": "hunter2"}, "x" * 10_000, 3.5, True):
        with pytest.raises(WorkflowRuntimeError, match=r"No held delivery is .* Held: \w{8} \(first\)") as caught:
            debugger.step(wrong)  # type: ignore[arg-type]
        assert "hunter2" not in str(caught.value)
        assert len(str(caught.value)) < 200
    await debugger.cancel()


async def test_typed_state_is_validated() -> None:
    class State(BaseModel):
        name: str = ""

    class Typed(Workflow):
        @step
        async def end(self, ctx: Context[State], ev: StartEvent) -> StopEvent:
            return StopEvent(result=ctx.store.state.name)

    debugger, stop = await held_at(Typed())
    with pytest.raises(ValueError, match="State does not take that: name: "):
        await debugger.set_state("name", [1])
    with pytest.raises(ValueError, match="State does not take that: name: "):
        debugger.fork(state={"name": [1]})
    assert debugger.stop is stop
    await debugger.set_state("name", "Ada")
    assert await debugger.continue_() is None
    assert await debugger.handler == "Ada"


async def test_gathered_events_are_edited_as_what_they_are() -> None:
    debugger, stop = await held_at(Squares())
    while stop.ready[0].step != "gather":
        found = await debugger.step()
        assert found is not None
        stop = found
    assert str(stop.ready[0]) == "3 \u00d7 Result -> gather"
    with pytest.raises(ValueError, match="Result does not take that: n"):
        debugger.edit(events=[{"n": "oops"}])
    debugger.step(events=[{"n": 3}, Result(n=4)])
    assert await debugger.handler == [3, 4]


async def test_what_lists_and_joins_have_gathered_is_put_aside() -> None:
    debugger, stop = await held_at(Squares(), "split", "square")
    ((where, events),) = stop.buffers.items()
    assert where[0] == "gather"
    assert where[1].startswith("list ")
    assert events == (Result(n=0),)
    await debugger.cancel()
    debugger, stop = await held_at(Joins(), "split", "left")
    ((where, events),) = stop.buffers.items()
    assert (where[0], where[1][:5], len(events)) == ("join", "list ", 1)
    await debugger.cancel()


async def test_a_goal_is_reached_once() -> None:
    debugger, _ = await held_at(Loop(), times=5)
    stop = await debugger.step_until("turn", failure=False)
    assert stop is not None
    assert stop.why == "until turn"
    assert await debugger.continue_() is None
    debugger, _ = await held_at(Loop(), times=5)
    debugger.step_until("turn", when="n == 4")
    stop = await debugger.pause()  # whoever pauses has another plan
    assert stop is not None
    assert await debugger.continue_() is None
    assert await debugger.handler == 5


# -- what it came to ---------------------------------------------------------------------------------------------


async def test_the_records_tell_what_was_changed() -> None:
    probe = Probe()
    debugger = Debugger(break_at_start=True)
    handler = Loop().run(times=9, hooks=[debugger, probe])
    await debugger.stopped()
    debugger.edit(times=8)
    await debugger.step()
    await debugger.step(n=3)
    await debugger.skip(Count(n=5))
    debugger.break_at(event=StopEvent)
    await debugger.continue_()
    debugger.edit(result="edited")
    await debugger.continue_()
    assert await handler == "edited"
    assert [record.event for record in probe.of(EventReplaced)] == [StartEvent(times=8), Count(n=3)]
    assert len(probe.of(StepSkipped)) == 2
    assert "turn is given another Count" in "\n".join(debugger.log)


async def test_a_comparison_knows_the_event_that_a_step_really_got() -> None:
    debugger, _ = await held_at(Line(), text="hi")
    twin = debugger.fork()
    await twin.stopped()
    twin.step(text="bye")
    for each in (debugger, twin):
        await each.continue_()
    comparison = debugger.compare(twin.handler)
    first = comparison.events[0]
    assert (first.step, first.what, first.left, first.right) == (
        "first",
        "event",
        StartEvent(text="hi"),
        StartEvent(text="bye"),
    )
    for wrong in (3, Line().run(), Line()):
        with pytest.raises(TypeError, match="takes the debugger of another run, not"):
            debugger.compare(wrong)  # type: ignore[arg-type]
    await result_of(Line().run())


async def test_a_comparison_shows_no_secret() -> None:
    class Secret(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> Event:
            await ctx.store.set("login", {"user": ev.user, "password": f"hunter{ev.user}"})
            return Event(data={"token": f"hunter{ev.user}", "user": ev.user})

        @step
        async def end(self, ev: Event) -> StopEvent:
            return StopEvent(result=ev.data)

    found = []
    for user in "ab":
        debugger, _ = await held_at(Secret(), user=user)
        await debugger.continue_()
        found.append(debugger)
    comparison = found[0].compare(found[1])
    assert not comparison.same
    assert "hunter" not in f"{comparison} {comparison.events!r} {comparison!r}"


async def test_classes_of_a_cell_that_was_run_again_are_the_same_in_a_comparison() -> None:
    def cell() -> Workflow[Any]:
        class Kind(Enum):
            GOOD = 1

        class Meta(BaseModel):
            lang: str

        @dataclass
        class Plain:
            n: int

        class Told(Event):
            meta: Meta
            kind: Kind
            plain: Any

        class Cell(Workflow):
            @step
            async def tell(self, ctx: Context, ev: StartEvent) -> Told:
                await ctx.store.set("meta", {"all": [Meta(lang="de")]})
                return Told(meta=Meta(lang=ev.lang), kind=Kind.GOOD, plain=Plain(1))

            @step
            async def end(self, ev: Told) -> StopEvent:
                return StopEvent(result=ev.meta)

        return Cell()

    debugger, _ = await held_at(cell(), lang="en")
    twin = debugger.fork(workflow=cell())
    other, _ = await held_at(cell(), lang="fr")
    for each in (debugger, twin, other):
        await each.continue_()
    assert debugger.compare(twin).same
    comparison = debugger.compare(other)
    assert [each.what for each in comparison.events] == ["event", "outcome", "event", "outcome"]
    assert comparison.state == {}
    assert str(comparison).splitlines()[1].startswith("  left   tell starts on StartEvent")


async def test_values_that_contain_themselves_differ() -> None:
    found = []
    for _ in range(2):
        loop: list[Any] = []
        loop.append(loop)
        debugger, _ = await held_at(Line(), items=loop)
        await debugger.continue_()
        found.append(debugger)
    assert [each.what for each in found[0].compare(found[1]).events] == ["event"]


async def test_stops_in_a_list_are_a_line_each() -> None:
    debugger, stop = await held_at(Line(), "first")
    assert pretty(stop) == str(stop)  # type: ignore[no-untyped-call]
    lines = pretty(debugger.stops)  # type: ignore[no-untyped-call]
    assert lines == "[<Stop 1: break at start; ready: first>, <Stop 2: step; ready: second>]"
    await debugger.cancel()


# -- forks -------------------------------------------------------------------------------------------------------


async def test_a_fork_does_not_run_again_what_was_held_at_its_end() -> None:
    runs = []

    class Sends(Workflow):
        @step
        async def send(self, ev: StartEvent) -> StopEvent:
            runs.append(ev.text)
            return StopEvent(result=ev.text)

    debugger = Debugger(breakpoints=[StopEvent])
    handler = Sends().run(text="mail", hooks=[debugger])
    await debugger.stopped()
    held, at_once, changed, mended = (
        debugger.fork(),
        debugger.fork(),
        debugger.fork(text="other"),
        debugger.fork(workflow=Sends()),
    )
    stop = await held.stopped()
    assert stop is not None
    assert stop.ready[0].result == StopEvent(result="mail")
    held.clear()
    held.edit(result="edited")
    for each in (held, at_once, debugger):
        each.clear()
        assert await each.continue_() is None
    assert [await each.handler for each in (debugger, held, at_once)] == ["mail", "edited", "mail"]
    assert runs == ["mail"]
    for each in (changed, mended):
        each.clear()
        await each.continue_()
    assert [await each.handler for each in (changed, mended)] == ["other", "mail"]
    assert runs == ["mail", "other", "mail"]
    assert debugger.forks == (held, at_once, changed, mended)
    await handler


async def test_a_run_that_timed_out_is_forked_from_just_before() -> None:
    debugger = Debugger()
    handler = Slow(timeout=1).run(seconds=5, hooks=[debugger])
    assert "timed out" in await result_of(handler)
    stop = debugger.stop
    assert stop is not None
    assert (stop.why, [found.step for found in stop.running]) == ("timed out", ["sleep"])
    fork = debugger.fork(workflow=Slow(timeout=10))
    first = await fork.stopped()
    assert first is not None
    assert [found.step for found in first.ready] == ["sleep"]
    await fork.continue_()
    assert await fork.handler == "rested"


async def test_what_cannot_be_forked_is_said() -> None:
    debugger = Debugger()
    assert await Line().run(hooks=[debugger]) == "HELLO"
    with pytest.raises(ValueError, match=r"There is no stop: the run had nothing to stop at.*break_at_start=True"):
        debugger.fork()
    debugger, _ = await held_at(Line())
    with pytest.raises(TypeError, match=r"an instance of a workflow, not with the class: Line\(\)"):
        debugger.fork(workflow=Line)
    with pytest.raises(TypeError, match="A stop has a whole number, not"):
        debugger.rewind({"password": "hunter2"})  # type: ignore[arg-type]
    with pytest.raises(WorkflowRuntimeError, match="takes an Event, got"):
        debugger.send({"password": Item(n=1)})  # type: ignore[arg-type]
    await debugger.cancel()
