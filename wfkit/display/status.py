"""How a run stands, as a small table: what a handler shows while its run goes on.

Plain HTML without a script. It is written anew several times a second, so everything keeps its place: a row for each
step from the beginning on, what only grows to the left of what comes and goes, figures of one width.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from wfkit.display.glyphs import GLYPHS
from wfkit.display.progress import Bar, Progress, read_progress
from wfkit.display.tally import TallyState
from wfkit.display.tokens import CODE_FONT, DARK, LIGHT, SMALL, TEXT, UI_FONT
from wfkit.display.words import TIMES, clean, columns, cut

# What only grows comes first, so that it does not move when the rest comes and goes.
COUNTED: Final[tuple[TallyState, ...]] = ("done", "failed", "retried", "running", "held", "waiting", "queued")
# The sign of a row: what asks most for a look.
ASKING: Final[tuple[TallyState, ...]] = ("held", "running", "waiting", "queued", "failed", "done")
_WORDS: Final = {"retried": "retries"}
_GLYPHS_OF_RUNS: Final = {"stuck": "held", "timed out": "failed"}
NAME_LIMIT: Final = 60
IN_COLUMNS: Final = 12  # more steps than this stand in several columns
ROW: Final = 22  # pixels


@dataclass(frozen=True, slots=True)
class Row:
    """One step.

    Attributes:
        name: of the step, or what stands for several of them; not escaped.
        counts: how many of its deliveries are how; states that are missing have none.
    """

    name: str
    counts: dict[TallyState, int]

    @property
    def state(self) -> TallyState | None:
        """What asks most for a look, None if nothing of the run has come there."""
        return next((state for state in ASKING if self.counts.get(state)), None)


@dataclass(frozen=True, slots=True)
class Question:
    """A question to somebody outside.

    Attributes:
        kind: the name of its event type.
        fields: its fields, as (name, what to show of the value), secrets masked.
    """

    kind: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How a run stands at one moment. No text in it is escaped.

    Attributes:
        name: of the workflow.
        state: what the handler's `status` says.
        elapsed: in words, the time since the run began, "" before.
        events: how many were sent.
        complete: whether all of them were counted, from the first on.
        rows: the steps, in the order of the flow.
        bars: who reports progress.
        hidden: how many more do.
        waiting_for: in words, what it waits for.
        questions: those that are open.
    """

    name: str
    state: str
    elapsed: str = ""
    events: int = 0
    complete: bool = True
    rows: tuple[Row, ...] = ()
    bars: tuple[Bar, ...] = ()
    hidden: int = 0
    waiting_for: str = ""
    questions: tuple[Question, ...] = ()


def status_line(status: Status) -> str:
    """Return how a run stands in one line of text."""
    parts = [clean(status.state), *_details(status)]
    at_work = [f"{row.counts['running']:,} {TIMES} {row.name}" for row in status.rows if row.counts.get("running")]
    if at_work:
        parts.append(cut("at work: " + ", ".join(clean(each) for each in at_work), 200))
    for bar in status.bars:
        progress = read_progress(bar.event)
        if progress.amount:
            parts.append(f"{clean(bar.label)} {progress.amount}")
    if status.waiting_for:
        parts.append(cut(clean(status.waiting_for[:2_000]), 300))
    return f"Run of {cut(clean(status.name), 120)}: {', '.join(parts)}"


def _details(status: Status) -> list[str]:
    told = [status.elapsed] if status.elapsed else []
    events = f"{status.events:,} event{'' if status.events == 1 else 's'}"
    return [*told, events if status.complete else f"over {events}"]


def status_html(status: Status) -> str:
    """Return how a run stands as HTML: self-contained, without a script, escaped."""
    many = len(status.rows) > IN_COLUMNS
    rows = "".join(_row(row, short=many) for row in status.rows)
    several = " wfkit-many" if many else ""
    bars = "".join(map(_bar, status.bars))
    if status.hidden:
        bars += f'<div class="wfkit-note">and {status.hidden:,} more that report progress</div>'
    widest = max((columns(cut(clean(row.name), NAME_LIMIT)) for row in status.rows), default=0)
    width = min(240, max(80, round(widest * 7.95) + 4))
    title = escape(f"Run of {cut(clean(status.name), 120)}, {clean(status.state)}")
    return (
        f'<div class="wfkit-live" role="group" aria-label="{title}" style="--wf-name:{width}px"><style>{_STYLE}</style>'
        f"{_head(status)}"
        + (f'<div class="wfkit-rows{several}">{rows}</div>' if rows else "")
        + (f'<div class="wfkit-bars">{bars}</div>' if bars else "")
        + _asked(status)
        + "</div>"
    )


