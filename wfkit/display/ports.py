"""Where edges touch their boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from wfkit.display.ranks import Edge
from wfkit.display.spacing import Spacing

Ports = dict[Edge, float]
"""For each box and what comes next on the way of an edge, the x at which the edge touches the box."""

# How near to each other edges may leave a box, and their tips arrive at one.
LINE = 4.0
TIP = 8.0
# Two bends so near to each other, sideways, look like a mistake: there the edge goes straight.
JOLT = 10.0
# The least distance between an edge and the corner of a box: nearer, the end of a pill is too round.
ROUND = 10.0


def find_ports(
    chains: Iterable[Sequence[int]], xs: Sequence[float], widths: Sequence[float], spacing: Spacing
) -> tuple[Ports, Ports]:
    """Return where edges leave their boxes, and where they arrive.

    Args:
        chains: for each edge the numbers that it passes, boxes at its ends and dummies between.
        xs: the middle of each box and dummy.
        widths: of the boxes.
        spacing: how far things stand apart.
    """
    ends = [(chain[0], chain[1], chain[-2], chain[-1]) for chain in chains]
    leaving = _ports({(box, following) for box, following, _, _ in ends}, xs, widths, spacing, LINE)
    entering = _ports({(box, before) for _, _, before, box in ends}, xs, widths, spacing, TIP)
    beside_leaving, beside_entering = _by_box(leaving), _by_box(entering)
    boxes, inset = len(widths), min(ROUND, spacing.inset)
    room = [(xs[box] - width / 2 + inset, xs[box] + width / 2 - inset) for box, width in enumerate(widths)]
    for source, following, before, target in ends:
        out, into = (source, following), (target, before)
        if following < boxes:
            if leaving[out] != entering[into]:
                _shift(leaving, out, entering[into], beside_leaving, room)
                _shift(entering, into, leaving[out], beside_entering, room)
        else:
            _shift(leaving, out, xs[following], beside_leaving, room)
            _shift(entering, into, xs[before], beside_entering, room)
    return leaving, entering


def _ports(ends: Iterable[Edge], xs: Sequence[float], widths: Sequence[float], spacing: Spacing, least: float) -> Ports:
    """Return the port of each (box, next on the way), in the order of the ways.

    Edges touch the box as near to where they go as they can, a gap apart; one alone touches it in the middle. Where
    they would be nearer than the least gap, they meet in the middle.
    """
    ways: dict[int, list[int]] = defaultdict(list)
    for box, following in ends:
        ways[box].append(following)
    ports: Ports = {}
    for box, others in ways.items():
        x, room = xs[box], max(0.0, widths[box] / 2 - spacing.inset)
        gap = min(spacing.port, 2 * room / (len(others) - 1)) if len(others) > 1 else 0.0
        if gap < least:
            ports |= {(box, other): x for other in others}
            continue
        others.sort(key=lambda other: (xs[other], other))
        wanted = [min(max(xs[other], x - room), x + room) for other in others]
        for other, port in zip(others, _spread(wanted, gap, x - room, x + room), strict=True):
            ports[box, other] = port
    return ports


def _spread(wanted: list[float], gap: float, least: float, most: float) -> list[float]:
    """Keep sorted places a gap apart, and each near to where it is wanted: the mean of pushing right and left."""
    pushed_right, pushed_left = list(wanted), list(wanted)
    last = len(wanted) - 1
    for index in range(1, last + 1):
        pushed_right[index] = max(wanted[index], pushed_right[index - 1] + gap)
        pushed_left[last - index] = min(wanted[last - index], pushed_left[last - index + 1] - gap)
    for index in range(last + 1):
        pushed_right[last - index] = min(pushed_right[last - index], most - gap * index)
        pushed_left[index] = max(pushed_left[index], least + gap * index)
    return [(a + b) / 2 for a, b in zip(pushed_right, pushed_left, strict=True)]


def _by_box(ports: Ports) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = defaultdict(list)
    for end in ports:
        found[end[0]].append(end)
    return found


def _shift(
    ports: Ports, end: Edge, wanted: float, beside: dict[int, list[Edge]], room: Sequence[tuple[float, float]]
) -> None:
    """Move a port a little, so that its edge is straight, if it keeps its distance from corners and other ports."""
    box, port = end[0], ports[end]
    least, most = room[box]
    if port == wanted or abs(wanted - port) > JOLT or not least <= wanted <= most:
        return
    for other in beside[box]:
        there = ports[other]
        if other != end and (there == port or (there < port) != (there < wanted) or abs(there - wanted) < TIP):
            return
    ports[end] = wanted
