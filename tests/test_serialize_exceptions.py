"""Exceptions in snapshots: what a queued failure and a waiting retry carry, and what comes back of it."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.moments import saved
from wfkit import (
    Context,
    ContextSerdeError,
    ContextStateError,
    Event,
    JsonSerializer,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    UnreconstructedException,
    Workflow,
    WorkflowTimeoutError,
    catch_error,
    step,
)
from wfkit.serialize import TAG


class Known(Exception):
    """A step names it."""


class Coded(Known):
    """Has a further argument."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text, code)
        self.code = code


class Stranger(Exception):
    """No step names it."""


class Raises(Exception):
    """Its constructor raises when it is given what it keeps."""

    def __init__(self, *, what: str) -> None:
        super().__init__(what)


class Rewrites(Exception):
    """Its constructor makes another text of what it keeps."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was not found")


class Impostor(Exception):
    """Gives something else when it is made."""

    def __new__(cls, *args: Any) -> Any:
        return ValueError(*args) if args == ("again",) else super().__new__(cls, *args)


class HostileText(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class HostileStranger(HostileText):
    """Cannot be shown, and no step names it."""


class HostileArguments(Exception):
    """Its arguments cannot be looked at."""

    @property
    def args(self) -> Any:
        raise RuntimeError("no arguments")

    @args.setter
    def args(self, value: Any) -> None: ...


class Rule(BaseModel):
    n: int


KINDS: dict[str, Any] = {
    "known": lambda: Known("a", 1),
    "coded": lambda: Coded("a", 3),
    "value": lambda: ValueError("no bytes left"),
    "wfkit": lambda: WorkflowTimeoutError("too long"),
    "stranger": lambda: Stranger("who"),
    "raises": lambda: Raises(what="x"),
    "rewrites": lambda: Rewrites("x"),
    "text": lambda: HostileText("x"),
    "textless": lambda: HostileStranger("x"),
    "arguments": lambda: HostileArguments("x"),
    "object": lambda: Known("a", object()),
}


class Again:
    """Allows two attempts, 100 seconds apart."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        return 100.0 if attempts < 2 else None


class Retries(Workflow):
    """Raises what it is told to, then says what the last error was."""

    @step(retry_policy=Again())
    async def work(self, ctx: Context, ev: StartEvent) -> StopEvent:
        info = ctx.retry_info()
        if info.retry_number:
            return StopEvent(result=info.last_exception)
        try:
            raise KINDS[ev.kind]()
        except (Known, Coded, Impostor, Raises, Rewrites, HostileText, HostileArguments):  # so it names them
            raise


class Recovers(Workflow):
    """Raises what it is told to; its handler takes its time."""

    @step
    async def work(self, ev: StartEvent) -> StopEvent:
        try:
            raise KINDS[ev.kind]()
        except (Known, Coded, Impostor, Raises, Rewrites, HostileText, HostileArguments):  # so it names them
            raise

    @catch_error
    async def help(self, ev: StepFailedEvent) -> StopEvent:
        await asyncio.sleep(100)
        return StopEvent(result=ev.exception)


def knowing() -> JsonSerializer:
    """Return a serializer that knows what the steps above name."""
    return JsonSerializer.for_plan(Retries.__wfkit_plan__())


def round_trip(error: Exception) -> Any:
    """Write an exception to text and read it again with another serializer."""
    return knowing().deserialize(knowing().serialize(error))


# -- there and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        ValueError("a", 1, (2, {3})),
        KeyError("key"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        OSError(5, "broken"),
        FileNotFoundError(2, "no such file"),
        ExceptionGroup("both", [ValueError(1), ExceptionGroup("inner", [Known("a")])]),
        TimeoutError(),
        ContextStateError("not now"),
        ContextSerdeError("x"),
        UnreconstructedException("a:B", "text"),
        Known("a", b"bytes"),
        Coded("a", 3),
        ValueError(StopEvent(result=1)),
        ValueError("x" * 5_000),
    ],
    ids=lambda error: repr(error)[:60],
)
def test_what_is_known_returns_with_its_arguments(error: Exception) -> None:
    again = round_trip(error)
    assert type(again) is type(error)
    assert repr(again) == repr(error)
    assert str(again) == str(error)


def test_attributes_that_the_constructor_sets_are_there() -> None:
    assert round_trip(Coded("a", 3)).code == 3
    assert round_trip(OSError(5, "broken")).errno == 5
    assert round_trip(ExceptionGroup("both", [Coded("b", 4)])).exceptions[0].code == 4


def validation_error() -> Exception:
    """Return an error of a class that cannot be made by hand."""
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate({})
    return caught.value


