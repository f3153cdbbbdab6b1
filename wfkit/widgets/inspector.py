"""`wfkit.inspect(handler_or_ctx)`: the store of a run as a live tree, what changed last, and what stood there before.

While it is attached it keeps copies of what changes (`Copies`); the run pays for them only then. What is large, or does
not let itself be copied, is kept as a few words.
"""

from __future__ import annotations

import difflib
from typing import Any, Final

import traitlets  # nobody loads this module who shows no widget

from wfkit.display.words import brief, clean, count, name_of_type, shown
from wfkit.errors import WorkflowRuntimeError
from wfkit.masking import MASK, is_secret_name
from wfkit.records import RunEnded, StateChanged, StepFailed, StepFinished, StepHeld, StepReleased, StepStarted
from wfkit.seam import with_another
from wfkit.widgets.base import Panel, panel_script, panel_style
from wfkit.widgets.copies import Copies, Copy
from wfkit.widgets.family import handler_of
from wfkit.widgets.rows import Rows
from wfkit.widgets.spelling import ABSENT, parts_of
from wfkit.widgets.stills import still_html
from wfkit.widgets.values import rich, whole

CUT: Final = 10_000  # characters of a value that are shown at first, and more each time somebody asks
BEAT: Final = 0.5  # seconds between two looks at a context that no run is using
_MOST_MOMENTS: Final = 60
_MOST_LINES: Final = 200
_MOST_KEYS: Final = 40
_CONTEXT: Final = 2  # lines around a difference
_LONGEST_PATH: Final = 2_000
_OUTSIDE: Final = "outside"


