"""Hostile names, texts, values and errors on every face of every drawing: they stay text, and nothing raises."""

from __future__ import annotations

import asyncio
import io
import logging
import types
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest

from tests.display.corpus import ERRORS, EVENTS, SECRET, SECRETS, TEXTS, VALUES
from tests.display.hostile_runs import OwnProgress, all_faces, flow_faces, made, notebook, run_faces
from tests.display.inert import UNFIT, Inspector, check_faces, is_html
from wfkit import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step
from wfkit.display import handler_bundle
from wfkit.display.payloads import Speller
from wfkit.display.progress import read_progress
from wfkit.display.words import VALUE_LIMIT, clean, fields_of

# One of each kind of danger; the others go the same ways, and are tried in the long run.
QUICK = ("out of srcdoc", "out of script", "double quote", "entities", "mermaid", "prototype", "nothing left", "noise")
MIXED = {"noise": "".join(TEXTS[name] for name in ("ansi", "bidi", "control", "separators", "surrogates"))}
# Of these nothing is left to be shown, so a line may be missing.
_EMPTY = {name for name, text in TEXTS.items() if not clean(text[:100]).strip()}
_PLAIN: dict[str, dict[str, str]] = {}


def gave_up(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of hooks and displays that gave up."""
    told = (record.getMessage() for record in caplog.get_records("call"))
    return [line for line in told if "nobody awaited" not in line]


@pytest.fixture(autouse=True)
def nothing_gives_up(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail if a hook or the live display gave up."""
    with caplog.at_level(logging.WARNING, "wfkit"):
        yield
    assert gave_up(caplog) == []


async def plain_faces() -> Mapping[str, str]:
    """Return the faces of the same flow with a harmless name."""
    if not _PLAIN:
        _PLAIN[""] = await all_faces("Harmless")
    return _PLAIN[""]


async def all_is_well(text: str, empty: bool = False) -> None:
    found = await all_faces(text)
    plain = await plain_faces()
    check_faces(found)
    missing = plain.keys() - found.keys()
    assert found.keys() <= plain.keys()
    # A face that would make the output of a cell too large is left out of it.
    assert all(len(text) > 120 and face.endswith("mermaid") for face in missing), missing
    for face in found:
        if not is_html(face) or empty:
            continue
        if len(text) > 120 and face.startswith("failed"):
            continue  # long names are cut, and those that begin alike are told as the rounds of a loop
        shows, expected = Inspector(found[face]), Inspector(plain[face])
        assert shows.made == expected.made, face
        assert len(shows.scripts) == len(expected.scripts)
        assert clean(text[:100])[:12].strip() in " ".join(shows.text), face


@pytest.mark.parametrize("name", QUICK)
async def test_names_and_texts_stay_text(name: str) -> None:
    await all_is_well((TEXTS | MIXED)[name], name in _EMPTY)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TEXTS.keys() - set(QUICK)))
async def test_all_names_and_texts_stay_text(name: str) -> None:
    await all_is_well(TEXTS[name], name in _EMPTY)


# -- values ------------------------------------------------------------------------------------------------------------


class Carry(Event):
    pass


class Done(Event):
    pass


class Sow(Workflow):
    """Sends an event for each value, reports progress with it, and ends with all of them."""

    @step
    async def sow(self, ev: StartEvent) -> list[Carry]:
        return [Carry(name=name, value=value) for name, value in ev.fields.items()]

    @step
    async def grow(self, ctx: Context, ev: Carry) -> Done:
        ctx.write_event_to_stream(OwnProgress(done=ev.value, total=ev.value, message=ev.value, name=ev.value))
        await asyncio.sleep(1)
        return Done(value=ev.value, listed=[ev.value], table={"key": ev.value})

    @step
    async def reap(self, events: list[Done]) -> StopEvent:
        return StopEvent(result={f"r{number}": event.value for number, event in enumerate(events)})


