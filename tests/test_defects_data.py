"""Faults that workflow engines have had, 12 to 14 and 19: copies of the state, stop events, fields, snapshots.

Here they work.
"""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import BaseModel, Field

from tests.flows import Line, Middle
from tests.schedules import every_schedule
from wfkit import (
    Context,
    ContextSerdeError,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)

# -- 12: the state that get_state returns is a copy -------------------------------------------------------------------


class Inner(BaseModel):
    words: list[str] = Field(default_factory=lambda: ["kept"])


class State(BaseModel):
    top: int = 0
    words: list[str] = Field(default_factory=lambda: ["kept"])
    deep: dict[str, list[int]] = Field(default_factory=lambda: {"a": [1]})
    inner: Inner = Field(default_factory=Inner)


WHOLE: dict[str, Any] = {"top": 0, "words": ["kept"], "deep": {"a": [1]}, "inner": {"words": ["kept"]}}


def spoil(state: Any, typed: bool) -> None:
    """Change a copy of the state in every place that there is."""
    state.top = 99
    state.words.append("leaked")
    state.deep["a"].append(99)
    state.deep["b"] = []
    if typed:
        state.inner.words.append("leaked")
        state.inner = Inner(words=["leaked"])
    else:
        state["inner"]["words"].append("leaked")
        state["more"] = "leaked"
        del state["top"]


def seen(state: Any, typed: bool) -> dict[str, Any]:
    """Return a state as a dictionary."""
    return dict(state.model_dump()) if typed else dict(state)


class Plain(Workflow):
    """Untyped state; both kinds of step spoil copies of it."""

    typed = False

    @step
    async def first(self, ctx: Context, ev: StartEvent) -> Middle:
        if not self.typed:
            await ctx.store.set_state(copy.deepcopy(WHOLE))  # type: ignore[arg-type]  # untyped state from a dictionary
        spoil(await ctx.store.get_state(), self.typed)
        return Middle(text="")

    @step
    def second(self, ctx: Context, ev: Middle) -> StopEvent:
        here: Any = ctx
        spoil(here.store.get_state(), self.typed)
        with here.store.edit_state() as draft:
            spoil(here.store.get_state(), self.typed)
            draft.top = 0
        return StopEvent(result=seen(here.store.get_state(), self.typed))


class Typed(Plain):
    """Typed state."""

    typed = True

    @step
    async def first(self, ctx: Context[State], ev: StartEvent) -> Middle:  # type: ignore[override]
        spoil(await ctx.store.get_state(), True)
        return Middle(text="")


@pytest.mark.parametrize("kind", [Plain, Typed])
@every_schedule
async def test_defect_12_changes_to_a_copy_of_the_state_stay_in_the_copy(kind: type[Plain]) -> None:
    flow = kind()
    ctx: Context[Any] = Context(flow)
    for _ in range(2):
        assert await flow.run(ctx=ctx) == WHOLE
        spoil(await ctx.store.get_state(), flow.typed)
        assert seen(await ctx.store.get_state(), flow.typed) == WHOLE
    again: Context[Any] = Context.from_dict(flow, json.loads(json.dumps(ctx.to_dict())))
    spoil(await again.store.get_state(), flow.typed)
    assert seen(await again.store.get_state(), flow.typed) == WHOLE


@every_schedule
async def test_defect_12b_steps_that_spoil_their_copies_at_once_do_not_see_each_other() -> None:
    class Many(Workflow):
        @step
        async def a(self, ctx: Context[State], ev: StartEvent) -> Middle:
            mine = await ctx.store.get_state()
            for n in range(5):
                mine.words.append(f"a{n}")
                await asyncio.sleep(1)
            return Middle(text=" ".join(mine.words))

        @step
        async def b(self, ctx: Context[State], ev: StartEvent) -> Middle:
            mine = await ctx.store.get_state()
            for n in range(5):
                mine.words.append(f"b{n}")
                await asyncio.sleep(1)
            return Middle(text=" ".join(mine.words))

        @step
        async def end(self, ctx: Context[State], ev: Middle) -> StopEvent | None:
            both = ctx.collect_events(ev, [Middle, Middle])
            return StopEvent(result=sorted(event["text"] for event in both)) if both else None

    assert await Many().run() == ["kept a0 a1 a2 a3 a4", "kept b0 b1 b2 b3 b4"]


