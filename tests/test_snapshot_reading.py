"""What a snapshot holds and who can read it: whole or refused, by classes of any kind, over several runs."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tests.flows import Answer, Ask, Fail, Item, Line, Loop, Middle, Question, Slow
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
from wfkit.testing import simulate

Snapshot = dict[str, Any]


class State(BaseModel):
    """Typed state."""

    n: int = 0
    words: list[str] = Field(default_factory=list)


class Typed(Workflow):
    """Counts its runs in typed state."""

    @step
    async def count(self, ctx: Context[State], ev: StartEvent) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state.n += 1
        return StopEvent(result=await ctx.store.get("n"))


class Backwards(BaseSerializer):
    """Writes JSON from right to left, so that nothing else can read it."""

    def __init__(self) -> None:
        self._json = JsonSerializer(allowed_types=[Middle, Question, Answer])

    def serialize(self, value: Any) -> str:
        return self._json.serialize(value)[::-1]

    def deserialize(self, value: str) -> Any:
        return self._json.deserialize(value[::-1])


def saved(context: Context[Any], serializer: BaseSerializer | None = None) -> Snapshot:
    """Take a snapshot and send it through JSON."""
    snapshot: Snapshot = json.loads(json.dumps(context.to_dict(serializer)))
    return snapshot


async def asked() -> Snapshot:
    """Return a snapshot of a run that waits for a person, with something in its state."""
    handler = Ask().run()
    await handler.ctx.store.set("seen", (1, 2))
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    return snapshot


async def begun() -> Snapshot:
    """Return a snapshot of a run with work to do."""
    handler = Line().run()
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    return snapshot


# -- refused -----------------------------------------------------------------------------------------------------


def test_a_snapshot_that_is_still_text_is_refused_with_the_way_out() -> None:
    with pytest.raises(ContextSerdeError, match=r"it is a str. Pass json.loads\(...\) of it"):
        Context.from_dict(Line(), "{}")  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [{}, {"x": 1}, {"version": 2, "state": {}}, [], 5])
def test_what_is_no_snapshot_is_refused(data: Any) -> None:
    with pytest.raises(ContextSerdeError, match=r"invalid format: it has no key 'wfkit'. Pass what ctx.to_dict\(\)"):
        Context.from_dict(Line(), data)


@pytest.mark.parametrize("version", [2, 99, "1", None, 1.0, True])
async def test_a_snapshot_of_another_version_is_refused(version: Any) -> None:
    with pytest.raises(ContextSerdeError, match=f"it is of version {version!r}, this wfkit reads up to 1"):
        Context.from_dict(Line(), {**await begun(), "wfkit": version})


@pytest.mark.parametrize("key", ["workflow", "is_running", "state", "work"])
async def test_a_snapshot_that_was_cut_off_is_refused(key: str) -> None:
    snapshot = await begun()
    del snapshot[key]
    with pytest.raises(ContextSerdeError, match=f"it lacks '{key}'. It may have been cut off"):
        Context.from_dict(Line(), snapshot)


@pytest.mark.parametrize("change", [{"state": []}, {"work": None}, {"work": []}, {"is_running": False}])
async def test_a_snapshot_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ContextSerdeError, match="its state or its work is damaged"):
        Context.from_dict(Line(), {**await begun(), **change})


@pytest.mark.parametrize("key", ["deliveries", "buffers", "unclaimed", "questions", "from_outside"])
async def test_work_that_was_cut_off_is_refused_and_says_what_is_missing(key: str) -> None:
    snapshot = await begun()
    del snapshot["work"][key]
    workflow = Line()
    with pytest.raises(ContextSerdeError, match=f"work of this snapshot is damaged: KeyError: '{key}'"):
        workflow.run(ctx=Context.from_dict(workflow, snapshot))


@pytest.mark.parametrize(
    "change", [{"id": "x"}, {"id": 1.5}, {"id": None}, {"parent": "x"}, {"n": []}, {"event": 5}, {"step": []}]
)
async def test_a_damaged_delivery_is_refused(change: dict[str, Any]) -> None:
    snapshot = await begun()
    snapshot["work"]["deliveries"][0].update(change)
    workflow = Line()
    with pytest.raises(ContextSerdeError):
        workflow.run(ctx=Context.from_dict(workflow, snapshot))


async def test_work_for_another_workflow_is_refused_by_name() -> None:
    workflow = Loop()
    with pytest.raises(ContextSerdeError, match=r"work for step 'first', which workflow 'Loop' does not have"):
        workflow.run(ctx=Context.from_dict(workflow, await begun()))


async def test_a_refused_snapshot_stays_in_its_context() -> None:
    context: Context[Any] = Context.from_dict(Line(), await begun())
    with pytest.raises(ContextSerdeError):
        Loop().run(ctx=context)
    assert await Line().run(ctx=context) == "HELLO"


async def test_state_that_does_not_fit_is_refused() -> None:
    snapshot = await begun()
    with pytest.raises(ContextSerdeError, match="does not fit State"):
        Context.from_dict(Typed(), {**snapshot, "state": {"keys": {"n": "many"}}})
    with pytest.raises(ContextSerdeError, match="is a StopEvent; this workflow declares State"):
        Context.from_dict(
            Typed(), {**snapshot, "state": {"typed": {"__type__": "wfkit.events:StopEvent", "value": {}}}}
        )


def parts_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in JSON data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, part in inner for way in parts_of(part, (*path, key)))]


def damaged(snapshot: Snapshot, path: tuple[Any, ...], junk: Any) -> Any:
    """Return a snapshot with one value replaced."""
    whole = json.loads(json.dumps({"root": snapshot}))
    target = whole
    for key in ("root", *path)[:-1]:
        target = target[key]
    target[("root", *path)[-1]] = junk
    return whole["root"]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, "x", -1, 1.5, True, [], {}, [[]], [1], {"a": 1}, {"__type__": "set", "value": [[]]}]
)


def test_damage_of_any_kind_is_refused_or_harmless() -> None:
    lost: list[Any] = []

    async def run(workflow: Workflow, snapshot: Snapshot) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: lost.append(context))
        with suppress(ContextSerdeError):
            handler = workflow.run(ctx=Context.from_dict(workflow, snapshot))
            result = asyncio.ensure_future(handler)
            await asyncio.wait([result], timeout=100)
            await handler.cancel_run()
            await asyncio.gather(result, return_exceptions=True)

    @settings(deadline=None, derandomize=True, max_examples=400, database=None)
    @given(st.data())
    def damage(data: st.DataObject) -> None:
        kind, snapshot = data.draw(st.sampled_from(whole))
        broken = damaged(snapshot, data.draw(st.sampled_from(parts_of(snapshot))), data.draw(JUNK))
        simulate(run(kind(timeout=5), broken))

    whole: list[tuple[type[Workflow], Snapshot]] = [(Ask, simulate(asked()).result), (Line, simulate(begun()).result)]
    damage()
    gc.collect()  # a task that died unseen is told of when it is forgotten
    assert lost == []


# -- classes of every kind ---------------------------------------------------------------------------------------

CELL = """
from wfkit import *

