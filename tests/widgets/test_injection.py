"""Hostile names, texts, values and messages in every panel: they stay text, nothing raises, and nothing is endless."""

from __future__ import annotations

import pytest

from tests.display.corpus import TEXTS, VALUES
from tests.display.inert import UNFIT
from tests.display.test_injection import MIXED
from tests.widgets.hostile_panels import Faces, all_faces, faces_of, sent
from tests.widgets.panels import FakePage
from wfkit import (
    Context,
    Debugger,
    DictState,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from wfkit.display.words import clean
from wfkit.widgets.ask import Ask
from wfkit.widgets.forms import Form
from wfkit.widgets.inspector import Inspector as StateInspector
from wfkit.widgets.tree import tree_rows
from wfkit.widgets.values import rich, whole

# One of each kind of danger; the others go the same ways, and are tried in the long run.
QUICK = ("out of srcdoc", "double quote", "prototype", "noise")
_EMPTY = {name for name, text in TEXTS.items() if not clean(text[:100]).strip()}
_PLAIN: list[Faces] = []


async def plain_faces() -> Faces:
    """Return the faces of the same panels with a harmless name."""
    if not _PLAIN:
        _PLAIN.append(await all_faces("Harmless"))
    return _PLAIN[0]


async def all_is_well(name: str, text: str) -> None:
    found, plain = await all_faces(text), await plain_faces()
    found.check()
    missing = plain.found.keys() - found.found.keys()
    assert found.found.keys() <= plain.found.keys()
    # A face that would make the output of a cell too large is left out of it.
    assert all(len(text) > 120 and face.endswith("mermaid") for face in missing), missing
    assert found.data.keys() == plain.data.keys()
    said = clean(text[:100])[:12].strip()
    for face, shows in found.reads().items():
        assert said in shows, face
    if len(text) < 120 and name not in _EMPTY:  # long names are cut
        assert found.made() == plain.made()


@pytest.mark.parametrize("name", QUICK)
async def test_names_and_texts_stay_text(name: str) -> None:
    await all_is_well(name, (TEXTS | MIXED)[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TEXTS.keys() - set(QUICK)))
async def test_all_names_and_texts_stay_text(name: str) -> None:
    await all_is_well(name, TEXTS[name])


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(VALUES))
def test_a_value_is_shown_whatever_it_does(name: str) -> None:
    value = VALUES[name]()
    for state in (DictState(v=value), DictState(v=[value, {"x": value}]), DictState(v={"a": {"b": value}})):
        rows = tree_rows(state, ("v",), DictState(v=value))
        assert rows[0]["path"] == "v"
        assert not UNFIT.search(sent("tree", rows).replace("\t", ""))
    for event in (Event(value=value), Event(value=[value, {"x": value}])):
        (field,) = Form(event).specs()
        sent("form", field)
        assert field["value"] not in ("", None)
    for line in (0, 76):
        text, _ = whole([value], 5_000, line)
        assert text
        assert not UNFIT.search(text)
    sent("rich", rich(value))


@pytest.mark.parametrize("name", list(VALUES))
async def test_panels_live_on_with_any_value(name: str) -> None:
    handler = Carry(timeout=None).run(make=VALUES[name], hooks=[debugger := Debugger(break_at_start=True)])
    page, state = FakePage(debugger.widget()), FakePage(StateInspector(handler))
    await page.settled()
    faces = Faces()
    for when in ("made", "asked"):
        await page.click("step")
        await state.click("open", path="listed")
        faces_of(faces, when, debugger, page, state)
    asking = FakePage(Ask(handler))
    faces.panel("ask", asking.panel)
    await state.click("compare", one=0, other=1)
    faces.panel("compared", state.panel)
    faces.check()
    await debugger.cancel()


class Seed(Event):
    pass


class Carry(Workflow):
    """Puts a value into its store, its events, a question and what an answer must have."""

    @step
    async def sow(self, ctx: Context, ev: StartEvent) -> Seed:
        await ctx.store.set("value", ev.make())
        async with ctx.store.edit_state() as state:
            state["listed"] = [{"inside": ev.make()}]
        return Seed(value=ev.make(), listed=[ev.make()])

    @step
    async def reap(self, ctx: Context, ev: Seed) -> StopEvent:
        question = InputRequiredEvent(value=ev.value, listed=ev.listed)
        await ctx.wait_for_event(HumanResponseEvent, waiter_event=question, requirements={"value": ev.value})
        return StopEvent(result=ev.value)
