"""Pages with playbacks that a test can speak to, and what they have to show."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from tests.display.playing import (
    Answer,
    CollectFlow,
    FanFlow,
    FetchFlow,
    HeldFlow,
    LoopFlow,
    PersonFlow,
    Player,
    WaitFlow,
    record,
)
from wfkit import Context, StartEvent, StopEvent, step
from wfkit.display.draw import graph_of
from wfkit.display.figure import Figure
from wfkit.display.frame import script_of, style_of
from wfkit.display.run_figure import run_figure
from wfkit.display.svg import draw_svg
from wfkit.display.tally import Tally
from wfkit.display.words import TIMES
from wfkit.records import Record
from wfkit.testing import simulate
from wfkit.workflow import Workflow

# What every step and every event of a playback shows: its counts, and whether anything has come there.
SHOWN = """root => Object.fromEntries([...root.querySelectorAll(".node:not(.person)")].map(node => [node.id, {
  chips: Object.fromEntries([...node.querySelectorAll(".chip")].map(chip => [chip.classList[1], +chip.textContent])),
  mark: node.querySelector(".mark")?.textContent ?? "", idle: node.matches(".idle"),
}]))"""


class LongFlow(LoopFlow):
    turns = 36


class BrokenFlow(FetchFlow):
    failures = 1
    fatal = True


class SlowFlow(FanFlow):
    """Has not done with its pieces when its time is up."""


class Other(Answer):
    pass


class TwiceFlow(Workflow):
    """Waits for two answers at once, of which only one comes."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await asyncio.gather(ctx.wait_for_event(Answer), ctx.wait_for_event(Other))
        return StopEvent()


# With the answer that somebody outside sends, and the time they have.
FLOWS: dict[type[Workflow], tuple[Answer | None, float | None]] = {
    LoopFlow: (None, None),
    LongFlow: (None, None),
    FanFlow: (None, None),
    SlowFlow: (None, 0.25),
    HeldFlow: (None, None),
    FetchFlow: (None, None),
    BrokenFlow: (None, None),
    CollectFlow: (None, None),
    PersonFlow: (Answer(text="yes"), None),
    WaitFlow: (Answer(text="yes"), None),
    TwiceFlow: (Answer(text="yes"), 60),
}


def recorded() -> dict[type[Workflow], tuple[Record, ...]]:
    """Return the records of a run of each flow. No browser may be open: it counts as a running event loop."""
    return {flow: simulate(record(flow(timeout=time), answer)).result for flow, (answer, time) in FLOWS.items()}


def page_of(*played: tuple[type[Workflow], dict[str, Any]], width: int) -> str:
    """Return a page with a playback for each flow and its data: `players[i]` in its script."""
    roots = []
    for flow, data in played:
        sent = Counter(data["events"][moment[2]][0] for moment in data["moments"] if moment[1] == "sent")
        tallies = {id: Tally(sent=sent[node]) for node, (id, _, _) in enumerate(data["nodes"])}
        picture = draw_svg(run_figure(Figure.of_flow(graph_of(flow)), tallies), embedded=True)
        told = json.dumps(data).replace("<", "\\u003c")
        roots.append(
            f'<div class="wf-root" style="width:{width}px"><div class="wf-stage">{picture}</div></div>'
            f'<script type="application/json">{told}</script>'
        )
    parts = ("stage", "player")
    return (
        f"<!DOCTYPE html><meta charset='utf-8'><style>body{{margin:0}}{style_of(parts)}</style><button>out</button>"
        f"{''.join(roots)}<script>{script_of(parts, boot=False)}\n"
        "var players = [...document.querySelectorAll('.wf-root')].map(root => {\n"
        "const stage = wfkitStage(root.querySelector('.wf-stage'), { space: false });\n"
        "return wfkitPlayer(root, stage, JSON.parse(root.nextElementSibling.textContent)); });</script>"
    )


def expected(data: dict[str, Any], index: int) -> dict[str, Any]:
    """Return what every step and event has to show at a moment, by a player that goes there from the beginning."""
    reference = Player({**data, "moments": data["moments"][: index + 1]})
    found = {}
    for node, (id, _, kind) in enumerate(data["nodes"]):
        chips = {key: count for key, count in reference.steps.get(node, {}).items() if count}
        sent = reference.sent.get(node, 0)
        mark = f"{TIMES}{sent}" if sent > 1 and kind != "step" else ""
        if kind != "person":
            found[id] = {"chips": chips, "mark": mark, "idle": not chips and not sent}
    return found


def place(page: Any, player: int = 0) -> int:
    """Return at which moment a player is, from 0."""
    text: str = page.locator(".wfp-where").nth(player).text_content()
    return int(text.split("/")[0].replace(",", "")) - 1


def words(page: Any) -> str:
    text: str = page.locator(".wfp-words").first.text_content()
    return text


def find(data: dict[str, Any], kind: str, *rest: Any) -> int:
    """Return the place of the first moment of a kind."""
    moments = data["moments"]
    return next(i for i, (_, found, *more) in enumerate(moments) if found == kind and more[: len(rest)] == [*rest])