class Inspector(Panel):
    """The store of a run or of a context.

    Args:
        what: a handler, or a Context; also what has a handler, such as a panel or a debugger.

    Attributes:
        detail: the value that is open, and the difference that was asked for.

    Raises:
        WorkflowRuntimeError: it is neither.
    """

    _esm = panel_script("signs", "inspector")
    _css = panel_style("inspector")
    keeps_still = True
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self, what: Any) -> None:
        what = handler_of(what)
        self._context_of = getattr(what, "ctx", what)
        if not hasattr(self._context_of, "store"):
            raise WorkflowRuntimeError(f"inspect() takes a handler or a Context, got {shown(what, 80)}.")
        self._handler = what if self._context_of is not what else None
        run = what.__wfkit_run__()
        super().__init__(None if run is None else run.loop)
        self._run: Any = None  # the run whose records are watched
        self._began = self._loop.time()
        self._name = brief(str(self._context_of.__wfkit_plan__().name), 120)
        self._copies = Copies(self._state())
        self._rows = Rows()
        self._path: str | None = None  # of the value that is open
        self._moment: int | None = None  # the moment it is looked at, None for now
        self._cut = CUT
        self._compared: tuple[int, int] | None = None
        self._told: object = None  # what the detail was made of
        self._closed = False
        if run is not None:
            self._follow(run)
        if self._handler is None:
            self._loop.call_later(BEAT, self._beat)
        elif run.ended:
            self.keeps_still = False  # it is one itself
        self._held = _held_of(self._handler)
        self.show_now()

    def _state(self) -> Any:
        return self._context_of.store.state

    # -- as the store changes --------------------------------------------------------------------------------------

    def _follow(self, run: Any) -> None:
        self._run = run
        if not run.ended:
            run.emit = with_another(run.emit, self._watch)

    def _watch(self, fields: tuple[Any, ...]) -> None:
        """See a record as it leaves the engine. Nothing that goes wrong here is any business of the run's."""
        kind = fields[0]
        if kind is StateChanged:
            try:
                self._changed(fields[2] or "", fields[3], fields[4])
            except Exception as error:
                self.complain(error)
            self.refresh()
        elif kind in (StepStarted, StepFinished, StepFailed):
            self._copies.close(fields[3])
        elif kind in (StepHeld, StepReleased):
            (self._held.add if kind is StepHeld else self._held.discard)(fields[2])
            self.refresh()
        elif kind is RunEnded:
            self._copies.close()
            if self._handler is not None:
                self.freeze(self._last_bundle)
            self.refresh()

    def _changed(self, who: str, change: str, keys: tuple[str, ...]) -> None:
        state = self._state()
        parts = parts_of(state)
        # A path that was set leads to its first part; an edit tells whole keys, which may have dots in them.
        touched = None if not keys else [key if key in parts else key.split(".")[0] for key in keys]
        self._copies.note(state, touched if change in ("set", "edit_state") else None, who, self._now())

    def _beat(self) -> None:
        """Look at a context that no run uses, and find the run that has begun to."""
        if self._closed:
            return
        run = self._context_of.__wfkit_run__()
        if run is not None and run is not self._run:
            self._follow(run)
        if self._copies.replaced(self._state()):
            self.refresh()
        self._loop.call_later(BEAT, self._beat)

    def _now(self) -> float:
        return float(self._loop.time() - self._began)

    def close(self) -> None:
        """Stop watching, and take the panel off the page."""
        self._closed = True
        super().close()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return the tree, the moments, and how much is kept."""
        state = self._state()
        missed = self._copies.replaced(state)
        if missed:  # changed by somebody who goes around the store
            self._copies.close()
            self._copies.note(state, missed, "", self._now())
        self._look_closer()
        latest = self._copies.latest
        return {
            "name": self._name,
            "state": "idle" if self._run is None else self._status(),
            "rows": self._rows.look(state, latest.keys, self._before(latest.number, latest.keys)),
            "count": len(parts_of(state)),
            "moments": [
                {"number": moment.number, "who": brief(moment.who, 60) or _OUTSIDE, "keys": _names(moment.keys)}
                for moment in list(self._copies.moments)[-_MOST_MOMENTS:]
            ],
            "kept": f"{count(len(self._copies.moments), 'moment')}, {_bytes(self._copies.size)}",
        }

    def _status(self) -> str:
        outcome, ledger = self._run.verdict.outcome, self._run.ledger
        if outcome is None and len(self._held) >= len(ledger.active) > 0 and not ledger.ready:
            return "held"
        return str(outcome or ("running" if not ledger.idle else "waiting"))

    def _before(self, moment: int, keys: tuple[str, ...]) -> dict[str, Any]:
        """Return what stood at keys before a moment, as far as it is kept."""
        found = {key: self._copies.at(key, moment - 1) for key in keys}
        return {key: copy.value for key, copy in found.items() if copy is not None and copy.value is not ABSENT}

    def _look_closer(self) -> None:
        """Make the detail anew if what it is made of has changed: it may be large."""
        path, moment = self._path, self._moment
        made_of = (path, moment, self._cut, self._compared, self._copies.copied, self._copies.latest, self._mark(path))
        if made_of == self._told:
            return
        self._told = made_of
        self.detail = {
            "open": None if path is None else self._opened(path, moment),
            "compared": None if self._compared is None else self._difference(*self._compared),
        }

    def _mark(self, path: str | None) -> int:
        """Return what tells one object at a path from another one."""
        return 0 if path is None else id(self._value(path, None)[0])

    def _value(self, path: str, moment: int | None) -> tuple[Any, str]:
        """Return what stands at a path now, or stood there, and in words why it is not to be had."""
        parts = path.split(".")
        if any(is_secret_name(part) for part in parts):
            return ABSENT, MASK
        if moment is None:
            return _inside(parts_of(self._state()), parts)
        copy = self._copies.at(parts[0], moment)
        if copy is None:
            return ABSENT, "not kept any more" if self._copies.forgot(parts[0], moment) else "not there"
        if not copy.whole:
            return ABSENT, f"{copy.text} (too large to be kept)"
        return (ABSENT, "not there") if copy.value is ABSENT else _inside({parts[0]: copy.value}, parts)

    def _opened(self, path: str, moment: int | None) -> dict[str, Any]:
        value, why = self._value(path, moment)
        text, more = (why, False) if value is ABSENT else whole(value, self._cut)
        return {
            "path": brief(path, 200),
            "key": path,
            "moment": moment,
            "type": "" if value is ABSENT else name_of_type(value, 80),
            "text": text,
            "more": more,
            "rich": None if value is ABSENT else rich(value),
            "history": self._history(path),
        }

    def _history(self, path: str) -> list[dict[str, Any]]:
        """Return what stood at a path and who changed it, the latest first; moments that left it alone are left out."""
        parts = path.split(".")
        whose = {moment.number: moment.who or _OUTSIDE for moment in self._copies.moments}
        found: list[dict[str, Any]] = []
        for copy in self._copies.history(parts[0]):
            text = copy.text if len(parts) == 1 or not copy.whole else self._short(path, copy)
            if not found or found[-1]["text"] != text or len(parts) == 1:
                who = "as it was found" if copy.moment == 0 else brief(whose.get(copy.moment, "earlier"), 60)
                found.append({"moment": copy.moment, "who": who, "text": text})
        return found[:-_MOST_MOMENTS:-1] if len(found) > _MOST_MOMENTS else found[::-1]

    def _short(self, path: str, copy: Copy) -> str:
        value, why = self._value(path, copy.moment)
        return why if value is ABSENT else brief(whole(value, 200)[0], 120)

    def _difference(self, one: int, other: int) -> dict[str, Any]:
        found = self._copies.differences(one, other)
        rows = [
            {"key": brief(key, 120), "lines": difference_of(*(_text_of(key, copy) for copy in (before, after)))}
            for key, before, after in found[:_MOST_KEYS]
        ]
        return {"one": one, "other": other, "rows": rows, "more": max(0, len(found) - _MOST_KEYS)}

    # -- what is done ----------------------------------------------------------------------------------------------

    def do_open(self, path: str, moment: int | None = None) -> None:
        """Show the whole value at a path.

        Args:
            path: with dots, as in the tree.
            moment: the number of a moment, None for now.
        """
        if len(str(path)) > _LONGEST_PATH:
            raise ValueError(f"A path of {len(str(path)):,} characters leads nowhere.")
        self._path, self._moment, self._cut = str(path), None if moment is None else int(moment), CUT

    def do_more(self) -> None:
        """Show more of the value that is open."""
        self._cut += CUT

    def do_shut(self) -> None:
        """Show no value any more."""
        self._path = self._moment = None

    def do_compare(self, one: int | None = None, other: int | None = None) -> None:
        """Show what is different between two moments; nothing, if none are given.

        Args:
            one, other: the numbers of the moments.
        """
        self._compared = None if one is None or other is None else (int(one), int(other))

    # -- where there is no kernel ----------------------------------------------------------------------------------

    def still_key(self) -> object:
        return self._copies.latest.number, self._copies.copied

    def note(self) -> str:
        return ""

    def line(self) -> str:
        return f"State of {self._name}: {count(len(parts_of(self._state())), 'key')}"

    def still(self) -> str:
        return still_html(self._name, self._state(), self._history)

    def _bundle(self) -> dict[str, Any]:
        ended = self._handler is not None and self._run is not None and self._run.ended
        return self._last_bundle() if ended else super()._bundle()

    def _last_bundle(self) -> dict[str, str]:
        return {"text/plain": self.line(), "text/html": self.still()}


def _held_of(handler: Any) -> set[int]:
    """Return the deliveries of a run that a hook holds, as far as its records tell."""
    held: set[int] = set()
    for record in (handler.__wfkit_records__() or ()) if handler is not None else ():
        if isinstance(record, (StepHeld, StepReleased)):
            (held.add if isinstance(record, StepHeld) else held.discard)(record.id)
    return held


def _inside(parts: dict[Any, Any], path: list[str]) -> tuple[Any, str]:
    """Follow a path; return what is there, or ABSENT and why."""
    value: Any = parts
    for name in path:
        if isinstance(value, (list, tuple)):
            place = int(name) if name.isdecimal() and len(name) < 10 else len(value)
            found = value[place] if place < len(value) else ABSENT
        else:
            inner = parts_of(value)
            found = inner.get(name, ABSENT)
            if found is ABSENT and len(name) < 20 and name.lstrip("-").isdecimal():
                found = inner.get(int(name), ABSENT)
        if found is ABSENT:
            return ABSENT, "not there"
        value = found
    return value, ""


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3))} kB"


def _names(keys: tuple[str, ...]) -> str:
    shown = ", ".join(brief(str(key), 40) for key in keys[:4])
    return f"{shown} and {len(keys) - 4} more" if len(keys) > 4 else shown


def _text_of(key: str, copy: Copy | None) -> str:
    """Return what stood at a key, line by line."""
    if copy is None or (copy.whole and copy.value is ABSENT):
        return ""
    if is_secret_name(key):
        return MASK
    return whole(copy.value, CUT, 0)[0] if copy.whole else f"{copy.text} (too large to be kept)"


def difference_of(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines in which two texts differ and some around them, each after its sign: "-", "+", " " or "@".

    Example:
        assert difference_of("1", "2") == [("-", "1"), ("+", "2")]
    """
    if before == after:
        return [(" ", "it is not the same, but reads the same")]
    then, now = (text.split("\n") if text else [] for text in (before, after))
    lines = list(difflib.unified_diff(then, now, n=_CONTEXT, lineterm=""))[2:]
    told = [("@", "…") if line.startswith("@@") else (line[:1], clean(line[1:])) for line in lines]
    told = told[1:] if told and told[0][0] == "@" else told
    return told if len(told) <= _MOST_LINES else [*told[:_MOST_LINES], ("@", "there is more")]


def inspect(handler_or_ctx: Any) -> Inspector:
    """Show the store of a run or of a context as a live tree, in a notebook.

    A click on a row shows the whole value, its history and who changed it; two moments can be compared. The history
    begins when the inspector is made.

    Args:
        handler_or_ctx: what `run()` returned, or a Context; also a debugger or a panel, for its run.

    Returns:
        A widget.

    Raises:
        WorkflowRuntimeError: it is neither.

    Example:
        handler = workflow.run()
        wfkit.inspect(handler)
    """
    return Inspector(handler_or_ctx)
