"""What a store held at each moment: copies of what changed, bounded, and never of what did not."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from wfkit.display.words import count, name_of_type, shown
from wfkit.draft import differs, isolated
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.spelling import ABSENT, parts_of

KEEP: Final = 200
KEEP_BYTES: Final = 20_000_000
MOST_BYTES: Final = 2_000_000
MOST_PARTS: Final = 5_000  # of one copy: a few milliseconds of work
FIRST_PARTS: Final = 20_000  # of all that is copied when somebody begins to look
_ATOMS: Final = frozenset({str, int, float, bool, type(None), bytes, complex})
_TEXT: Final = 120


@dataclass(frozen=True, slots=True)
class Moment:
    """One change of a store, or several that a step made one after the other.

    Attributes:
        number: counts from 0, which is how it was when somebody began to look.
        who: the step that made it; "" for somebody outside of every step.
        at: seconds since somebody began to look.
        keys: what changed, none at moment 0.
    """

    number: int
    who: str
    at: float
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """What stood at a key from a moment on.

    Attributes:
        key: of the store.
        moment: the number of the moment.
        value: a copy; ABSENT if nothing stood there, or if it was too large to be copied.
        size: bytes, about.
        words: in few words what was too large, "" for the rest.
    """

    key: str
    moment: int
    value: Any
    size: int
    words: str = ""

    @property
    def whole(self) -> bool:
        """Whether `value` is what stood there."""
        return not self.words

    @property
    def text(self) -> str:
        """What to show of it in few words."""
        if self.words or self.value is ABSENT:
            return self.words or "not there"
        return MASK if is_secret_name(self.key) else shown(self.value, _TEXT)


class Copies:
    """The history of a store, from now on.

    Args:
        state: what it holds: a dictionary or a pydantic model.
        keep: moments at most.
        keep_bytes: bytes of copies at most, about; the oldest go first.
        most_bytes: bytes of one copy at most; of what is larger only a few words are kept.
    """

    def __init__(
        self, state: Any, keep: int = KEEP, keep_bytes: int = KEEP_BYTES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._keep_bytes = keep_bytes
        self._most_bytes = most_bytes
        self.moments: deque[Moment] = deque([Moment(0, "", 0.0, ())], maxlen=keep)
        self.copied = 0  # how often something was copied
        self.size = 0
        self._of: dict[str, list[Copy]] = {}
        self._old: deque[Copy] = deque()  # those that another copy of their key has followed
        self._forgotten: set[str] = set()  # keys of which older copies are gone
        self._seen: dict[str, Any] = {}  # the very objects, to see that another one took their place
        self._open = False  # whether the next change may belong to the latest moment
        room = float(FIRST_PARTS)
        for key, value in parts_of(state).items():
            if self.size > keep_bytes // 2:  # the rest is for what changes
                room = 0
            room -= self._add(key, 0, value, room)

    @property
    def latest(self) -> Moment:
        """The moment of the last change."""
        return self.moments[-1]

    def close(self, step: str | None = None) -> None:
        """Have the next change begin another moment.

        Args:
            step: only if the latest moment is of this step.
        """
        if step is None or self.latest.who == step:
            self._open = False

    def replaced(self, state: Any) -> list[str]:
        """Return at which keys another object stands than when somebody last looked, without any comparison."""
        parts, seen = parts_of(state), self._seen
        found = [key for key, value in parts.items() if seen.get(key, ABSENT) is not value]
        return found + [key for key in seen if key not in parts]

    def note(self, state: Any, keys: Iterable[str] | None, who: str, at: float) -> tuple[str, ...]:
        """Take in a change.

        Args:
            state: what the store holds now.
            keys: what was touched, None for all of it.
            who: the step that did it, "" for somebody outside.
            at: seconds since somebody began to look.

        Returns:
            The keys of which the value is not what it was.
        """
        parts = parts_of(state)
        touched = [*dict.fromkeys([*parts, *self._of])] if keys is None else [*dict.fromkeys(keys)]
        changed = tuple(key for key in touched if self._is_new(key, parts.get(key, ABSENT), keys is not None))
        if changed:
            latest = self.latest
            if self._open and latest.who == who and latest.number:
                self.moments[-1] = Moment(latest.number, who, at, (*dict.fromkeys((*latest.keys, *changed)),))
            else:
                self.moments.append(Moment(latest.number + 1, who, at, changed))
                self._open = True
            for key in changed:
                self._add(key, self.latest.number, parts.get(key, ABSENT))
            self._forget()
        return changed

    def _is_new(self, key: str, value: Any, touched: bool) -> bool:
        seen = self._seen.get(key, ABSENT)
        self._see(key, value)
        known = self._of.get(key)
        if not known:
            return value is not ABSENT
        last = known[-1]
        if not last.whole:  # nothing to compare it with
            return touched or seen is not value
        if last.value is ABSENT or value is ABSENT or type(last.value) is not type(value):
            return last.value is not value
        return differs(last.value, value)

    def _see(self, key: str, value: Any) -> None:
        if value is ABSENT:
            self._seen.pop(key, None)
        else:
            self._seen[key] = value

    def _add(self, key: str, moment: int, value: Any, room: float = MOST_PARTS) -> float:
        """Keep what stands at a key from a moment on; return how many parts were copied."""
        self._see(key, value)
        most = max(1.0, min(room, MOST_PARTS))
        size, parts = weigh(value, self._most_bytes, most)
        whole = size <= self._most_bytes and parts <= most
        copy = ABSENT
        if whole and value is not ABSENT:
            try:
                copy = isolated(value)
                self.copied += 1
            except Exception:  # it does not let itself be looked at, or it is its own part
                whole = False
        words = "" if whole else _told(key, value)
        made = Copy(key, moment, copy, size if whole else len(words), words)
        known = self._of.setdefault(key, [])
        if known and known[-1].moment == moment:  # changed again in the same moment
            self.size -= known.pop().size
        elif known:
            self._old.append(known[-1])
        known.append(made)
        self.size += made.size
        return parts if whole else 0

    def _forget(self) -> None:
        first = self.moments[0].number
        while self._old:
            oldest = self._old[0]
            known = self._of[oldest.key]
            if self.size <= self._keep_bytes and known[1].moment > first:
                break
            self._old.popleft()
            del known[0]
            self._forgotten.add(oldest.key)
            self.size -= oldest.size

    def history(self, key: str) -> tuple[Copy, ...]:
        """Return what stood at a key, the oldest first, as far as it is kept."""
        return tuple(self._of.get(key, ()))

    def at(self, key: str, moment: int) -> Copy | None:
        """Return what stood at a key at a moment; None if that is not kept any more, or nothing had stood there yet."""
        found = [copy for copy in self._of.get(key, ()) if copy.moment <= moment]
        return found[-1] if found else None

    def forgot(self, key: str, moment: int) -> bool:
        """Whether what stood at a key at a moment was kept, and is not any more."""
        return key in self._forgotten and self.at(key, moment) is None

    def differences(self, one: int, other: int) -> list[tuple[str, Copy | None, Copy | None]]:
        """Return the keys at which something else stood at one moment than at another, with both."""
        pairs = ((key, self.at(key, one), self.at(key, other)) for key in self._of)
        return [
            (key, before, after) for key, before, after in pairs if before is not after and not _same(before, after)
        ]


def _told(key: str, value: Any) -> str:
    """Return in few words what is too large to be copied, without asking it: its own words may take long."""
    if is_secret_name(key):
        return MASK
    if type(value) in (str, bytes):
        return shown(value, _TEXT)
    name = name_of_type(value, 60)
    try:
        return f"{name}, {count(len(value), 'key' if isinstance(value, Mapping) else 'item')}"
    except Exception:  # it has no length, or does not tell
        return name


def _same(one: Copy | None, other: Copy | None) -> bool:
    if not all(copy is None or copy.whole for copy in (one, other)):
        return False
    before, after = (ABSENT if copy is None else copy.value for copy in (one, other))
    if before is ABSENT or after is ABSENT:
        return before is after
    return type(before) is type(after) and not differs(before, after)


class Weight(NamedTuple):
    """What it takes to keep a copy of a value.

    Attributes:
        size: bytes, about.
        parts: containers and objects to copy, and a tenth of what is only looked at.
    """

    size: int
    parts: float


def weigh(value: Any, size: int, parts: float = MOST_PARTS) -> Weight:
    """Return what it takes to keep a copy of a value; when it is clear that it is too much, no more is counted.

    Args:
        value: anything.
        size: bytes at most.
        parts: parts at most.
    """
    total, count = 0, 0.0
    seen: set[int] = set()
    stack: list[Iterator[Any]] = [iter((value,))]
    while stack and total <= size and count <= parts:
        try:
            item = next(stack[-1], ABSENT)
        except Exception:  # an iteration of the user's own
            item = ABSENT
        if item is ABSENT:
            stack.pop()
            continue
        if type(item) in _ATOMS:
            count += 0.1
            total += sys.getsizeof(item)
        elif id(item) not in seen:
            seen.add(id(item))
            count += 1
            try:
                total += _size_of(item)
                stack.append(_inside(item))
            except Exception:  # it does not let itself be looked at
                total += 64
    return Weight(total, count)


def _inside(item: Any) -> Iterator[Any]:
    kind = type(item)
    if issubclass(kind, BaseModel):
        return iter(parts_of(item).values())
    if issubclass(kind, Mapping):
        return chain.from_iterable(zip(item.keys(), item.values(), strict=False))
    if issubclass(kind, (list, tuple, set, frozenset, deque)):
        return iter(item)
    if issubclass(kind, type):
        return iter(())
    # Around its own code, which may write down that it was asked, as a mock does.
    found = object.__getattribute__(item, "__dict__")
    return iter(list(found.values()))


def _size_of(item: Any) -> int:
    kind = type(item)  # its own `__sizeof__` is not asked: what is in it is counted anyway
    return sys.getsizeof(item) if kind.__module__ == "builtins" else kind.__basicsize__
