"""What the page of a debugger shows, as small plain JSON. Pure: it reads a debugger and changes nothing.

Everything a person made (names, values, errors) goes through `wfkit.display.words` here, and into text nodes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wfkit.display.words import FIELD_LIMIT, brief, count, fields_of, name_of_type, shown
from wfkit.events import Event, StopEvent
from wfkit.hooks.telling import tell
from wfkit.records import Record, spell

MOST_READY: Final = 40
MOST_STOPS: Final = 200
_NAME: Final = 60
_WORDS: Final = 300
_LINE: Final = 180
ENDED: Final = ("done", "failed", "timed out", "cancelled")


def key_of(delivery: Any) -> str:
    """Return what a page calls a delivery: its id has more digits than a number of JavaScript can hold."""
    return f"{delivery.id:x}"


def headline(status: str, stop: Any) -> str:
    """Return in words how the run stands.

    Example:
        assert headline("running", None) == "RUNNING"
    """
    if status != "held":
        return status.upper()
    ready = stop.ready
    if not ready:
        return f"HELD, {count(len(stop.running), 'step')} at work" if stop.running else "HELD"
    first = ready[0]
    step = brief(first.step, _NAME)
    if first.error is not None:
        return f"HELD, {step} has failed"
    if first.result is not None:
        return f"HELD before {brief(type(first.result).__name__, _NAME)} ends the run"
    others = len({delivery.step for delivery in ready}) - 1
    return f"HELD before {step}" + (f" and {count(others, 'more step')}" if others else "")


def how_many(stop: Any) -> str:
    """Return in words how many deliveries are ready and at work at a stop."""
    told = [(len(stop.ready), "ready"), (len(stop.running), "running"), (len(stop.waiting), "waiting")]
    told.append((sum(stop.queued.values()), "queued"))
    return ", ".join(f"{number:,} {word}" for number, word in told if number)


def what_next(status: str, chosen: Any, breakpoints: Iterable[Any], looking: int | None, holding: bool = False) -> str:
    """Return in words what the next click does.

    Args:
        status: how the run stands.
        chosen: the delivery that a step would let go, or None.
        breakpoints: where the run stops by itself.
        looking: the stop that is looked at, None for now.
        holding: whether everything that comes is held.
    """
    if looking is not None:
        return f"You look at stop {looking}. fork starts a new run from there; the run itself stands where it stood."
    active = list(dict.fromkeys(_place_of(point) for point in breakpoints if point.enabled))
    until = f"to {' or '.join(active[:3])}, or to the end" if active else "to the end"
    if status == "running" and holding:
        step = f" step {_goes(chosen)}." if chosen is not None else ""
        return f"A step is at work; what comes of it is held.{step} continue runs {until}."
    if status == "running":
        return f"Goes on {until}. pause holds whatever comes next."
    if status == "waiting":
        return "Waits for somebody outside. Answer the question, and it goes on."
    if status != "held":
        return ""
    if chosen is None:
        return f"continue lets it run {until}."
    word = "let it fail" if chosen.error is not None else "step"
    return f"{word} {_goes(chosen)}. continue runs {until}."


def _place_of(point: Any) -> str:
    """Return in words where a breakpoint stops a run."""
    if point.failure:
        return "the next failure" if point.step is None else f"a failure of {brief(point.step, _NAME)}"
    if point.state is not None:
        return f"a change of {brief(point.state, _NAME)}"
    return brief(str(point), _NAME)


def _goes(chosen: Any) -> str:
    step = brief(chosen.step, _NAME)
    if chosen.error is not None:
        return f"makes the failure of {step} count"
    if chosen.result is not None:
        return f"lets {brief(type(chosen.result).__name__, _NAME)} end the run"
    return f"gives {brief(type(chosen.event).__name__, _NAME)} to {step}"


def told_of(delivery: Any) -> dict[str, Any]:
    """Return what is shown of a delivery that is held, runs or waits."""
    source = delivery.source
    return {
        "key": key_of(delivery),
        "id": spell(delivery.id),
        "event": brief(type(delivery.event).__name__, _NAME),
        "step": brief(delivery.step, _NAME),
        "from": "outside" if source is None else brief(source, _NAME),
        "attempt": delivery.attempt,
        "brief": _brief_of(delivery.event),
        "error": _error(delivery.error),
        "result": _ending(delivery.result),
        "waits": brief(", ".join(delivery.waits), _WORDS),
    }


def _brief_of(event: Event) -> str:
    return brief(", ".join(f"{name}={value}" for name, value in fields_of(event, 40, 3)), 120)


def _error(error: BaseException | None) -> str:
    return "" if error is None else brief(f"{name_of_type(error)}: {_message(error)}", _WORDS)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # the user's own
        return "(its message cannot be shown)"


def _ending(event: Event | None) -> str:
    if event is None:
        return ""
    value = event.result if type(event) is StopEvent else event
    return f"{brief(type(event).__name__, _NAME)}  {shown(value)}"


def stop_view(stop: Any) -> dict[str, Any]:
    """Return what is shown of a stop beside the picture."""
    return {
        "number": stop.number,
        "why": brief(stop.why, _WORDS),
        "ready": [told_of(delivery) for delivery in stop.ready[:MOST_READY]],
        "more": max(0, len(stop.ready) - MOST_READY),
        "beside": _beside(stop),
        "buffers": _buffers(stop.buffers),
        "changed": [brief(key, FIELD_LIMIT) for key in stop.changed[:40]],
        "problem": brief(stop.problem, 2 * _WORDS),
    }


def _beside(stop: Any) -> list[list[str]]:
    """Return lines on what else is going on: (state, words)."""
    lines = [["running", _line(delivery)] for delivery in stop.running[:8]]
    lines += [["waiting", f"{_line(delivery)} {_for(delivery)}".rstrip()] for delivery in stop.waiting[:8]]
    hidden = len(stop.running) + len(stop.waiting) - len(lines)
    lines += [["queued", f"{number:,} for {brief(step, _NAME)}"] for step, number in list(stop.queued.items())[:8]]
    return lines + ([["", f"and {hidden:,} more"]] if hidden else [])


def _line(delivery: Any) -> str:
    return f"{brief(delivery.step, _NAME)}, with {brief(type(delivery.event).__name__, _NAME)}"


def _for(delivery: Any) -> str:
    return f"for {brief(', '.join(delivery.waits), _NAME)}" if delivery.waits else ""


def _buffers(buffers: Mapping[tuple[str, str], tuple[Event, ...]]) -> list[list[str]]:
    return [
        [brief(step, _NAME), brief(name, _NAME), brief(", ".join(_short(event) for event in events[:8]), _WORDS)]
        for (step, name), events in list(buffers.items())[:12]
        if events
    ]


def _short(event: Event) -> str:
    told = _brief_of(event)
    return f"{type(event).__name__}({told})" if told else type(event).__name__


def log_lines(happened: Sequence[Record], notes: Sequence[tuple[int, str]], most: int) -> list[str]:
    """Return the last lines of a run's log.

    Args:
        happened: the records, oldest first.
        notes: what the debugger did, each with the number of records before it.
        most: records at most.
    """
    first = max(0, len(happened) - most)
    origin = happened[0].time if happened else 0.0
    lines: list[tuple[float, str]] = [
        (number + 1, f"{number + 1:>5}  {record.time - origin:>8.3f}  {tell(record)}")
        for number, record in enumerate(happened[first:], first)
    ]
    lines += [(number + 0.5, f"{'':>14}> {text}") for number, text in notes[-most:] if number >= first]
    return [brief(line, _LINE) for _, line in sorted(lines, key=lambda pair: pair[0])]


def breakpoint_view(key: str, point: Any) -> dict[str, Any]:
    """Return what is shown of a breakpoint."""
    return {
        "key": key,
        "text": brief(str(point), 80),
        "on": bool(point.enabled),
        "hits": point.hits,
        "once": bool(point.once),
        "problem": brief(point.problem, _WORDS),
    }


def marks_of(breakpoints: Iterable[Any], places: Mapping[object, str]) -> dict[str, bool]:
    """Return the elements of the picture that have a breakpoint, and whether it is looked at.

    Args:
        breakpoints: all of them; those without a place are in the list beside the picture alone.
        places: the element of each step and event type.
    """
    found: dict[str, bool] = {}
    for point in breakpoints:
        place = places.get(point.step or point.event)
        if place is not None:
            found[place] = found.get(place, False) or bool(point.enabled)
    return found


def run_view(name: str, debugger: Any, parent: int | None, looking: int | None, current: bool) -> dict[str, Any]:
    """Return what is shown of one run of a family in the row of stops.

    Args:
        name: what it is called: the run, or which fork.
        debugger: its debugger.
        parent: the place of the run that it was forked from, None for the first.
        looking: the stop of it that is looked at, None for now.
        current: whether the panel shows it.
    """
    stops = debugger.stops[-MOST_STOPS:]
    forked = debugger.forked_at
    return {
        "name": name,
        "state": debugger.status,
        "parent": parent,
        "forked": None if parent is None or forked is None else getattr(forked, "number", forked),
        "stops": [[stop.number, brief(f"stop {stop.number}: {stop.why}", 120)] for stop in stops],
        "earlier": max(0, stops[0].number - 1) if stops else 0,
        "at": looking,
        "on": current,
    }


def dots_of(ready: Iterable[Any], places: Mapping[object, str], place_of: Any) -> list[list[Any]]:
    """Return where held deliveries sit on the picture: (element of the event, element of the step, how many).

    Args:
        ready: the deliveries.
        places: the element of each step.
        place_of: returns the element of an event.
    """
    found: dict[tuple[str, str], int] = {}
    for delivery in ready:
        ends = (place_of(delivery.event), places.get(delivery.step, ""))
        found[ends] = found.get(ends, 0) + 1
    return [[start, end, number] for (start, end), number in found.items() if start and end]
