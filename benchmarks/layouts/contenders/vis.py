"""vis-network's hierarchical layout, as pyvis brings it, drawn in a headless Chromium.

Its levels are as far apart as our layers. Its boxes are spaced by their middles, so the widest decides for all. It has
two ways to find levels, neither good for all graphs: each graph is drawn in both, and the better drawing counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from benchmarks.layouts.browser import find_browser, open_page
from benchmarks.layouts.graph import Drawn, Graph, Point, Rect
from benchmarks.layouts.quality import measure
from wfkit.display.spacing import DOWN

READ = """([nodes, edges, level, space, sortMethod]) => {
  const root = document.querySelector("#root");
  root.style = "width:1200px;height:900px";
  const options = {
    physics: false,
    layout: { hierarchical: {
      direction: "UD", sortMethod, shakeTowards: "roots", levelSeparation: level, nodeSpacing: space,
    } },
    nodes: { shape: "box", margin: 0, borderWidth: 0 },
    edges: { smooth: { type: "cubicBezier", forceDirection: "vertical", roundness: 0.5 } },
  };
  const made = nodes.map(([id, width, height]) => ({
    id, label: " ", widthConstraint: { minimum: width, maximum: width }, heightConstraint: { minimum: height },
  }));
  const network = new vis.Network(root, {
    nodes: new vis.DataSet(made),
    edges: new vis.DataSet(edges.map(([from, to], id) => ({ id, from, to }))),
  }, options);
  network.redraw();
  const places = network.getPositions();
  const lines = edges.map((_, id) => {
    const type = network.body.edges[id].edgeType;
    return Array.from({ length: 49 }, (_, i) => { const at = type.getPoint(i / 48); return [at.x, at.y]; });
  });
  network.destroy();
  return [nodes.map(([id]) => [places[id].x, places[id].y]), lines];
}"""


def version() -> str:
    """Say what takes part.

    Raises:
        ImportError: there is no pyvis, or no browser.
    """
    _script()
    find_browser()
    return f"of pyvis {version_of('pyvis')}"


def _script() -> Path:
    import pyvis

    found = sorted(Path(pyvis.__file__).parent.glob("**/vis-network.min.js"))
    if not found:
        raise ImportError("pyvis brings no vis-network.min.js")
    return found[-1]


def draw(graphs: Iterable[Graph]) -> Iterator[Drawn]:
    """Yield a drawing of each graph."""
    with open_page(_script().read_text("utf-8")) as page:
        for graph in graphs:
            yield min(
                (_draw(page, graph, method) for method in ("directed", "hubsize")), key=lambda it: _flaws(graph, it)
            )


def _flaws(graph: Graph, drawn: Drawn) -> int:
    found = measure(graph, drawn)
    return found.overlaps + found.through + found.crossings


def _draw(page: Any, graph: Graph, method: str) -> Drawn:
    number = {shape.id: index for index, shape in enumerate(graph.shapes)}
    nodes = [[number[shape.id], shape.width, shape.height] for shape in graph.shapes]
    edges = [[number[source], number[target]] for source, target in graph.edges]
    level = DOWN.layer + max(shape.height for shape in graph.shapes)
    space = DOWN.box + max(shape.width for shape in graph.shapes)
    middles, lines = page.evaluate(READ, [nodes, edges, level, space, method])
    boxes = {
        shape.id: Rect(x, y, shape.width, shape.height) for shape, (x, y) in zip(graph.shapes, middles, strict=True)
    }
    seen = {
        edge: _visible([(x, y) for x, y in line], boxes[edge[0]], boxes[edge[1]])
        for edge, line in zip(graph.edges, lines, strict=True)
    }
    return Drawn(boxes, seen)


def _visible(line: list[Point], source: Rect, target: Rect) -> tuple[Point, ...]:
    """Cut off what is hidden under the boxes at the ends: lines lead from middle to middle."""
    first = next((index for index, point in enumerate(line) if not _holds(source, point)), len(line) - 1)
    last = next((index for index in range(len(line) - 1, -1, -1) if not _holds(target, line[index])), 0)
    return tuple(line[first : max(last, first) + 1])


def _holds(box: Rect, point: Point) -> bool:
    return abs(point[0] - box.x) <= box.width / 2 and abs(point[1] - box.y) <= box.height / 2
