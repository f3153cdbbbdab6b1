"""The picture as SVG: self-contained, in light and dark, the same bytes for the same content.

There are two faces of it. The plain one stands alone, with its ground, its legend and both themes. The embedded one is
made for a page that brings it to life: colours are the page's variables, and every way says from where to where it
leads.
"""

from __future__ import annotations

import hashlib
import re
from html import escape

from wfkit.display.figure import Arrow, Cluster, Figure, Shape
from wfkit.display.glyphs import GLYPHS
from wfkit.display.layout import Layout, Place
from wfkit.display.legend import Foot, class_of, hexagon
from wfkit.display.style import style_of
from wfkit.display.tally import TALLY_STATES, Tally
from wfkit.display.tokens import COLUMN, SMALL, TEXT
from wfkit.display.words import columns

_CHIP_GAP = 8.0
_CHIP_SIGN = 14.0


def draw_svg(figure: Figure, layout: Layout | None = None, embedded: bool = False, still: bool = False) -> str:
    """Return a figure as the text of an SVG document.

    Args:
        figure: what to draw.
        layout: where everything stands, if it has been worked out before.
        embedded: whether it becomes part of a page that brings it to life; else it stands alone.
        still: whether it becomes an image, of which nobody points at a part: tips and names are half of it.
    """
    layout = layout or figure.lay_out()
    width, height, shift, foot = max(layout.width, 160.0), layout.height, 0, ""
    if not embedded:
        below = Foot(figure, max(layout.width, 480.0))
        width = max(width, below.width)
        foot = below.draw(height, width)
        height += below.height
    shift = round((width - layout.width) / 2)
    label = escape(f"{figure.name}: {figure.what}")
    ground = "" if embedded else f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="8"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wfkit" role="img" aria-label="{label}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{label}</title>",
        f"<style>{style_of(figure, embedded)}</style>",
        '<defs><marker id="wf-tip" class="tip" viewBox="0 0 9 8" refX="8" refY="4" markerWidth="9" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 9 4 0 8 2 4Z"/></marker>'
        f"{_signs(figure) if embedded else ''}</defs>",
        ground,
        f'<g transform="translate({shift} 0)">' if shift else "<g>",
        *(_draw_cluster(cluster, layout.places[cluster.id], still) for cluster in figure.all_clusters),
        *(_draw_arrow(arrow, layout, embedded) for arrow in figure.all_arrows),
        *(_draw_shape(shape, layout.places[shape.id], still) for shape in _in_reading_order(figure, layout)),
        "</g>",
        foot,
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def element_id(content: str) -> str:
    """Return an id for an element: made from content, safe everywhere, short."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", content[:200])
    if plain == content and len(plain) <= 48:
        return f"wf-{plain}"
    return f"wf-{plain[:32]}-{hashlib.blake2b(content.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _in_reading_order(figure: Figure, layout: Layout) -> list[Shape]:
    """Return the shapes as the eye meets them, which is how the Tab key goes through them."""
    return sorted(figure.all_shapes, key=lambda shape: (layout.places[shape.id].y, layout.places[shape.id].x))


def _signs(figure: Figure) -> str:
    """Return the signs of all states, from which a page takes those that it needs while a run moves through."""
    if not any(shape.is_counted for shape in figure.all_shapes):
        return ""
    return "".join(f'<g id="wf-g-{state}">{GLYPHS[state]}</g>' for state in TALLY_STATES)


def short(number: float) -> str:
    """Return a coordinate to a tenth of a pixel; whole ones, which most are, in few characters."""
    return f"{number:.1f}".removesuffix(".0")


def _draw_cluster(cluster: Cluster, place: Place, still: bool) -> str:
    x, y = place.x - place.width / 2, place.y - place.height / 2
    tip = "" if still else _draw_tip("\n".join(cluster.tip))
    return (
        f'<g{_name(cluster.id, still)} class="frame">{tip}<rect class="box" x="{short(x)}" y="{short(y)}" '
        f'width="{place.width:.0f}" height="{place.height:.0f}" rx="6"/>'
        f'<text x="{short(x + 14)}" y="{short(y + 16)}">{escape(cluster.name)}</text></g>'
    )


def _draw_arrow(arrow: Arrow, layout: Layout, embedded: bool) -> str:
    drawn = _draw_way(arrow, layout)
    if not embedded:
        return drawn
    ends = f'data-from="{element_id(arrow.source)}" data-to="{element_id(arrow.target)}"'
    return f'<g class="way" {ends}>{drawn}</g>'


def _draw_way(arrow: Arrow, layout: Layout) -> str:
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
    return f'<path class="edge{quiet} wf-to" d="{path}"/>'


def _name(id: str, still: bool) -> str:
    return "" if still else f' id="{element_id(id)}"'


def _draw_tip(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _draw_shape(shape: Shape, place: Place, still: bool) -> str:
    names = ["node", class_of(shape)]
    names += [shape.state] if shape.state else []
    names += ["loose"] if shape.loose else []
    if shape.tally is not None:
        names += [shape.tally.state] if shape.tally.state else []
        names += ["idle"] if shape.tally.idle else []
    tip = "" if still else _draw_tip("\n".join(shape.tip) or shape.name)
    lines = [
        f'<g{_name(shape.id, still)} class="{" ".join(names)}">{tip}',
        _draw_outline(shape, place),
        *_draw_label(shape, place, still),
        "</g>",
    ]
    return "".join(lines)


def _draw_outline(shape: Shape, place: Place) -> str:
    x, y = place.x - place.width / 2, place.y - place.height / 2
    if shape.is_resource:
        return hexagon(x, y, place.width, place.height)
    corner = min(place.height, 28.0) / 2 if shape.is_event else 6
    return (
        f'<rect class="box" x="{short(x)}" y="{short(y)}" width="{place.width:.0f}" height="{place.height:.0f}" '
        f'rx="{corner:.0f}"/>'
    )


def _draw_label(shape: Shape, place: Place, still: bool) -> list[str]:
    glyph = 18.0 if shape.has_glyph else 0.0
    text = columns(shape.label) * TEXT * COLUMN
    mark = columns(shape.mark) * SMALL * COLUMN + 8 if shape.mark else 0.0
    left = place.x - (glyph + text + mark) / 2
    y = place.y - 8 * (bool(shape.note) + shape.is_counted)
    parts = []
    if shape.has_glyph:
        sign = GLYPHS[shape.state or shape.kind]
        parts.append(f'<g transform="translate({short(left + 6)} {short(y)})">{sign}</g>')
    parts.append(f'<text x="{short(left + glyph + text / 2)}" y="{short(y)}">{escape(shape.label)}</text>')
    if shape.mark:
        at = left + glyph + text + 8 + (mark - 8) / 2
        counted = shape.tally is not None and shape.is_event and not still
        names = f'class="small mark" data-room="{mark:.0f}"' if counted else 'class="small"'
        parts.append(f'<text {names} x="{short(at)}" y="{short(y)}">{escape(shape.mark)}</text>')
    if shape.note:
        y += 19
        parts.append(f'<text class="small" x="{short(place.x)}" y="{short(y)}">{escape(shape.note)}</text>')
    if shape.is_counted and shape.tally is not None:
        parts.append(_draw_tally(shape.tally, place, y + (16 if shape.note else 19), still))
    return parts


def _draw_tally(tally: Tally, place: Place, y: float, still: bool) -> str:
    """Draw the counts in a row; a page that plays a run draws the same again for each moment."""
    widths = [_CHIP_SIGN + len(f"{number:,}") * SMALL * COLUMN for _, number in tally.chips]
    x = -(sum(widths) + _CHIP_GAP * (len(widths) - 1)) / 2
    chips = []
    for (state, number), width in zip(tally.chips, widths, strict=True):
        chips.append(
            f'<g class="chip {state}" transform="translate({short(x)} 0)"><g transform="translate(5 0) scale(.8)">'
            f'{GLYPHS[state]}</g><text class="small" x="{_CHIP_SIGN:.0f}">{number:,}</text></g>'
        )
        x += width + _CHIP_GAP
    room = "" if still else f' data-room="{place.width - 16:.0f}"'
    return f'<g class="tally" transform="translate({short(place.x)} {short(y)})"{room}>{"".join(chips)}</g>'
