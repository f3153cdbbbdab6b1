"""The picture as Mermaid text: JupyterLab and many sites draw it by themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from wfkit.display.figure import Arrow, Figure, Shape
from wfkit.display.spacing import Direction
from wfkit.display.tokens import LIGHT

_BRACKETS = {
    "step": ("[", "]"),
    "person": ("[[", "]]"),
    "fold": ("[", "]"),
    "resource": ("{{", "}}"),
    "config": ("{{", "}}"),
}
_WAYS = {"event": "-->", "many": '==>|"\u00d7 n"|', "resource": "-.-"}
_ENTITIES = {ord(char): f"#{ord(char)};" for char in '#"&<>`\\{}[]|;%$'}


def draw_mermaid(figure: Figure, direction: Direction = "down") -> str:
    """Return a figure as a Mermaid flow chart.

    Args:
        figure: what to draw.
        direction: where the flow goes, "down" or "right".
    """
    ids = {shape.id: _id(shape) for shape in figure.all_shapes}
    ids |= {cluster.id: _plain("c", cluster.id) for cluster in figure.all_clusters}
    lines = [f"flowchart {'LR' if direction == 'right' else 'TD'}", *_shapes(figure, ids, "    ")]
    for arrow in figure.all_arrows:
        lines.append(f"    {ids[arrow.source]} {_way(arrow)} {ids[arrow.target]}")
    for name in sorted({_class_of(shape) for shape in figure.all_shapes}):
        lines.append(f"    classDef {name} {_style(name)}")
    return "\n".join(lines) + "\n"


def _shapes(figure: Figure, ids: dict[str, str], indent: str) -> Iterator[str]:
    """Yield the lines of the shapes, and of the frames with what is in them."""
    for shape in figure.shapes:
        opening, closing = _BRACKETS.get(shape.kind, ("([", "])"))
        sign = f" {shape.state}" if shape.state else ""
        note = f"<br/>{escape_label(shape.note)}" if shape.note else ""
        label = f'"{escape_label(shape.label)}{sign}{note}"'
        yield f"{indent}{ids[shape.id]}{opening}{label}{closing}:::{_class_of(shape)}"
    for cluster in figure.clusters:
        if cluster.figure is None or not cluster.figure.shapes:  # Mermaid does not draw a subgraph without shapes
            yield f'{indent}{ids[cluster.id]}["{escape_label(cluster.name)}"]'
        else:
            yield f'{indent}subgraph {ids[cluster.id]}["{escape_label(cluster.name)}"]'
            yield from _shapes(cluster.figure, ids, indent + "    ")
            yield f"{indent}end"


def _way(arrow: Arrow) -> str:
    return _WAYS.get(arrow.kind, "-.->")


def escape_label(text: str) -> str:
    """Return text that is safe inside a quoted Mermaid label."""
    return text.translate(_ENTITIES)


def _id(shape: Shape) -> str:
    kind = "resource" if shape.is_resource else shape.kind
    return _plain({"step": "s", "person": "p", "fold": "f", "resource": "r"}.get(kind, "e"), shape.id)


def _plain(prefix: str, id: str) -> str:
    """Return an id without the characters and the words that mean something to Mermaid."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", id[:200])
    if plain == id and len(plain) <= 60:
        return f"{prefix}_{plain}"
    return f"{prefix}_{plain[:32]}_{hashlib.blake2b(id.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _class_of(shape: Shape) -> str:
    if shape.state in ("failed", "held", "waiting", "running", "cancelled"):
        return shape.state
    if shape.kind in ("question", "answer"):
        return "event"
    if shape.is_resource:
        return "resource"
    return shape.kind


def _style(name: str) -> str:
    token = "person" if name == "resource" else name
    fill = LIGHT.get(f"{token}-line") and LIGHT[token]
    line = LIGHT.get(f"{token}-line", LIGHT.get(token, LIGHT["quiet"]))
    dashes = ",stroke-dasharray:5 4" if name in ("person", "fold") else ""
    return f"fill:{fill or LIGHT['raised']},stroke:{line},color:{LIGHT['ink']}{dashes}"
