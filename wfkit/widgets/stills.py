"""A store as HTML without a script: what the inspector leaves in a notebook that no kernel is behind any more."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import islice
from typing import Any, Final

from wfkit.display.status import card_colours
from wfkit.display.tokens import CODE_FONT
from wfkit.display.words import clean, count
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.spelling import parts_of
from wfkit.widgets.tree import tree_rows
from wfkit.widgets.values import whole

MOST_KEYS: Final = 100
_ROOM: Final = 60_000  # characters of values in all
_VALUE: Final = 4_000

# No element that a notebook has a style of its own for.
_STYLE: Final = (
    card_colours(".wfkit-state", ("surface", "ink", "quiet", "line"))
    + ".wfkit-state summary{display:grid;grid-template-columns:12px minmax(72px,24%) 72px minmax(0,1fr);gap:0 8px;"
    "align-items:center;cursor:pointer;list-style:none}.wfkit-state summary>*{overflow:hidden;text-overflow:ellipsis;"
    'white-space:nowrap;unicode-bidi:isolate}.wfkit-state summary::before{content:"\\25b8";color:var(--wf-quiet)}'
    '.wfkit-state [open]>summary::before{content:"\\25be"}'
    ".wfkit-state .wfkit-quiet{color:var(--wf-quiet);font-size:11px}"
    f".wfkit-state .wfkit-code{{font:12px/20px {CODE_FONT}}}"
    ".wfkit-state .wfkit-text{margin:2px 0 6px 20px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:260px;"
    "overflow:auto;unicode-bidi:isolate}"
)


def still_html(name: str, state: Any, history: Callable[[str], list[dict[str, Any]]]) -> str:
    """Return a store as HTML: each key folded, with its whole value and its history inside.

    Args:
        name: of the workflow.
        state: what the store holds.
        history: returns for a key what stood there, the latest first, as (moment, who, text).
    """
    parts = parts_of(state)
    room, told = _ROOM, []
    for key, value in islice(parts.items(), MOST_KEYS):
        row = tree_rows({key: value}, most=1)[0]
        inside = ""
        if room > 0:
            text = MASK if is_secret_name(key) else whole(value, min(_VALUE, room))[0]
            past = "\n".join(f"moment {one['moment']}, {one['who']}: {one['text']}" for one in history(key)[:20])
            inside = f'<div class="wfkit-text wfkit-code">{_lines(text)}</div>'
            inside += f'<div class="wfkit-text wfkit-code wfkit-quiet">{_lines(past)}</div>' if past else ""
            room -= len(text) + len(past)
        head = (
            f'<span class="wfkit-code">{escape(row["key"])}</span> '
            f'<span class="wfkit-quiet">{escape(row["type"])}</span> '
            f'<span class="wfkit-code">{escape(row["text"])}</span>'
        )
        told.append(f"<details><summary>{head}</summary>{inside}</details>")
    more = f"<div>and {len(parts) - MOST_KEYS:,} more</div>" if len(parts) > MOST_KEYS else ""
    keys = count(len(parts), "key")
    return (
        f'<div class="wfkit-state"><style>{_STYLE}</style><b>State of {escape(clean(name))}</b> '
        f'<span class="wfkit-quiet">{keys}</span>'
        f"{''.join(told)}{more}</div>"
    )


def _lines(text: str) -> str:
    """Return text with its lines and indents, also for a notebook that is not trusted and drops our styles."""
    told = []
    for line in text.split("\n"):
        inside = line.lstrip(" ")
        told.append("&nbsp;" * (len(line) - len(inside)) + escape(inside))
    return "<br>".join(told)
