"""The fuller streams of a run: with internal events in it, with what child runs show, or both."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.families import KINDS, WHOLE, Said, family, read, word, words
from wfkit import (
    ChildEvent,
    Context,
    InternalDispatchEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    step,
)

# -- what is in them, whenever one asks ------------------------------------------------------------------------------


async def test_what_children_show_comes_in_its_place() -> None:
    handler = family().run()
    assert await words(handler.stream_events(include_children=True)) == WHOLE
    assert await handler == "parent's"


@pytest.mark.parametrize("seconds", [0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 100])
@pytest.mark.parametrize("kind", KINDS)
async def test_whoever_asks_late_gets_the_same_as_who_asked_early(kind: tuple[bool, bool], seconds: float) -> None:
    handler = family().run()
    early = asyncio.ensure_future(words(read(handler, kind)))
    other = family().run()
    await asyncio.sleep(seconds)
    late = await words(read(other, kind))
    assert late == await early
    assert (kind[1], [each for each in late if each not in ("running", "not_running")]) == (
        kind[1],
        WHOLE if kind[1] else ["before", "after", "parent's"],
    )


async def test_who_has_asked_early_may_read_late() -> None:
    handler = family().run()
    streams = [read(handler, kind) for kind in KINDS]
    await handler
    assert await words(streams[0]) == ["before", "after", "parent's"]
    assert await words(streams[2]) == WHOLE
    internal = await words(streams[1])
    assert internal[0] == "running"
    assert [each for each in await words(streams[3]) if ":" not in each] == internal


async def test_all_kinds_at_once_are_independent() -> None:
    handler = family().run()
    plain, internal, children, both = await asyncio.gather(*(words(read(handler, kind)) for kind in KINDS))
    assert plain == ["before", "after", "parent's"]
    assert internal == ["running", "before", "after", "not_running", "parent's"]
    assert children == WHOLE
    assert both == ["running", *WHOLE[:-1], "not_running", "parent's"]


async def test_the_inner_events_of_children_are_not_among_them() -> None:
    handler = family().run()
    async for event in handler.stream_events(expose_internal=True, include_children=True):
        if isinstance(event, ChildEvent):
            assert not isinstance(event.event, (InternalDispatchEvent, ChildEvent))


async def test_what_a_child_shows_with_no_time_between_stays_in_order() -> None:
    class Quick(Workflow):
        @step
        async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Said(text="quick"))
            return StopEvent(result="quick's")

    class Starts(Workflow):
        child = Quick()

        @step
        async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Said(text="before"))
            await self.child.run()
            ctx.write_event_to_stream(Said(text="after"))
            return StopEvent(result="end")

    handler = Starts().run()
    early = await words(handler.stream_events(include_children=True))
    assert early == ["before", "child: quick", "child: quick's", "after", "end"]
    other = Starts().run()
    await other
    assert await words(other.stream_events(include_children=True)) == early


# -- several readers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_two_readers_of_a_kind_get_the_same(kind: tuple[bool, bool]) -> None:
    handler = family().run()
    one, two = await asyncio.gather(words(read(handler, kind)), words(read(handler, kind)))
    assert one == two
    assert one[-1] == "parent's"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_that_has_been_read_to_its_end_is_over_and_the_others_are_not(kind: tuple[bool, bool]) -> None:
    handler = family().run()
    await words(read(handler, kind))
    with pytest.raises(WorkflowRuntimeError, match="already been consumed"):
        await words(read(handler, kind))
    for other in KINDS:
        if other != kind:
            assert (await words(read(handler, other)))[-1] == "parent's"


@pytest.mark.parametrize("wait", [0.0, 100.0])
async def test_a_reader_goes_on_where_the_one_before_left_off(wait: float) -> None:
    handler = family().run()
    first = []
    async for event in handler.stream_events(include_children=True):
        first.append(word(event))
        if len(first) == 3:
            break
    await asyncio.sleep(wait)
    assert first + await words(handler.stream_events(include_children=True)) == WHOLE


# -- what nobody reads -----------------------------------------------------------------------------------------------


class Chatty(Workflow):
    """Shows more than is kept."""

    @step
    async def speak(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for n in range(10_200):
            ctx.write_event_to_stream(Said(text=str(n)))
            if n % 1_000 == 0:
                await asyncio.sleep(1)
        return StopEvent(result="end")


@pytest.mark.parametrize("kind", KINDS)
async def test_whoever_reads_one_kind_is_not_warned_of_the_others(
    kind: tuple[bool, bool], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "wfkit"):
        shown = await words(read(Chatty().run(), kind))
    assert caplog.messages == []
    assert len([each for each in shown if each.isdigit()]) == 10_200


async def test_whoever_reads_nothing_is_warned_once(caplog: pytest.LogCaptureFixture) -> None:
    handler = Chatty().run()
    with caplog.at_level(logging.WARNING, "wfkit"):
        await handler
        assert len(caplog.messages) == 1
        assert "Nobody reads the event stream of 'Chatty'" in caplog.messages[0]
        late = await words(handler.stream_events(expose_internal=True))
    assert len(caplog.messages) == 1
    assert late[-2:] == ["10199", "end"]
