"""Snapshots in pieces: what is written at each stop is what the run would write of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flows import Item, Middle, Result
from tests.shapes import Crowd, FirstTwo, Number, Pairs
from tests.stepping import FIVE, MORE, Run, Shape
from wfkit import Context, Event, JsonSerializer, StartEvent, StopEvent, Workflow, step
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.stops import Stop
from wfkit.hooks.debugger.writing import Text

SHAPES = {
    **FIVE,
    **MORE,
    "pairs": Shape(Pairs),
    "first two": Shape(FirstTwo),
    "crowd": Shape(Crowd, answers=tuple(Number(n=n) for n in (0, 1, 2, 0, 1, 2, 10, 11, 12, 10, 11, 12))),
}


def test_a_text_is_its_pieces() -> None:
    assert (str(Text()), Text().size) == ("", 0)
    text = Text('{"a": [', ("1", "22", "333"), "]}")
    assert json.loads(str(text)) == {"a": [1, 22, 333]}
    assert text.size == len(str(text))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", SHAPES)
async def test_every_stop_has_what_the_run_says_of_itself(name: str, last: bool) -> None:
    run = Run(SHAPES[name])
    debugger = run.debugger
    stop = await debugger.stopped()
    count = 0
    while stop is not None:
        now = json.loads(json.dumps(run.handler.ctx.to_dict()))
        assert stop.snapshot == now
        assert stop.size == len(stop.text)
        count += 1
        if stop.ready:
            stop = await debugger.step(stop.ready[-1 if last else 0])
        elif run.answers:
            stop = await debugger.answer(run.answers.pop(0))
        else:
            break
    assert count > 1


class Names(Event):
    """Has a field that can change inside."""

    names: list[str]


class Many(Workflow):
    """Holds many events of several kinds."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Item | Middle | Names | None:
        for n in range(5):
            ctx.send_event(Item(n=n))
        ctx.send_event(Middle(text='"deliveries": []'))
        ctx.send_event(Names(names=["a"]))
        await ctx.store.set("deliveries", [])
        return None

    @step(num_workers=2)
    async def take(self, ctx: Context, ev: Item | Middle | Names) -> StopEvent | Result | None:
        return None

    @step
    async def end(self, ev: Result) -> StopEvent:
        return StopEvent(result=ev.n)


async def many() -> tuple[Debugger, Stop, Any]:
    """Hold many events; return them, too."""
    debugger = Debugger(break_at_start=True)
    handler = Many().run(hooks=[debugger])
    await debugger.stopped()
    stop = await debugger.step()
    assert stop is not None
    return debugger, stop, handler.ctx


async def test_what_changes_inside_an_event_is_written_anew() -> None:
    debugger, stop, ctx = await many()
    lanes = debugger.handler.__wfkit_run__().ledger.lanes
    queued: list[Any] = [work.event for lane in lanes for work in lane.queue or ()]

    async def again() -> Stop:
        await debugger.set_state("n", 1)
        assert debugger.stop is not None
        assert debugger.stop.snapshot == json.loads(json.dumps(ctx.to_dict()))
        return debugger.stop

    first = await again()
    assert first.written.deliveries == stop.written.deliveries
    shared = [one is other for one, other in zip(first.written.deliveries, stop.written.deliveries, strict=True)]
    assert shared.count(False) == 1  # the one whose field is a list
    queued[0].n = 77
    assert '"n": 77' in (await again()).text
    queued[0].n = True
    assert '"n": true' in (await again()).text
    queued[0]["more"] = [1]
    await again()
    queued[0]["more"].append(2)
    assert '"more": [1, 2]' in (await again()).text
    queued[-1].names.append("b")
    assert '"names": ["a", "b"]' in (await again()).text
    debugger.edit(n=99)
    assert debugger.stop is not None
    assert '"n": 99' in debugger.stop.text
    assert stop.snapshot != first.snapshot  # and none of it reaches the stops before
    await debugger.cancel()


async def test_an_own_serializer_writes_each_event_once() -> None:
    class Counting(JsonSerializer):
        written = 0

        def encode(self, value: Any) -> Any:
            if isinstance(value, Item):
                Counting.written += 1
            return super().encode(value)

    debugger = Debugger(break_at_start=True)
    Many(serializer=Counting()).run(hooks=[debugger])
    await debugger.stopped()
    await debugger.step()
    assert Counting.written == 5
    for _ in range(3):
        await debugger.set_state("n", 1)
    assert Counting.written == 5
    await debugger.cancel()


async def test_a_run_that_queues_is_written_as_it_is() -> None:
    workflow = Many(num_concurrent_runs=1)
    first = Debugger(break_at_start=True)
    workflow.run(hooks=[first])
    await first.stopped()
    second = Debugger(break_at_start=True)
    handler = workflow.run(hooks=[second])
    assert second.status == "queued"
    assert second._scribe is not None
    text, problem = second._scribe._write()
    assert problem == ""
    assert json.loads(str(text)) == json.loads(json.dumps(handler.ctx.to_dict()))
    for each in (first, second):
        await each.cancel()