class Query(Event):
    text: str

class Cell(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> Query:
        return Query(text="hi")

    @step
    async def answer(self, ctx: Context, ev: Query) -> StopEvent:
        SAVED.append(ctx.to_dict())
        return StopEvent(result=(type(ev) is Query, ev.text))
"""


async def test_classes_of_a_notebook_cell_can_be_restored_when_the_cell_was_run_again() -> None:
    saves: list[Snapshot] = []
    results = []
    snapshot = None
    for _ in range(2):
        cell: dict[str, Any] = {"__name__": "__main__", "SAVED": saves}
        exec(CELL, cell)
        workflow = cell["Cell"]()
        results.append(await workflow.run(ctx=snapshot and Context.from_dict(workflow, snapshot)))
        snapshot = saves[0]
    assert results == [(True, "hi"), (True, "hi")]


async def test_classes_local_to_a_function_can_be_restored() -> None:
    class Local(Event):
        n: int

    class Flow(Workflow):
        @step
        async def one(self, ev: StartEvent) -> Local:
            return Local(n=1)

        @step
        async def two(self, ev: Local) -> StopEvent:
            await asyncio.sleep(5)
            return StopEvent(result=ev)

    handler = Flow().run()
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert await Flow().run(ctx=Context.from_dict(Flow(), snapshot)) == Local(n=1)


# -- over several runs -------------------------------------------------------------------------------------------


async def test_a_finished_run_is_saved_without_work_and_its_state_goes_on() -> None:
    workflow = Typed()
    context: Context[State] = Context(workflow)
    assert [await workflow.run(ctx=context) for _ in range(2)] == [1, 2]
    snapshot = saved(context)
    assert (snapshot["is_running"], snapshot["work"]) == (False, None)
    again = Typed()
    assert await again.run(ctx=Context.from_dict(again, snapshot)) == 3


@pytest.mark.parametrize("make", [lambda: Fail(), lambda: Slow(timeout=1)])
async def test_a_run_that_ended_badly_leaves_no_work_either(make: Callable[[], Workflow]) -> None:
    workflow = make()
    handler = workflow.run(seconds=100)
    with pytest.raises(Exception):  # noqa: B017
        await handler
    assert saved(handler.ctx)["work"] is None


async def test_a_context_can_be_saved_before_any_run() -> None:
    context: Context[Any] = Context(Line())
    await context.store.set("a", 1)
    snapshot = saved(context)
    assert not snapshot["is_running"]
    assert await Context.from_dict(Line(), snapshot).store.get("a") == 1


async def test_the_state_can_be_left_out() -> None:
    context: Context[Any] = Context(Line())
    await context.store.set("a", object())
    snapshot = context.to_dict(include_state=False)
    assert await Context.from_dict(Line(), snapshot).store.get("a", None) is None


async def test_a_value_in_the_state_that_cannot_be_written_is_named() -> None:
    context: Context[Any] = Context(Line())
    await context.store.set("client", {"inner": object()})
    with pytest.raises(ContextSerdeError, match="Failed to serialize state value for key client: Cannot write"):
        context.to_dict()


async def test_taking_a_snapshot_changes_nothing() -> None:
    handler = Ask().run()
    await asyncio.sleep(1)
    assert saved(handler.ctx) == saved(handler.ctx)
    await handler.send_event(Answer(text="Ada"))
    assert await handler == "hello Ada"


# -- serializers of one's own ------------------------------------------------------------------------------------


async def test_a_workflows_serializer_writes_and_reads_all_of_it() -> None:
    workflow = Ask(serializer=Backwards())
    handler = workflow.run()
    await handler.ctx.store.set("seen", (1, 2))
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    again = Ask(serializer=Backwards())
    context: Context[Any] = Context.from_dict(again, snapshot)
    assert await context.store.get("seen") == (1, 2)
    restored = again.run(ctx=context)
    await restored.send_event(Answer(text="Ada"))
    assert await restored == "hello Ada"


async def test_a_serializer_given_for_a_snapshot_writes_and_reads_all_of_it() -> None:
    handler = Line().run(text="hi")
    await handler.ctx.store.set("seen", (1, 2))
    snapshot = saved(handler.ctx, Backwards())
    await handler.cancel_run()
    workflow = Line()
    context: Context[Any] = Context.from_dict(workflow, snapshot, Backwards())
    assert await context.store.get("seen") == (1, 2)
    assert await workflow.run(ctx=context) == "HI"


# -- size --------------------------------------------------------------------------------------------------------


def sizes(main: Callable[[int], Coroutine[Any, Any, Snapshot]], counts: list[int]) -> list[int]:
    """Return how long the snapshots are that a program takes after so many events."""
    return [len(json.dumps(simulate(main(count)).result)) for count in counts]


def test_the_size_does_not_grow_with_what_the_run_has_done() -> None:
    async def after(times: int) -> Snapshot:
        class Rounds(Workflow):
            @step
            async def turn(self, ctx: Context, ev: StartEvent | Item) -> Item | StopEvent:
                n = ev.get("n", 0)
                if n == times:
                    snapshots.append(saved(ctx))
                    return StopEvent()
                ctx.collect_events(ev, [type(ev)])
                return Item(n=n + 1)

        snapshots: list[Snapshot] = []
        await Rounds().run()
        return snapshots[0]

    small, large = sizes(after, [10, 2_000])
    assert large < small + 50


def test_the_size_does_not_grow_with_what_was_shown() -> None:
    async def after(times: int) -> Snapshot:
        handler = Ask().run()
        await asyncio.sleep(1)
        for n in range(times):
            handler.ctx.write_event_to_stream(Event(n=n))
        return saved(handler.ctx)

    small, large = sizes(after, [1, 500])
    assert large == small
