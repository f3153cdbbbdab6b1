"""What events say about progress, and the bars that are drawn of it.

People bring a `ProgressEvent` of their own from earlier systems, so an event is read by the names of its fields. What
it holds is hostile: nothing here raises, whatever the values do.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wfkit.display.words import brief, clean, cut, exact
from wfkit.events import Event, fields_of
from wfkit.progress_event import ProgressEvent

# Bars that are shown at once. More would push the steps out of sight.
MOST: Final = 6
COUNTED: Final = 1_000  # of those beyond, so many are counted
MESSAGE_LIMIT: Final = 160

# The fields that are read, the first that is there counts. Names are compared in lower case.
_FRACTION: Final = ("fraction", "ratio")
_PERCENT: Final = ("percent", "percentage", "pct")
_EITHER: Final = ("progress", "completion")  # up to 1 a fraction, above it per cent
_DONE: Final = ("done", "current", "completed", "finished", "processed", "step", "index", "i", "n")
_TOTAL: Final = ("total", "of", "max", "maximum", "total_steps", "steps", "count")
_MESSAGE: Final = ("message", "msg", "text", "description", "desc", "status", "stage", "detail", "label")


@dataclass(frozen=True, slots=True)
class Progress:
    """What one event says.

    Attributes:
        fraction: the part that has been done, from 0 to 1; None if that cannot be told.
        amount: in words, how much: "3 of 10", "40 %", or "" if it does not say.
        message: what is being done, cleaned and cut; not escaped.
    """

    fraction: float | None
    amount: str
    message: str


def is_progress(event: Event) -> bool:
    """Whether an event reports progress: it is a `ProgressEvent`, ours or the user's own."""
    return isinstance(event, ProgressEvent) or any(base.__name__ == "ProgressEvent" for base in type(event).__mro__)


def read_progress(event: Event) -> Progress:
    """Return what an event says about progress, as far as the names and values of its fields tell.

    Example:
        read_progress(ProgressEvent(done=3, total=10, message="reading"))  # 0.3, "3 of 10", "reading"
    """
    try:
        fields = {str(name).lower(): value for name, value in fields_of(event).items()}
    except Exception:  # an event built in some way of its own
        return Progress(None, "", "")
    fraction = _fraction(fields)
    done = _first(fields, _DONE)
    total = None if done is None else _first(fields, _TOTAL)
    message = _message(fields)
    if fraction is None and done is not None and total is not None:
        return Progress(min(1.0, done / total) if total else 1.0, f"{_spell(done)} of {_spell(total)}", message)
    if fraction is not None:
        return Progress(min(1.0, fraction), f"{math.floor(min(1.0, fraction) * 100 + 1e-9)} %", message)
    return Progress(None, "" if done is None else _spell(done), message)


def _fraction(fields: Mapping[str, Any]) -> float | None:
    found = _first(fields, _FRACTION)
    if found is not None:
        return found
    found = _first(fields, _PERCENT)
    if found is not None:
        return found / 100
    found = _first(fields, _EITHER)
    return found / 100 if found is not None and found > 1 else found


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((number for name in names if (number := _number(fields.get(name))) is not None), None)


def _number(value: Any) -> float | None:
    """Return a value as a number from 0 up, None if it is no such thing."""
    try:
        if value is None or isinstance(value, bool):
            return None
        if isinstance(value, (str, bytes)):
            if len(value) > 20:
                return None
            text = value.decode() if isinstance(value, bytes) else value
            number = float(text.rstrip("% "))
        else:
            number = float(value)
        return number if 0 <= number < math.inf else None
    except Exception:  # it is no number, or one of the user's own that fails
        return None


def _spell(number: float) -> str:
    return f"{round(number):,}" if number == round(number) or number >= 1_000 else f"{number:.3g}"


def _message(fields: Mapping[str, Any]) -> str:
    for name in _MESSAGE:
        value: Any = fields.get(name)
        if issubclass(type(value), str) and exact(value):
            return brief(exact(value), MESSAGE_LIMIT)
    return ""


@dataclass(slots=True)
class Bar:
    """One bar.

    Attributes:
        label: what reports, such as the name of a step.
        event: what it reported last.
        source: the delivery, or the child run, that reported.
        over: whether that has ended, so that another may take the bar's place.
    """

    label: str
    event: Event
    source: Hashable
    over: bool = False


class Bars:
    """The bars of one run, each in a place that it keeps.

    A delivery that reports has a bar. When it has ended, its bar stays as it was until the next delivery of the same
    step reports: so the workers of a step have a bar each, and a loop has one.

    Attributes:
        shown: the bars, in their places.
        hidden: how many more report than there are places, as far as that is counted.
    """

    def __init__(self) -> None:
        self.shown: list[Bar] = []
        self._places: dict[tuple[Hashable, str], Bar] = {}
        self._outside: dict[Hashable, set[str]] = {}
        self.hidden = 0

    def report(self, source: Hashable, label: str, event: Event) -> None:
        """Take note of an event that reports progress.

        Args:
            source: the delivery, or the child run, that wrote it.
            label: what to call that.
            event: what it wrote.
        """
        name = _name_of(event)
        bar = self._places.get((source, name))
        if bar is not None:
            bar.event, bar.over = event, False
            return
        label = f"{label} · {name}" if name else label
        bar = self._free_place(label)
        if bar is None:
            if self.hidden < COUNTED and name not in self._outside.get(source, ()):
                self._outside.setdefault(source, set()).add(name)
                self.hidden += 1
            return
        bar.label, bar.event, bar.source, bar.over = label, event, source, False
        self._places = {key: known for key, known in self._places.items() if known is not bar}
        self._places[source, name] = bar
        outside = self._outside.get(source, set())
        self.hidden -= name in outside
        outside.discard(name)

    def _free_place(self, label: str) -> Bar | None:
        """Return a bar to be used anew: one that has ended, or the next place, or one that is full."""
        bar = next((bar for bar in self.shown if bar.over and bar.label == label), None)
        if bar is None and len(self.shown) < MOST:
            bar = Bar(label, Event(), None)
            self.shown.append(bar)
        if bar is None:
            bar = next((bar for bar in self.shown if bar.over), None)
        return bar or next((bar for bar in self.shown if read_progress(bar.event).fraction == 1.0), None)

    def end(self, source: Hashable) -> None:
        """Take note that a delivery, or a child run, has ended."""
        for bar in self.shown:
            if bar.source == source:
                bar.over = True
        self.hidden -= len(self._outside.pop(source, ()))


def _name_of(event: Event) -> str:
    name = event.__dict__.get("name") if isinstance(event, ProgressEvent) else None
    return cut(clean(name[:200]), 40) if isinstance(name, str) else ""
