"""Graphviz dot, the layout that all others are measured by, with the same boxes and the same gaps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator

from benchmarks.layouts.graph import Drawn, Graph, Point, Rect, along_curve
from wfkit.display.spacing import DOWN

INCH = 72.0  # dot counts points, 72 to the inch; here a point is a px


def version() -> str:
    """Say what takes part.

    Raises:
        ImportError: there is no `dot`.
    """
    if shutil.which("dot") is None:
        raise ImportError("there is no command dot; install Graphviz")
    return subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr.split()[4]


def draw(graphs: Iterable[Graph]) -> Iterator[Drawn]:
    """Yield a drawing of each graph."""
    for graph in graphs:
        asked = _spell(graph)
        answer = subprocess.run(["dot", "-Tplain"], input=asked, capture_output=True, text=True, check=True)
        yield _read(graph, answer.stdout)


def _spell(graph: Graph) -> str:
    gaps = f"nodesep={DOWN.box / INCH} ranksep={DOWN.layer / INCH}"
    lines = [f'digraph {{ {gaps} node [shape=box fixedsize=true label=""]']
    for index, shape in enumerate(graph.shapes):
        lines.append(f"n{index} [width={shape.width / INCH} height={shape.height / INCH}]")
    number = {shape.id: index for index, shape in enumerate(graph.shapes)}
    lines += [f"n{number[source]} -> n{number[target]} [arrowsize=0]" for source, target in graph.edges]
    return "\n".join([*lines, "}"])


def _read(graph: Graph, plain: str) -> Drawn:
    """Read dot's plain format: a line of words for each node and edge, in inches, y upwards."""
    names = {f"n{index}": shape.id for index, shape in enumerate(graph.shapes)}
    boxes: dict[str, Rect] = {}
    lines: dict[tuple[str, str], tuple[Point, ...]] = {}
    for words in map(str.split, plain.splitlines()):
        if words[0] == "node":
            x, y, width, height = (float(word) * INCH for word in words[2:6])
            boxes[names[words[1]]] = Rect(x, -y, width, height)
        elif words[0] == "edge":
            numbers = [float(word) * INCH for word in words[4 : 4 + 2 * int(words[3])]]
            points = [(x, -y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            line = points[:1]
            for index in range(1, len(points), 3):
                first, second, end = points[index : index + 3]
                line += along_curve(line[-1], first, second, end)
            lines[names[words[1]], names[words[2]]] = tuple(line)
    return Drawn(boxes, {edge: lines[edge] for edge in graph.edges})
