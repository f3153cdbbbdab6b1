"""What is on the pictures: which flow, which run of it, and which moment of that."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import random
import re
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol
from unittest.mock import patch

from docs.pictures.flows import flow
from wfkit import (
    Breakpoint,
    Debugger,
    Event,
    Hook,
    WorkflowHandler,
    draw_all_possible_flows,
    draw_most_recent_execution,
)
from wfkit.display import Drawing, handler_bundle
from wfkit.display.playback import Playback
from wfkit.seam import Proceed, StepCall
from wfkit.testing import simulate


class Scene(Protocol):
    """What a picture shows, as the output of a cell."""

    def html(self) -> str:
        """Return the output of the cell."""

    def moment(self) -> int | None:
        """Return the place of the moment that a playback is brought to, None for none."""


@dataclass(frozen=True)
class Flow:
    """Everything that a workflow can do.

    Attributes:
        place: the notebook or page that has the workflow.
        workflow: its name.
    """

    place: str
    workflow: str

    def html(self) -> str:
        """Return the output of the cell."""
        return _quietly(draw_all_possible_flows, flow(self.place, self.workflow)).html

    def moment(self) -> None:
        """There is none."""


class Takes(Hook):
    """Lets steps that would be done at once take seconds of virtual time, as a language model would.

    Args:
        seconds: by the name of the step; each time it is called again it takes half as long again.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = dict(seconds)

    async def around_step(self, call: StepCall, proceed: Proceed) -> Event | None:
        """Pass the time, then let the step be done."""
        seconds = self._seconds.get(call.step.name, 0.0)
        self._seconds[call.step.name] = round(seconds * 1.5, 1)
        await asyncio.sleep(seconds)
        return await proceed(call)


@dataclass(frozen=True)
class Run:
    """A run of a workflow, played back.

    Attributes:
        place: the notebook or page that has the workflow.
        workflow: its name.
        fields: of the start event.
        takes: seconds that steps take, by their names.
        at: the kind of moment that is shown, the name of its step or event, and the how-manyth such moment it is, from
            0; the end of the run if nothing is said.
        unrolled: whether every execution of a step is drawn by itself.
    """

    place: str
    workflow: str
    fields: Mapping[str, Any]
    takes: Mapping[str, float] = field(default_factory=dict)
    at: tuple[str, str, int] | None = None
    unrolled: bool = False

    def html(self) -> str:
        """Return the output of the cell."""
        return self.drawing().html

    def drawing(self) -> Drawing:
        """Return the run as a drawing."""
        return _quietly(draw_most_recent_execution, _in_virtual_time(self.ended()), unrolled=self.unrolled)

    def begun(self, *hooks: Hook) -> WorkflowHandler[Any]:
        """Begin the run, with more hooks if there are any."""
        workflow = flow(self.place, self.workflow)()
        return workflow.run(run_id="a picture", hooks=[Takes(self.takes), *hooks], **self.fields)

    async def ended(self) -> WorkflowHandler[Any]:
        """Return the run, however it ended."""
        handler = self.begun()
        with contextlib.suppress(Exception):
            await handler
        return handler

    def moment(self) -> int | None:
        """Return the place of the moment that the playback is brought to, None for the last."""
        drawing = self.drawing()
        if self.at is None or not isinstance(drawing, Playback):
            return None
        kind, name, nth = self.at
        data = drawing.story.data
        table = data["events"] if kind == "sent" else data["runs"]
        moments = enumerate(data["moments"])
        found = [i for i, moment in moments if moment[1] == kind and data["nodes"][table[moment[2]][0]][1] == name]
        return found[nth]


