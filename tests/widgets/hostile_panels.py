"""Panels of runs in which everything that has a name or a text has a hostile one, and all faces of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.display.hostile_runs import flow_of, name_for
from tests.display.inert import UNFIT, Inspector, check_faces
from tests.widgets.panels import FakePage
from wfkit import Breakpoint, Debugger
from wfkit.display.bundles import handler_bundle
from wfkit.widgets.ask import Ask
from wfkit.widgets.debugger import DebuggerPanel
from wfkit.widgets.inspector import Inspector as StateInspector

MOST_SENT: Final = 1_000_000  # bytes of one message
_SIGNS: Final = re.compile(r'content:"\\[0-9a-f]{4}"')  # the only escapes in a style of ours


def sent(face: str, data: Any) -> str:
    """Return data as they travel to the page, after a look that they can, and are not endless.

    Args:
        face: what to call them if they cannot.
        data: what a panel shows.
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False)
    assert len(text.encode()) < MOST_SENT, (face, len(text))  # raises for half characters, too
    return text


def told(data: Any) -> Iterator[str]:
    """Yield every text in what a panel shows that is there to be read."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for name, inner in data.items():
            if not _comes_back(name, data):
                yield from told(inner)
    elif isinstance(data, (list, tuple)):
        for inner in data:
            yield from told(inner)


def _comes_back(name: str, among: dict[str, Any]) -> bool:
    """Whether something is to come back just as it is, or to be typed in: it is the value of a control, or unseen."""
    if "limits" in among:  # a field of a form
        return name in ("name", "value")
    return name in ("edit", "path") or (name == "key" and "depth" not in among)


class Faces:
    """Collects what shows of panels.

    Attributes:
        found: by name: text, HTML, SVG or Mermaid.
        data: by name: what was sent to the page.
        states: for each class of panels all that its page was sent, time after time.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}

    def panel(self, when: str, panel: Any) -> None:
        """Add all that shows of a panel now."""
        assert panel.error == "", (when, panel.error)
        traits = ("view", "lines", "detail", "picture")
        state = {name: json.loads(json.dumps(getattr(panel, name))) for name in traits if hasattr(panel, name)}
        self.states.setdefault(type(panel).__name__, []).append(state)
        self.data |= {f"{when} {name}": data for name, data in state.items() if name != "picture"}
        self.found[f"{when} still html"] = panel.still()
        self.found[f"{when} line"] = panel.line()
        self.found[f"{when} note"] = panel.note()
        self.found[f"{when} repr"] = repr(panel)
        for called, bundle in (("bundle", panel._bundle()), ("beside", panel._still_bundle())):
            for kind, text in bundle.items():
                if isinstance(text, str):
                    self.found[f"{when} {called} {kind.removeprefix('text/')}"] = text
        if picture := getattr(panel, "picture", ""):
            self.found[f"{when} picture svg"] = picture

    def brain(self, when: str, debugger: Debugger) -> None:
        """Add all that a debugger says of itself in a cell."""
        told = [repr(debugger), *debugger.log, debugger.memory, *map(repr, debugger.breakpoints)]
        for stop in debugger.stops:
            told += [repr(stop), str(stop), stop.why, stop.problem]
            deliveries = (*stop.ready, *stop.running, *stop.waiting)
            told += [spell(delivery) for delivery in deliveries for spell in (repr, str)]
            told += [repr(stop.questions), repr(stop.buffers)]
        self.found[f"{when} brain"] = "\n".join(told)

    def check(self) -> None:
        """Check what holds for every face, whatever is on it."""
        for face, data in self.data.items():
            sent(face, data)
            for text in told(data):
                bad = UNFIT.search(text)
                assert bad is None, (face, text[max(0, bad.start() - 40) : bad.end() + 40])
        check_faces({face: _SIGNS.sub("", text) for face, text in self.found.items()})

    def reads(self) -> dict[str, str]:
        """Return what a person reads on each face that names the workflow."""
        html = {face: " ".join(Inspector(text).text) for face, text in self.found.items() if face.endswith("html")}
        shown = {face: "\n".join(told(data)) for face, data in self.data.items() if face.endswith(("view", "lines"))}
        lines = {face: text for face, text in self.found.items() if face.endswith(("brain", "line", "Inspector repr"))}
        return {**html, **shown, **lines}

    def made(self) -> dict[str, Any]:
        """Return which elements each face that is HTML is made of, but for the breaks of its lines."""
        html = {face: Inspector(text).made for face, text in self.found.items() if face.endswith("html")}
        return {face: {tag: number for tag, number in made.items() if tag != "br"} for face, made in html.items()}

    def __str__(self) -> str:
        return "\n".join([*self.found.values(), *map(json.dumps, self.data.values())])


