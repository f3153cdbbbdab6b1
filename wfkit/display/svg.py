"""The picture as SVG: light and dark, self-contained, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Final

from wfkit.display.figure import Arrow, Cluster, Figure, Shape
from wfkit.display.layout import Layout, Place
from wfkit.display.tokens import CODE_FONT, COLUMN, DARK, LIGHT, SMALL, TEXT, UI_FONT
from wfkit.display.words import columns

LINE_HEIGHT: Final = 18.0
_FILLED: Final[tuple[str, ...]] = ("step", "event", "start", "stop", "person")
_STATES: Final[tuple[str, ...]] = ("done", "failed", "waiting", "running", "cancelled")

# Signs of 12 by 12 around (0, 0). State is never told by colour alone.
_GLYPHS: Final[dict[str, str]] = {
    "start": '<path class="solid" d="M-3.5-5 5 0-3.5 5Z"/>',
    "stop": '<rect class="solid" x="-4.5" y="-4.5" width="9" height="9" rx="1.5"/>',
    "person": '<path class="line" d="M-5.5 6C-5.5-.5 5.5-.5 5.5 6Z"/><circle class="line" cy="-3" r="2.8"/>',
    "done": '<path class="line" d="M-5 .5-1.5 4 5-4"/>',
    "failed": '<path class="line" d="M-4-4 4 4M4-4-4 4"/>',
    "waiting": '<path class="line" d="M-4-5H4M-4 5H4M-3-5C-3-1 3 1 3 5M3-5C3-1-3 1-3 5"/>',
    "running": '<path class="line" d="M5 0A5 5 0 1 1 0-5"/>',
    "cancelled": '<path class="line" d="M5 0A5 5 0 1 1-5 0 5 5 0 1 1 5 0ZM-3.5 3.5 3.5-3.5"/>',
}


def draw_svg(figure: Figure, layout: Layout | None = None) -> str:
    """Return a figure as the text of an SVG document.

    Args:
        figure: what to draw.
        layout: where everything stands, if it has been worked out before.
    """
    layout = layout or figure.lay_out()
    legend = _legend(figure)
    foot = _Foot(figure.remarks, legend, max(layout.width, 480.0))
    width = max(layout.width, foot.width, 160.0)
    shift = round((width - layout.width) / 2)
    height = layout.height + foot.height
    label = escape(f"{figure.name}: {figure.what}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wfkit" role="img" aria-label="{label}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{label}</title>",
        f"<style>{_style(figure)}</style>",
        '<defs><marker id="wf-tip" class="tip" viewBox="0 0 9 8" refX="8" refY="4" markerWidth="9" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 9 4 0 8 2 4Z"/></marker></defs>',
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
        f'<g transform="translate({shift} 0)">' if shift else "<g>",
        *(_draw_cluster(cluster, layout.places[cluster.id]) for cluster in figure.all_clusters),
        *(_draw_arrow(arrow, layout) for arrow in figure.all_arrows),
        *(_draw_shape(shape, layout.places[shape.id]) for shape in figure.all_shapes),
        "</g>",
        foot.draw(layout.height, width),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def element_id(content: str) -> str:
    """Return an id for an element: made from content, safe everywhere, short."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", content[:200])
    if plain == content and len(plain) <= 48:
        return f"wf-{plain}"
    return f"wf-{plain[:32]}-{hashlib.blake2b(content.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _style(figure: Figure) -> str:
    """Return the rules, scoped to our own pictures: inside a page they must not reach anything else."""
    seldom = [
        name
        for name, needed in (
            ("many", any(arrow.kind == "many" for arrow in figure.all_arrows)),
            ("resource", any(shape.is_resource for shape in figure.all_shapes)),
            ("frame", bool(figure.clusters)),
        )
        if needed
    ]
    fixed = (
        f".wfkit text{{font:{TEXT}px {CODE_FONT};text-anchor:middle;dominant-baseline:central}}"
        f".wfkit .small{{font-size:{SMALL}px}}.wfkit .words{{font-family:{UI_FONT};text-anchor:start}}"
        ".wfkit .edge{fill:none;stroke-width:1.25}.wfkit .quiet-edge{stroke-dasharray:3 4}"
        ".wfkit .box{stroke-width:1.25}.wfkit .person .box,.wfkit .fold .box,.wfkit .loose .box"
        "{stroke-dasharray:5 4}.wfkit .line{fill:none;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}"
    )
    if "many" in seldom:
        fixed += ".wfkit .many{stroke-width:4.25}.wfkit .gap{fill:none;stroke-width:1.75}"
    if "resource" in seldom:
        fixed += ".wfkit .use{stroke-dasharray:1 3.5;stroke-linecap:round}"
    if "frame" in seldom:
        fixed += ".wfkit .frame text{text-anchor:start}"
    light, dark = (_colours(tokens, seldom) for tokens in (LIGHT, DARK))
    return f"{fixed}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _colours(tokens: dict[str, str], seldom: list[str]) -> str:
    rules = [
        f".wfkit .ground{{fill:{tokens['surface']}}}.wfkit text{{fill:{tokens['ink']}}}",
        f".wfkit .small,.wfkit .words{{fill:{tokens['quiet']}}}.wfkit .edge{{stroke:{tokens['edge']}}}",
        f".wfkit .tip{{fill:{tokens['edge']}}}",
    ]
    for name in _FILLED:
        fill, line = tokens[name], tokens[f"{name}-line"]
        rules.append(f".wfkit .{name} .box{{fill:{fill};stroke:{line}}}")
        rules.append(f".wfkit .{name} .solid{{fill:{line}}}.wfkit .{name} .line{{stroke:{line}}}")
    rules.append(f".wfkit .fold .box{{fill:{tokens['raised']};stroke:{tokens['quiet']}}}")
    for name in _STATES:
        # After the kinds: the border of an execution tells its state.
        rules.append(f".wfkit .{name} .line{{stroke:{tokens[name]}}}")
    for name in ("failed", "waiting", "running", "cancelled"):
        rules.append(f".wfkit .{name} .box{{stroke:{tokens[name]}}}")
    if "many" in seldom:
        rules.append(f".wfkit .gap{{stroke:{tokens['surface']}}}")
    if "resource" in seldom:
        rules.append(f".wfkit .resource .box{{fill:{tokens['person']};stroke:{tokens['person-line']}}}")
    if "frame" in seldom:
        rules.append(f".wfkit .frame .box{{fill:{tokens['raised']};stroke:{tokens['line']}}}")
        rules.append(f".wfkit .frame text{{fill:{tokens['quiet']}}}")
    return "".join(rules)


