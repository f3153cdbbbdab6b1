"""Secrets in every place of every panel, of what it leaves in a notebook, and of what a debugger says in a cell."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from tests.display.corpus import SECRET, SECRETS
from tests.display.hostile_runs import notebook
from tests.widgets.hostile_panels import Faces, faces_of, sent
from tests.widgets.panels import FakePage
from wfkit import (
    Breakpoint,
    Context,
    Debugger,
    DictState,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    step,
)
from wfkit.display import handler_bundle
from wfkit.widgets.ask import Ask
from wfkit.widgets.debugger import DebuggerPanel
from wfkit.widgets.forms import Form, FormError, ValueForm
from wfkit.widgets.inspector import Inspector
from wfkit.widgets.tree import tree_rows
from wfkit.widgets.values import whole


def unseen(text: object, where: str = "") -> None:
    """Fail if a secret can be read."""
    found = str(text)
    place = found.find(SECRET)
    assert place < 0, (where, found[max(0, place - 100) : place + 40])


def _around(name: str) -> list[Any]:
    """Return a value with a secret in it, and the same among others."""
    make = SECRETS[name]
    return [make(), [make(), 5], {"a": {"b": make()}}, (make(), [1]), [[make()]]]


@pytest.mark.parametrize("name", SECRETS)
def test_no_part_of_a_panel_shows_a_secret(name: str) -> None:
    for value in _around(name):
        for line in (0, 76):
            unseen(whole(value, 10_000, line), "whole")
        unseen(Form(Event(value=value)).specs(), "form of an event")
        unseen(ValueForm("value", value).specs(), "form of a value")
        unseen(Form(Event, given={"value": value}).specs(), "given")
        for before in _around(name):
            unseen(tree_rows(DictState(value=value), ("value",), {"value": before}), "tree")
        unseen(tree_rows(DictState(value=value, password=value)), "tree")


class Login(Event):
    user: str = "Ann"
    password: str = SECRET
    hidden: str = Field(SECRET, repr=False)
    data: dict[str, Any] = Field(default_factory=lambda: {"user": "Ann", "token": SECRET})


class Question(InputRequiredEvent):
    text: str = "Who?"
    api_key: str = SECRET
    data: dict[str, Any] = Field(default_factory=lambda: {"token": SECRET})


class Answer(HumanResponseEvent):
    name: str = "Ann"
    pin: SecretStr = SecretStr(SECRET)
    password: int = 0
    data: dict[str, Any] = Field(default={"password": SECRET})

    @field_validator("name")
    @classmethod
    def _check(cls, name: str) -> str:
        if name == "bad":
            raise ValueError("no such name")
        return name


class Account(BaseModel):
    password: int
    data: list[int]


class Bank(Workflow):
    """Has secrets in its store, its events, a question, an answer and its result; and fails with one, if it should."""

    @step
    async def enter(self, ctx: Context, ev: StartEvent) -> Login:
        await ctx.store.set("api_key", SECRET)
        await ctx.store.set("login", {"user": "Ann", "password": SECRET, "list": [{"token": SECRET}]})
        ctx.collect_events(Login(), [Login, Login], buffer_id="pair")
        return Login(user=ev.user)

    @step
    async def look(self, ctx: Context, ev: Login) -> StopEvent:
        await ctx.store.set("login.password", SECRET + "2")
        if ev.user == "validated":
            Account(password=SECRET, data={"token": SECRET})
        if ev.user == "raised":
            raise RuntimeError({"password": SECRET}) from KeyError({"token": SECRET})
        answer = await ctx.wait_for_event(Answer, waiter_event=Question(), requirements={"extra": {"token": SECRET}})
        return StopEvent(result={"password": SECRET, "who": answer, "secrets": [make() for make in SECRETS.values()]})


async def led(user: str) -> tuple[Debugger, FakePage, FakePage, Faces]:
    """Lead a run of the bank until it asks or has failed; return its debugger, two pages, and what they have shown."""
    faces, debugger = Faces(), Debugger(break_at_start=True, on_failure=True)
    handler = Bank(timeout=None).run(user=user, hooks=[debugger])
    page, state = FakePage(DebuggerPanel(debugger)), FakePage(Inspector(handler))
    await page.settled()
    for when in ("begun", "entered"):
        await page.click("step")
        for path in ("login", "login.password", "login.list.0"):
            await state.click("open", path=path)
        await state.click("compare", one=0, other=1)
        faces_of(faces, f"{user} {when}", debugger, page, state)
    return debugger, page, state, faces


@pytest.mark.parametrize("user", ["Ann", "validated", "raised"])
async def test_no_face_of_a_debugged_run_shows_a_secret(user: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wfkit")
    with notebook() as shown, redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
        debugger, page, state, faces = await led(user)
        if user == "Ann":
            (question,) = (await page.settled())["questions"]
            for values in ({"name": "bad", "pin": SECRET}, {"password": SECRET}, {"data": SECRET}, {"data": '{"x"'}):
                view = await page.click("answer", question=question["key"], name="Answer", values=values)
                assert view["problems"]
                unseen(sent("view", view), "problems")
            await page.click("answer", question=question["key"], name="Answer", values={"pin": SECRET})
        else:
            view = await page.click("step")
            assert (debugger.status, view["error"]) == ("failed", "")
            with suppress(ValueError, RuntimeError):
                await debugger.handler
        await page.click("continue")
        assert debugger.status == ("done" if user == "Ann" else "failed")
        await page.settled()
        faces_of(faces, "end", debugger, page, state)
    told = [*map(str, shown), *faces.found.values(), *map(json.dumps, faces.data.values())]
    # A run that failed and that nobody awaited is told with Python's own traceback.
    logged = [f"{each.getMessage()}\n{each.exc_text}" for each in caplog.records if each.module != "report"]
    for text in (*told, *logged, str(handler_bundle(debugger.handler)), out.getvalue()):
        unseen(text, user)


async def test_no_comparison_shows_a_secret() -> None:
    debugger, page, _, _ = await led("Ann")
    changes: list[dict[str, Any]] = [
        {"user": "raised"},
        {"user": "validated"},
        {"data": {"token": f"other {SECRET}"}},
        {"state": {"api_key": f"other {SECRET}", "login": {"token": SECRET, "n": 1}, "new": {"password": SECRET}}},
    ]
    for change in changes:
        fork = debugger.fork(2, **change)
        await page.settled()
        fork.continue_()
        await page.settled()
        comparison = debugger.compare(fork)
        assert not comparison.same
        for text in (str(comparison), repr(comparison), repr(comparison.events), *fork.log, str(fork.stop)):
            unseen(text, str(change)[:20])
        await fork.cancel()
    await debugger.cancel()


async def test_an_answer_that_was_given_is_shown_without_its_secrets() -> None:
    debugger, page, _, _ = await led("Ann")
    asking = FakePage(Ask(debugger.handler))
    view = await asking.settled()
    (question,) = view["open"]
    unseen(sent("open", view))
    for values in ({"name": "bad", "pin": SECRET}, {"password": SECRET}, {"data": f'{{"token": "{SECRET}", "x": '}):
        view = await asking.click("answer", key=question["key"], kind="Answer", values=values)
        assert view["open"][0]["errors"]
        unseen(sent("errors", view))
    await asking.click("answer", key=question["key"], kind="Answer", values={"pin": SECRET, "extra_token": SECRET})
    await page.click("continue")
    await page.click("continue")
    view = await asking.settled()
    assert view["answered"]
    assert view["status"]["result"]
    unseen(sent("answered", view))
    unseen((asking.panel.still(), asking.panel._bundle()))


# -- mistakes ----------------------------------------------------------------------------------------------------------

MISTAKES: dict[str, Callable[[Debugger], Any]] = {
    "edit": lambda debugger: debugger.edit(password=[SECRET]),
    "edit inside": lambda debugger: debugger.edit(data=[{"token": SECRET}]),
    "step": lambda debugger: debugger.step(password={"x": SECRET}),
    "fork": lambda debugger: debugger.fork(2, password=[SECRET]),
    "replace": lambda debugger: debugger.replace(None, {"password": SECRET}),  # type: ignore[arg-type]
    "replace with another": lambda debugger: debugger.replace(None, Answer()),
    "skip": lambda debugger: debugger.skip(None, {"password": SECRET}),
    "skip with several": lambda debugger: debugger.skip(None, [Login(), 5]),
    "send": lambda debugger: debugger.send({"password": SECRET}),  # type: ignore[arg-type]
    "which": lambda debugger: debugger.step({"password": SECRET}),  # type: ignore[arg-type]
    "rewind": lambda debugger: debugger.rewind({"password": SECRET}),  # type: ignore[arg-type]
    "event": lambda debugger: debugger.break_at(event=Login()),  # type: ignore[arg-type]
    "after": lambda debugger: debugger.break_at("look", after={"password": SECRET}),  # type: ignore[arg-type]
    "when": lambda debugger: debugger.break_at(when={"password": SECRET}),  # type: ignore[arg-type]
    "inspect": lambda debugger: Inspector(Login()),
    "ask": lambda debugger: Ask(Login()),
    "form": lambda debugger: Form(Login()).read({"password": 5, "data": f'["{SECRET}"]'}),
    "form inside": lambda debugger: Form(Login()).read({"data": '{"other": {"token": "****"}}'}),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_what_is_said_of_a_mistake_tells_no_secret(name: str) -> None:
    debugger = Debugger(break_at_start=True)
    Bank(timeout=None).run(user="Ann", hooks=[debugger])
    await debugger.stopped()
    await debugger.step()
    with pytest.raises((ValueError, TypeError, WorkflowRuntimeError)) as caught:
        MISTAKES[name](debugger)
    unseen(str(caught.value))
    assert len(str(caught.value)) < 1_000
    if not isinstance(caught.value, FormError):  # a panel catches these
        unseen("".join(traceback.format_exception_only(caught.value)))
    await debugger.cancel()


@pytest.mark.parametrize("when", ["int(password)", "data['token'] + 1", "{}[password]", "data[password]"])
def test_what_a_condition_raises_tells_no_secret(when: str) -> None:
    point = Breakpoint(when=when)
    assert point.meets("look", Login(), {}, False)
    assert point.problem
    unseen((point.problem, repr(point), str(point)))


async def test_a_state_that_does_not_fit_is_told_without_it() -> None:
    debugger = Debugger(break_at_start=True)
    Typed(timeout=None).run(hooks=[debugger])
    await debugger.stopped()
    await debugger.step()
    stop = debugger.stop
    assert stop is not None
    unseen((str(stop), repr(stop), stop.problem))
    page = FakePage(debugger.widget())
    unseen(sent("view", await page.settled()))
    await debugger.cancel()


class Pins(BaseModel):
    password: int = 0
    data: dict[str, int] = {}


class Typed(Workflow):
    @step
    async def spoil(self, ctx: Context[Pins], ev: StartEvent) -> Login:
        state: Any = ctx.store.state
        state.__dict__.update(password=SECRET, data={"token": SECRET})
        return Login()

    @step
    async def end(self, ev: Login) -> StopEvent:
        return StopEvent()
