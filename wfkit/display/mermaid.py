"""The picture as Mermaid text: JupyterLab and many sites draw it by themselves."""

from __future__ import annotations

import hashlib
import re

from wfkit.display.figure import Figure, Shape
from wfkit.display.tokens import LIGHT

_BRACKETS = {"step": ("[", "]"), "person": ("[[", "]]"), "fold": ("[", "]")}
_ENTITIES = {ord(char): f"#{ord(char)};" for char in '#"&<>`\\{}[]|;%'}


def draw_mermaid(figure: Figure) -> str:
    """Return a figure as a Mermaid flow chart, from top to bottom."""
    ids = {shape.id: _id(shape) for shape in figure.shapes}
    lines = ["flowchart TD"]
    for shape in figure.shapes:
        opening, closing = _BRACKETS.get(shape.kind, ("([", "])"))
        sign = f" {shape.state}" if shape.state else ""
        note = f"<br/>{escape_label(shape.note)}" if shape.note else ""
        label = f'"{escape_label(shape.label)}{sign}{note}"'
        lines.append(f"    {ids[shape.id]}{opening}{label}{closing}:::{_class_of(shape)}")
    for arrow in figure.arrows:
        lines.append(f"    {ids[arrow.source]} {'-.->' if arrow.quiet else '-->'} {ids[arrow.target]}")
    for name in sorted({_class_of(shape) for shape in figure.shapes}):
        lines.append(f"    classDef {name} {_style(name)}")
    return "\n".join(lines) + "\n"


def escape_label(text: str) -> str:
    """Return text that is safe inside a quoted Mermaid label."""
    return text.translate(_ENTITIES)


def _id(shape: Shape) -> str:
    """Return an id without the characters and the words that mean something to Mermaid."""
    prefix = {"step": "s", "person": "p", "fold": "f"}.get(shape.kind, "e")
    plain = re.sub(r"[^A-Za-z0-9]+", "_", shape.id[:200])
    if plain == shape.id and len(plain) <= 60:
        return f"{prefix}_{plain}"
    return f"{prefix}_{plain[:32]}_{hashlib.blake2b(shape.id.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _class_of(shape: Shape) -> str:
    if shape.state in ("failed", "waiting", "running", "cancelled"):
        return shape.state
    if shape.kind in ("question", "answer"):
        return "event"
    return shape.kind


def _style(name: str) -> str:
    fill = LIGHT.get(f"{name}-line") and LIGHT[name]
    line = LIGHT.get(f"{name}-line", LIGHT.get(name, LIGHT["quiet"]))
    dashes = ",stroke-dasharray:5 4" if name in ("person", "fold") else ""
    return f"fill:{fill or LIGHT['raised']},stroke:{line},color:{LIGHT['ink']}{dashes}"