def _draw_cluster(cluster: Cluster, place: Place) -> str:
    x, y = place.x - place.width / 2, place.y - place.height / 2
    tip = "\n".join(cluster.tip)
    return (
        f'<g id="{element_id(cluster.id)}" class="frame"><title>{escape(tip)}</title>'
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{place.width:.0f}" height="{place.height:.0f}" rx="6"/>'
        f'<text x="{x + 14:.1f}" y="{y + 16:.1f}">{escape(cluster.name)}</text></g>'
    )


def _draw_arrow(arrow: Arrow, layout: Layout) -> str:
    route = layout.routes[arrow.source, arrow.target]
    path = route.path()
    if arrow.kind == "many":  # two lines: a broad one with a gap drawn along the middle of it
        path = route.shortened(6).path()
        return (
            f'<path class="edge many" d="{path}"/><path class="gap" d="{path}"/><path class="tip" d="{route.tip()}"/>'
        )
    if arrow.kind == "resource":
        return f'<path class="edge use" d="{path}"/>'
    quiet = " quiet-edge" if arrow.quiet else ""
    return f'<path class="edge{quiet}" marker-end="url(#wf-tip)" d="{path}"/>'


def _draw_shape(shape: Shape, place: Place) -> str:
    names = [_class_of(shape), *([shape.state] if shape.state else []), *(["loose"] if shape.loose else [])]
    tip = "\n".join(shape.tip) or shape.name
    lines = [
        f'<g id="{element_id(shape.id)}" class="{" ".join(names)}"><title>{escape(tip)}</title>',
        _draw_outline(shape, place),
        *_draw_label(shape, place),
        "</g>",
    ]
    return "".join(lines)


def _draw_outline(shape: Shape, place: Place) -> str:
    x, y = place.x - place.width / 2, place.y - place.height / 2
    if shape.is_resource:
        return _hexagon(x, y, place.width, place.height)
    corner = min(place.height, 28.0) / 2 if shape.is_event else 6
    return (
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{place.width:.0f}" height="{place.height:.0f}" '
        f'rx="{corner:.0f}"/>'
    )


def _hexagon(x: float, y: float, width: float, height: float) -> str:
    side = height / 3
    return (
        f'<path class="box" d="M{x:.1f} {y + height / 2:.1f}l{side:.1f} {-height / 2:.1f}h{width - 2 * side:.1f}'
        f'l{side:.1f} {height / 2:.1f}l{-side:.1f} {height / 2:.1f}h{2 * side - width:.1f}Z"/>'
    )


def _class_of(shape: Shape) -> str:
    return "event" if shape.kind in ("question", "answer") else "resource" if shape.is_resource else shape.kind