# -- 13: stop events keep everything ----------------------------------------------------------------------------------


class Report(StopEvent):
    pages: int
    note: str = ""


STOPS = [
    StopEvent(),
    StopEvent(result=None, foo=2),
    StopEvent("done"),
    StopEvent(result={"a": [1, None]}, foo={"bar": [1]}, baz=None),
    Report(pages=3, author="Ada"),
    Report(pages=3, note="x", result=[5], author={"name": "Ada"}),
]


@pytest.mark.parametrize("stop", STOPS, ids=repr)
def test_defect_13_a_stop_event_keeps_all_its_fields(stop: StopEvent) -> None:
    kind, fields = type(stop), dict(stop)
    serializer = JsonSerializer(allowed_types=[Report])
    copies = [
        kind.model_validate(stop.model_dump()),
        kind.model_validate(json.loads(json.dumps(stop.model_dump(mode="json")))),
        kind.model_validate_json(stop.model_dump_json()),
        pickle.loads(pickle.dumps(stop)),
        copy.copy(stop),
        copy.deepcopy(stop),
        stop.model_copy(),
        kind(**stop.model_dump()),
        serializer.deserialize(serializer.serialize(stop)),
    ]
    for found in copies:
        assert found == stop
        assert type(found) is kind
        assert dict(found) == fields
        assert (found.result, repr(found), str(found)) == (stop.result, repr(stop), str(stop))
    assert stop.model_dump() == fields
    assert set(fields) == set(stop.model_dump(mode="json"))


@pytest.mark.parametrize("plain", [False, True])
@every_schedule
async def test_defect_13b_the_stop_event_of_a_run_is_whole_wherever_it_is_seen(plain: bool) -> None:
    class Flow(Workflow):
        if plain:

            @step
            def go(self, ev: StartEvent) -> Report:
                return Report(pages=2, result=7, author="Ada")

        else:

            @step
            async def go(self, ev: StartEvent) -> Report:  # type: ignore[misc]  # the same in another kind of step
                return Report(pages=2, result=7, author="Ada")

    handler = Flow().run()
    (shown,) = [event async for event in handler.stream_events()]
    for stop in (shown, await handler, handler.get_stop_event(), await handler.stop_event_result()):
        assert stop == Report(pages=2, result=7, author="Ada")
        assert stop.model_dump() == {"result": 7, "pages": 2, "note": "", "author": "Ada"}


# -- 14: declared and undeclared fields alike -------------------------------------------------------------------------


class Declared(Event):
    a: int
    b: str = "d"


def test_defect_14_the_repr_shows_what_was_given() -> None:
    assert repr(StartEvent(topic="pirates")) == "StartEvent(topic='pirates')"
    assert repr(Declared(a=1, c=[2])) == "Declared(a=1, b='d', c=[2])"
    assert repr(StopEvent(result=1, foo=2)) == "StopEvent(result=1, foo=2)"
    assert repr(StopEvent()) == "StopEvent()"
    assert repr(InputRequiredEvent(prefix="?")) == "InputRequiredEvent(prefix='?')"
    assert str(HumanResponseEvent(response="yes")) == "response='yes'"
    assert repr([Declared(a=1, inner=StartEvent(x=1))]) == "[Declared(a=1, b='d', inner=StartEvent(x=1))]"


def test_defect_14b_every_way_of_reading_sees_both_kinds() -> None:
    event = Declared(a=1, c=3)
    assert [event.get(name) for name in "abcx"] == [1, "d", 3, None]
    assert (event["a"], event["b"], event["c"], event.get("x", 9)) == (1, "d", 3, 9)
    assert ["a" in event, "c" in event, "x" in event] == [True, True, False]
    assert dict(event) == event.to_dict() == event.model_dump() == {"a": 1, "b": "d", "c": 3}
    assert (list(event.keys()), list(event.values()), len(event)) == (["a", "b", "c"], [1, "d", 3], 3)
    event["a"] = 5
    event["new"] = 6
    assert (event.a, event.new, event.get("a"), event.get("new")) == (5, 6, 5, 6)
    assert repr(event) == "Declared(a=5, b='d', c=3, new=6)"


