"""The tables: one row for each graph, one column for each contender."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.layouts.quality import Quality

SUBJECT = "wfkit"
"""The contender that gates are for, and whose lengths the others' are taken to."""

RIVAL = "dot"
"""The contender that ours is held against."""

LEEWAY = 1.1
"""Our crossings may be this many times the rival's, all graphs taken together."""

Results = Mapping[str, Mapping[str, Quality]]
"""By graph, then by contender."""


def draw_tables(results: Results, names: Sequence[str]) -> str:
    """Return the tables and the verdict as text."""
    parts = [
        _table(
            "crossings", names, [[row, *_counts(found, names, _crossings)] for row, found in results.items()], _sums
        ),
        _table(
            "length of all edges", names, [[row, *_shares(found, names, _length)] for row, found in results.items()]
        ),
        _table("longest edge", names, [[row, *_shares(found, names, _longest)] for row, found in results.items()]),
        _faults(results, names),
        *verdict(results),
    ]
    return "\n\n".join(parts)


def verdict(results: Results) -> list[str]:
    """Return a line for what has to hold of ours; each begins with "ok" or "MISS"."""
    ours = [found[SUBJECT] for found in results.values() if SUBJECT in found]
    flaws = sum(found.overlaps + found.through + found.labels for found in ours)
    lines = [f"{'MISS' if flaws else 'ok'}: {flaws} overlaps, edges through boxes and covered labels"]
    both = [found for found in results.values() if SUBJECT in found and RIVAL in found]
    if both:
        mine, its = (sum(found[name].crossings for found in both) for name in (SUBJECT, RIVAL))
        lines.append(f"{'MISS' if mine > its * LEEWAY else 'ok'}: {mine} crossings, {RIVAL} has {its}")
    return lines


def _crossings(found: Quality) -> float:
    return found.crossings


def _length(found: Quality) -> float:
    return found.length


def _longest(found: Quality) -> float:
    return found.longest


def _counts(found: Mapping[str, Quality], names: Sequence[str], of: Callable[[Quality], float]) -> list[str]:
    return [f"{of(found[name]):.0f}" if name in found else "-" for name in names]


def _shares(found: Mapping[str, Quality], names: Sequence[str], of: Callable[[Quality], float]) -> list[str]:
    """Return figures relative to ours."""
    unit = of(found[SUBJECT]) if SUBJECT in found else 0.0
    return [f"{of(found[name]) / unit:.2f}" if name in found and unit else "-" for name in names]


def _faults(results: Results, names: Sequence[str]) -> str:
    kinds: dict[str, Callable[[Quality], int]] = {
        "boxes that overlap": lambda found: found.overlaps,
        "edges through a box": lambda found: found.through,
        "labels covered": lambda found: found.labels,
    }
    rows = [
        [kind, *(str(sum(of(found[name]) for found in results.values() if name in found)) for name in names)]
        for kind, of in kinds.items()
    ]
    return _table("all graphs", names, rows, lambda _: [])


def _sums(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = zip(*(row[1:] for row in rows), strict=True)
    return ["sum", *(str(sum(int(cell) for cell in column if cell != "-")) for column in columns)]


def _means(rows: Sequence[Sequence[str]]) -> list[str]:
    means = []
    for column in zip(*(row[1:] for row in rows), strict=True):
        found = [float(cell) for cell in column if cell != "-"]
        means.append(f"{sum(found) / len(found):.2f}" if found else "-")
    return ["mean", *means]


def _table(
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    total: Callable[[Sequence[Sequence[str]]], list[str]] = _means,
) -> str:
    """Return rows under a head, in columns as wide as they need, and what they come to."""
    last = total(rows)
    lines = [[title, *names], *rows, *([last] if last else [])]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    text = [
        "  ".join(
            [line[0].ljust(widths[0]), *(part.rjust(width) for part, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    ]
    rule = "-" * max(map(len, text))
    return "\n".join([text[0], rule, *text[1 : len(rows) + 1], *([rule, text[-1]] if last else [])])
