"""The picture as a pyvis page: one file that can be dragged about and asks no network.

pyvis by itself takes scripts from the net, leaves a `lib` folder behind, lets the shapes float to a new place each
time, and does not escape the heading. Here the library is written into the page, tags that fetch anything are taken
out, and the positions are those of our own layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from wfkit.display.figure import TITLE_HEIGHT, Arrow, Cluster, Figure, Shape
from wfkit.display.layout import Layout, Place
from wfkit.display.tokens import CODE_FONT, LIGHT, SMALL, TEXT, UI_FONT

_SIGNS: Final = {"start": "▶ ", "stop": "■ ", "done": "✓ ", "failed": "✗ ", "waiting": "⧗ ", "cancelled": "⊘ "}
_FETCHING: Final = re.compile(r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>|<link\b[^>]*\bhref\s*=[^>]*>", re.IGNORECASE)
_HEADINGS: Final = re.compile(r"<center>\s*<h1>\s*</h1>\s*</center>", re.IGNORECASE)
_OPTIONS: Final = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False, "randomSeed": 1},
    "interaction": {"hover": True, "tooltipDelay": 120, "zoomView": True},
    "nodes": {"borderWidth": 1.25, "margin": {"top": 8, "bottom": 8, "left": 8, "right": 8}},
    "edges": {"width": 1.25, "arrows": {"to": {"enabled": True, "scaleFactor": 0.55}}},
}
_STYLE: Final = (
    '<link rel="icon" href="data:,">'
    f"<style>body{{margin:0;font:14px {UI_FONT};background:{LIGHT['surface']};color:{LIGHT['ink']}}}"
    "h1{font-size:18px;margin:16px 20px 0}.wfkit-note{margin:2px 20px 12px;color:" + LIGHT["quiet"] + "}"
    "#mynetwork{float:none!important;border:0!important;outline:none}"
    "html,body{height:100%}body{display:flex;flex-direction:column}.card{flex:1;min-height:320px}"
    "#mynetwork{height:100%!important}</style>"
)
# pyvis knows only curves between two shapes, which run through others. So our routes are drawn under the shapes, and
# its own edges appear once somebody drags a shape away from its place. A small flow is shown at its own size, not blown
# up to fill the window.
_WAYS: Final = """<script>(function () {
  var frames = @frames, moved = false;
  var ways = @ways.map(function (w) { return [new Path2D(w[0]), new Path2D(w[1]), w[2], w[3]]; });
  function hide(hidden) { edges.update(edges.getIds().map(function (id) { return {id: id, hidden: hidden}; })); }
  hide(true);
  network.on("beforeDrawing", function (ctx) {
    if (moved) return;
    ctx.save();
    ctx.strokeStyle = "@line";
    ctx.fillStyle = "@raised";
    ctx.lineWidth = 1.25;
    frames.forEach(function (f) {
      ctx.fillRect(f[0], f[1], f[2], f[3]);
      ctx.strokeRect(f[0], f[1], f[2], f[3]);
    });
    ctx.fillStyle = "@edge";
    ways.forEach(function (w) {
      ctx.setLineDash(w[2]);
      ctx.lineWidth = w[3] ? 4.25 : 1.25;
      ctx.strokeStyle = "@edge";
      ctx.stroke(w[0]);
      if (w[3]) {
        ctx.lineWidth = 1.75;
        ctx.strokeStyle = "@surface";
        ctx.stroke(w[0]);
      }
      ctx.fill(w[1]);
    });
    ctx.restore();
  });
  network.on("dragStart", function (event) { if (event.nodes.length && !moved) { moved = true; hide(false); } });
  network.fit({maxZoomLevel: 1.15, animation: false});
})();</script>"""


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
    return _finish(network.generate_html(), figure, _ways(figure, layout))


def _finish(page: str, figure: Figure, script: str) -> str:
    """Make the page self-contained and give it a heading that is escaped."""
    page = _HEADINGS.sub("", _FETCHING.sub("", page))
    title = escape(figure.name)
    note = escape(" · ".join([figure.what, *figure.remarks]))
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n{_STYLE}'
    page = page.replace('<meta charset="utf-8">', head, 1)
    page = re.sub(r"<body>", lambda _: f'<body>\n<h1>{title}</h1>\n<p class="wfkit-note">{note}</p>', page, count=1)
    before, found, after = page.rpartition("</body>")
    return f"<!DOCTYPE html>\n{before}{script}\n{found}{after}"


def _node(shape: Shape, place: Place) -> dict[str, Any]:
    kind = "event" if shape.kind in ("question", "answer") else shape.kind
    kind = "person" if shape.kind == "fold" or shape.is_resource else kind
    fill, line = LIGHT[kind], LIGHT[f"{kind}-line"]
    if shape.state not in (None, "done"):
        line = LIGHT[shape.state or "done"]
    label = _SIGNS.get(shape.state or shape.kind, "") + " ".join(filter(None, (shape.label, shape.mark)))
    label = f"{label}\n{shape.note}" if shape.note else label
    return {
        "label": label.replace(" ", "\u00a0"),  # pyvis would break the line
        "title": _tip(shape.tip),
        "shape": "box",
        "shapeProperties": {
            "borderRadius": 14 if shape.is_event else 6,
            "borderDashes": [5, 4] if shape.loose or (kind == "person" and not shape.is_resource) else False,
        },
        "color": {"background": fill, "border": line, "highlight": {"background": fill, "border": LIGHT["ink"]}},
        "font": {"face": CODE_FONT, "size": SMALL if shape.note else TEXT, "color": LIGHT["ink"]},
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
        "title": _tip(cluster.tip),
        "shape": "box",
        "color": {"background": LIGHT["raised"], "border": LIGHT["line"], "highlight": LIGHT["raised"]},
        "font": {"face": CODE_FONT, "size": TEXT, "color": LIGHT["quiet"]},
        "x": place.x,
        "y": y,
        "physics": False,
    }


def _tip(lines: Sequence[str]) -> str:
    # pyvis shows a tip as HTML, unescaped, when it finds this word in it; with a joiner inside it stays text.
    return "\n".join(lines).replace("href", "hre\u2060f")


def _edge(arrow: Arrow, layout: Layout) -> dict[str, Any]:
    against = (arrow.source, arrow.target) in layout.back
    smooth = {"type": "curvedCW", "roundness": 0.4} if against else {"type": "cubicBezier", "roundness": 0.5}
    found = {} if arrow.kind != "resource" else {"arrows": {"to": {"enabled": False}}}
    return found | {
        "color": {"color": LIGHT["edge"], "highlight": LIGHT["ink"], "hover": LIGHT["ink"]},
        "dashes": arrow.quiet,
        "smooth": {"enabled": True, "forceDirection": "vertical", **smooth},
    }


def _ways(figure: Figure, layout: Layout) -> str:
    """Return the script that draws the edges along their routes, until a shape is dragged away."""
    found: list[list[Any]] = []
    for arrow in figure.all_arrows:
        route = layout.routes[arrow.source, arrow.target]
        many, dashes = arrow.kind == "many", [3, 4] if arrow.quiet else []
        if arrow.kind == "resource":
            found.append([route.path(), "", [1, 3.5], 0])
        else:
            found.append([(route.shortened(6) if many else route).path(), route.tip(), dashes, int(many)])
    places = [layout.places[cluster.id] for cluster in figure.all_clusters]
    frames = [[place.x - place.width / 2, place.y - place.height / 2, place.width, place.height] for place in places]
    script = _WAYS
    for name in ("line", "raised", "surface", "edge"):
        script = script.replace(f"@{name}", LIGHT[name])
    for name, numbers in (("ways", found), ("frames", frames)):
        script = script.replace(f"@{name}", json.dumps(numbers, separators=(",", ":")))
    return script
