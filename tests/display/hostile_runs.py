"""Runs in which everything that has a name or a text has a hostile one, and all faces of their drawings."""

from __future__ import annotations

import io
import linecache
import re
import sys
import types
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout, suppress
from types import SimpleNamespace
from typing import Annotated, Any, Literal
from unittest.mock import patch

from wfkit import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    ProgressEvent,
    Resource,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    catch_error,
    retry_policy,
    step,
)
from wfkit.display import draw_all_possible_flows, draw_most_recent_execution, handler_bundle, workflow_bundle
from wfkit.display.drawing import Drawing
from wfkit.retry import stop_after_attempt, wait_fixed
from wfkit.testing import simulate

_UNTHINKABLE = re.compile("[\x00\ud800-\udfff]")  # Python itself refuses these in names
FACES = ("html", "page", "svg", "mermaid", "text")


def name_for(text: str) -> str:
    """Return a text as a class or a function may be called."""
    return _UNTHINKABLE.sub("", text)


def kind(name: str, base: type[Event], **fields: Any) -> type[Any]:
    """Make an event class of any name, with its name as docstring, too."""
    return type(name, (base,), {"__module__": __name__, "__doc__": name, "__annotations__": fields})


def made(body: Callable[..., Any], name: str, hints: Mapping[str, Any]) -> Any:
    """Return a function under another name, with annotations that no source code could have."""
    found = types.FunctionType(body.__code__, body.__globals__, name, body.__defaults__, body.__closure__)
    found.__annotations__ = dict(hints)
    found.__qualname__, found.__doc__ = f"Steps.{name}", name  # as in a class
    return found


def error_of(text: str) -> Exception:
    """Return an error that was raised in a file and a line of hostile names, with a note and a cause."""
    name = name_for(text)
    line = re.sub(r"[^ -~]", " ", name)[:5_000]
    file = f"/home/somebody/{name}/{name}.py"
    source = f"raise failure  # {line}\n"
    failure = type(name, (Exception,), {})(text)
    failure.add_note(text)
    linecache.cache[file] = (len(source), None, [source], file)
    try:
        try:
            raise KeyError(text)
        except KeyError:
            exec(compile(source, file, "exec"), {"failure": failure})
    except Exception as error:
        return error
    raise AssertionError


class Kinds:
    """The event classes of one hostile flow, each with the text for its name."""

    def __init__(self, text: str) -> None:
        name = name_for(text)
        said: Any = Literal[name]
        self.hop = kind(f"{name}1", Event, **{f"f{name}": said})
        self.question = kind(f"{name}2", InputRequiredEvent)
        self.answer = kind(f"{name}3", HumanResponseEvent)
        self.last = kind(f"{name}4", Event)


# As people bring it from earlier systems: known by its name, and checked by nobody.
OwnProgress = kind("ProgressEvent", Event)


class Inner(Workflow):
    @step
    async def only(self, ctx: Context, ev: StartEvent) -> StopEvent:
        text = name_for(ev.text)  # pydantic refuses half characters
        ctx.write_event_to_stream(ProgressEvent(done=2, total=3, message=text, name=text))
        return StopEvent(result=ev.text)


def flow_of(text: str, failing: bool) -> type[Workflow]:
    """Make a workflow whose steps, events, resources and children all have one hostile name.

    It asks a question; when that is answered it ends, well or not.
    """
    name, kinds = name_for(text), Kinds(text)
    thing = type(name, (), {"__doc__": name})

    def factory() -> Any:
        return thing()

    resource = Resource(made(factory, name, {"return": thing}))

    async def begin(self: Any, ctx: Any, ev: Any, given: Any) -> Any:
        if not ctx.retry_info().retry_number:
            raise error_of(text)
        await ctx.store.set(f"k{text[:900]}", text)
        ctx.write_event_to_stream(OwnProgress(done=1, total=2, message=text, name=text))
        ctx.write_event_to_stream(kinds.last(**{name: text}))
        await self.child.run(text=text)
        return kinds.hop(**{f"f{name}": name, name: text, f"g{name}": {text: [text]}})

    async def ask(self: Any, ctx: Any, ev: Any) -> Any:
        question = kinds.question(**{name: text})
        await ctx.wait_for_event(kinds.answer, waiter_event=question, waiter_id=text, requirements={name: text})
        return kinds.last(**{f"{name}{number}": text for number in range(30)})

    async def close(self: Any, ctx: Any, ev: Any) -> Any:
        if failing:
            raise error_of(text)
        return StopEvent(result=text)

    async def mend(self: Any, ctx: Any, ev: Any) -> Any:
        return kinds.last()

    again = step(retry_policy=retry_policy(wait=wait_fixed(1), stop=stop_after_attempt(3)))
    steps = [
        again(
            made(
                begin,
                f"{name}begin",
                {"ctx": Context, "ev": StartEvent, "given": Annotated[thing, resource], "return": kinds.hop},
            )
        ),
        step(made(ask, f"{name}ask", {"ctx": Context, "ev": kinds.hop, "return": kinds.last | kinds.question})),
        step(made(close, f"{name}close", {"ctx": Context, "ev": kinds.last, "return": StopEvent})),
    ]
    handler = catch_error(for_steps=[f"{name}ask"])
    steps.append(handler(made(mend, f"{name}mend", {"ctx": Context, "ev": StepFailedEvent, "return": kinds.last})))
    held = {found.__name__: found for found in steps}
    inner = type(name, (Inner,), {"__doc__": name})()
    held |= {"__doc__": name, "child": inner, f"c{name}": inner, "answer": kinds.answer(**{name: text})}
    made_class: Any = type(Workflow)
    flow: type[Workflow] = made_class(name, (Workflow,), held)
    return flow


