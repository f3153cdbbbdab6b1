"""What remains of a graph's edges when some of its nodes are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

Way: TypeAlias = tuple[str, str, str | None]  # source, target, label


def bridged(ways: Iterable[Way], gone: Mapping[str, str], handles: Mapping[str, Iterable[str]]) -> list[Way]:
    """Return the edges that remain, each once. Where nodes were, an edge goes from what is before to what is behind.

    Args:
        ways: the edges.
        gone: the nodes that are left out, with their labels.
        handles: for each error handler the steps whose failures it takes.
    """
    ways, gone = _apart_by_handler(list(ways), gone, handles)
    onward: dict[str, list[str]] = {}
    for source, target, _ in ways:
        onward.setdefault(source, []).append(target)
    behind: dict[str, list[tuple[str, str]]] = {}
    found: dict[Way, None] = {}
    for source, target, label in ways:
        if source in gone:
            continue
        if target not in gone:
            found[source, target, label] = None
            continue
        if target not in behind:
            behind[target] = list(_reached(target, onward, gone))
        found |= dict.fromkeys((source, reached, between) for reached, between in behind[target])
    return list(found)


def _reached(first: str, onward: Mapping[str, Iterable[str]], gone: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the remaining nodes that a path through removed ones leads to, with the labels along the shortest."""
    before = {first: ""}
    open_ = [first]
    for here in open_:
        for target in onward.get(here, ()):
            if target in before:
                continue
            before[target] = here
            if target in gone:
                open_.append(target)  # its turn comes
            else:
                yield target, " → ".join(reversed(list(_labels(here, before, gone))))


def _labels(node: str, before: Mapping[str, str], gone: Mapping[str, str]) -> Iterator[str]:
    while node:
        yield gone[node]
        node = before[node]


def _apart_by_handler(
    ways: list[Way], gone: Mapping[str, str], handles: Mapping[str, Iterable[str]]
) -> tuple[list[Way], Mapping[str, str]]:
    """Return the edges with a StepFailedEvent that is left out split into one for each handler.

    Else a step whose failures one handler takes would be connected with all handlers.
    """
    shared = {(source, target) for source, target, _ in ways if target in handles and source in gone}
    split = {**gone}
    apart: list[Way] = []
    for source, target in sorted(shared):
        one = f"{source}\0{target}"
        split[one] = gone[source]
        apart += [(step, one, None) for step in handles[target]]
        apart.append((one, target, None))
    return [way for way in ways if way[:2] not in shared] + apart, split
