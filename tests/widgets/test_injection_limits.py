"""What a page may send to a panel and a panel to a page: hostile messages, conditions and schemas, and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from pydantic import Field, create_model

from tests.display.corpus import VALUES
from tests.widgets.hostile_panels import sent
from tests.widgets.panels import AskFlow, CountFlow, FakePage
from wfkit import (
    Breakpoint,
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
from wfkit.widgets.ask import Ask
from wfkit.widgets.debugger import debug
from wfkit.widgets.forms import Form
from wfkit.widgets.inspector import Inspector as StateInspector

MOST_VIEW: Final = 400_000  # characters; a view travels up to 15 times a second


class Seed(Event):
    pass


# -- what a page may send ----------------------------------------------------------------------------------------------

PAGES: list[Any] = [None, 5, [1], {}, "x" * 1_000_000]
IGNORED: list[Any] = [
    *(None, 5, "step", [], {}, {"do": None}, {"do": ["step"]}, {"do": {"do": "step"}}),
    *({"do": do, "page": page} for do in ("hello", "bye", "pong") for page in PAGES),
]
LONG: Final = "x" * 1_000_000


def each(do: str, key: str, values: Iterable[Any], /, **rest: Any) -> list[dict[str, Any]]:
    """Return messages that ask for the same, each with another value at this key."""
    return [{"do": do, **rest, key: value} for value in values]


# Messages to a held run of CountFlow; each is refused, and nothing has happened.
REFUSED: list[dict[str, Any]] = [
    *({"do": do} for do in ("", "nothing", "obey", "__init__", "_hear", "close", LONG, "give_up")),
    *({"do": "step", **rest} for rest in ({"self": 1}, {"__class__": 1}, {"held": "ff"}, {"held": {"x": 1}})),
    *each("step", "values", ["x", [1], {"n": [1]}, {"n": {"__proto__": 1}}, {"n": "9" * 5_000}]),
    *each("step", "values", [{name: "1"} for name in ("_private", "__proto__", "__class__", "", LONG)]),
    *each("until", "node", ["nowhere", "__class__", {"a": 1}, LONG]),
    {"do": "until", "when": "9**9**9"},
    *each("compose", "node", ["nowhere", "wf-StopEvent", {"a": 1}, LONG]),
    *each("send", "values", [{}, "x", {"n": "1"}]),
    *each("watch", "path", ["nowhere", "", None, {"a": 1}, LONG]),
    {"do": "when", "key": "ff", "text": "True"},
    *each("seek", "text", [None, 5, {"a": 1}]),
    *each("compare", "run", [0, 1, -1, "0", None, {}]),
    {"do": "break", "node": "wf-double", "when": "event.__class__"},
    *each("break", "node", ["wf-nowhere", "__proto__", None, {"x": 1}]),
    *each("skip", "name", ["Nothing", ["Total"], {"x": 1}, "__class__"]),
    {"do": "clear", "key": "ff"},
    {"do": "enable", "key": [], "on": True},
    *each("answer", "question", ["q1", None, {"x": 1}, "__class__"], name="Reply"),
    *each("set_state", "path", ["", None, ["seen"], {"x": 1}, ".".join("k" * 3_000), "seen.api_key", "new"], text="1"),
    *each("set_state", "text", [None, 5, [1], "{", "[" * 5_000, "9" * 5_000], path="seen.n"),
    *each("look", "number", ["x", 999, -1, 1.5, {}, [1]], run=0),
    *each("look", "run", ["0", 5, None, {}], number=None),
    {"do": "fork", "held": "ff", "values": {"n": "1"}},
    {"do": "fork", "values": {"n": "many"}},
]


async def test_messages_that_mean_nothing_change_nothing() -> None:
    page = FakePage(debug(CountFlow(timeout=None), n=3))
    panel: Any = page.panel
    await page.settled()
    before = await page.click("step")
    for content in IGNORED:
        panel._handle_custom_msg(content, [])
        assert await page.settled() == before, content
    for content in REFUSED:
        panel._handle_custom_msg(content, [])
        view = await page.settled()
        called = str(content)[:80]
        assert view["error"], called
        assert len(view["error"]) <= 600, called
        sent(called, view)
        assert {**view, "error": "", "problems": before["problems"]} == before, called
    assert panel.debugger.breakpoints == ()
    await page.click("continue")
    assert await panel.handler == [6, 3]


@pytest.mark.parametrize("path", ["box.__class__.pwned", "box.__init__.__globals__.pwned", "box.__dict__.pwned"])
async def test_a_page_reaches_nothing_private(path: str) -> None:
    class Box:
        def __init__(self) -> None:
            self.size = 1

    panel = debug(CountFlow(timeout=None), n=3)
    page = FakePage(panel)
    await page.settled()
    box = panel.handler.ctx.store.state["box"] = Box()
    view = await page.click("set_state", path=path, text="1")
    assert view["error"]
    assert not hasattr(box, "pwned")
    assert "pwned" not in globals()
    await page.click("cancel")


# Whoever sees a panel may click; that is no leave to run code, as in a front end that shows widgets and runs no cells.
ESCAPES = (
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "getattr(event, '__class__')",
    "type(event).mro()",
    "event.__class__",
    "'{0.__class__}'.format(event)",
    "f'{event.__class__}'",
    "9**9**9",
    "1 << 9999999999",
    "'x' * 10**12",
    "(lambda: 1)()",
    "(n := 5)",
    "state.clear()",
    "event.copy()",
    "sum(1 for a in range(10**9))",
    "len(str(range(10**9))) and list(range(10**9))",
    "__import__('os')",
    "open('x')",
    "__builtins__",
    "state['x'](1)",
    "n" + ".n" * 100_000,
    "(" * 300 + ")" * 300,
    "-" * 200_000 + "1",
)


@pytest.mark.parametrize("text", ESCAPES, ids=[text[:24] for text in ESCAPES])
async def test_a_condition_of_a_page_runs_no_code(text: str) -> None:
    panel = debug(CountFlow(timeout=None), n=3)
    page = FakePage(panel)
    await page.settled()
    view = await page.click("break", node="wf-double")
    view = await page.click("when", key=view["breakpoints"][0]["key"], text=text)
    assert view["error"]
    assert len(view["error"]) <= 600
    assert [point.when for point in panel.debugger.breakpoints] == [None]
    await page.click("cancel")


PATHS = (
    "__class__",
    "seen.__class__.__init__",
    "seen.keys",
    "seen." + "9" * 5_000,
    "seen.\u00b2",
    "x" * 1_000_000,
    ["a"],
)


async def test_the_inspector_opens_only_what_is_stored() -> None:
    handler = AskFlow(timeout=None).run(text="hi")
    await handler.ctx.store.set("seen", {"n": [1]})
    page = FakePage(StateInspector(handler))
    panel: Any = page.panel
    for path in PATHS:
        view = await page.click("open", path=path)
        opened = panel.detail["open"]
        assert opened is None or opened["text"] in ("not there", "****"), path
        assert len(sent("detail", panel.detail)) < 20_000
        assert len(view["error"]) <= 600
    for content in ({"moment": "x"}, {"moment": 99}, {"moment": -1}, {"moment": [1]}, {"path": "seen.n", "moment": {}}):
        await page.click("open", **{"path": "seen", **content})
    for one, other in (("x", 1), (99, 98), (-1, 0), ([], {}), (0, "9" * 5_000)):
        await page.click("compare", one=one, other=other)
    view = await page.click("open", path="seen.n.0")
    assert (panel.detail["open"]["text"], view["error"]) == ("1", "")
    await handler.cancel_run()


async def test_only_an_answer_answers() -> None:
    handler = AskFlow(timeout=None).run(text="hi")
    page = FakePage(Ask(handler))
    (question,) = (await page.settled())["open"]
    key = question["key"]
    for content in each("answer", "key", ["q9", None, {}]) + each("answer", "values", ["x", {}, [1]], key=key):
        view = await page.click(**content)
        assert [one["key"] for one in view["open"]] == [key], content
    for values in (
        {"word": 5},
        {"word": None},
        {"word": {"__proto__": 1}},
        {"_word": "x"},
        {"word": "x", "__class__": 1},
    ):
        view = await page.click("answer", key=key, kind="Reply", values=values)
        assert view["open"][0]["errors"], values
    await page.click("answer", key=key, kind="Reply", values={"word": "so"})
    assert await handler == "so"


def test_no_page_can_make_a_panel() -> None:
    """A page that opens a channel names a class by what is registered; ours are not."""
    from ipywidgets.widgets.widget import _registry

    assert not any(kind in str(list(_registry.items())) for kind in ("AnyModel", "wfkit"))


# -- conditions, schemas, sizes, time ----------------------------------------------------------------------------------

CONDITIONS = (
    "x\x00",
    "(" * 300 + ")" * 300,
    "-" * 200_000 + "1",
    "x = 1",
    "import os",
    "n >",
    "",
    " ",
    "x" * 1_000_000 + " $",
)


@pytest.mark.parametrize("when", CONDITIONS, ids=[f"{when[:8]!a}" for when in CONDITIONS])
def test_what_is_no_expression_is_refused_in_few_words(when: str) -> None:
    with pytest.raises(ValueError, match=r"expression|names a step") as caught:
        Breakpoint(step="first" if not when else None, when=when or "(")
    assert len(str(caught.value)) < 600


def test_the_names_of_fields_take_nothing_away_from_a_condition() -> None:
    fields: dict[str, Any] = {"user": "Ada", "__builtins__": {}, "event": 1, "state": 2, "__import__": "x"}
    for when in ("len(user) > 9", "event == 1", "state == 2", "__import__('os') and False"):
        point = Breakpoint(when=when)
        stops = point.meets("first", Event(**fields), {}, False)
        assert stops is bool(point.problem), (when, point.problem)
    assert not Breakpoint(when="len(user) > 9").meets("first", Event(**fields), {}, False)


@pytest.mark.parametrize("when", ["open('x')", "__import__('os')", "().__class__.__base__.nothing", "nowhere", "1 / 0"])
def test_a_condition_that_raises_stops_and_says_so(when: str) -> None:
    point = Breakpoint(when=when)
    assert point.meets("first", Event(), {}, False)
    assert "Error" in point.problem


SCHEMAS: dict[str, dict[str, Any]] = {
    **{
        f"enum {n}": {"enum": value} for n, value in enumerate((5, [1] * 100_000, [[1], {"a": 1}, None, "<" * 100_000]))
    },
    **{f"any of {n}": {"anyOf": value} for n, value in enumerate(("x", [5], {"a": 1}))},
    **{f"all of {n}": {"allOf": value} for n, value in enumerate((5, [5]))},
    **{f"ref {n}": {"$ref": value} for n, value in enumerate((5, "#/$defs/nowhere", "#/$defs/__proto__"))},
    **{f"type {n}": {"type": value} for n, value in enumerate((5, ["string", "null"], {"a": 1}))},
    **{f"limit {n}": {"minimum": value} for n, value in enumerate((float("nan"), float("inf"), "x" * 1_000_000, [1]))},
    "length": {"maxLength": "x"},
    "pattern": {"pattern": "\ud800" + "x" * 1_000_000},
    "format": {"format": [1]},
    "title": {"title": 5, "description": 5},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_form_takes_any_schema(name: str) -> None:
    kind: Any = create_model("Made", __base__=Event, word=(str, Field("a", json_schema_extra=SCHEMAS[name])))
    for form in (Form(kind), Form(kind(word="b"))):
        assert len(sent("form", form.specs())) < 60_000
    assert Form(kind(word="b")).read({}) == kind(word="b")


@pytest.mark.parametrize("name", ["title", "description", "default"])
def test_a_form_takes_what_is_said_of_a_field(name: str) -> None:
    for value in (5, "\u202e<b>" * 100_000, VALUES["failing"]()):
        said: dict[str, Any] = {"default": None, name: value}
        kind: Any = create_model("Made", __base__=Event, word=(Any, Field(**said)))
        assert len(sent("form", Form(kind).specs())) < 60_000


BIG: dict[str, Callable[[], Any]] = {
    "text": lambda: {"a": "<&'\">" * 200_000},
    "keys": lambda: {f"k{number}": "x" * 100 for number in range(10_000)},
    "texts": lambda: {f"k{number}": "x" * 3_900 for number in range(300)},
    "control characters": lambda: {f"k{number}": "\x01" * 3_900 for number in range(300)},
    "list": lambda: {"a": ["x" * 400] * 10_000},
    "dictionaries": lambda: {"a": [{"a": "x" * 4_000}] * 1_000},
    "long keys": lambda: {"k" * 1_000_000: {str(number): number for number in range(100)}},
}


@pytest.mark.parametrize("name", BIG)
async def test_no_message_is_endless(name: str) -> None:
    big = BIG[name]()
    handler = Large(timeout=None).run(big=big, hooks=[debugger := Debugger(break_at_start=True)])
    page, state = FakePage(debugger.widget()), FakePage(StateInspector(handler))
    await page.settled()
    for _ in range(2):
        await page.click("step")
        await state.click("open", path="big")
        asking = Ask(handler)
        for panel in (page.panel, state.panel, asking):
            view = sent(name, panel.view)
            assert len(view) < MOST_VIEW, (type(panel).__name__, len(view))
            sent(name, [getattr(panel, trait, None) for trait in ("lines", "detail")])
            assert len(panel.still()) < 300_000
    await debugger.cancel()


class Large(Workflow):
    """Puts large things into its store, an event and a question."""

    @step
    async def sow(self, ctx: Context, ev: StartEvent) -> Seed:
        await ctx.store.set("big", ev.big)
        async with ctx.store.edit_state() as state:
            state.update(ev.big)
        return Seed(**ev.big)

    @step
    async def reap(self, ctx: Context, ev: Seed) -> StopEvent:
        await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent(**dict(ev.items())))
        return StopEvent(result=ev)
