"""The drawings side by side, to look at: one SVG for each graph, a column for each contender."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from benchmarks.layouts.graph import Drawn, Graph
from wfkit.display.figure import Shape
from wfkit.display.tokens import CODE_FONT, LIGHT, TEXT

MARGIN = 24.0
HEAD = 30.0


def draw_beside(graph: Graph, drawings: Mapping[str, Drawn]) -> str:
    """Return an SVG document with the drawings of one graph beside each other."""
    parts: list[str] = []
    right, bottom = MARGIN, 0.0
    for name, drawn in drawings.items():
        left, top, width, height = _extent(drawn)
        parts.append(f'<text class="head" x="{right:.1f}" y="20">{escape(name)}</text>')
        parts.append(f'<g transform="translate({right - left:.1f} {HEAD - top:.1f})">{_draw(graph, drawn)}</g>')
        right += max(width, 80.0) + 3 * MARGIN
        bottom = max(bottom, HEAD + height + MARGIN)
    style = (
        f"text{{font:{TEXT}px {CODE_FONT};text-anchor:middle;dominant-baseline:central;fill:{LIGHT['ink']}}}"
        f"rect{{fill:{LIGHT['step']};stroke:{LIGHT['step-line']}}}.pill{{fill:{LIGHT['event']};"
        f"stroke:{LIGHT['event-line']}}}path{{fill:none;stroke:{LIGHT['edge']};stroke-width:1.25}}"
        ".head{text-anchor:start;font-weight:bold}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right:.0f}" height="{bottom:.0f}">'
        f'<defs><marker id="tip" viewBox="0 0 9 8" refX="8" refY="4" markerWidth="9" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 9 4 0 8Z" style="fill:{LIGHT["edge"]}"/></marker>'
        f"</defs><style>{style}</style>{''.join(parts)}</svg>\n"
    )


def _draw(graph: Graph, drawn: Drawn) -> str:
    lines = [
        f'<path marker-end="url(#tip)" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in line)}"/>'
        for line in drawn.lines.values()
    ]
    return "".join([*lines, *(_box(shape, drawn) for shape in graph.shapes)])


def _box(shape: Shape, drawn: Drawn) -> str:
    box = drawn.boxes[shape.id]
    kind = f' class="pill" rx="{box.height / 2:.0f}"' if shape.is_event else ' rx="6"'
    return (
        f'<rect{kind} x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"/>'
        f'<text x="{box.x:.1f}" y="{box.y:.1f}">{escape(shape.label)}</text>'
    )


def _extent(drawn: Drawn) -> tuple[float, float, float, float]:
    points = [point for line in drawn.lines.values() for point in line]
    xs = [x for box in drawn.boxes.values() for x in (box.left, box.right)] + [x for x, _ in points]
    ys = [y for box in drawn.boxes.values() for y in (box.top, box.bottom)] + [y for _, y in points]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
