"""The picture as plain text: one line a step."""

from __future__ import annotations

from collections import defaultdict

from wfkit.display.figure import Figure, Shape


def draw_text(figure: Figure) -> str:
    """Return a figure as a listing: the name, then for each step what it takes and what it produces.

    Example:
        LoopExampleFlow
          StartEvent | QueryEvent -> answer_query -> FailedEvent | StopEvent
          FailedEvent -> improve_query -> QueryEvent | StopEvent
    """
    shapes = {shape.id: shape for shape in figure.shapes}
    before: dict[str, list[Shape]] = defaultdict(list)
    after: dict[str, list[Shape]] = defaultdict(list)
    collected: dict[str, list[Shape]] = defaultdict(list)
    for arrow in figure.arrows:
        if arrow.quiet:
            collected[arrow.target].append(shapes[arrow.source])
        else:
            after[arrow.source].append(shapes[arrow.target])
            before[arrow.target].append(shapes[arrow.source])
    lines = [figure.name]
    for shape in figure.shapes:
        if not shape.is_event:
            lines.append("  " + _line(shape, before[shape.id], after[shape.id], collected[shape.id]))
    loose = [shape.label for shape in figure.shapes if shape.loose]
    if loose:
        lines.append("  taken by nobody: " + ", ".join(loose))
    if len(lines) == 1:
        lines.append("  (no steps)")
    return "\n".join(lines + [f"  {remark}" for remark in figure.remarks])


def _line(shape: Shape, before: list[Shape], after: list[Shape], collected: list[Shape]) -> str:
    taken = " | ".join(dict.fromkeys(other.label for other in before))
    produced = " | ".join(dict.fromkeys(other.label for other in after))
    middle = shape.label + (f" {shape.mark}" if shape.mark else "")
    line = " -> ".join(part for part in (taken, middle, produced) if part)
    told = [part for part in (shape.state if shape.state != "done" else "", shape.note) if part]
    if collected:
        told.append("with what was put aside by " + ", ".join(other.label for other in collected))
    return line + (f"  ({', '.join(told)})" if told else "")