def _head(status: Status) -> str:
    state = _GLYPHS_OF_RUNS.get(status.state, status.state)
    state = state if state in GLYPHS else "running"
    details = "".join(f'<span class="wfkit-quiet">· {escape(detail)}</span>' for detail in _details(status))
    return (
        f'<div class="wfkit-head"><b>Run of {escape(cut(clean(status.name), 120))}</b>'
        f'<span class="wfkit-{state}">{glyph_svg(state)} {escape(clean(status.state))}</span>{details}</div>'
    )


def _row(row: Row, short: bool) -> str:
    """Return the row of a step; a short one has signs in place of words."""
    name = clean(row.name)
    counts = "".join(_count(state, row.counts[state], short) for state in COUNTED if row.counts.get(state))
    return (
        f'<div class="wfkit-row{"" if row.state else " wfkit-idle"}">{glyph_svg(row.state)}'
        f'<span class="wfkit-name" title="{escape(cut(name, 400))}">{escape(cut(name, NAME_LIMIT))}</span> '
        f'<span class="wfkit-counts">{counts}</span></div>'
    )


def _count(state: TallyState, count: int, short: bool) -> str:
    word = "retry" if state == "retried" and count == 1 else _WORDS.get(state, state)
    if short:
        return f'<span class="wfkit-{state}" title="{word}">{glyph_svg(state)} {count:,}</span> '
    return f'<span class="wfkit-{state}">{count:,} {word}</span> '


def glyph_svg(state: str | None) -> str:
    """Return the sign of a state, or an empty place of its size."""
    if state is None:
        return '<svg class="wfkit-sign" viewBox="-7 -7 14 14" aria-hidden="true"></svg>'
    return f'<svg class="wfkit-sign wfkit-{state}" viewBox="-7 -7 14 14" aria-hidden="true">{GLYPHS[state]}</svg>'


def _bar(bar: Bar) -> str:
    progress = read_progress(bar.event)
    label = clean(bar.label)
    name = f'<span class="wfkit-name" title="{escape(cut(label, 400))}">{escape(cut(label, NAME_LIMIT))}</span> '
    message = f'<span class="wfkit-message">{escape(progress.message)}</span>'
    if not progress.amount:
        return f'<div class="wfkit-bar wfkit-said">{name}{message}</div>'
    return (
        f'<div class="wfkit-bar">{name}{_track(progress, label)} '
        f'<span class="wfkit-amount">{escape(progress.amount)}</span> {message}</div>'
    )


def _track(progress: Progress, label: str) -> str:
    """Return the bar itself; one of which the end is not known is hatched."""
    named = f'role="progressbar" aria-label="{escape(cut(label, NAME_LIMIT))}"'
    if progress.fraction is None:
        return f'<span class="wfkit-track wfkit-open" {named}></span>'
    percent = progress.fraction * 100
    full = " wfkit-full" if progress.fraction == 1.0 else ""
    return (
        f'<span class="wfkit-track{full}" {named} aria-valuemin="0" aria-valuemax="100" aria-valuenow="{int(percent)}">'
        f'<span style="width:{percent:.1f}%"></span></span>'
    )


def _asked(status: Status) -> str:
    if not status.waiting_for and not status.questions:
        return ""
    words = (
        cut(clean(status.waiting_for[:2_000]), 600) or "A question is open: answer with await handler.send_event(...)."
    )
    questions = "".join(
        f'<div class="wfkit-question"><b>{escape(cut(clean(question.kind), NAME_LIMIT))}</b> '
        + " ".join(f"<span>{escape(clean(name))}={escape(clean(value))}</span>" for name, value in question.fields)
        + "</div>"
        for question in status.questions
    )
    state = "held" if status.state == "stuck" else "waiting"
    return f'<div class="wfkit-asked">{glyph_svg(state)}<div>{escape(words)}{questions}</div></div>'


