"""What is written under a picture: remarks, and a legend of the kinds and states that are on it."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from typing import Final

from wfkit.display.figure import Figure, Shape
from wfkit.display.glyphs import GLYPHS
from wfkit.display.style import FILLED, STATES
from wfkit.display.tally import TALLY_STATES
from wfkit.display.tokens import SMALL
from wfkit.display.words import columns

LINE_HEIGHT: Final = 18.0
_QUIET: Final = {"collected": "collected", "emptied": "nothing to gather", "failure": "fails", "child": "runs"}
# Every run that is played back goes through these, whatever is left of them in the end.
PASSING: Final = ("running", "queued", "done")


def class_of(shape: Shape) -> str:
    """Return the class that colours a shape."""
    return "event" if shape.kind in ("question", "answer") else "resource" if shape.is_resource else shape.kind


def legend_of(figure: Figure, passing: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what needs explaining on a picture, as (sample, word).

    Args:
        figure: the picture.
        passing: states that come and go while a run moves through it.
    """
    shapes = figure.all_shapes
    kinds = {class_of(shape) for shape in shapes}
    states = {shape.state for shape in shapes if shape.state and shape.tally is None}
    ways = {arrow.kind for arrow in figure.all_arrows}
    found = [(kind, kind) for kind in FILLED if kind in kinds]
    found += [(state, state) for state in STATES if state in states]
    counted = {state for shape in shapes if shape.tally is not None for state, _ in shape.tally.chips}
    found += [(state, state) for state in TALLY_STATES if state in counted or state in passing]
    if any(shape.loose for shape in figure.shapes):
        found.append(("loose", "taken by nobody"))
    found += [("resource", "resource")] if "resource" in kinds else []
    found += [("many", "many")] if "many" in ways else []
    told = [word for kind, word in _QUIET.items() if kind in ways]
    found += [("quiet", ", ".join(told))] if told else []
    return found


def legend_html(figure: Figure, passing: Collection[str] = ()) -> str:
    """Return the legend as a line of HTML, for a page that has the picture's own style sheet.

    Args:
        figure: the picture.
        passing: states that come and go while a run moves through it.
    """
    return "".join(
        f'<span class="wf-key"><svg class="wfkit" width="20" height="14" aria-hidden="true">{_sample(sample, 10, 7)}'
        f"</svg>{escape(word)}</span>"
        for sample, word in legend_of(figure, passing)
    )


class Foot:
    """The lines under the picture in SVG: remarks, then the legend, broken where the width ends.

    Args:
        figure: the picture.
        room: how wide a line may be.
    """

    def __init__(self, figure: Figure, room: float) -> None:
        self.remarks = figure.remarks
        self.rows: list[list[tuple[str, str, float]]] = [[]]
        x = 0.0
        legend = legend_of(figure)
        for sample, word in legend:
            width = 26 + len(word) * SMALL * 0.56 + 18
            if self.rows[-1] and x + width > room - 40:
                self.rows.append([])
                x = 0.0
            self.rows[-1].append((sample, word, x))
            x += width
        self._ends = [max((at + 26 + len(word) * SMALL * 0.56 for _, word, at in row), default=0) for row in self.rows]
        longest = max((columns(remark) * SMALL * 0.58 for remark in self.remarks), default=0.0)
        self.width = 40 + max(longest, *self._ends)
        self.height = LINE_HEIGHT * (len(self.remarks) + (len(self.rows) if legend else 0)) + 8

    def draw(self, top: float, width: float) -> str:
        """Draw the lines, the middle of each in the middle of the picture."""
        parts = []
        y = top + 4
        for remark in self.remarks:
            parts.append(f'<text class="words small remark" x="{width / 2:.1f}" y="{y:.1f}">{escape(remark)}</text>')
            y += LINE_HEIGHT
        for row, end in zip(self.rows, self._ends, strict=True):
            for sample, word, at in row:
                x = (width - end) / 2 + at
                parts.append(_sample(sample, x + 9, y))
                parts.append(f'<text class="words small" x="{x + 24:.1f}" y="{y:.1f}">{escape(word)}</text>')
            y += LINE_HEIGHT
        return "\n".join(parts)


def _sample(name: str, x: float, y: float) -> str:
    if name in GLYPHS:
        return f'<g class="{name}"><g transform="translate({x:.1f} {y:.1f})">{GLYPHS[name]}</g></g>'
    if name == "quiet":
        return f'<path class="edge quiet-edge" d="M{x - 9:.1f} {y:.1f}h18"/>'
    if name == "many":
        path = f"M{x - 9:.1f} {y:.1f}h18"
        return f'<path class="edge many" d="{path}"/><path class="gap" d="{path}"/>'
    if name == "resource":
        return f'<g class="resource">{hexagon(x - 9, y - 6, 18, 12)}</g>'
    rx = 6 if name in ("event", "loose") else 3
    kind = "event loose" if name == "loose" else name
    return f'<g class="{kind}"><rect class="box" x="{x - 9:.1f}" y="{y - 6:.1f}" width="18" height="12" rx="{rx}"/></g>'


def hexagon(x: float, y: float, width: float, height: float) -> str:
    """Return a hexagon lying on its side, its box given by the upper left corner and its measures."""
    side = height / 3
    return (
        f'<path class="box" d="M{x:.1f} {y + height / 2:.1f}l{side:.1f} {-height / 2:.1f}h{width - 2 * side:.1f}'
        f'l{side:.1f} {height / 2:.1f}l{-side:.1f} {height / 2:.1f}h{2 * side - width:.1f}Z"/>'
    )
