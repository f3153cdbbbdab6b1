"""The picture as a pyvis page: one file that can be dragged about and asks no network.

pyvis by itself takes scripts from the net, leaves a `lib` folder behind, lets the shapes float to a new place each
time, and does not escape the heading. Here the library is written into the page, tags that fetch anything are taken
out, the positions are those of our own layout, the colours follow the reader's theme, and a field finds a node.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any, Final

from wfkit.display.figure import TITLE_HEIGHT, Arrow, Cluster, Figure, Shape
from wfkit.display.frame import json_in_page, policy_of, script_of, style_of
from wfkit.display.layout import Layout, Place
from wfkit.display.tokens import CODE_FONT, LIGHT, SMALL, TEXT
from wfkit.display.words import cut

_SIGNS: Final = {
    "start": "▶ ",
    "stop": "■ ",
    "done": "✓ ",
    "failed": "✗ ",
    "held": "‖ ",
    "waiting": "⧗ ",
    "cancelled": "⊘ ",
}
_FETCHING: Final = re.compile(r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>|<link\b[^>]*\bhref\s*=[^>]*>", re.IGNORECASE)
_HEADINGS: Final = re.compile(r"<center>\s*<h1>\s*</h1>\s*</center>", re.IGNORECASE)
_OPTIONS: Final = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False, "randomSeed": 1},
    "interaction": {"hover": True, "tooltipDelay": 120, "zoomView": True},
    "nodes": {
        "borderWidth": 1.25,
        "borderWidthSelected": 2.5,
        "margin": {"top": 8, "bottom": 8, "left": 8, "right": 8},
    },
    "edges": {"width": 1.25, "arrows": {"to": {"enabled": True, "scaleFactor": 0.55}}},
}
_SCRIPT: Final = re.compile(r"<script\b(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_FIND: Final = (
    '<input id="wf-find" type="search" placeholder="find a node (/)" title="type a name; Enter goes to it, and on to '
    'the next" aria-label="find a node"><output id="wf-found"></output>'
)

_TIP_LINE: Final = 300


def draw_network(figure: Figure, layout: Layout | None = None) -> str:
    """Return a figure as a complete HTML page drawn by pyvis.

    Args:
        figure: what to draw.
        layout: where everything stands, if it has been worked out before.
    """
    from pyvis.network import Network

    layout = layout or figure.lay_out()
    network = Network(height="100%", width="100%", directed=True, cdn_resources="in_line", bgcolor=LIGHT["surface"])
    for shape in figure.all_shapes:
        network.add_node(shape.id, **_node(shape, layout.places[shape.id]))
    for cluster in figure.all_clusters:
        network.add_node(cluster.id, **_title(cluster, layout.places[cluster.id]))
    for arrow in figure.all_arrows:
        network.add_edge(arrow.source, arrow.target, **_edge(arrow, layout))
    network.set_options(json.dumps(_OPTIONS))
    return _finish(network.generate_html(), figure, _drawn(figure, layout))


def _finish(page: str, figure: Figure, drawn: object) -> str:
    """Make the page self-contained, give it a heading that is escaped, and let nothing run but what stands in it."""
    title = escape(figure.name)
    note = escape(" · ".join([figure.what, *figure.remarks]))
    top = f'<header class="wf-top"><h1>{title}</h1><p>{note}</p>{_FIND}</header>'
    ours = (
        f'<script type="application/json" id="wf-data">{json_in_page(drawn)}</script>\n'
        f"<script>{script_of(('network',), boot=False)}</script>"
    )
    page = _HEADINGS.sub("", _FETCHING.sub("", page))
    page = page.replace("<body>", f"<body>\n{top}", 1)
    before, found, after = page.rpartition("</body>")
    page = f"{before}{ours}\n{found}{after}"
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" '
        f'content="{policy_of(*_SCRIPT.findall(page))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>"
    )
    page = page.replace('<meta charset="utf-8">', head, 1)
    # Last in the head: it overrules the library's own.
    page = page.replace("</head>", f"<style>{style_of(('network',))}</style>\n</head>", 1)
    return f"<!DOCTYPE html>\n{page}"


def _node(shape: Shape, place: Place) -> dict[str, Any]:
    kind = "event" if shape.kind in ("question", "answer") else shape.kind
    kind = "person" if shape.kind == "fold" or shape.is_resource else kind
    line = f"{kind}-line"
    if shape.state not in (None, "done"):
        line = shape.state or "done"
    label = _SIGNS.get(shape.state or shape.kind, "") + " ".join(filter(None, (shape.label, shape.mark)))
    label = f"{label}\n{shape.note}" if shape.note else label
    return {
        "label": label.replace(" ", "\u00a0"),  # pyvis would break the line
        "lines": [_harmless(line) for line in shape.tip] or [shape.name],
        "colours": [kind, line, "ink"],
        "shape": "box",
        "shapeProperties": {
            "borderRadius": 14 if shape.is_event else 6,
            "borderDashes": [5, 4] if shape.loose or (kind == "person" and not shape.is_resource) else False,
        },
        "font": {"face": CODE_FONT, "size": SMALL if shape.note else TEXT},
        "widthConstraint": place.width - 16,
        "heightConstraint": place.height - 16,
        "x": place.x,
        "y": place.y,
        "physics": False,
    }


def _title(cluster: Cluster, place: Place) -> dict[str, Any]:
    """Return the title of a frame, which stays when a shape is dragged and the frames are drawn no more."""
    y = place.y - place.height / 2 + TITLE_HEIGHT / 2
    return {
        "label": cluster.name,
        "lines": [_harmless(line) for line in cluster.tip],
        "colours": ["raised", "line", "quiet"],
        "shape": "box",
        "font": {"face": CODE_FONT, "size": TEXT},
        "x": place.x,
        "y": y,
        "physics": False,
    }


def _harmless(line: str) -> str:
    # pyvis makes a page that shows tips as HTML when it finds this word in it; with a joiner inside it does not.
    return cut(line, _TIP_LINE).replace("href", "hre\u2060f")


def _edge(arrow: Arrow, layout: Layout) -> dict[str, Any]:
    against = (arrow.source, arrow.target) in layout.back
    smooth = {"type": "curvedCW", "roundness": 0.4} if against else {"type": "cubicBezier", "roundness": 0.5}
    found = {} if arrow.kind != "resource" else {"arrows": {"to": {"enabled": False}}}
    return found | {
        "dashes": arrow.quiet,
        "smooth": {"enabled": True, "forceDirection": "vertical", **smooth},
    }


def _drawn(figure: Figure, layout: Layout) -> dict[str, list[list[Any]]]:
    """Return what is drawn under the shapes until one is dragged away: the ways along their routes, and the frames."""
    ways: list[list[Any]] = []
    for arrow in figure.all_arrows:
        route = layout.routes[arrow.source, arrow.target]
        many, dashes = arrow.kind == "many", [3, 4] if arrow.quiet else []
        if arrow.kind == "resource":
            ways.append([route.path(), "", [1, 3.5], 0])
        else:
            ways.append([(route.shortened(6) if many else route).path(), route.tip(), dashes, int(many)])
    places = [layout.places[cluster.id] for cluster in figure.all_clusters]
    frames = [[place.x - place.width / 2, place.y - place.height / 2, place.width, place.height] for place in places]
    return {"ways": ways, "frames": frames}
