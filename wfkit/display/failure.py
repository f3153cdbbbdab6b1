"""A failed run, told so that it can be understood: the step, the event, the error, and the way that led there.

Everything here comes from users' code and is hostile: a message may be endless, raise or hold markup. Nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from wfkit.display.status import NAME_LIMIT, card_colours, glyph_svg
from wfkit.display.tokens import CODE_FONT, SMALL
from wfkit.display.traces import message_of, since_step, trace_of
from wfkit.display.words import TIMES, brief, clean, count, cut, exact, fields_of, name_of_type
from wfkit.events import Event
from wfkit.records import Record
from wfkit.trail import MOST_CUT_SHORT, Trail, Trouble, fold_way, opening_of
from wfkit.verdict import Verdict

MOST_FIELDS: Final = 12
MOST_NOTES: Final = 5
NOTE_LIMIT: Final = 600
MESSAGE_LIMIT: Final = 1_000

_NOTHING: Final = "no event"


@dataclass(frozen=True, slots=True)
class Place:
    """A step and what it was working on. No text in it is escaped.

    Attributes:
        step: its name.
        event: the name of the event's type.
        fields: the event's fields, as (name, what to show of the value), secrets masked.
        attempt: which attempt it was, from 1.
        way: the names of events and steps on the way there, the first event first.
        after: what it had raised when the run was cut short, if it was to be tried again.
    """

    step: str
    event: str
    fields: tuple[tuple[str, str], ...]
    attempt: int
    way: tuple[str, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed. No text in it is escaped.

    Attributes:
        kind: the class of the error.
        message: its text.
        places: the step that raised it; for a run that took too long those that were at work, not all of many.
        more: how many more were at work.
        notes: those that the error carries, such as the way inside a child run.
        traceback: the error's traceback without our own frames, "" if nothing is left.
    """

    kind: str
    message: str
    places: tuple[Place, ...] = ()
    more: int = 0
    notes: tuple[str, ...] = ()
    traceback: str = ""


def find_failure(records: Iterable[Record], workflow: str = "", verdict: Verdict | None = None) -> Failure | None:
    """Return why a run failed; None if it did not, or was cancelled.

    Args:
        records: what happened, oldest first.
        workflow: its name; by it the note is known that the error gets once somebody has awaited the run.
        verdict: how the run ended. With it the traceback is the same before and after that.
    """
    trail = Trail(records)
    end = trail.end
    if end is None or end.error is None or end.outcome == "cancelled":
        return None
    failure = trail.failure()
    troubles = trail.cut_short() if failure is None else [failure]
    own = opening_of(failure, workflow)
    return Failure(
        kind=name_of_type(end.error, 200),
        message=message_of(end.error, MESSAGE_LIMIT),
        places=tuple(_place(trouble, failure is None) for trouble in troubles[:MOST_CUT_SHORT]),
        more=max(0, len(troubles) - MOST_CUT_SHORT),
        notes=tuple(_notes(end.error, own)),
        traceback=_traceback_of(end.error, verdict),
    )


def _notes(error: BaseException, own: str) -> list[str]:
    try:
        notes = [exact(note) for note in error.__notes__ if isinstance(note, str)]
    except Exception:  # it has none, or it is no list
        return []
    return [cut(clean(note[:4_000]), NOTE_LIMIT) for note in notes if not note.startswith(own)][:MOST_NOTES]


def _events(number: int) -> str:
    return count(number, "event") if number else _NOTHING


def _place(trouble: Trouble, cut_short: bool) -> Place:
    error = trouble.error if cut_short else None
    after = "" if error is None else cut(f"{name_of_type(error, 200)}: {message_of(error, NOTE_LIMIT)}", NOTE_LIMIT)
    way = tuple(brief(name, 400) for name in fold_way(trouble.way))
    if trouble.gathers:
        fields = tuple((name_of_type(each), _spell_fields(each)) for each in trouble.events[:MOST_FIELDS])
        return Place(brief(trouble.step, 400), _events(len(trouble.events)), fields, trouble.attempt, way, after)
    event = trouble.events[0]
    fields = tuple(fields_of(event, most=MOST_FIELDS))
    return Place(brief(trouble.step, 400), name_of_type(event, 400), fields, trouble.attempt, way, after)


def _spell_fields(event: Event) -> str:
    return cut(", ".join(f"{name}={value}" for name, value in fields_of(event, 80, MOST_FIELDS)), 200)


def _traceback_of(error: BaseException, verdict: Verdict | None) -> str:
    told = trace_of(error, since_step(error, verdict=verdict), without=("",))  # the notes stand above it
    return told if '  File "' in told else ""


# -- faces -------------------------------------------------------------------------------------------------------------


