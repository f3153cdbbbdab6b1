"""What of a long run is told: the beginning, the end, what failed; and words for what lies between.

A playback lives in the output of a cell, so it must not grow with the run. Up to `MOST` records are told one by one.
Of a longer run the first and the last are, and those around each failure; the rest is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from wfkit.display.words import brief, count
from wfkit.records import EventSent, Record, RunIdle, StepFailed, StepStarted, StepWaiting

MOST: Final = 1_500
MOST_STRETCHES: Final = 20
# Of what is told one by one: how much of it is the beginning, and how much the end.
_FIRST: Final = 0.2
_LAST: Final = 0.5
_BEFORE: Final = 8
_AFTER: Final = 6
_SHORT: Final = 4  # to leave out fewer would save nothing
_LONGEST_LOOP: Final = 12
_STEPS: Final = 5


class Stretch(NamedTuple):
    """Records that follow each other.

    Attributes:
        start, stop: the places of the first one and of the one after the last.
        told: whether they are told one by one.
    """

    start: int
    stop: int
    told: bool


def choose(records: Sequence[Record], most: int = MOST, most_stretches: int = MOST_STRETCHES) -> list[Stretch]:
    """Return which records are told one by one, and which are left out.

    Args:
        records: of a run.
        most: how many moments there may be; a stretch that is left out is one.
        most_stretches: how many stretches may be left out.

    Example:
        assert choose(records[:1000]) == [Stretch(0, 1000, True)]
    """
    size = len(records)
    if size <= most:
        return [Stretch(0, size, True)] if size else []
    told = bytearray(size)
    first, last = int(most * _FIRST), int(most * _LAST)
    told[:first] = b"\1" * first
    told[size - last :] = b"\1" * last
    room = most - first - last - most_stretches
    windows = most_stretches - 1
    for place in _notable(records):
        if room < _BEFORE + _AFTER or not windows:
            break
        start, stop = max(0, place - _BEFORE), min(size, place + _AFTER + 1)
        new = told.count(0, start, stop)
        if new:
            told[start:stop] = b"\1" * (stop - start)
            room -= new
            windows -= 1
    end = told.rfind(0) + 1
    told[max(first, end - room) : end] = b"\1" * (end - max(first, end - room))
    return _stretches(told)


def _notable(records: Sequence[Record]) -> Iterator[int]:
    """Yield the places of what a reader will look for, the most important first."""
    given_up: list[int] = []
    tried_again: list[int] = []
    rests: list[int] = []
    for place, record in enumerate(records):
        if isinstance(record, StepFailed):
            (given_up if record.retry_in is None else tried_again).append(place)
        elif isinstance(record, (RunIdle, StepWaiting)):
            rests.append(place)
    for places in (given_up, tried_again, rests):
        yield from _from_both_ends(places)


def _from_both_ends(places: list[int]) -> Iterator[int]:
    for first, last in zip(range((len(places) + 1) // 2), range(len(places) - 1, -1, -1), strict=False):
        yield places[last]
        if first != last:
            yield places[first]


def _stretches(told: bytearray) -> list[Stretch]:
    found: list[Stretch] = []
    start, size = 0, len(told)
    while start < size:
        stop = told.find(1 - told[start], start)
        stop = size if stop < 0 else stop
        kept = bool(told[start]) or stop - start < _SHORT
        if found and found[-1].told and kept:
            start = found.pop().start
        found.append(Stretch(start, stop, kept))
        start = stop
    return found


def tell_left_out(records: Iterable[Record]) -> str:
    """Say in words what happened in records that are left out.

    Example:
        "8,112 records are left out: ask → answer, 2,000 times over; 4,000 events were sent"
    """
    started: list[str] = []
    sent = failed = again = total = 0
    for record in records:
        total += 1
        if isinstance(record, StepStarted):
            if record.attempt == 1:
                started.append(record.step)
        elif isinstance(record, EventSent):
            sent += 1
        elif isinstance(record, StepFailed):
            failed += record.retry_in is None
            again += record.retry_in is not None
    parts = _tell_steps(started)
    if sent:
        parts.append(f"{count(sent, 'event')} sent")
    if failed:
        parts.append(f"{count(failed, 'step')} failed")
    if again:
        parts.append(f"{count(again, 'attempt')} failed and {'was' if again == 1 else 'were'} to be made again")
    head = f"{count(total, 'record')} left out"
    return f"{head}: {', '.join(parts)}" if parts else head


def _tell_steps(started: list[str]) -> list[str]:
    for length in range(1, _LONGEST_LOOP + 1):
        if len(started) < 3 * length:
            break
        if length > 1 and started[length:] == started[:-length]:
            turn = " → ".join(_name(step) for step in started[:length])
            return [f"{turn}, {len(started) // length:,} times over"]
    ran = Counter(started).most_common()
    told = [f"{_name(step)} ran {_times(number)}" for step, number in ran[:_STEPS]]
    if len(ran) > _STEPS:
        others = sum(number for _, number in ran[_STEPS:])
        told.append(f"{count(len(ran) - _STEPS, 'other step')} ran {_times(others)}")
    return told


def _name(step: str) -> str:
    return brief(step, 60)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
