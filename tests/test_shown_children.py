"""What child runs show in the stream of the run around them: whose it is called, from other threads, and their ends."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.families import KINDS, WHOLE, Child, Grandchild, Parent, Said, family, read, word, words
from wfkit import (
    ChildEvent,
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowFailedEvent,
    WorkflowHandler,
    run_sync,
    step,
)

# -- the names of children -------------------------------------------------------------------------------------------


async def test_a_child_event_says_which_run_showed_it() -> None:
    runs = []

    class Tells(Parent):
        @step
        async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
            first, second = self.child.run(), self.child.run(run_id="second")
            runs.extend([first.run_id, second.run_id])
            await asyncio.gather(first, second)
            return StopEvent(result="parent's")

    handler = Tells(child=Child(small=Grandchild())).run()
    shown = [event async for event in handler.stream_events(include_children=True) if isinstance(event, ChildEvent)]
    for run in runs:
        assert [word(event) for event in shown if event.run_id == run] == [
            "child: child before",
            "child: child after",
            "child: child's",
        ]
    assert runs[1] == "second"
    assert {event.child for event in shown if event.run_id not in runs} == {"child.small"}


class Awaits(Workflow):
    """Awaits the workflow that it is started with."""

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await ev.workflow.run())


async def names_in(handler: WorkflowHandler[Any]) -> list[str]:
    """Return the names of the children that a run tells of, each once."""
    names = [
        event.child async for event in handler.stream_events(include_children=True) if isinstance(event, ChildEvent)
    ]
    return list(dict.fromkeys(names))


async def test_a_child_that_is_no_attribute_goes_by_its_own_name() -> None:
    assert await names_in(Awaits().run(workflow=Grandchild())) == ["Grandchild"]
    assert await names_in(Awaits().run(workflow=Grandchild(workflow_name="tiny"))) == ["tiny"]
    assert await names_in(Awaits().run(workflow=Child(small=Grandchild()))) == ["Child", "Child.small"]


async def test_a_child_set_on_the_instance_goes_by_its_attribute() -> None:
    class Sets(Awaits):
        def __init__(self) -> None:
            super().__init__()
            self.helper = Grandchild()
            self.other = Grandchild()

    workflow = Sets()
    assert await names_in(workflow.run(workflow=workflow.other)) == ["other"]
    assert await names_in(workflow.run(workflow=workflow.helper)) == ["helper"]
    assert await names_in(workflow.run(workflow=Grandchild())) == ["Grandchild"]


async def test_a_run_that_a_step_starts_and_leaves_is_told_of_while_the_run_goes_on() -> None:
    class Leaves(Workflow):
        child = Grandchild()

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            ev.runs.append(self.child.run())
            await asyncio.sleep(1.5)
            return StopEvent(result="left")

    handler = Leaves().run(runs=[])
    assert await words(handler.stream_events(include_children=True)) == [
        "child: grandchild",
        "child: WorkflowCancelledEvent",
        "left",
    ]


async def test_a_run_that_no_step_has_started_is_not_among_them() -> None:
    workflow = family()
    handler, alone = workflow.run(), workflow.child.run()
    shown = [event async for event in handler.stream_events(include_children=True) if isinstance(event, ChildEvent)]
    await alone
    assert alone.run_id not in {event.run_id for event in shown}


# -- children in other threads ---------------------------------------------------------------------------------------


class Instant(Workflow):
    """Says one thing at once: in a thread the time is real."""

    @step
    async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Said(text="instant"))
        return StopEvent(result="instant's")


class FromThread(Workflow):
    """Runs its child in a plain step, which is in a thread."""

    child = Instant()

    @step
    def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Said(text="before"))
        result = run_sync(self.child)
        ctx.write_event_to_stream(Said(text="after"))
        return StopEvent(result=result)


async def test_a_child_that_a_plain_step_runs_is_told_of_by_its_name() -> None:
    # Sorted: the simulated loop shuffles what comes from another thread.
    *shown, last = await words(FromThread().run().stream_events(include_children=True))
    assert sorted(shown) == ["after", "before", "child: instant", "child: instant's"]
    assert last == "instant's"


async def test_a_child_that_an_async_step_runs_in_a_thread_is_told_of() -> None:
    class Blocks(Workflow):
        child = Instant()

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            result = run_sync(self.child)
            await asyncio.sleep(1)  # the loop stood still meanwhile
            return StopEvent(result=result)

    *shown, last = await words(Blocks().run().stream_events(include_children=True))
    assert sorted(shown) == ["child: instant", "child: instant's"]
    assert last == "instant's"


# -- ends ------------------------------------------------------------------------------------------------------------


async def test_the_end_of_a_child_is_shown_and_is_not_the_end() -> None:
    handler = family().run()
    events = [event async for event in handler.stream_events(include_children=True)]
    ends = [event.event for event in events if isinstance(event, ChildEvent) and isinstance(event.event, StopEvent)]
    assert [end.result for end in ends] == ["grandchild's", "child's"]
    assert [type(event) for event in events[-1:]] == [StopEvent]
    assert sum(isinstance(event, StopEvent) for event in events) == 1


async def test_a_child_that_fails_does_not_end_the_stream_of_a_parent_that_goes_on() -> None:
    class Fails(Workflow):
        @step
        async def fail(self, ev: StartEvent) -> StopEvent:
            raise ValueError("child")

    class Forgives(Workflow):
        child = Fails()

        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            try:
                await self.child.run()
            except ValueError:
                return StopEvent(result="forgiven")
            return StopEvent()

    events = [event async for event in Forgives().run().stream_events(include_children=True)]
    assert [type(event) for event in events] == [ChildEvent, StopEvent]
    assert isinstance(events[0].event, WorkflowFailedEvent)
    assert repr(events[0].event.exception) == "ValueError('child')"


async def test_a_cancelled_run_ends_all_its_streams() -> None:
    handler = family().run()
    readers = [asyncio.ensure_future(words(read(handler, kind))) for kind in KINDS]
    await asyncio.sleep(2.5)
    await handler.cancel_run()
    for reader in readers:
        assert (await reader)[-1] == "WorkflowCancelledEvent"
    assert (await readers[2])[:3] == WHOLE[:3]
