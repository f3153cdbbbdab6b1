"""The picture as plain text: one line a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from wfkit.display.figure import Figure, Shape
from wfkit.display.words import TIMES

_OUT = {"resource": "resource", "failure": "failure"}
_WORDS = {
    "collected": "with what was put aside by ",
    "emptied": "with nothing that came of ",
    "resource": "uses ",
    "failure": "when it fails: ",
}


def draw_text(figure: Figure) -> str:
    """Return a figure as a listing: the name, then for each step what it takes and what it produces.

    Example:
        LoopExampleFlow
          StartEvent | QueryEvent -> answer_query -> FailedEvent | StopEvent
          FailedEvent -> improve_query -> QueryEvent | StopEvent
    """
    return "\n".join([figure.name, *_lines(figure), *(f"  {remark}" for remark in figure.remarks)])


def _lines(figure: Figure) -> Iterator[str]:
    """Yield the lines of the steps, then those of each frame, further in."""
    names = {shape.id: shape.label for shape in figure.shapes} | {found.id: found.name for found in figure.clusters}
    ways: dict[tuple[str, str], list[str]] = defaultdict(list)  # (what, whose) -> labels at the other end
    for arrow in figure.arrows:
        if arrow.kind in ("collected", "emptied", "child"):
            ways[arrow.kind, arrow.target].append(names[arrow.source])
            continue
        ways[_OUT.get(arrow.kind, "after"), arrow.source].append(
            f"{names[arrow.target]} {TIMES} n" if arrow.kind == "many" else names[arrow.target]
        )
        if not arrow.quiet:
            ways["before", arrow.target].append(names[arrow.source])
    told = {shape.id: shape.note for shape in figure.shapes if shape.is_event and shape.note}
    seen = False
    for shape in figure.shapes:
        uses = ways["resource", shape.id]
        if shape.is_resource and not uses:
            continue
        if not shape.is_event:
            seen = True
            heard = [told[arrow.source] for arrow in figure.arrows if arrow.target == shape.id and arrow.source in told]
            yield "  " + _line(shape, ways, heard)
    loose = [shape.label for shape in figure.shapes if shape.loose]
    if loose:
        yield "  taken by nobody: " + ", ".join(loose)
    if not seen and not loose:
        yield "  (no steps)"
    for cluster in figure.clusters:
        users = ways["child", cluster.id]
        yield f"  {cluster.name}" + (f"  (run by {', '.join(users)})" if users else "")
        if cluster.figure is not None:
            yield from ("  " + line for line in _lines(cluster.figure))


def _line(shape: Shape, ways: dict[tuple[str, str], list[str]], heard: list[str]) -> str:
    taken = " | ".join(dict.fromkeys(ways["before", shape.id]))
    produced = " | ".join(dict.fromkeys(ways["after", shape.id]))
    middle = shape.label + (f" {shape.mark}" if shape.mark else "")
    line = " -> ".join(part for part in (taken, middle, produced) if part)
    state = shape.state or ""
    if state == "done" or f" {state}" in shape.note:  # several at once: the note counts their states
        state = ""
    told = [part for part in (state, shape.note, *heard) if part]
    for what, words in _WORDS.items():
        if found := ways[what, shape.id]:
            told.append(words + ", ".join(found))
    return line + (f"  ({', '.join(told)})" if told else "")