async def all_faces(text: str) -> Faces:
    """Return everything that shows of the panels of a run in which all names and texts are one.

    It is held, has failed, is asked, answered, forked, compared, and has ended.
    """
    faces, name = Faces(), name_for(text)
    flow: Any = flow_of(text, failing=False)
    points = [Breakpoint(step=f"{name}ask", when=f"len({name[:200]!r}) >= 0"), Breakpoint(state=f"k{text[:900]}")]
    debugger = Debugger(break_at_start=True, on_failure=True, breakpoints=points)
    handler = flow(timeout=None, workflow_name=text).run(text=text, **{f"a{name}": [text]}, hooks=[debugger])
    page, state = FakePage(DebuggerPanel(debugger)), FakePage(StateInspector(handler))
    await page.settled()
    for _, node in page.panel.view["sends"]:
        await page.click("compose", node=node)
        faces.panel("composing", page.panel)
    faces_of(faces, "held", debugger, page, state)
    for when, do in (("failed", "step"), ("again", "retry"), ("before", "continue")):
        await page.click(do)
        await page.settled()  # a step waits a second before it is tried again
        faces_of(faces, when, debugger, page, state)
    await page.click("continue")
    faces_of(faces, "asked", debugger, page, state)
    asking = FakePage(Ask(handler))
    faces.panel("ask", asking.panel)
    (question,) = asking.panel.view["open"]
    for path in (row["path"] for row in state.panel.view["rows"] if row["path"]):
        await state.click("open", path=path)
    await state.click("compare", one=0, other=1)
    faces.panel("compared", state.panel)
    await answer_and_end(faces, text, page, asking, question)
    return faces


def faces_of(faces: Faces, when: str, debugger: Debugger, *pages: FakePage) -> None:
    """Add what shows of a debugger and of panels."""
    faces.brain(when, debugger)
    for page in pages:
        page.panel.show_now()
        faces.panel(f"{when} {type(page.panel).__name__}", page.panel)


async def answer_and_end(
    faces: Faces, text: str, page: FakePage, asking: FakePage, question: Mapping[str, Any]
) -> None:
    """Answer, fork, compare, and let all come to its end."""
    panel: Any = page.panel
    debugger, name = panel.debugger, name_for(text)
    view = await asking.click(
        "answer", key=question["key"], kind=question["forms"][0]["name"], values={f"x{name[:150]}": name}
    )
    assert view["open"] == [], view["open"]
    await page.click("look", run=0, number=debugger.stops[0].number)
    faces.panel("past", panel)
    await page.click("fork")
    assert page.panel.error == ""
    fork = panel.debugger
    faces_of(faces, "fork", fork, page)
    await page.click("compare", run=0)
    faces.panel("comparing", panel)
    comparison = debugger.compare(fork)
    faces.found["comparison brain"] = f"{comparison}\n{comparison!r}"
    await fork.cancel()
    await debugger.cancel()
    await page.settled()
    faces_of(faces, "end", debugger, page, asking)
    faces.found |= {f"end {kind.removeprefix('text/')}": shows for kind, shows in handler_bundle(fork.handler).items()}
