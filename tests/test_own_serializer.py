"""A serializer of the user's own: all that a snapshot holds of a run goes through it."""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
import zlib
from typing import Any

import pytest
from pydantic import BaseModel

from tests.flows import Answer, Ask, Item, Line
from tests.moments import check_every_moment, saved
from wfkit import (
    BaseSerializer,
    Context,
    ContextSerdeError,
    Event,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)


class Packed(BaseSerializer):
    """Has the two methods that it must have. Writes what JSON cannot, and counts."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.read: list[Any] = []

    def serialize(self, value: Any) -> str:
        self.written.append(value)
        return base64.b85encode(zlib.compress(pickle.dumps(value))).decode()

    def deserialize(self, value: str) -> Any:
        found = pickle.loads(zlib.decompress(base64.b85decode(value)))
        self.read.append(found)
        return found


class Plain(BaseSerializer):
    """Writes events as JSON objects, not as text, by way of `encode` and `decode`."""

    def serialize(self, value: Any) -> str:
        return json.dumps(self.encode(value))

    def deserialize(self, value: str) -> Any:
        return self.decode(json.loads(value))

    def encode(self, value: Any) -> Any:
        if isinstance(value, Event):
            return {"kind": type(value).__name__, "fields": dict(value)}
        return value

    def decode(self, value: Any) -> Any:
        kinds = {kind.__name__: kind for kind in (StartEvent, StopEvent, Answer)}
        return kinds[value["kind"]](**value["fields"]) if isinstance(value, dict) and "kind" in value else value


class Useless(BaseSerializer):
    """Reads everything as None."""

    def serialize(self, value: Any) -> str:
        return ""

    def deserialize(self, value: str) -> Any:
        return None


class State(BaseModel):
    n: int = 0


class Again:
    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 10.0 if attempts < 2 else None


class Busy(Workflow):
    """Has typed state, a collection half full, a waiting retry and an early answer."""

    @step
    async def begin(self, ctx: Context[State], ev: StartEvent) -> Item | None:
        async with ctx.store.edit_state() as state:
            state.n = 7
        ctx.send_event(Item(n=1))
        await asyncio.sleep(20)
        return Item(n=2)

    @step(retry_policy=Again())
    async def pair(self, ctx: Context[State], ev: Item) -> StopEvent | None:
        last = ctx.retry_info().last_exception
        if last is None:
            raise ValueError(ev.n)
        both = ctx.collect_events(ev, [Item, Item])
        numbers = None if both is None else [item.n for item in both]
        return None if both is None else StopEvent(result=[numbers, repr(last), await ctx.store.get("n")])


async def interrupted(workflow: Workflow, seconds: float) -> dict[str, Any]:
    """Return a snapshot of a run after so many seconds."""
    handler = workflow.run()
    if seconds:
        await asyncio.sleep(seconds)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    return snapshot


@pytest.mark.parametrize("seconds", [1, 15, 25])
async def test_events_collections_errors_and_state_go_through_it(seconds: float) -> None:
    snapshot = await interrupted(Busy(serializer=Packed()), seconds)
    reader = Packed()
    workflow = Busy(serializer=reader)
    assert workflow.serializer is reader
    context: Context[State] = Context.from_dict(workflow, snapshot)
    assert reader.read == [State(n=7)]
    assert await workflow.run(ctx=context) == [[1, 2], "ValueError(2)", 7]
    kinds = {type(each) for each in reader.read}
    assert {1: {State, StartEvent, Item, ValueError}, 15: {State, StartEvent, Item}, 25: {State, Item, ValueError}}[
        int(seconds)
    ] == kinds


def test_it_serves_at_every_moment() -> None:
    check_every_moment(lambda: Busy(serializer=Packed()), seed=1, tick=1.0)


async def test_values_that_json_refuses_are_its_own_business() -> None:
    context: Context[Any] = Context(Line(serializer=Packed()))
    await context.store.set("number", 1j)
    again: Context[Any] = Context.from_dict(Line(serializer=Packed()), saved(context))
    assert await again.store.get("number") == 1j
    with pytest.raises(ContextSerdeError, match="complex"):
        again.to_dict(JsonSerializer())


async def test_one_may_write_json_itself() -> None:
    workflow = Ask(serializer=Plain())
    handler = workflow.run(topic="pirates")
    await handler.ctx.store.set("seen", [1, 2])
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert snapshot["work"]["deliveries"][0]["event"] == {"kind": "StartEvent", "fields": {"topic": "pirates"}}
    assert snapshot["state"] == {"keys": {"seen": [1, 2]}}
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await asyncio.sleep(1)
    await restored.send_event(Answer(text="Ada"))
    assert await restored == "hello Ada"


async def test_one_given_for_a_snapshot_comes_before_the_workflows() -> None:
    first, second = Packed(), Packed()
    handler = Line(serializer=first).run()
    snapshot = json.loads(json.dumps(handler.ctx.to_dict(serializer=second)))
    await handler.cancel_run()
    assert first.written == []
    assert [type(event) for event in second.written] == [StartEvent]
    reader = Packed()
    workflow = Line(serializer=first)
    assert await workflow.run(ctx=Context.from_dict(workflow, snapshot, reader)) == "HELLO"
    assert first.read == []
    assert [type(event) for event in reader.read] == [StartEvent]


async def test_the_one_that_read_a_context_writes_it_again() -> None:
    reader = Packed()
    snapshot = await interrupted(Line(serializer=Packed()), 0)
    workflow = Line()
    handler = workflow.run(ctx=Context.from_dict(workflow, snapshot, reader))
    assert saved(handler.ctx)["work"]["deliveries"][0]["event"] == snapshot["work"]["deliveries"][0]["event"]
    assert await handler == "HELLO"


async def test_one_that_gives_no_event_where_one_belongs_is_found_out() -> None:
    workflow = Line(serializer=Useless())
    snapshot = await interrupted(workflow, 0)
    with pytest.raises(ContextSerdeError, match="has NoneType where an event belongs"):
        workflow.run(ctx=Context.from_dict(workflow, snapshot))


async def test_what_it_raises_comes_through() -> None:
    class Refuses(Useless):
        def serialize(self, value: Any) -> str:
            raise PermissionError("no key")

    handler = Line(serializer=Refuses()).run()
    with pytest.raises(PermissionError, match="no key"):
        handler.ctx.to_dict()
    assert await handler == "HELLO"


def test_both_methods_must_be_there() -> None:
    class Half(BaseSerializer):
        def serialize(self, value: Any) -> str:
            return ""

    with pytest.raises(TypeError, match="deserialize"):
        Half()  # type: ignore[abstract]
