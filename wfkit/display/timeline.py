"""When the steps of a run were at work: rows of bars, and an axis on which long rests are short."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from heapq import heappop, heappush
from typing import Final, Literal, NamedTuple, TypeAlias

from wfkit.standing import OPEN, Execution, Stage

BarKind: TypeAlias = Literal["run", "hold", "wait", "retry", "fail", "open"]
FoldKind: TypeAlias = Literal["idle", "skipped"]

MOST_BARS: Final = 60  # of one execution
MOST_FOLDS: Final = 40
# A rest that would take more than this share of the axis is folded to `_WIDTH` of it, all of them to `_WIDEST` at most.
_SHARE: Final = 0.25
_WIDTH: Final = 0.04
_WIDEST: Final = 0.4
_KINDS: Final[dict[Stage, BarKind]] = {"running": "run", "held": "hold", "waiting": "wait", "retrying": "retry"}


class Bar(NamedTuple):
    """A stretch of one execution.

    Attributes:
        start, end: in seconds since the first record.
        kind: at work, held by a hook, waiting for an event or for another attempt, an attempt that failed, still at
            work.
    """

    start: float
    end: float
    kind: BarKind


class Fold(NamedTuple):
    """A long span in which nothing happens that is shown.

    Attributes:
        start, end: in seconds since the first record.
        kind: whether nothing ran, or what ran is left out.
    """

    start: float
    end: float
    kind: FoldKind


class Timeline:
    """Rows and bars of the executions of a run.

    An execution keeps its row from its start to its end, also while it waits; the next one takes the first row of its
    step that is free. So a step has as many rows as executions were open at once.

    Args:
        turns: every change of an execution, as `Standing` has them, in the order of their places.
        times: of the records, in seconds since the first one, never falling.
        shown: the executions whose bars are asked for.

    Attributes:
        rows: for each execution that is shown its step and its row's number in it, from 1.
        bars: their bars.
        rests: spans in which nothing ran, of all executions.
        held: seconds in which something was held.
    """

    def __init__(
        self, turns: Iterable[tuple[int, Execution, Stage]], times: Sequence[float], shown: Container[Execution]
    ) -> None:
        self.rows: dict[Execution, tuple[str, int]] = {}
        self.bars: dict[Execution, list[Bar]] = {}
        self.rests: list[tuple[float, float]] = []
        self.held = 0.0
        self._shown = shown
        self._since: dict[Execution, tuple[float, Stage]] = {}
        self._row_of: dict[Execution, int] = {}
        self._free: dict[str, list[int]] = {}
        self._rows: dict[str, int] = {}
        self._read(turns, times)

    def _read(self, turns: Iterable[tuple[int, Execution, Stage]], times: Sequence[float]) -> None:
        since, running, rest = self._since, 0, 0.0
        held, until = 0, 0.0
        for place, execution, stage in turns:
            now = times[place] if place > 0 else 0.0
            before = since.get(execution)
            if before is None:
                self._enter(execution)
            elif execution in self._shown:
                self._draw(execution, before, now, stage)
            self.held += (now - until) * (held > 0)
            until = now
            held += (stage == "held") - (before is not None and before[1] == "held")
            if stage == "running":
                if not running and now > rest:
                    self.rests.append((rest, now))
                running += 1
            if before is not None and before[1] == "running":
                running -= 1
                if not running:
                    rest = now
            if stage in OPEN:
                since[execution] = now, stage
            else:
                self._leave(execution)
        end = times[-1] if times else 0.0
        self.held += (end - until) * (held > 0)
        if not running and end > rest:
            self.rests.append((rest, end))
        for execution, (start, stage) in since.items():
            if execution in self._shown:
                kind = "open" if stage == "running" else _KINDS[stage]
                self._add(execution, Bar(start, end, kind))

    def _enter(self, execution: Execution) -> None:
        step = execution.step
        free = self._free.get(step)
        if free:
            row = heappop(free)
        else:
            row = self._rows[step] = self._rows.get(step, 0) + 1
        self._row_of[execution] = row
        if execution in self._shown:
            self.rows.setdefault(execution, (step, row))
            self.bars.setdefault(execution, [])

    def _leave(self, execution: Execution) -> None:
        row = self._row_of.pop(execution, None)
        self._since.pop(execution, None)
        if row is not None:
            heappush(self._free.setdefault(execution.step, []), row)

    def _draw(self, execution: Execution, before: tuple[float, Stage], now: float, stage: Stage) -> None:
        start, was = before
        failed = was == "running" and stage in ("failed", "retrying")
        self._add(execution, Bar(start, now, "fail" if failed else _KINDS[was]))

    def _add(self, execution: Execution, bar: Bar) -> None:
        bars = self.bars[execution]
        bars.append(bar)
        if len(bars) > MOST_BARS:  # one that waits a thousand times: what lies in the middle becomes one bar
            middle = MOST_BARS // 2
            bars[middle - 1 : middle + 1] = [Bar(bars[middle - 1].start, bars[middle].end, "run")]

    def lanes(self) -> list[tuple[str, int]]:
        """Return the rows in use, grouped by step in the order in which the steps first ran."""
        first = {step: place for place, step in enumerate(self._rows)}
        return sorted(set(self.rows.values()), key=lambda row: (first[row[0]], row[1]))


def fold(
    rests: Sequence[tuple[float, float]], skipped: Sequence[tuple[float, float]], duration: float
) -> tuple[list[tuple[float, float]], list[Fold]]:
    """Return where on an axis from 0 to 1 each time is, and which spans are shortened on it.

    Between the points that are returned the axis runs evenly. A span is folded where it would take more than a quarter
    of the axis; where nothing else takes any time, nothing is.

    Args:
        rests: spans in which nothing runs, in order.
        skipped: spans of which nothing is shown, in order.
        duration: in seconds.

    Example:
        points, folds = fold([(1.0, 31.0)], [], 32.0)
        assert folds == [Fold(1.0, 31.0, "idle")]
        assert points == [(0.0, 0.0), (1.0, 0.48), (31.0, 0.52), (32.0, 1.0)]
    """
    folds = _long([*(Fold(*span, "skipped") for span in skipped), *_outside(rests, skipped)], duration)
    left = duration - sum(span.end - span.start for span in folds)
    if duration <= 0:
        return [(0.0, 0.0), (1.0, 1.0)], []
    if not folds or left <= 0:
        return [(0.0, 0.0), (duration, 1.0)], []
    width = min(_WIDTH, _WIDEST / len(folds))
    scale = (1.0 - width * len(folds)) / left
    points, at, now = [(0.0, 0.0)], 0.0, 0.0
    for span in folds:
        at += (span.start - now) * scale
        if span.start > 0:
            points.append((span.start, round(at, 6)))
        at, now = at + width, span.end
        points.append((now, round(at, 6)))
    if now < duration:
        points.append((duration, 1.0))
    points[-1] = (duration, 1.0)
    return points, folds


def _long(spans: list[Fold], duration: float) -> list[Fold]:
    """Return the spans that are to be folded, in order of time."""
    spans = sorted(spans, key=lambda span: (span.start - span.end, span.start))[:MOST_FOLDS]
    kept = duration - sum(span.end - span.start for span in spans)
    while spans:
        length = spans[-1].end - spans[-1].start
        if length > _SHARE * (kept + length):
            break
        kept += length
        spans.pop()
    found: list[Fold] = []
    for span in sorted(spans):
        if found and found[-1].end == span.start:  # one place on the axis, where something may be left out
            before = found.pop()
            span = Fold(before.start, span.end, max(before.kind, span.kind))
        found.append(span)
    return found


def _outside(rests: Sequence[tuple[float, float]], skipped: Sequence[tuple[float, float]]) -> list[Fold]:
    """Return what of the rests is not in a span that is skipped."""
    ends = [end for _, end in skipped]
    found = []
    for start, end in rests:
        place = bisect_left(ends, start)
        while place < len(skipped) and skipped[place][0] < end:
            if skipped[place][0] > start:
                found.append(Fold(start, skipped[place][0], "idle"))
            start = max(start, skipped[place][1])
            place += 1
        if start < end:
            found.append(Fold(start, end, "idle"))
    return found