@every_schedule
async def test_defect_14c_also_in_a_step_of_either_kind() -> None:
    class Begin(StartEvent):
        topic: str

    class Flow(Workflow):
        @step
        async def first(self, ev: Begin) -> Declared:
            return Declared(a=ev.get("more"), text=f"{ev!r} {ev.get('topic')} {ev['topic']}")

        @step
        def second(self, ev: Declared) -> StopEvent:
            return StopEvent(result=(ev.get("a"), ev["text"], "a" in ev))

    assert await Flow().run(topic="tea", more=2) == (2, "Begin(topic='tea', more=2) tea tea", True)


# -- 19: classes of a function, and what is no snapshot ---------------------------------------------------------------


@every_schedule
async def test_defect_19_events_and_state_of_local_classes_are_restored() -> None:
    class Part(BaseModel):
        n: int = 0

    class Memory(BaseModel):
        parts: list[Part] = Field(default_factory=list)

    class Begin(StartEvent):
        part: Part

    class Question(InputRequiredEvent):
        part: Part

    class Answer(HumanResponseEvent):
        n: int

    class Local(Workflow):
        @step
        async def ask(self, ctx: Context[Memory], ev: Begin) -> Question:
            await asyncio.sleep(1)
            async with ctx.store.edit_state() as state:
                state.parts.append(ev.part)
            return Question(part=ev.part)

        @step
        async def end(self, ctx: Context[Memory], ev: Answer) -> StopEvent:
            await asyncio.sleep(1)
            state = await ctx.store.get_state()
            assert type(state) is Memory
            return StopEvent(result=sum(part.n for part in state.parts) + ev.n)

    flow = Local(timeout=60)
    handler = flow.run(part=Part(n=4))
    for pause in (0, 0.5, 1, 0.5):
        await asyncio.sleep(pause)
        snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
        await handler.cancel_run()
        handler = flow.run(ctx=Context.from_dict(flow, snapshot))
    await asyncio.sleep(2)
    await handler.send_event(Answer(n=3))
    await asyncio.sleep(0.5)
    snapshot = json.loads(json.dumps(handler.ctx.to_dict()))
    await handler.cancel_run()
    assert await flow.run(ctx=Context.from_dict(flow, snapshot)) == 7


NONSENSE: list[Any] = [{"x": 1}, {}, [], "{}", 1, {"version": 2}, {"wfkit": None}, {"is_running": True}, {"wfkit": 1}]


@pytest.mark.parametrize("data", NONSENSE, ids=repr)
def test_defect_19b_what_is_no_snapshot_is_refused_and_says_so(data: Any) -> None:
    with pytest.raises(ContextSerdeError, match=r"^Context dict specified in an invalid format: "):
        Context.from_dict(Line(), data)
    with pytest.raises(ContextSerdeError, match=r"^Context dict specified in an invalid format: "):
        Context(Line(), previous_context=data)


@every_schedule
async def test_defect_19c_a_local_class_that_no_step_names_is_named_with_the_way_out() -> None:
    class Hidden(BaseModel):
        n: int

    flow = Line()
    ctx: Context[Any] = Context(flow)
    await ctx.store.set("hidden", Hidden(n=1))
    with pytest.raises(ContextSerdeError, match=r"Hidden.*allowed_types"):
        ctx.to_dict()
    knows = JsonSerializer(allowed_types=[Hidden])
    snapshot = json.loads(json.dumps(ctx.to_dict(knows)))
    with pytest.raises(ContextSerdeError, match=r"Hidden.*allowed_types"):
        Context.from_dict(flow, snapshot)
    again: Context[Any] = Context.from_dict(flow, snapshot, knows)
    assert await again.store.get("hidden") == Hidden(n=1)
    assert await flow.run(ctx=again) == "HELLO"
    assert await again.store.get("hidden.n") == 1
