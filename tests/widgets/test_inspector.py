"""The inspector: what it shows of a store that changes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.display.corpus import VALUES
from wfkit import (
    Context,
    Debugger,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from wfkit.errors import WorkflowRuntimeError
from wfkit.widgets.inspector import CUT, Inspector, difference_of


class Go(HumanResponseEvent):
    pass


class Ready(InputRequiredEvent):
    pass


class Read(Event):
    pass


class Plan(BaseModel):
    goal: str = "none"
    password: SecretStr = SecretStr("p1")


class Think(Workflow):
    @step
    async def read(self, ctx: Context, ev: StartEvent) -> Read:
        await ctx.store.set("question", "why <b>?")
        await ctx.store.set("plan", Plan(goal="first"))
        await ctx.store.set("api_key", "k1")
        await ctx.store.set("long", "x" * (CUT + 5))
        return Read()

    @step
    async def think(self, ctx: Context, ev: Read) -> Ready:
        async with ctx.store.edit_state() as state:
            state["plan"].goal = "second"
            state["dotted.name"] = 1
        await ctx.store.set("deep.er", [1, 2])
        return Ready()

    @step
    async def end(self, ctx: Context, ev: Go) -> StopEvent:
        await ctx.store.set("question", "because")
        return StopEvent(result="done")


def rows(inspector: Inspector) -> dict[str, dict[str, Any]]:
    inspector.show_now()
    return {row["path"] or row["key"]: row for row in inspector.view["rows"]}


async def a_thinking_run() -> tuple[Any, Inspector]:
    handler = Think(timeout=None).run()
    inspector = Inspector(handler)
    await asyncio.sleep(0.5)
    return handler, inspector


async def test_the_tree_is_live_and_marks_what_changed_last() -> None:
    handler, inspector = await a_thinking_run()
    view = inspector.view
    shown = rows(inspector)
    assert view["name"] == "Think"
    assert [(moment["number"], moment["who"]) for moment in view["moments"]] == [
        (0, "outside"),
        (1, "read"),
        (2, "think"),
    ]
    assert {path for path, row in shown.items() if row.get("changed")} >= {"plan", "deep"}
    assert not shown["question"].get("changed")
    assert shown["question"]["text"] == "'why <b>?'"
    await handler.send_event(Go())
    assert await handler == "done"
    await asyncio.sleep(0.5)
    shown = rows(inspector)
    assert [path for path, row in shown.items() if row.get("changed")] == ["question"]
    assert inspector.view["state"] == "done"


async def test_the_whole_value_its_history_and_who_changed_it() -> None:
    handler, inspector = await a_thinking_run()
    inspector.do_open("plan.goal")
    inspector.show_now()
    opened = inspector.detail["open"]
    assert (opened["type"], opened["text"], opened["more"]) == ("str", "second", False)
    assert [(one["moment"], one["who"], one["text"]) for one in opened["history"]] == [
        (2, "think", "second"),
        (1, "read", "first"),
    ]
    inspector.do_open("plan.goal", 1)
    inspector.show_now()
    assert inspector.detail["open"]["text"] == "first"
    inspector.do_open("long")
    inspector.show_now()
    assert (len(inspector.detail["open"]["text"]), inspector.detail["open"]["more"]) == (CUT, True)
    inspector.do_more()
    inspector.show_now()
    assert (len(inspector.detail["open"]["text"]), inspector.detail["open"]["more"]) == (CUT + 5, False)
    inspector.do_open("nothing.here")
    inspector.show_now()
    assert inspector.detail["open"]["text"] == "not there"
    inspector.do_shut()
    inspector.show_now()
    assert inspector.detail["open"] is None
    await handler.cancel_run()


async def test_an_open_value_follows_the_store() -> None:
    handler, inspector = await a_thinking_run()
    inspector.do_open("question")
    inspector.show_now()
    await handler.send_event(Go())
    await handler
    await asyncio.sleep(0.5)
    assert inspector.detail["open"]["text"] == "because"
    assert [one["who"] for one in inspector.detail["open"]["history"]] == ["end", "read"]


async def test_two_moments_are_compared() -> None:
    handler, inspector = await a_thinking_run()
    inspector.do_compare(1, 2)
    inspector.show_now()
    found = {row["key"]: row["lines"] for row in inspector.detail["compared"]["rows"]}
    assert set(found) == {"plan", "dotted.name", "deep"}
    assert found["dotted.name"] == [("+", "1")]
    assert [line for line in found["plan"] if line[0] in "+-"] == [("-", "  goal='first',"), ("+", "  goal='second',")]
    inspector.do_compare()
    inspector.show_now()
    assert inspector.detail["compared"] is None
    await handler.cancel_run()


async def test_no_secret_leaves_python() -> None:
    handler, inspector = await a_thinking_run()
    inspector.do_compare(0, 2)
    told = ""
    for path in ("api_key", "plan", "plan.password", "question"):
        inspector.do_open(path)
        inspector.show_now()
        told += json.dumps([inspector.view, inspector.detail])
    told += inspector.still() + repr(inspector)
    assert "k1" not in told
    assert "p1" not in told
    assert "why &lt;b&gt;?" in inspector.still()
    await handler.cancel_run()


async def test_what_goes_around_the_store_is_seen_at_the_next_look() -> None:
    handler, inspector = await a_thinking_run()
    handler.ctx.store.state["question"] = "new"
    inspector.show_now()
    assert rows(inspector)["question"]["changed"]
    assert inspector.view["moments"][-1]["who"] == "outside"
    await handler.cancel_run()


async def test_a_context_is_followed_from_run_to_run() -> None:
    flow = Think(timeout=None)
    ctx: Context[Any] = Context(flow)
    await ctx.store.set("before", 1)
    inspector = Inspector(ctx)
    assert list(rows(inspector)) == ["before"]
    assert inspector.view["state"] == "idle"
    await ctx.store.set("before", 2)
    await asyncio.sleep(1)
    assert inspector.view["rows"][0]["text"] == "2"
    for _ in range(2):
        handler = flow.run(ctx=ctx)
        await asyncio.sleep(1)
        await handler.send_event(Go())
        await handler
        await asyncio.sleep(1)
        assert inspector.view["moments"][-1]["keys"] == "question"
        assert rows(inspector)["question"]["text"] == "'because'"
    inspector.close()
    await asyncio.sleep(1)


async def test_a_store_of_a_declared_type() -> None:
    class Typed(Workflow):
        @step
        async def only(self, ctx: Context[Plan], ev: StartEvent) -> StopEvent:
            async with ctx.store.edit_state() as state:
                state.goal = "typed"
            return StopEvent()

    handler = Typed().run()
    inspector = Inspector(handler)
    await handler
    await asyncio.sleep(0.2)
    shown = rows(inspector)
    assert (shown["goal"]["text"], shown["goal"]["changed"]) == ("'typed'", True)
    assert shown["password"]["text"] == "****"


async def test_hostile_values_neither_stop_the_run_nor_the_panel() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        def __deepcopy__(self, memo: Any) -> Any:
            raise RuntimeError("no")

        def _repr_html_(self) -> str:
            raise RuntimeError("no")

        __hash__ = None  # type: ignore[assignment]

    class Bad(Workflow):
        @step
        async def bad(self, ctx: Context, ev: StartEvent) -> StopEvent:
            for _ in range(3):
                await ctx.store.set("h", Hostile())
                await ctx.store.set("<img src=x onerror=alert(1)>", "<script>alert(1)</script>")
                await ctx.store.set("n\x00\u202e", [Hostile(), {1: 2}])
            return StopEvent(result="well")

    handler = Bad().run()
    inspector = Inspector(handler)
    inspector.do_open("h")
    assert await handler == "well"
    await asyncio.sleep(0.2)
    inspector.show_now()
    assert inspector.error == ""
    json.dumps([inspector.view, inspector.detail])
    assert "<script>" not in inspector.still()


async def test_a_store_with_more_than_a_page_shows() -> None:
    class Full(Workflow):
        @step
        async def fill(self, ctx: Context, ev: StartEvent) -> Ready:
            for n in range(ev.many):
                await ctx.store.set(f"n{n}", {"a": [{"b": n}], "c": {"d": n}})
            return Ready()

        @step
        async def end(self, ev: Go) -> StopEvent:
            return StopEvent()

    for keys, rows_shown in ((150, 150), (300, 201)):
        handler = Full(timeout=None).run(many=keys)
        inspector = Inspector(handler)
        await asyncio.sleep(0.5)
        assert len(inspector.view["rows"]) == rows_shown
        assert {row["depth"] for row in inspector.view["rows"]} == {0}
        assert inspector.view["count"] == keys
        assert inspector.still().count("<details>") == 100
        assert f"and {keys - 100} more" in inspector.still()
        await handler.cancel_run()


async def test_of_a_run_that_has_ended_it_is_a_still() -> None:
    handler, inspector = await a_thinking_run()
    assert "application/vnd.jupyter.widget-view+json" in inspector._repr_mimebundle_()[0]
    await handler.send_event(Go())
    await handler
    for shown in (inspector, Inspector(handler)):
        bundle = shown._repr_mimebundle_()[0]
        assert set(bundle) == {"text/plain", "text/html"}
        assert bundle["text/plain"] == "State of Think: 6 keys"
        assert "because" in bundle["text/html"]


async def test_a_run_that_is_held_says_so_and_its_debugger_will_do() -> None:
    debugger = Debugger(break_at_start=True)
    handler = Think(timeout=None).run(hooks=[debugger])
    await asyncio.sleep(0.5)
    for what in (handler, debugger, debugger.widget()):
        assert Inspector(what).view["state"] == "held"
    inspector = Inspector(handler)
    debugger.continue_()
    await asyncio.sleep(0.5)
    assert inspector.view["state"] == "waiting"
    await handler.cancel_run()


async def test_a_path_that_leads_nowhere() -> None:
    handler, inspector = await a_thinking_run()
    for path in ("deep.er." + "9" * 5_000, "deep.er.9", "deep.er.-1", "", ".", "question.x"):
        if len(path) < 2_000:
            inspector.do_open(path)
            inspector.show_now()
            assert inspector.detail["open"]["text"] == "not there"
        else:
            with pytest.raises(ValueError, match="leads nowhere"):
                inspector.do_open(path)
    inspector.do_open("deep.er." + "9" * 1_000)
    inspector.show_now()
    assert inspector.error == ""
    await handler.cancel_run()


@pytest.mark.parametrize("name", VALUES)
async def test_the_hostile_values_of_the_corpus_do_not_end_it(name: str) -> None:
    class Bad(Workflow):
        @step
        async def bad(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("first", VALUES[name]())
            await ctx.store.set("again", VALUES[name]())
            return StopEvent(result="well")

    handler = Bad().run()
    inspector = Inspector(handler)
    assert await handler == "well"
    inspector.do_open("again")
    inspector.do_compare(0, 1)
    inspector.show_now()
    assert inspector.error == ""
    json.dumps([inspector.view, inspector.detail], ensure_ascii=False).encode()
    inspector.still()


async def test_what_cannot_be_inspected_is_refused() -> None:
    with pytest.raises(WorkflowRuntimeError, match=r"inspect\(\) takes a handler or a Context"):
        Inspector(5)


async def test_an_unknown_command_or_path_is_an_error_in_the_panel() -> None:
    handler, inspector = await a_thinking_run()
    inspector._receive(None, {"do": "open", "path": "plan", "moment": "x"}, None)
    await asyncio.sleep(0.2)
    assert inspector.view["error"]
    await handler.cancel_run()


def test_differences_of_texts() -> None:
    assert difference_of("1", "2") == [("-", "1"), ("+", "2")]
    assert difference_of("a\nb", "a\nc") == [(" ", "a"), ("-", "b"), ("+", "c")]
    assert difference_of("a", "a") == [(" ", "it is not the same, but reads the same")]
    assert len(difference_of("\n".join(map(str, range(999))), "")) <= 201