@contextmanager
def notebook() -> Iterator[list[dict[str, str]]]:
    """Stand in for a notebook's kernel; yields the bundles that are shown in it."""
    shown: list[dict[str, str]] = []

    def publish(data: dict[str, str], **_: Any) -> None:
        shown.append(data)

    shell = SimpleNamespace(kernel=object(), display_pub=SimpleNamespace(publish=publish))
    with patch.dict(sys.modules, {"IPython": SimpleNamespace(get_ipython=lambda: shell)}):
        yield shown


def faces(drawing: Drawing) -> dict[str, str]:
    """Return all faces of a drawing."""
    return {face: getattr(drawing, face) for face in FACES}


def flow_faces(workflow: Any) -> dict[str, str]:
    """Return what shows of a workflow before it runs."""
    found = {f"flow {face}": text for face, text in faces(draw_all_possible_flows(workflow)).items()}
    aside = draw_all_possible_flows(workflow, direction="right", renderer="pyvis")
    found |= {"flow aside svg": aside.svg, "flow aside html": aside.html, "flow aside mermaid": aside.mermaid}
    return found | {f"workflow {kind}": text for kind, text in workflow_bundle(workflow).items()}


def run_faces(handler: Any) -> dict[str, str]:
    """Return what shows of a run as it stands."""
    found = {f"run {face}": text for face, text in faces(draw_most_recent_execution(handler)).items()}
    unrolled = draw_most_recent_execution(handler, unrolled=True)
    found |= {f"unrolled {face}": text for face, text in faces(unrolled).items()}
    return found | {f"handler {kind}": text for kind, text in handler_bundle(handler).items()}


async def all_faces(text: str) -> dict[str, str]:
    """Return everything that shows of a flow in which all names and texts are one, and of two runs of it."""
    found = flow_faces(flow_of(text, failing=False))
    with notebook() as shown, redirect_stdout(io.StringIO()) as printed:
        for outcome, failing in (("done", False), ("failed", True)):
            flow: Any = flow_of(text, failing)
            handler = flow(timeout=None, verbose=True, workflow_name=text).run(
                text=text, **{f"a{name_for(text)}": [text]}
            )
            async for event in handler.stream_events():
                if isinstance(event, InputRequiredEvent):
                    break
            handler._ipython_display_()
            found |= {f"waiting {face}": shows for face, shows in run_faces(handler).items()}
            await handler.send_event(flow.answer)
            with suppress(Exception):
                await handler
            assert handler.status == outcome, (handler.status, handler.waiting_for)
            found |= {f"{outcome} {face}": shows for face, shows in run_faces(handler).items()}
            found |= {f"{outcome} live {n} {kind}": said for n, data in enumerate(shown) for kind, said in data.items()}
            shown.clear()
    return found | {"printed": printed.getvalue()}


def asked_and_failed(text: str) -> Any:
    """Run a hostile flow until it fails; return its handler."""

    async def run() -> Any:
        flow: Any = flow_of(text, failing=True)
        handler = flow(timeout=None, workflow_name=text).run(text=text)
        async for event in handler.stream_events():
            if isinstance(event, InputRequiredEvent):
                break
        await handler.send_event(flow.answer)
        with suppress(Exception):
            await handler
        return handler

    return apart(run())


def apart(program: Coroutine[Any, Any, Any]) -> Any:
    """Run a program in a thread of its own: where a browser is at work, this one has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(simulate, program).result().result