def failure_lines(failure: Failure) -> list[str]:
    """Return why a run failed as lines of text."""
    lines = [cut(f"{failure.kind}: {failure.message}" if failure.message else failure.kind, 300)]
    for place in failure.places:
        fields = cut(", ".join(f"{name}={value}" for name, value in place.fields), 200)
        event = f"{place.event}({fields})" if place.event != _NOTHING else _NOTHING
        lines.append(f"in step {place.step}{_attempt(place)}, working on {event}")
        if place.after:
            lines.append(f"it was to be tried again after {place.after}")
        if len(place.way) > 1:
            lines.append(f"the way there: {' -> '.join([*place.way, place.step])}")
    lines += failure.notes
    if failure.more:
        lines.append(f"and {failure.more:,} more were at work")
    return lines


def _attempt(place: Place) -> str:
    return f", attempt {place.attempt}" if place.attempt > 1 else ""


def failure_html(failure: Failure) -> str:
    """Return why a run failed as HTML: self-contained, without a script, escaped. The traceback is folded."""
    more = f'<div class="wfkit-quiet">and {failure.more:,} more were at work</div>' if failure.more else ""
    folded = (
        f"<details><summary>Traceback</summary><pre>{escape(failure.traceback)}</pre></details>"
        if failure.traceback
        else ""
    )
    notes = "".join(f'<div class="wfkit-place wfkit-quiet">{escape(note)}</div>' for note in failure.notes)
    message = f": {escape(failure.message)}" if failure.message else ""
    return (
        f'<div class="wfkit-failure" role="group" aria-label="Why the run failed"><style>{_STYLE}</style>'
        f'<div class="wfkit-error">{glyph_svg("failed")}<span><b>{escape(failure.kind)}</b>{message}</span></div>'
        f"{''.join(map(_told, failure.places))}{more}{notes}{folded}</div>"
    )


def _told(place: Place) -> str:
    fields = "".join(
        f"<tr><th>{escape(cut(name, 60))}</th><td>{escape(value)}</td></tr>" for name, value in place.fields
    )
    table = f"<table>{fields}</table>" if fields else ""
    names = [name.replace(" -> ", " → ").replace(") x ", f") {TIMES}") for name in (*place.way, place.step)]
    way = " <i>→</i> ".join(f"<code>{escape(cut(name, 400))}</code>" for name in names)
    there = (
        f'<div class="wfkit-way"><span class="wfkit-quiet">The way there: </span>{way}</div>'
        if len(place.way) > 1
        else ""
    )
    after = f"<div>It was to be tried again after {escape(place.after)}</div>" if place.after else ""
    return (
        f'<div class="wfkit-place">In step <code><b>{escape(cut(place.step, NAME_LIMIT))}</b></code>{_attempt(place)}, '
        f"working on <code>{escape(cut(place.event, NAME_LIMIT))}</code>{table}{after}{there}</div>"
    )


# The rules for tables and code name the class twice: they must outweigh those of JupyterLab.
_STYLE: Final = (
    card_colours(".wfkit-failure", ("surface", "raised", "ink", "quiet", "line", "failed"))
    + ".wfkit-failure{border-left:3px solid var(--wf-failed)}.wfkit-failure .wfkit-quiet{color:var(--wf-quiet)}"
    ".wfkit-error{display:flex;gap:8px;overflow-wrap:anywhere}.wfkit-error b{color:var(--wf-failed)}"
    ".wfkit-failure .wfkit-error svg{flex:none;width:12px;height:12px;margin-top:5px;color:var(--wf-failed)}"
    ".wfkit-error .line{fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round}"
    ".wfkit-place,.wfkit-failure details{padding-left:20px}.wfkit-way i{font-style:normal;color:var(--wf-quiet)}"
    ".wfkit-failure summary{cursor:pointer;color:var(--wf-quiet)}"
    f".wfkit-failure.wfkit-failure :is(code,pre,table){{font-family:{CODE_FONT};color:inherit;border:0}}"
    ".wfkit-failure.wfkit-failure code{padding:1px 4px;border-radius:3px;background:var(--wf-raised);font-size:inherit}"
    ".wfkit-failure.wfkit-failure table{margin:2px 0;border-collapse:collapse;table-layout:auto}"
    ".wfkit-failure.wfkit-failure.wfkit-failure tr{background:none}"
    ".wfkit-failure.wfkit-failure :is(th,td){padding:0 16px 0 0;border:0;text-align:left;vertical-align:top;"
    f"font-weight:normal;font-size:{SMALL + 1}px;line-height:18px;max-width:none;white-space:normal;"
    "overflow-wrap:anywhere}.wfkit-failure.wfkit-failure th{color:var(--wf-quiet);white-space:nowrap}"
    ".wfkit-failure.wfkit-failure pre{margin:4px 0;padding:8px;border-radius:4px;background:var(--wf-raised);"
    f"overflow:auto;max-height:360px;font-size:{SMALL + 1}px;line-height:18px;white-space:pre}}"
)