def card_colours(scope: str, names: Iterable[str]) -> str:
    """Return the rules that give an element in the output of a cell the colours of its surroundings.

    JupyterLab tells its theme in an attribute of the page; elsewhere the reader's preference decides.

    Args:
        scope: a selector of the element.
        names: the tokens that it uses, as `--wf-...`.
    """
    names = tuple(names)
    light = ";".join(f"--wf-{name}:{LIGHT[name]}" for name in names)
    dark = ";".join(f"--wf-{name}:{DARK[name]}" for name in names)
    return (
        f"{scope},[data-jp-theme-light=true] {scope}{{{light}}}"
        f"@media (prefers-color-scheme:dark){{{scope}{{{dark}}}}}"
        f"[data-jp-theme-light=false] {scope}{{{dark}}}"
        f"{scope}{{box-sizing:border-box;max-width:1100px;margin:2px 0 6px;padding:8px 12px;border:1px solid "
        f"var(--wf-line);border-radius:6px;background:var(--jp-layout-color0,var(--wf-surface));"
        f"color:var(--wf-ink);font:{TEXT}px/{ROW}px var(--jp-ui-font-family,{UI_FONT})}}"
    )


_STATES: Final = (*COUNTED, "cancelled")
_LAYOUT: Final = (
    ".wfkit-live{container-type:inline-size;font-variant-numeric:tabular-nums}"
    ".wfkit-head>*{display:inline-block;margin-right:6px}.wfkit-quiet,.wfkit-note,.wfkit-message{color:var(--wf-quiet)}"
    ".wfkit-live .wfkit-sign{width:12px;height:12px;vertical-align:-1px;flex:none}"
    ".wfkit-sign .line{fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}"
    ".wfkit-sign .solid{fill:currentColor}"
    ".wfkit-rows,.wfkit-bars,.wfkit-asked{margin-top:4px;padding-top:4px;border-top:1px solid var(--wf-line)}"
    ".wfkit-many{columns:300px auto;column-gap:24px}"
    f".wfkit-row{{display:flex;gap:8px;align-items:center;height:{ROW}px;break-inside:avoid;white-space:nowrap}}"
    f".wfkit-name{{flex:none;width:var(--wf-name);max-width:45%;overflow:hidden;text-overflow:ellipsis;"
    f"font-family:{CODE_FONT}}}.wfkit-idle .wfkit-name{{color:var(--wf-quiet)}}"
    ".wfkit-counts{overflow:hidden;text-overflow:ellipsis}.wfkit-counts>*{margin-right:8px}"
    ".wfkit-rows:not(.wfkit-many) .wfkit-counts>*{display:inline-block;min-width:64px}"
    ".wfkit-bars{padding-left:20px}.wfkit-bar{display:grid;column-gap:8px;align-items:center;white-space:nowrap;"
    f"min-height:{ROW}px;grid-template-columns:minmax(0,var(--wf-name)) minmax(60px,240px) minmax(72px,auto) 1fr}}"
    "@container(max-width:600px){.wfkit-rows .wfkit-counts>*{min-width:0!important}.wfkit-bar:not(.wfkit-said)"
    "{grid-template-columns:minmax(0,var(--wf-name)) minmax(60px,1fr) minmax(72px,auto);padding-bottom:4px}"
    f".wfkit-bar>.wfkit-message{{grid-column:2/-1;font-size:{SMALL}px;line-height:14px}}}}"
    ".wfkit-bar .wfkit-name{width:auto;max-width:none}"
    ".wfkit-track{display:block;height:8px;border-radius:4px;overflow:hidden;background:var(--wf-line)}"
    ".wfkit-track>span{display:block;height:100%;border-radius:4px;background:var(--wf-running)}"
    ".wfkit-full>span{background:var(--wf-done)}"
    ".wfkit-open{background:repeating-linear-gradient(135deg,var(--wf-running) 0 6px,var(--wf-line) 6px 12px)}"
    ".wfkit-message{overflow:hidden;text-overflow:ellipsis}.wfkit-said .wfkit-message{grid-column:2/-1}"
    f".wfkit-note{{font-size:{SMALL}px}}.wfkit-asked{{display:flex;gap:8px;align-items:flex-start}}.wfkit-asked>svg{{margin-top:5px}}"
    ".wfkit-asked>div{min-width:0;overflow-wrap:anywhere}"
    f".wfkit-question>*{{margin-right:8px}}.wfkit-question{{font-family:{CODE_FONT}}}"
)
_STYLE: Final = (
    card_colours(".wfkit-live", ("surface", "ink", "quiet", "line", *_STATES))
    + "".join(f".wfkit-live .wfkit-{state}{{color:var(--wf-{state})}}" for state in _STATES)
    + _LAYOUT
)
