"""What a store held at each moment: copies of what changed, bounded, and never of what did not."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from wfkit.display.words import shown
from wfkit.draft import differs, isolated
from wfkit.masking import MASK, is_secret_name
from wfkit.widgets.fields import ABSENT, parts_of

KEEP: Final = 200
KEEP_BYTES: Final = 20_000_000
MOST_BYTES: Final = 2_000_000
_MOST_PARTS: Final = 20_000
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
        text: what to show of it in few words.
        size: bytes, about.
        whole: whether `value` is what stood there.
    """

    key: str
    moment: int
    value: Any
    text: str
    size: int
    whole: bool


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
        parts = parts_of(state)
        for key in parts:
            self._add(key, 0, parts[key])

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
        changed = tuple(key for key in touched if self._is_new(key, parts.get(key, ABSENT)))
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

    def _is_new(self, key: str, value: Any) -> bool:
        self._see(key, value)
        known = self._of.get(key)
        if not known:
            return value is not ABSENT
        last = known[-1]
        if not last.whole:
            return True
        if last.value is ABSENT or value is ABSENT or type(last.value) is not type(value):
            return last.value is not value
        return differs(last.value, value)

    def _see(self, key: str, value: Any) -> None:
        if value is ABSENT:
            self._seen.pop(key, None)
        else:
            self._seen[key] = value

    def _add(self, key: str, moment: int, value: Any) -> None:
        self._see(key, value)
        size = weigh(value, self._most_bytes)
        whole = size <= self._most_bytes
        copy = isolated(value) if whole and value is not ABSENT else ABSENT
        self.copied += whole and value is not ABSENT
        text = "not there" if value is ABSENT else MASK if is_secret_name(key) else shown(value, _TEXT)
        made = Copy(key, moment, copy, text, size if whole else len(text), whole)
        known = self._of.setdefault(key, [])
        if known and known[-1].moment == moment:  # changed again in the same moment
            self.size -= known.pop().size
        elif known:
            self._old.append(known[-1])
        known.append(made)
        self.size += made.size

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


def _same(one: Copy | None, other: Copy | None) -> bool:
    if not all(copy is None or copy.whole for copy in (one, other)):
        return False
    before, after = (ABSENT if copy is None else copy.value for copy in (one, other))
    if before is ABSENT or after is ABSENT:
        return before is after
    return type(before) is type(after) and not differs(before, after)


def weigh(value: Any, limit: int) -> int:
    """Return about how many bytes a value takes; when it is clear that it is more than `limit`, no more is counted."""
    total, parts, heap, seen = 0, 0, [value], set()
    while heap and total <= limit:
        item = heap.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        parts += 1
        if parts > _MOST_PARTS:
            return limit + 1
        try:
            total += sys.getsizeof(item, 64)
            heap.extend(_inside(item))
        except Exception:  # it does not let itself be looked at
            total += 64
    return total


def _inside(item: Any) -> Iterable[Any]:
    if isinstance(item, BaseModel):
        return parts_of(item).values()
    if isinstance(item, Mapping):
        return [*item.keys(), *item.values()] if len(item) <= _MOST_PARTS else [*item] * 2
    if isinstance(item, (list, tuple, set, frozenset, deque)):
        return list(item)
    found = getattr(item, "__dict__", None)
    return list(found.values()) if type(found) is dict and not isinstance(item, type) else ()