def _draw_label(shape: Shape, place: Place) -> list[str]:
    glyph = 18.0 if shape.has_glyph else 0.0
    text = columns(shape.label) * TEXT * COLUMN
    mark = columns(shape.mark) * SMALL * COLUMN + 8 if shape.mark else 0.0
    left = place.x - (glyph + text + mark) / 2
    y = place.y - (8 if shape.note else 0)
    parts = []
    if shape.has_glyph:
        sign = _GLYPHS[shape.state or shape.kind]
        parts.append(f'<g transform="translate({left + 6:.1f} {y:.1f})">{sign}</g>')
    parts.append(f'<text x="{left + glyph + text / 2:.1f}" y="{y:.1f}">{escape(shape.label)}</text>')
    if shape.mark:
        at = left + glyph + text + 8 + (mark - 8) / 2
        parts.append(f'<text class="small" x="{at:.1f}" y="{y:.1f}">{escape(shape.mark)}</text>')
    if shape.note:
        parts.append(f'<text class="small" x="{place.x:.1f}" y="{place.y + 11:.1f}">{escape(shape.note)}</text>')
    return parts


def _legend(figure: Figure) -> list[tuple[str, str]]:
    """Return what needs explaining on this picture, as (sample, word)."""
    kinds = {_class_of(shape) for shape in figure.all_shapes}
    states = {shape.state for shape in figure.all_shapes if shape.state}
    ways = {arrow.kind for arrow in figure.all_arrows}
    found = [(kind, kind) for kind in _FILLED if kind in kinds]
    found += [(state, state) for state in _STATES if state in states]
    if any(shape.loose for shape in figure.shapes):
        found.append(("loose", "taken by nobody"))
    found += [("resource", "resource")] if "resource" in kinds else []
    found += [("many", "many")] if "many" in ways else []
    words = {"collected": "collected", "emptied": "nothing to gather", "failure": "fails", "child": "runs"}
    told = [word for kind, word in words.items() if kind in ways]
    found += [("quiet", ", ".join(told))] if told else []
    return found


class _Foot:
    """The lines under the picture: remarks, then the legend, broken where the width ends."""

    def __init__(self, remarks: tuple[str, ...], legend: list[tuple[str, str]], room: float) -> None:
        self.remarks = remarks
        self.rows: list[list[tuple[str, str, float]]] = [[]]
        x = 0.0
        for sample, word in legend:
            width = 26 + len(word) * SMALL * 0.56 + 18
            if self.rows[-1] and x + width > room - 40:
                self.rows.append([])
                x = 0.0
            self.rows[-1].append((sample, word, x))
            x += width
        self._ends = [max((at + 26 + len(word) * SMALL * 0.56 for _, word, at in row), default=0) for row in self.rows]
        longest = max((columns(remark) * SMALL * 0.58 for remark in remarks), default=0.0)
        self.width = 40 + max(longest, *self._ends)
        self.height = LINE_HEIGHT * (len(remarks) + (len(self.rows) if legend else 0)) + 8

    def draw(self, top: float, width: float) -> str:
        """Draw the lines, the middle of each in the middle of the picture."""
        parts = []
        y = top + 4
        for remark in self.remarks:
            x = (width - columns(remark) * SMALL * 0.54) / 2
            parts.append(f'<text class="words small" x="{x:.1f}" y="{y:.1f}">{escape(remark)}</text>')
            y += LINE_HEIGHT
        for row, end in zip(self.rows, self._ends, strict=True):
            for sample, word, at in row:
                x = (width - end) / 2 + at
                parts.append(_sample(sample, x + 9, y))
                parts.append(f'<text class="words small" x="{x + 24:.1f}" y="{y:.1f}">{escape(word)}</text>')
            y += LINE_HEIGHT
        return "\n".join(parts)


def _sample(name: str, x: float, y: float) -> str:
    if name in _GLYPHS:
        return f'<g class="{name}"><g transform="translate({x:.1f} {y:.1f})">{_GLYPHS[name]}</g></g>'
    if name == "quiet":
        return f'<path class="edge quiet-edge" d="M{x - 9:.1f} {y:.1f}h18"/>'
    if name == "many":
        path = f"M{x - 9:.1f} {y:.1f}h18"
        return f'<path class="edge many" d="{path}"/><path class="gap" d="{path}"/>'
    if name == "resource":
        return f'<g class="resource">{_hexagon(x - 9, y - 6, 18, 12)}</g>'
    rx = 6 if name in ("event", "loose") else 3
    kind = "event loose" if name == "loose" else name
    return f'<g class="{kind}"><rect class="box" x="{x - 9:.1f}" y="{y - 6:.1f}" width="18" height="12" rx="{rx}"/></g>'
