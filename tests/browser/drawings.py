"""A flow worth drawing, the cells that draw it, and a hand on the drawings: in a notebook, in a page, anywhere."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.display.playing import Player

FLOW = '''
import asyncio
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, retry_policy, step
from wfkit import draw_all_possible_flows, draw_most_recent_execution
from wfkit.graph import FlowGraph
from wfkit.retry import stop_after_attempt, wait_fixed

class Query(Event):
    query: str

class TooShort(Event):
    answer: str
    length: int

class JokeFlow(Workflow):
    """Ask until the answer is long enough."""

    @step(retry_policy=retry_policy(wait=wait_fixed(0.05), stop=stop_after_attempt(3)))
    async def answer(self, ctx: Context, ev: StartEvent | Query) -> TooShort | StopEvent:
        turn = await ctx.store.get("turn", 0)
        await asyncio.sleep(0.02)
        if turn == 1 and ctx.retry_info().retry_number == 0:
            raise ConnectionError("the line is <b>dead</b>")
        await ctx.store.set("turn", turn + 1)
        return TooShort(answer="Arr", length=3) if turn < 2 else StopEvent(result="Arr, matey")

    @step
    async def improve(self, ev: TooShort) -> Query:
        await asyncio.sleep(0.01)
        return Query(query="longer")

class FailFlow(JokeFlow):
    @step
    async def improve(self, ev: TooShort) -> Query:
        raise ValueError("no <i>treasure</i> here")
'''
RUN = "handler = JokeFlow(timeout=10).run(query='a joke')\nawait handler\ndraw_most_recent_execution(handler)"
FAIL = "failed = FailFlow(timeout=10).run()\ntry:\n    await failed\nexcept ValueError:\n    pass\nfailed"
FLOWS = {
    "class": "JokeFlow",
    "instance": "JokeFlow(timeout=10)",
    "all flows": "draw_all_possible_flows(JokeFlow)",
    "to the right": "JokeFlow().draw(direction='right')",
    "graph": "FlowGraph.of(JokeFlow.__wfkit_plan__())",
}
PYVIS = "draw_all_possible_flows(JokeFlow, renderer='pyvis')"
TIMES = "\N{MULTIPLICATION SIGN}"
NODES = ["StartEvent", "answer", "TooShort", "StopEvent", "improve", "Query"]

LOOKS = """root => Object.fromEntries([...root.querySelectorAll('g.node')].map(node => {
    const chips = [...node.querySelectorAll('.chip')].map(chip => [chip.classList[1], Number(chip.textContent)]);
    const mark = node.querySelector('.mark')?.textContent ?? '';
    return [node.id, {chips: Object.fromEntries(chips), mark, idle: node.classList.contains('idle')}];
}))"""
NOTE = """element => {
    const seen = window.noted;
    window.noted = [];
    if (seen) return;
    const note = () => noted.push([performance.now(), element.textContent]);
    new MutationObserver(note).observe(element, {childList: true, characterData: true, subtree: true});
}"""
INK = """canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let i = 3; i < pixels.length; i += 4) count += pixels[i] > 0;
    return count;
}"""


class Shown:
    """A drawing in its frame, or on a page of its own.

    Args:
        place: what holds the frame, such as a cell; or the page.
    """

    def __init__(self, place: Locator | Page) -> None:
        self.frame: FrameLocator | Page = place if isinstance(place, Page) else place.locator("iframe").content_frame
        self.page = self.frame.locator("html")
        self.picture = self.frame.locator(".wf-stage svg.wfkit")

    @property
    def view(self) -> list[float]:
        """The part of the picture that is seen: x, y, width, height."""
        return [float(number) for number in (self.picture.get_attribute("viewBox") or "").split()]

    def check_nodes(self) -> None:
        """Check that it is alive, and that all nodes are there."""
        expect(self.picture.locator(".node[tabindex]")).to_have_count(len(NODES))
        for name in NODES:
            expect(self.picture.locator(".node text", has_text=re.compile(f"^{name}$"))).to_be_visible()


class Playback(Shown):
    """A run that can be played.

    Args:
        place: what holds its frame, such as a cell; or the page.
    """

    def __init__(self, place: Locator | Page) -> None:
        super().__init__(place)
        self.where = self.frame.locator(".wfp-where")
        self.words = self.frame.locator(".wfp-words")
        self.facts = self.frame.locator(".wfp-facts")
        self.play = self.frame.get_by_role("button", name="play", exact=True)
        self.pause = self.frame.get_by_role("button", name="pause", exact=True)
        self.slider = self.frame.get_by_role("slider")
        expect(self.where).to_be_visible()
        self.data: dict[str, Any] = json.loads(self.frame.locator("#wf-data").text_content() or "")
        self.last = len(self.data["moments"])

    @property
    def at(self) -> int:
        """The moment that is shown, counted from 1."""
        return int(self.where.inner_text().partition("/")[0])

    def expect_at(self, number: int) -> None:
        """Wait until a moment is shown, counted from 1."""
        expect(self.where).to_have_text(f"{number}/{self.last}")

    def press(self, *keys: str) -> None:
        """Press keys while the picture has the focus."""
        for key in keys:
            self.picture.press(key)

    def looks(self) -> dict[str, Any]:
        """Return what is drawn at each node: its counts, its mark, and whether it fades as nothing reached it yet."""
        found: dict[str, Any] = self.picture.evaluate(LOOKS)
        return found

    def expected(self, number: int) -> dict[str, Any]:
        """Return what is to be drawn at each node at a moment, counted from 1, as the records have it."""
        player = Player({**self.data, "moments": self.data["moments"][:number]})
        found = {}
        for node, (id, _, kind) in enumerate(self.data["nodes"]):
            sent = player.sent.get(node, 0)
            chips = {state: count for state, count in player.steps.get(node, {}).items() if count}
            mark = f"{TIMES}{sent}" if sent > 1 and kind != "step" else ""
            found[id] = {"chips": chips, "mark": mark, "idle": not (chips or sent)}
        return found

    def note(self) -> None:
        """Note from now on which moments are shown, and when."""
        self.where.evaluate(NOTE)

    def noted(self) -> tuple[list[int], float]:
        """Return the moments that were shown since then, and in how many milliseconds."""
        noted = self.where.evaluate("() => window.noted.splice(0)")
        return [int(text.partition("/")[0]) for _, text in noted], noted[-1][0] - noted[0][0]

    def check_plays(self) -> None:
        """Check that it stands at its end, and plays from its beginning to the end."""
        self.expect_at(self.last)
        self.press("3")
        self.note()
        self.play.click()
        expect(self.pause).to_have_count(0)
        self.expect_at(self.last)
        moments, _ = self.noted()
        assert moments[0] == 1
        assert moments[-1] == self.last
        assert moments == sorted(set(moments))
