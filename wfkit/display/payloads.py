"""What the events of a playback carried, within a budget.

An event that somebody will look for gets its fields first: the first and the last ones, questions and answers, what a
failed step worked on. When the room ends, the others keep their name only, and how many fields they had.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from itertools import islice
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, SecretBytes, SecretStr

from wfkit.display.words import VALUE_LIMIT, brief, cut, field_name, name_of_type, shown, values_of
from wfkit.events import ChildEvent, Event, StepFailedEvent, StopEvent, WorkflowFailedEvent
from wfkit.masking import MASK, is_secret_name

MOST_FIELDS: Final = 12
MOST_FOREIGN: Final = 100
# What is spelled in no time, or by words.py.
_OURS: Final = (
    *(
        str,
        bytes,
        int,
        float,
        complex,
        type(None),
        list,
        tuple,
        dict,
        set,
        frozenset,
        BaseModel,
        SecretStr,
        SecretBytes,
    ),
    *(Enum, date, time, timedelta, BaseException, type),
)
_BRIEF_FIELDS: Final = 4
_BRIEF: Final = 48
# When it was, in events that tell of failures: the same run shall read the same.
_CLOCKS: Final = frozenset({"elapsed_seconds", "failed_at"})
_FAR_TOO_MUCH: Final = 3  # times the room: more than that is not even spelled


class Payload(NamedTuple):
    """What an event carried.

    Attributes:
        fields: (name, what to show of the value).
        more: how many fields are not among them.
    """

    fields: tuple[tuple[str, str], ...]
    more: int

    @property
    def weight(self) -> int:
        """About how many bytes it takes in a page, where some characters are written as several."""
        return sum(8 + weigh(name) + weigh(value) for name, value in self.fields)

    def brief(self) -> Payload:
        """Return it with fewer fields and shorter values."""
        fields = tuple((name, cut(value, _BRIEF)) for name, value in self.fields[:_BRIEF_FIELDS])
        return Payload(fields, self.more + len(self.fields) - len(fields))

    def bare(self) -> Payload:
        """Return it without fields."""
        return Payload((), self.more + len(self.fields))


class Speller:
    """Spells what events carried, with some patience for values whose repr is not ours.

    The repr of a data frame or a model takes milliseconds. The first `MOST_FOREIGN` of such values are shown as they
    show themselves, of further ones the type is told.
    """

    def __init__(self) -> None:
        self._foreign = 0

    def payload(self, event: Event) -> Payload:
        """Return what an event carried: at most `MOST_FIELDS` fields, each value cut, secrets masked."""
        kind = type(event)
        if kind is ChildEvent:
            return self.payload(event.event)
        found = values_of(event)
        if issubclass(kind, (StepFailedEvent, WorkflowFailedEvent)):
            found = {name: value for name, value in found.items() if name not in _CLOCKS}
        if issubclass(kind, StopEvent) and kind is not StopEvent and found.get("result") is None:
            found.pop("result", None)  # every last event has it, and few of one's own use it
        fields = tuple(
            (field_name(name), MASK if is_secret_name(name) else self._spell(value))
            for name, value in islice(found.items(), MOST_FIELDS)
        )
        return Payload(fields, len(found) - len(fields))

    def _spell(self, value: Any) -> str:
        kind = type(value)  # not isinstance: it asks the value for its class, and that is the user's
        if not issubclass(kind, _OURS) and not is_dataclass(kind):
            self._foreign += 1
            if self._foreign > MOST_FOREIGN:
                return f"<{name_of_type(value)}>"
        return shown(value)


def name_of_event(event: Event, limit: int = 120) -> str:
    """Return what to call an event: its type; of one that a child run has shown, the child too."""
    if type(event) is ChildEvent:
        return cut(f"{brief(event.child, limit)}: {name_of_type(event.event, limit)}", limit)
    return name_of_type(event, limit)


def result_of(event: Event) -> str:
    """Return what a run came to, as its last event has it."""
    fields = values_of(event)
    value = fields.get("result")
    return shown(event if value is None and len(fields) > 1 else value, VALUE_LIMIT)


def spell_within(events: Iterable[Event], room: int) -> list[Payload]:
    """Return what events carried, as far as there is room.

    If not all have room in full, all are brief, and as many as may be are in full; if not even that, the last ones
    are bare.

    Args:
        events: those that matter most first.
        room: in bytes.
    """
    speller = Speller()
    found: list[Payload] = []
    total = 0
    for event in events:
        payload = speller.payload(event) if total <= _FAR_TOO_MUCH * room else Payload((), len(values_of(event)))
        found.append(payload)
        total += payload.weight
    if total <= room:
        return found
    fitting: list[Payload] = []
    for payload in found:
        brief = payload.brief()
        fitting.append(brief if brief.weight <= room else payload.bare())
        room -= fitting[-1].weight
    for place, payload in enumerate(found):
        room -= payload.weight - fitting[place].weight
        if room < 0:
            break
        fitting[place] = payload
    return fitting


def weigh(text: str) -> int:
    """Return about how many bytes a text takes in a page."""
    written = json.dumps(text, ensure_ascii=False)
    extra = sum(written.count(char) for char in "<>&'\u2028\u2029")
    return len(written.encode("utf-8", "replace")) + 5 * extra + written.count("\\")
