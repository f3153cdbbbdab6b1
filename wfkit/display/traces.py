"""Errors as text: message and traceback, without our own frames, and telling nobody where the user's files are.

Everything here comes from users' code and is hostile: a message may be endless, raise or hold markup. Nothing raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from traceback import TracebackException
from types import TracebackType
from typing import Final

from wfkit.display.words import clean, cut, name_of_type
from wfkit.values import said, without_input
from wfkit.verdict import Verdict

MOST: Final = 4_000
_HEAD: Final = 1_200  # characters of a long traceback before what is left out: how it came to it
_LINE: Final = 300
_HERE: Final = PurePath(__file__).parent.parent
_TRACEBACK_OF: Final = BaseException.__dict__["__traceback__"].__get__  # whatever a class of the user's own makes of it
_ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
_CELL: Final = re.compile(r"ipykernel_\d+[/\\]\d+\.py$")


def trace_of(error: BaseException, begin: TracebackType | None, without: Sequence[str] = (), limit: int = MOST) -> str:
    """Return an error's traceback with those of its causes, in many lines, cleaned, without values of variables.

    Of paths the last parts are shown, and of a long traceback its beginning and its end.

    Args:
        error: the error; of one that was never raised its name, message and notes remain.
        begin: from where on its traceback is told, as `since_step` gives it.
        without: how notes begin that are left out.
        limit: greatest number of characters.
    """
    try:
        told = TracebackException(type(error), error, begin, compact=True)
        if told.__notes__:
            notes = [note for note in told.__notes__ if not any(str(note).startswith(each) for each in without)]
            told.__notes__ = notes
        for each in _chain(told):
            _tidy(each)
        text = _masked("".join(told.format()), error)
    except Exception:  # an error of the user's own that does not even let itself be looked at
        text = f"{name_of_type(error)}: its traceback cannot be shown"
    if len(text) > 12 * limit:  # a message of a megabyte of lines is not looked through
        text = f"{text[: 6 * limit]}\n  …\n{text[-6 * limit :]}"
    return _few(list(_clean_lines(_without_home(text), limit)), limit)


def since_step(error: BaseException, step: str = "", verdict: Verdict | None = None) -> TracebackType | None:
    """Return an error's traceback without the frames that awaited the run: it tells the same before and after that.

    Args:
        error: the error.
        step: the name of the step that raised it. It may have awaited another run, and that belongs to the story.
        verdict: the outcome of the run, which knows more than the step's name.
    """
    begin: TracebackType | None
    frame: TracebackType | None
    begin = frame = _TRACEBACK_OF(error)
    while frame is not None:
        at = frame.tb_frame
        frame = frame.tb_next
        if at.f_code is not Verdict.result.__code__:
            if verdict is None and step and at.f_code.co_name == step:
                break
        elif verdict is None or at.f_locals.get("self") is verdict:
            begin = frame
            if verdict is None:
                break
    return begin


def message_of(error: BaseException, limit: int = 1_000) -> str:
    """Return the text of an error, on one line and not endless, without the secrets that were given to it."""
    return cut(clean(_ADDRESS.sub("", _without_home(said(error)[: 4 * limit]))), limit)


def short_path(path: str) -> str:
    """Return the last parts of a file's path; for the code of a cell the name that IPython gives it.

    Example:
        assert short_path("/home/jo/work/flows/joke.py") == "…/flows/joke.py"
    """
    if _CELL.search(path):
        return _cell_name(path)
    parts = PurePath(path).parts
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return "/".join(parts[parts.index(folder) + 1 :])
    return path if len(parts) <= 2 else "/".join(("…", *parts[-2:]))


def _cell_name(path: str) -> str:
    try:
        kind, name = sys.modules["IPython"].get_ipython().compile.format_code_name(path)
        return f"{kind} {name}"
    except Exception:  # it comes from another kernel, or there is no IPython
        return "a notebook cell"


def _chain(told: TracebackException) -> Iterator[TracebackException]:
    """Yield what is told of an error, of its causes, and of those that are in it as in a group."""
    waiting, seen = [told], {id(told)}
    while waiting:
        one = waiting.pop()
        yield one
        for other in (one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def _masked(text: str, error: BaseException) -> str:
    """Put what may be told of an error and its causes in the place of what they say themselves."""
    waiting, seen = [error], {id(error)}
    while waiting:
        one = waiting.pop()
        with suppress(Exception):  # the traceback itself tells of one whose text cannot be made
            own, told = str(one), said(one)
            text = text.replace(own, told) if own else text
        for other in (one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
    return without_input(text)


def _tidy(told: TracebackException) -> None:
    if told.stack is not None:
        told.stack[:] = [frame for frame in told.stack if _HERE not in PurePath(frame.filename).parents]
        for frame in told.stack:
            frame.filename = short_path(frame.filename)
        if not told.stack:
            told.stack = None  # type: ignore[assignment]  # else a heading with nothing under it is written
    name = getattr(told, "filename", None)  # of a SyntaxError
    if isinstance(name, str):
        told.filename = short_path(name)


def _without_home(text: str) -> str:
    try:
        home = str(Path.home())
    except RuntimeError:  # nobody knows
        return text
    return text.replace(home, "~") if len(home) > 2 else text


def _clean_lines(text: str, limit: int) -> Iterator[str]:
    for line in text.removesuffix("\n").split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        # Cut first: cleaning a megabyte is a megabyte of work.
        yield cut(indent + clean(_ADDRESS.sub("", line[len(indent) : 4 * limit])), _LINE)


def _few(lines: list[str], limit: int) -> str:
    """Put the first and the last lines together that have room."""
    if sum(len(line) + 1 for line in lines) - 1 <= limit:
        return "\n".join(lines)
    head = min(_HEAD, limit // 3)
    first = _count_fitting(lines, head)
    last = _count_fitting(lines[: first - 1 if first else None : -1], limit - head - 40)
    left_out = len(lines) - first - last
    return cut("\n".join([*lines[:first], f"  … {left_out:,} lines …", *lines[len(lines) - last :]]), limit)


def _count_fitting(lines: Sequence[str], room: int) -> int:
    """Return how many of the first lines have room."""
    count = 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        count += 1
    return count