class Sink(Workflow):
    """Asks with a value, and then fails with it."""

    @step
    async def sink(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await ctx.wait_for_event(
            Done, waiter_event=InputRequiredEvent(value=ev.value), requirements={"x": ev.value}, waiter_id="w"
        )
        error = ValueError(ev.value)
        error.__notes__ = [ev.value]
        raise error from KeyError(ev.value)


async def sown(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what shows of a run that passes values on."""
    with notebook() as shown:
        handler = Sow(timeout=None).run(fields=dict(values))
        handler._ipython_display_()
        async for _ in handler.stream_events():
            pass
        with suppress(NotImplementedError):
            handler._ipython_display_()
        await handler
        await asyncio.sleep(1)
        live = {f"live {n} {kind}": text for n, data in enumerate(shown) for kind, text in data.items()}
    return run_faces(handler) | live


async def sunk(value: Any) -> dict[str, str]:
    """Return what shows of a run that asks with a value, and cannot go on."""
    with notebook() as shown:
        handler = Sink(timeout=5).run(value=value)
        async for _ in handler.stream_events():
            break
        handler._ipython_display_()
        found = {f"waiting {kind}": text for kind, text in handler_bundle(handler).items()}
        await handler.send_event(Done(x=value))
        with suppress(Exception):
            await handler
        assert handler.status in ("failed", "timed out")
        found |= {f"{kind} at last": text for kind, text in handler_bundle(handler).items()}
        return found | {f"live {kind}": text for kind, text in shown[0].items()}


@pytest.mark.parametrize("name", list(VALUES))
def test_a_value_is_shown_whatever_it_does(name: str) -> None:
    value = VALUES[name]()
    for event in (Event(value=value), Event(listed=[value], table={"a": (value,)}), Carry(value={1: value})):
        for _, text in fields_of(event):
            assert text
            assert len(text) <= VALUE_LIMIT
            assert not UNFIT.search(text)
        told = [text for _, text in Speller().payload(event).fields]
        assert all(told)
        assert not UNFIT.search("".join(told))
    read_progress(OwnProgress(done=value, total=value, message=value, name=value, fraction=value))


async def test_values_of_any_kind_go_through_a_run(caplog: pytest.LogCaptureFixture) -> None:
    check_faces(await sown({name: make() for name, make in VALUES.items()}))
    assert gave_up(caplog) == []


@pytest.mark.parametrize("name", list(VALUES))
async def test_a_run_may_ask_and_fail_with_any_value(name: str) -> None:
    check_faces(await sunk(VALUES[name]()))


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_wherever_it_is(name: str) -> None:
    value = SECRETS[name]()
    for event in (Event(value=value), Event(listed=[value]), Event(api_key=value, Password=value)):
        assert SECRET not in str(fields_of(event, 2_000))
        assert SECRET not in str(Speller().payload(event))


async def test_no_face_of_a_run_shows_a_secret() -> None:
    found = await sown({name: make() for name, make in SECRETS.items()})
    for name in ("dict", "named tuple", "secret text"):
        found |= {f"{face} with {name} sunk": text for face, text in (await sunk(SECRETS[name]())).items()}
    for face, text in found.items():
        assert SECRET not in text, (face, text[text.index(SECRET) - 80 :][:100])


# -- errors and events -------------------------------------------------------------------------------------------------


class Fail(Workflow):
    @step
    async def fail(self, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(1)
        raise ev.error


@pytest.mark.parametrize("name", list(ERRORS))
async def test_a_run_may_fail_with_any_error(name: str) -> None:
    with notebook() as shown, redirect_stdout(io.StringIO()) as printed:
        handler = Fail(verbose=True).run(error=ERRORS[name]())
        handler._ipython_display_()
        with suppress(Exception):
            await handler
        await asyncio.sleep(1)
    check_faces(run_faces(handler) | {f"last {kind}": text for kind, text in shown[-1].items()})
    assert "Step fail failed" in printed.getvalue()
    assert not UNFIT.search(printed.getvalue())


@pytest.mark.parametrize("name", list(EVENTS))
async def test_events_may_refuse_what_they_like(name: str) -> None:
    body = {"__module__": __name__, **EVENTS[name]}
    bases = {"Seed": Event, "Plant": Event, "Ask": InputRequiredEvent, "Answer": HumanResponseEvent, "End": StopEvent}
    kinds: dict[str, Any] = {called: type(called, (base,), body) for called, base in bases.items()}
    own: Any = type("ProgressEvent", (Event,), body)

    async def sow(self: Any, ctx: Any, ev: Any) -> Any:
        ctx.write_event_to_stream(own(done=1, total=2, message=name))
        ctx.write_event_to_stream(kinds["Seed"](x=name))
        return [kinds["Seed"](x=name), kinds["Seed"](x=name)]

    async def grow(self: Any, ctx: Any, ev: Any) -> Any:
        await asyncio.sleep(1)
        return kinds["Plant"](x=name)

    async def reap(self: Any, ctx: Any, ev: Any) -> Any:
        return kinds["Ask"](x=name)

    async def end(self: Any, ctx: Any, ev: Any) -> Any:
        return kinds["End"](x=name)

    seed, plant, ask, answer, end_kind = kinds.values()
    hints: dict[Any, tuple[Any, Any]] = {
        sow: (StartEvent, types.GenericAlias(list, seed)),
        grow: (seed, plant),
        reap: (types.GenericAlias(list, plant), ask),
        end: (answer, end_kind),
    }
    steps = [
        step(made(code, code.__name__, {"ctx": Context, "ev": taken, "return": given}))
        for code, (taken, given) in hints.items()
    ]
    made_class: Any = type(Workflow)
    flow = made_class("Refusing", (Workflow,), {found.__name__: found for found in steps})
    found = flow_faces(flow)
    with notebook() as shown:
        handler = flow(timeout=None).run()
        handler._ipython_display_()
        async for event in handler.stream_events():
            if type(event) is kinds["Ask"]:
                break
        await asyncio.sleep(2)
        found |= {f"waiting {face}": text for face, text in run_faces(handler).items()}
        await handler.send_event(kinds["Answer"](x=name))
        await handler
        await asyncio.sleep(1)
    found |= {f"last {kind}": text for kind, text in shown[-1].items()}
    check_faces(found | run_faces(handler))