@pytest.mark.parametrize(
    ("error", "name", "text"),
    [
        (Stranger("who", 1), "Stranger", "('who', 1)"),
        (Raises(what="x"), "Raises", "x"),
        (Rewrites("x"), "Rewrites", "x was not found"),
        (Known("a", object()), "Known", "('a', <object object>)"),
        (FileNotFoundError(2, "no such file", "a.txt"), "FileNotFoundError", "[Errno 2] no such file: 'a.txt'"),
        (HostileStranger("x"), "HostileStranger", "<str failed: RuntimeError>"),
        (HostileArguments("x"), "HostileArguments", "x"),
        (validation_error(), "ValidationError", "1 validation error for Rule"),
        (json.JSONDecodeError("odd", "doc", 1), "JSONDecodeError", "odd: line 1 column 2 (char 1)"),
        (type("Made", (Stranger,), {})("x" * 5_000), "Made", "x" * 1_999 + "…"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_return_as_it_was_is_stood_for(error: Exception, name: str, text: str) -> None:
    again = round_trip(error)
    assert type(again) is UnreconstructedException
    assert again.type_name.split(":")[1].endswith(name)
    assert again.message.startswith(text)
    once_more = round_trip(again)
    assert (once_more.type_name, once_more.message) == (again.type_name, again.message)


def test_an_unreconstructed_exception_says_what_it_stands_for() -> None:
    again = round_trip(Stranger("who"))
    assert str(again) == f"{__name__}:Stranger: who"
    with pytest.raises(UnreconstructedException, match="Stranger: who"):
        raise again


# -- nothing that the data name and the workflow does not know -------------------------------------------------------


def read(name: Any, arguments: Any = (), text: Any = "text") -> Any:
    """Read an exception as the data have it."""
    return knowing().deserialize(json.dumps({TAG: "exception", "value": [name, arguments, text]}))


@pytest.mark.parametrize(
    "name",
    [
        "antigravity:Error",
        "subprocess:CalledProcessError",
        "subprocess:Popen",
        "os:system",
        "builtins:eval",
        "builtins:print",
        "builtins:str",
        "builtins:KeyboardInterrupt",
        "builtins:SystemExit",
        "builtins:BaseException",
        "wfkit.errors:annotations",
        "wfkit.events:StopEvent",
        f"{__name__}:Retries",
        f"{__name__}:Rule",
        "ValueError",
        "builtins.ValueError",
        "",
        None,
        5,
    ],
    ids=repr,
)
def test_a_name_that_is_no_known_exception_is_only_text(name: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(sys.modules)
    again = read(name, ["print('run')"])
    assert type(again) is UnreconstructedException
    assert (again.type_name, again.message) == (str(name), "text")
    assert set(sys.modules) == before
    assert capsys.readouterr().out == ""


def test_a_class_that_is_loaded_and_not_named_by_a_step_is_not_made() -> None:
    made = []

    class Local(Exception):
        def __init__(self, *args: Any) -> None:
            made.append(args)

    read(f"{__name__}:{Local.__qualname__}", ["x"])
    assert made == []


def test_a_class_that_makes_something_else_is_stood_for() -> None:
    assert type(read(f"{__name__}:Impostor", ["again"], "again")) is UnreconstructedException


@pytest.mark.parametrize(
    "content", [5, [], ["builtins:ValueError"], [1, 2, 3, 4], ["builtins:ValueError", [], "", 1], {}, None, "abc"]
)
def test_damaged_exceptions_are_refused_or_stood_for(content: Any) -> None:
    try:
        again = knowing().decode({TAG: "exception", "value": content})
    except ContextSerdeError:
        return
    assert type(again) is UnreconstructedException


@pytest.mark.parametrize("arguments", [5, {"a": 1}, "text", [{TAG: "set", "value": [[]]}]], ids=repr)
def test_damaged_arguments_give_a_stand_in(arguments: Any) -> None:
    assert type(read("builtins:ValueError", arguments, "no such text")) is UnreconstructedException


# -- in runs ---------------------------------------------------------------------------------------------------------

OUTCOMES = [
    ("known", Known, "('a', 1)"),
    ("coded", Coded, "('a', 3)"),
    ("value", ValueError, "no bytes left"),
    ("wfkit", WorkflowTimeoutError, "too long"),
    ("stranger", UnreconstructedException, f"{__name__}:Stranger: who"),
    ("raises", UnreconstructedException, f"{__name__}:Raises: x"),
    ("rewrites", UnreconstructedException, f"{__name__}:Rewrites: x was not found"),
    ("text", HostileText, None),
    ("textless", UnreconstructedException, f"{__name__}:HostileStranger: <str failed: RuntimeError>"),
    ("arguments", UnreconstructedException, f"{__name__}:HostileArguments: x"),
    ("object", UnreconstructedException, f"{__name__}:Known: ('a', <object object>)"),
]


@pytest.mark.parametrize("make", [Retries, Recovers])
@pytest.mark.parametrize(("kind", "wanted", "text"), OUTCOMES, ids=[each[0] for each in OUTCOMES])
async def test_an_error_survives_with_the_work_that_it_belongs_to(
    make: type[Workflow], kind: str, wanted: type[Exception], text: str | None
) -> None:
    handler = make(timeout=None).run(kind=kind)
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    for _ in range(2):  # a snapshot of the restored run has it, too
        workflow = make(timeout=None)
        restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
        await asyncio.sleep(1)
        snapshot = saved(restored.ctx)
        error = await restored
        assert type(error) is wanted
        assert text is None or str(error) == text


async def test_the_event_that_a_handler_gets_is_whole() -> None:
    class Tells(Recovers):
        @catch_error
        async def help(self, ev: StepFailedEvent) -> StopEvent:
            await asyncio.sleep(100)
            return StopEvent(result=ev)

    handler = Tells(timeout=None).run(kind="known", pirates={1, 2})
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    whole = await handler
    workflow = Tells(timeout=None)
    again = await workflow.run(ctx=Context.from_dict(workflow, snapshot))
    assert type(again) is StepFailedEvent
    assert (again.step_name, again.input_event, again.attempts) == (whole.step_name, whole.input_event, whole.attempts)
    assert (again.elapsed_seconds, again.failed_at) == (whole.elapsed_seconds, whole.failed_at)
    assert repr(again.exception) == repr(whole.exception)
    assert isinstance(again.input_event, Event)