@dataclass(frozen=True)
class Cell:
    """What a run's handler shows as the value of a cell.

    Attributes:
        run: the run.
        after: seconds after its beginning, while it goes on; None for its end.
    """

    run: Run
    after: float | None = None

    def html(self) -> str:
        """Return the output of the cell."""
        if self.after is None:
            return handler_bundle(_in_virtual_time(self.run.ended()))["text/html"]
        shown: str = _in_virtual_time(self._status(self.after))
        return shown

    async def _status(self, after: float) -> str:
        screen = _Screen()
        shell = SimpleNamespace(kernel=object(), display_pub=screen)
        with patch.dict(sys.modules, {"IPython": SimpleNamespace(get_ipython=lambda: shell)}):
            handler = self.run.begun()
            await asyncio.sleep(0)
            handler._ipython_display_()
            await asyncio.sleep(after)
            shown = screen.shown
            await handler.cancel_run()
            await asyncio.sleep(1)
        return shown

    def moment(self) -> None:
        """There is none."""


@dataclass(frozen=True)
class Held:
    """The panel of the debugger, held, without a kernel behind it.

    Attributes:
        run: the run.
        steps: how many deliveries have been let go.
        breakpoints: names of steps that have one.
    """

    run: Run
    steps: int
    breakpoints: tuple[str, ...] = ()

    def html(self) -> str:
        """Return the output of the cell."""
        script, style, shown = _in_virtual_time(self._panel())
        traits = json.dumps(shown).replace("</", "<\\/")
        return (
            f"<style>{style}</style><div></div><script>{{{script.replace('export default { render };', '')}\n"
            f"const traits = {traits}, still = () => {{}};\n"
            "render({ el: document.currentScript.previousElementSibling, "
            "model: { get: (name) => traits[name], on: still, off: still, send: still } });}</script>"
        )

    async def _panel(self) -> tuple[str, str, dict[str, Any]]:
        debugger = Debugger(break_at_start=True, breakpoints=[Breakpoint(step=name) for name in self.breakpoints])
        handler = self.run.begun(debugger)
        await debugger.stopped()
        for _ in range(self.steps):
            await debugger.step()
        panel = debugger.widget()
        panel.show_now()
        shown = {name: getattr(panel, name) for name in ("picture", "view", "lines")}
        script, style = str(panel._esm), str(panel._css)
        await handler.cancel_run()
        return script, style, _without_addresses(shown, {})

    def moment(self) -> None:
        """There is none."""


def _without_addresses(data: Any, known: dict[str, str]) -> Any:
    """Return JSON in which names made of long hexadecimal numbers are counted up, the same each time."""
    if isinstance(data, list):
        return [_without_addresses(each, known) for each in data]
    if isinstance(data, dict):
        return {name: _without_addresses(value, known) for name, value in data.items()}
    if isinstance(data, str) and re.fullmatch("[0-9a-f]{9,}(:.*)?", data):
        return known.setdefault(data, str(len(known)))
    return data


class _Screen:
    """Stands in for the front end of a notebook.

    Attributes:
        shown: what it shows, as HTML.
    """

    shown = ""

    def publish(self, data: Mapping[str, str], **_: Any) -> None:
        self.shown = data["text/html"]


def _quietly(draw: Any, *args: Any, **kwargs: Any) -> Drawing:
    """Draw something, without the advice to those who draw outside of a notebook."""
    with contextlib.redirect_stderr(io.StringIO()):
        drawing: Drawing = draw(*args, **kwargs)
    return drawing


def _in_virtual_time(main: Coroutine[Any, Any, Any]) -> Any:
    """Run something that asks nobody, prints nothing and leaves the same to chance each time."""
    before = random.getstate()
    random.seed(1)
    try:
        with contextlib.redirect_stdout(io.StringIO()), patch.dict(os.environ, {"OPENAI_API_KEY": ""}):
            return simulate(main).result
    finally:
        random.setstate(before)


