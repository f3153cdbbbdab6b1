"""Several readers of one stream, and what is kept for them."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import weakref
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.flows import Item
from tests.test_stream import ALL, Telling, read
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowRuntimeError, step
from wfkit.stream import Reader, Stream


def items(*numbers: int) -> list[Event]:
    return [Item(n=n) for n in numbers]


def stream_of(count: int, limit: int = 10_000) -> Stream:
    """Return a stream with so many numbered items in it."""
    stream = Stream("Telling", limit)
    for n in range(count):
        stream.write(Item(n=n))
    return stream


async def some(reader: Reader, count: int) -> list[Event]:
    return [await anext(reader) for _ in range(count)]


async def test_readers_at_the_same_time_get_everything_each() -> None:
    handler = Telling().run()

    assert await asyncio.gather(*(read(handler) for _ in range(3))) == [ALL] * 3


async def test_readers_hear_of_an_event_at_the_same_time() -> None:
    handler = Telling().run()

    async def times() -> list[float]:
        return [asyncio.get_running_loop().time() async for _ in handler.stream_events()]

    assert list(await asyncio.gather(times(), times())) == [[0, 1, 2, 3]] * 2


async def test_readers_opened_together_may_read_one_after_the_other_even_after_the_end() -> None:
    handler = Telling().run()
    await handler
    first, second = handler.stream_events(), handler.stream_events()

    assert [event async for event in first] == ALL
    assert [event async for event in second] == ALL
    with pytest.raises(WorkflowRuntimeError, match="All the streamed events have already been consumed"):
        await read(handler)


async def test_a_reader_that_comes_late_gets_what_the_others_have_read_already() -> None:
    stream = stream_of(10)
    slow, fast = stream.read(), stream.read()
    await some(slow, 2)
    await some(fast, 10)
    late = stream.read()

    assert await some(late, 10) == items(*range(10))
    assert await some(slow, 8) == items(*range(2, 10))
    assert (slow.missed, fast.missed, late.missed) == (0, 0, 0)


async def test_of_what_all_have_read_the_latest_are_kept_for_one_who_comes_late() -> None:
    stream = stream_of(0, limit=3)
    reader = stream.read()
    for n in range(10):
        stream.write(Item(n=n))
    await some(reader, 5)
    late = stream.read()
    assert (await some(late, 5), late.missed) == (items(5, 6, 7, 8, 9), 5)
    await some(reader, 5)
    late = stream.read()

    assert (await some(late, 3), late.missed) == (items(7, 8, 9), 7)


async def test_when_no_other_is_open_a_reader_goes_on_where_the_last_one_left_off() -> None:
    stream = stream_of(10)
    slow, fast = stream.read(), stream.read()
    await some(slow, 2)
    await some(fast, 5)
    await slow.aclose()
    await some(fast, 1)
    await fast.aclose()
    again = stream.read()

    assert await some(again, 1) == items(6)
    assert again.missed == 0


async def test_a_reader_that_nobody_refers_to_is_gone() -> None:
    stream = stream_of(10)
    reader = stream.read()
    await some(reader, 4)
    del reader

    assert (await some(again := stream.read(), 1), again.missed) == (items(4), 0)


async def test_readers_that_go_on_get_the_same_again() -> None:
    stream = stream_of(10)
    await some(stream.read(), 4)
    first = stream.read()
    assert await some(first, 2) == items(4, 5)

    second = stream.read()
    assert (await some(second, 6), second.missed) == (items(4, 5, 6, 7, 8, 9), 0)


@pytest.mark.parametrize("readers", [1, 2, 3])
async def test_what_all_have_read_is_let_go_when_there_is_too_much(readers: int) -> None:
    stream = Stream(limit=0)
    reading = [stream.read() for _ in range(readers)]
    event = weakref.ref(watched := Item(n=-1))
    stream.write(watched)
    del watched
    for n in range(100):
        stream.write(Item(n=n))

    for reader in reading:
        assert event() is not None
        await some(reader, 101)
    assert event() is None


async def test_what_only_a_reader_that_left_had_not_read_is_let_go() -> None:
    stream = Stream(limit=0)
    idle, reader = stream.read(), stream.read()
    event = weakref.ref(watched := Item(n=-1))
    stream.write(watched)
    del watched
    await some(reader, 1)
    assert event() is not None
    await idle.aclose()

    assert event() is None


async def test_nothing_is_kept_of_a_stream_that_was_read_to_its_end() -> None:
    stream = Stream()
    event = weakref.ref(watched := Item(n=-1))
    stream.write(watched)
    del watched
    stream.close(StopEvent())
    reader = stream.read()
    assert [event async for event in reader] == [*items(-1), StopEvent()]

    assert event() is None


async def test_closing_a_reader_ends_the_loop_that_waits_in_it() -> None:
    stream = stream_of(1)
    reader, other = stream.read(), stream.read()
    seen: list[Event] = []

    async def loop() -> None:
        async for event in reader:
            seen.append(event)

    task = asyncio.create_task(loop())
    await asyncio.sleep(1)
    assert not task.done()
    await reader.aclose()
    await task

    assert seen == items(0)
    stream.write(Item(n=1))
    assert await some(other, 2) == items(0, 1)
    assert [event async for event in reader] == []


async def test_tasks_that_share_a_reader_share_the_events() -> None:
    stream = Stream()
    reader = stream.read()
    tasks = [asyncio.create_task(some(reader, 1)) for _ in range(2)]
    await asyncio.sleep(1)
    stream.write(Item(n=0))
    await asyncio.sleep(1)
    assert sum(task.done() for task in tasks) == 1
    stream.write(Item(n=1))

    assert sorted([event["n"] for task in tasks for event in await task]) == [0, 1]


async def test_a_cancelled_wait_closes_its_reader_and_no_other() -> None:
    stream = Stream()
    reader, other = stream.read(), stream.read()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(reader), 1)
    stream.write(Item(n=0))
    stream.close(StopEvent())

    assert reader.closed
    assert [event async for event in reader] == []
    assert [event async for event in other] == [*items(0), StopEvent()]


async def test_an_event_that_comes_as_a_reader_is_cancelled_is_for_the_next() -> None:
    stream = Stream()
    reading = asyncio.create_task(some(stream.read(), 1))
    await asyncio.sleep(1)
    reading.cancel()
    stream.write(Item(n=0))
    await asyncio.wait([reading])

    assert reading.cancelled()
    assert await some(stream.read(), 1) == items(0)


async def test_tasks_that_share_a_reader_all_end_with_the_stream() -> None:
    stream = Stream()
    reader = stream.read()

    async def loop() -> list[Event]:
        return [event async for event in reader]

    tasks = [asyncio.create_task(loop()) for _ in range(3)]
    await asyncio.sleep(1)
    stream.close(StopEvent())

    assert sorted(await asyncio.gather(*tasks), key=len) == [[], [], [StopEvent()]]


async def test_a_reader_at_the_end_of_a_stream_that_it_read_just_ends() -> None:
    stream = Stream()
    reader = stream.read()
    stream.close(StopEvent())
    stream.write(Item(n=0))

    assert [event async for event in reader] == [StopEvent()]
    assert [event async for event in reader] == []


async def test_a_notebook_cell_that_reads_wakes_often_enough_to_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel="a kernel"))
    monkeypatch.setitem(sys.modules, "IPython", cast(Any, ipython))
    loop, stream = asyncio.get_running_loop(), Stream()
    cell = asyncio.create_task(some(stream.read(), 1))
    await asyncio.sleep(1.05)

    alarms = [alarm.when() for alarm in loop._scheduled if not alarm.cancelled()]  # type: ignore[attr-defined]
    assert min(alarms, default=1000) - loop.time() <= 0.5
    stream.write(Item(n=0))
    assert await cell == items(0)


# -- what is kept while nobody reads ----------------------------------------------------------------------------------


async def test_while_nobody_reads_the_latest_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    stream = stream_of(3, limit=3)
    assert caplog.messages == []
    stream.write(Item(n=3))
    stream.write(Item(n=4))
    reader = stream.read()

    assert await some(reader, 3) == items(2, 3, 4)
    assert reader.missed == 2
    assert caplog.messages == [
        "Nobody reads the event stream of 'Telling': the latest 3 events are kept, older ones are let go. Read "
        "`handler.stream_events()` while the run goes on, or write fewer events to it."
    ]
    assert (caplog.records[0].name, caplog.records[0].levelno) == ("wfkit", logging.WARNING)


async def test_the_warning_comes_once(caplog: pytest.LogCaptureFixture) -> None:
    stream = stream_of(5, limit=3)
    reader = stream.read()
    await some(reader, 1)
    await reader.aclose()
    for n in range(5, 12):
        stream.write(Item(n=n))
    again = stream.read()

    assert await some(again, 3) == items(9, 10, 11)
    assert again.missed == 6
    assert len(caplog.messages) == 1


async def test_no_warning_comes_where_nobody_is_expected_to_read(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream("Telling", limit=3)
    stream.optional = True
    for n in range(5):
        stream.write(Item(n=n))

    assert await some(stream.read(), 3) == items(2, 3, 4)
    assert caplog.messages == []


async def test_what_has_been_read_is_not_missed(caplog: pytest.LogCaptureFixture) -> None:
    stream = stream_of(3, limit=3)
    reader = stream.read()
    await some(reader, 3)
    for n in range(3, 10):
        stream.write(Item(n=n))
    await some(reader, 7)
    del reader
    for n in range(10, 13):
        stream.write(Item(n=n))

    assert await some(again := stream.read(), 3) == items(10, 11, 12)
    assert (again.missed, caplog.messages) == (0, [])


async def test_while_somebody_reads_all_is_kept_for_them(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream("Telling", limit=3)
    reader = stream.read()
    for n in range(50):
        stream.write(Item(n=n))

    assert await some(reader, 50) == items(*range(50))
    assert caplog.messages == []


async def test_a_run_that_streams_a_lot_to_nobody_keeps_ten_thousand(caplog: pytest.LogCaptureFixture) -> None:
    class Talkative(Workflow):
        @step
        async def talk(self, ctx: Context, ev: StartEvent) -> StopEvent:
            for n in range(10_005):
                ctx.write_event_to_stream(Item(n=n))
            return StopEvent()

    handler = Talkative().run()
    await handler
    first, *_, last = seen = await read(handler)

    assert (len(seen), first, last) == (10_000, Item(n=6), StopEvent())
    (message,) = caplog.messages
    assert "Talkative'" in message
    assert "the latest 10000 events are kept" in message


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_readers_do_each_gets_an_unbroken_piece(seed: int) -> None:
    """Compared with numbers: how many were written, where each reader is, from where on events are kept."""
    chance, limit = random.Random(seed), 5
    stream, written, left, kept = Stream(limit=limit), 0, 0, 0
    stream.optional = True
    places: dict[Reader, int] = {}
    for _ in range(600):
        what = chance.choice(["write", "write", "open", "read", "read", "read", "close"])
        reader = chance.choice(list(places)) if places else None
        if what == "write":
            stream.write(Item(n=written))
            written += 1
            kept = kept if places else max(kept, written - limit)
        elif what == "open" and len(places) < 4:
            kept = max(kept, min([written - limit, *places.values()]) if places else left)
            places[stream.read()] = kept
        elif what == "read" and reader is not None and places[reader] < written:
            assert await anext(reader) == Item(n=places[reader])
            places[reader] += 1
        elif what == "close" and reader is not None:
            kept = max(kept, min(written - limit, *places.values()))
            left = places.pop(reader)
            if chance.random() < 0.5:
                await reader.aclose()
        reader = None
    stream.close(StopEvent())

    for reader, place in places.items():
        assert [event async for event in reader] == [*items(*range(place, written)), StopEvent()]
