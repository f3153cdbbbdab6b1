"""Mermaid's flowchart, drawn in a headless Chromium, with the same boxes and the same gaps.

Mermaid is not a Python package: `npm install mermaid` beside the benchmarks, or set MERMAID to its mermaid.min.js.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.layouts.browser import find_browser, open_page
from benchmarks.layouts.graph import Drawn, Graph, Rect
from wfkit.display.spacing import DOWN

PLACE = Path("node_modules/mermaid/dist/mermaid.min.js")
# No padding: our sizes hold what is needed. Nought would stand for Mermaid's own.
SETTING = {
    "startOnLoad": False,
    "securityLevel": "loose",
    "maxEdges": 10_000,
    "maxTextSize": 1_000_000,
    "flowchart": {"padding": 0.001, "nodeSpacing": DOWN.box, "rankSpacing": DOWN.layer, "htmlLabels": True},
}
READ = """async ([id, text]) => {
  const { svg } = await mermaid.render(id, text);
  const root = document.querySelector("#root");
  root.innerHTML = svg;
  const boxes = {}, lines = {};
  for (const node of root.querySelectorAll("g.node")) {
    const [, name] = node.id.match(/flowchart-(n\\d+)-/);
    const at = node.transform.baseVal.consolidate().matrix;
    const box = node.querySelector("rect").getBBox();
    boxes[name] = [at.e, at.f, box.width, box.height];
  }
  for (const path of root.querySelectorAll("path.flowchart-link")) {
    const [, name] = path.id.match(/(n\\d+_n\\d+)_/);
    const length = path.getTotalLength(), count = Math.max(8, Math.ceil(length / 6));
    lines[name] = Array.from({ length: count + 1 }, (_, i) => {
      const point = path.getPointAtLength(length * i / count);
      return [point.x, point.y];
    });
  }
  return [boxes, lines];
}"""


def version() -> str:
    """Say what takes part.

    Raises:
        ImportError: there is no mermaid.min.js, or no browser.
    """
    path = _script()
    find_browser()
    package = path.parents[1] / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"]) if package.exists() else path.name


def _script() -> Path:
    path = Path(os.environ.get("MERMAID", PLACE))
    if not path.exists():
        raise ImportError(f"there is no {path}; run npm install mermaid, or set MERMAID to its mermaid.min.js")
    return path


def draw(graphs: Iterable[Graph]) -> Iterator[Drawn]:
    """Yield a drawing of each graph."""
    with open_page(_script().read_text("utf-8")) as page:
        page.evaluate("setting => mermaid.initialize(setting)", SETTING)
        for index, graph in enumerate(graphs):
            boxes, lines = page.evaluate(READ, [f"drawing{index}", _spell(graph)])
            names = {f"n{index}": shape.id for index, shape in enumerate(graph.shapes)}
            drawn = {tuple(names[end] for end in pair.split("_")): line for pair, line in lines.items()}
            yield Drawn(
                {names[name]: Rect(*numbers) for name, numbers in boxes.items()},
                {edge: tuple((x, y) for x, y in drawn[edge]) for edge in graph.edges},
            )


def _spell(graph: Graph) -> str:
    lines = ["flowchart TD"]
    for index, shape in enumerate(graph.shapes):
        size = f"width:{shape.width:.0f}px;height:{shape.height:.0f}px"
        lines.append(f"n{index}[\"<div style='{size}'></div>\"]")
    number = {shape.id: index for index, shape in enumerate(graph.shapes)}
    lines += [f"n{number[source]} --> n{number[target]}" for source, target in graph.edges]
    return "\n".join(lines)
