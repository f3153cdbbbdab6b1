"""What the page of a debugger shows, as small plain JSON. Pure: it reads a debugger and changes nothing.

Everything a person made (names, values, errors) goes through `wfkit.display.words` here, and into text nodes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wfkit.display.words import TIMES, brief, count, fields_of, name_of_type, shown
from wfkit.events import CollectionReleaseEvent, Event, StopEvent
from wfkit.values import said

MOST_READY: Final = 40
MOST_SOUGHT: Final = 1_000  # deliveries that are searched
MOST_STOPS: Final = 200
_NAME: Final = 60
_WORDS: Final = 300
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
        return f"HELD before {kind_of(first.result)} {_fate(first.result)}"
    others = len({delivery.step for delivery in ready}) - 1
    return f"HELD before {step}" + (f" and {count(others, 'more step')}" if others else "")


def _fate(result: Event) -> str:
    """Return in words what becomes of an event that no step takes."""
    return "ends the run" if isinstance(result, StopEvent) else "goes out"


def kind_of(event: Event) -> str:
    """Return what an event is called; of several that a step gathers, how many of which class they are."""
    if not isinstance(event, CollectionReleaseEvent):
        return name_of_type(event, _NAME)
    kinds = list(dict.fromkeys(name_of_type(each, _NAME) for each in event.events))
    if len(kinds) == 1:
        return f"{len(event.events):,} {TIMES} {kinds[0]}"
    return brief(", ".join(kinds), _NAME) or "nothing"


def how_many(stop: Any, questions: int = 0) -> str:
    """Return in words how many deliveries are ready and at work at a stop, and how many questions are open."""
    told = [(len(stop.ready), "ready"), (len(stop.running), "running"), (len(stop.waiting), "waiting")]
    told.append((sum(stop.queued.values()), "queued"))
    told.append((questions, "question" if questions == 1 else "questions"))
    return ", ".join(f"{number:,} {word}" for number, word in told if number)


def what_next(
    status: str,
    chosen: Any,
    breakpoints: Iterable[Any],
    looking: int | None,
    holding: bool = False,
    retrying: Any = None,
) -> str:
    """Return in words what the next click does.

    Args:
        status: how the run stands.
        chosen: the delivery that a step would let go, or None.
        breakpoints: where the run stops by itself.
        looking: the stop that is looked at, None for now.
        holding: whether everything that comes is held.
        retrying: a delivery that waits for its next attempt, if nothing else is going on.
    """
    if looking is not None:
        return f"You look at stop {looking}. fork starts a new run from there; the run itself stands where it stood."
    active = list(dict.fromkeys(_place_of(point) for point in breakpoints if point.enabled))
    until = f"to {' or '.join(active[:3])}, or to the end" if active else "to the end"
    if status == "running" and holding:
        step = f" step {_goes(chosen)}." if chosen is not None else ""
        work = "A step is at work" if retrying is None else f"{_line(retrying)}, waits for {', '.join(retrying.waits)}"
        return f"{work}; what comes of it is held.{step} continue runs {until}."
    if status == "running":
        return f"Goes on {until}. pause holds whatever comes next."
    if status == "waiting":
        return "Waits for somebody outside. Answer a question, and it goes on."
    if status != "held":
        return ""
    if chosen is None:
        return f"continue lets it run {until}."
    word = "let it fail" if chosen.error is not None else "step"
    return f"{word} {_goes(chosen)}. continue runs {until}."


def how_it_ended(verdict: Any) -> str:
    """Return in words what came of a run, "" before its end.

    Args:
        verdict: the run's.
    """
    if verdict.outcome is None:
        return ""
    if verdict.error is not None:
        return f"It ended with {_error(verdict.error).rstrip('.')}."
    return f"It ended with {_ending(verdict.event)}." if verdict.event is not None else ""


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
        goes = "end the run" if isinstance(chosen.result, StopEvent) else "go out"
        return f"lets {kind_of(chosen.result)} {goes}"
    return f"gives {kind_of(chosen.event)} to {step}"


def told_of(delivery: Any) -> dict[str, Any]:
    """Return what is shown of a delivery that is held: its way, where it comes from, and what it is in few words."""
    source, result = delivery.source, delivery.result
    step = brief(delivery.step, _NAME)
    came = "from outside" if source is None else f"from {brief(source, _NAME)}" if source else ""
    return {
        "key": key_of(delivery),
        "way": [kind_of(delivery.event), step] if result is None else [step, kind_of(result)],
        "note": ", ".join(filter(None, [came if result is None else _fate(result), _attempt(delivery)])),
        "brief": _error(delivery.error) or (brief_of(delivery.event) if result is None else _ending(result)),
        "failed": delivery.error is not None,
    }


def _attempt(delivery: Any) -> str:
    return f"attempt {delivery.attempt:,}" if delivery.attempt > 1 else ""


def name_at(what: Any) -> str:
    """Return the name of a step, or of a class of events."""
    return brief(what if isinstance(what, str) else what.__name__, _NAME)


def brief_of(event: Event) -> str:
    """Return the first fields of an event in few words; of several that a step gathers, those of the first ones."""
    if isinstance(event, CollectionReleaseEvent):
        return brief("; ".join(brief_of(each) for each in event.events[:3]), 120)
    return brief(", ".join(f"{name}={value}" for name, value in fields_of(event, 40, 3)), 120)


def _error(error: BaseException | None) -> str:
    return "" if error is None else brief(f"{name_of_type(error)}: {said(error)}", _WORDS)


def _ending(event: Event) -> str:
    value = event.result if type(event) is StopEvent else event
    return f"{kind_of(event)} {shown(value)}" if value is not event else shown(event)


def stop_view(stop: Any, sought: str = "") -> dict[str, Any]:
    """Return what is shown of a stop beside the picture.

    Args:
        stop: the stop.
        sought: of what is ready, only what has this text in it is shown.
    """
    ready = [told_of(delivery) for delivery in stop.ready[: MOST_SOUGHT if sought else MOST_READY]]
    if sought:
        ready = [told for told in ready if sought.lower() in _all_of(told)]
    return {
        "number": stop.number,
        "ready": ready[:MOST_READY],
        "count": len(stop.ready),
        "more": max(0, (len(ready) if sought else len(stop.ready)) - MOST_READY),
        "sought": sought,
        "beside": _beside(stop),
        "buffers": _buffers(stop.buffers),
        "problem": brief(stop.problem, 2 * _WORDS),
    }


def ready_lines(stop: Any, most: int) -> list[str]:
    """Return what is held at a stop, a line each.

    Args:
        stop: the stop.
        most: deliveries at most.
    """
    told = [told_of(delivery) for delivery in stop.ready[:most]]
    lines = [" · ".join(filter(None, [" \u2192 ".join(one["way"]), one["note"], one["brief"]])) for one in told]
    return lines + ([f"and {len(stop.ready) - most:,} more"] if len(stop.ready) > most else [])


def _all_of(told: dict[str, Any]) -> str:
    return " ".join([*told["way"], told["note"], told["brief"]]).lower()


def _beside(stop: Any) -> list[list[str]]:
    """Return lines on what else is going on: (state, words)."""
    lines = [["running", _line(delivery)] for delivery in stop.running[:8]]
    lines += [["waiting", f"{_line(delivery)} {_for(delivery)}".rstrip()] for delivery in stop.waiting[:8]]
    hidden = len(stop.running) + len(stop.waiting) - len(lines)
    lines += [["queued", f"{number:,} for {brief(step, _NAME)}"] for step, number in list(stop.queued.items())[:8]]
    return lines + ([["", f"and {hidden:,} more"]] if hidden else [])


def _line(delivery: Any) -> str:
    return f"{brief(delivery.step, _NAME)}, with {kind_of(delivery.event)}"


def _for(delivery: Any) -> str:
    return f"for {brief(', '.join(delivery.waits), _NAME)}" if delivery.waits else ""


def _buffers(buffers: Mapping[tuple[str, str], tuple[Event, ...]]) -> list[list[str]]:
    """Return lines on what was put aside: (step, buffer, what is in it)."""
    return [
        [brief(step, _NAME), _buffer(name), brief(", ".join(_short(event) for event in events[:8]), _WORDS)]
        for (step, name), events in list(buffers.items())[:12]
        if events
    ]


def _buffer(name: str) -> str:
    """Return the name of a buffer; none for one that nobody has named: what a step collects or gathers by itself."""
    return "" if name in ("default", "join") or name.startswith("list ") else brief(name, _NAME)


def _short(event: Event) -> str:
    told = brief_of(event)
    return f"{type(event).__name__}({told})" if told else type(event).__name__


def breakpoint_view(key: str, point: Any) -> dict[str, Any]:
    """Return what is shown of a breakpoint."""
    notes = [f"{point.hits:,}{TIMES}"] if point.hits else []
    notes += [f"after {point.after:,}"] if point.after else []
    return {
        "key": key,
        "text": brief(str(point), 80),
        "on": bool(point.enabled),
        "notes": ", ".join([*notes, *(["once"] if point.once else [])]),
        "when": brief(point.when, 400) if isinstance(point.when, str) else "",
        "conditional": point.state is None and (point.when is None or isinstance(point.when, str)),
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
    return {
        "name": name,
        "state": debugger.status,
        "parent": parent,
        "forked": None if parent is None else debugger.forked_at,
        "stops": [[stop.number, brief(f"stop {stop.number}: {stop.why}", 120), _has_failed(stop)] for stop in stops],
        "earlier": max(0, stops[0].number - 1) if stops else 0,
        "at": looking,
        "on": current,
    }


def _has_failed(stop: Any) -> bool:
    return any(delivery.error is not None for delivery in stop.ready[:MOST_READY])


def how_much(stops: Sequence[Any]) -> str:
    """Return in words how many stops are kept, and how large they are."""
    size = sum(stop.size for stop in stops)
    unit, name = next(((unit, name) for unit, name in ((1e6, "MB"), (1e3, "kB")) if size >= unit), (1, "bytes"))
    return f"{count(len(stops), 'stop')} kept, {size / unit:,.3g} {name}"


def dots_of(ready: Iterable[Any], places: Mapping[object, str], place_of: Any) -> list[list[Any]]:
    """Return where held deliveries sit on the picture: (element where the way begins, where it ends, how many).

    What has failed is in its step, on no way.

    Args:
        ready: the deliveries.
        places: the element of each step.
        place_of: returns the element of an event.
    """
    found: Counter[tuple[str, str]] = Counter()
    for delivery in ready:
        step = places.get(delivery.step, "")
        if delivery.result is not None:
            found[step, place_of(delivery.result)] += 1
        elif delivery.error is None:
            kinds = {type(event): event for event in brought(delivery.event)}
            for event in kinds.values():
                found[place_of(event), step] += 1
    return [[start, end, number] for (start, end), number in found.items() if start and end]


def brought(event: Event) -> Sequence[Event]:
    """Return the events that a delivery brings to its step: one, or all that the step gathers."""
    return event.events if isinstance(event, CollectionReleaseEvent) else (event,)