LOOP = Run(
    "cookbook.ipynb", "LoopExampleFlow", {"query": "What's LlamaIndex?"}, {"answer_query": 1.2, "improve_query": 0.8}
)
COLLECT = Run(
    "cookbook.ipynb",
    "CollectExampleFlow",
    {"input": "Here's some input", "query": "Here's my question"},
    {"setup": 0.4, "collect_input": 0.9, "parse_query": 1.5, "run_query": 0.2},
)
TEXTS = [
    "It was the best of times",
    "it was the worst of times",
    "it was the age of wisdom",
    "it was",
    "the age of",
    "",
]
BOOK = Run("fan-out-and-fan-in.md", "Book", {"pages": TEXTS}, {"split": 0.5, "add_up": 0.5})
PAPERS = {"Ferns of Madeira": 4, "Notes on moss": 9, "On ivy": 6, "The age of oaks": 8, "Soils": 5, "Rain": 7}
DIGEST = Run("drawings.md", "Digest", {"papers": PAPERS}, {"search": 0.6})
COMEDIAN = Run("debugging.ipynb", "Comedian", {"topic": "llama"}, {"write": 0.8, "rate": 0.3})
FAILED = Run("drawings.md", "Digest", {"papers": {"Ferns of Madeira": 4, "Lichens": 0}}, {"search": 0.6})


class Picture(NamedTuple):
    """One picture.

    Attributes:
        caption: what it shows, in Markdown.
        scene: where it comes from.
    """

    caption: str
    scene: Scene


COOKBOOK = "[cookbook](../../notebooks/cookbook.ipynb)"

# By the names of the files.
PICTURES: dict[str, Picture] = {
    "joke": Picture(
        "`JokeFlow` of [getting_started](../../notebooks/getting_started.ipynb)",
        Flow("getting_started.ipynb", "JokeFlow"),
    ),
    "generator": Picture(f"`OpenAIGenerator` of the {COOKBOOK}", Flow("cookbook.ipynb", "OpenAIGenerator")),
    "loop": Picture(f"`LoopExampleFlow` of the {COOKBOOK}: a loop", Flow("cookbook.ipynb", "LoopExampleFlow")),
    "global": Picture(f"`GlobalExampleFlow` of the {COOKBOOK}", Flow("cookbook.ipynb", "GlobalExampleFlow")),
    "wait": Picture(f"`WaitExampleFlow` of the {COOKBOOK}", Flow("cookbook.ipynb", "WaitExampleFlow")),
    "collect": Picture(
        f"`CollectExampleFlow` of the {COOKBOOK}: a step that waits for three events",
        Flow("cookbook.ipynb", "CollectExampleFlow"),
    ),
    "book": Picture(
        "`Book` of [fan out and fan in](../fan-out-and-fan-in.md): one event becomes many",
        Flow("fan-out-and-fan-in.md", "Book"),
    ),
    "greet": Picture(
        "`Greet` of [a person in the loop](../human-in-the-loop.md): somebody is asked",
        Flow("human-in-the-loop.md", "Greet"),
    ),
    "publish": Picture(
        "`Publish` of [child workflows](../child-workflows.md): a workflow inside",
        Flow("child-workflows.md", "Publish"),
    ),
    "loop-played": Picture(
        "A run of `LoopExampleFlow`, at the moment at which the better query goes back",
        replace(LOOP, at=("sent", "QueryEvent", 0)),
    ),
    "collect-played": Picture(
        "A run of `CollectExampleFlow`, at the moment at which the second of three events is put aside",
        replace(COLLECT, at=("buffered", "run_query", 1)),
    ),
    "book-played": Picture(
        "A run of `Book`, while four workers count and two results wait",
        replace(BOOK, at=("sent", "Count", 1)),
    ),
    "loop-unrolled": Picture(
        "The run of `LoopExampleFlow` again, each execution of a step by itself", replace(LOOP, unrolled=True)
    ),
    "status": Picture(
        "A handler of `Digest`, of [drawings](../drawings.md), while its run goes on", Cell(DIGEST, after=5.2)
    ),
    "failed": Picture("A handler of `Digest` when a paper without pages has failed it", Cell(FAILED)),
    "debugger": Picture(
        "The panel of the debugger, of [debugging](../debugging.md), held before `improve`",
        Held(COMEDIAN, steps=2, breakpoints=("rate",)),
    ),
}
