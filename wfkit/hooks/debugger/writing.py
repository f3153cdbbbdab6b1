"""Writes a run at each of its stops, and what has not changed since the stop before only once.

A run that holds a thousand deliveries would else be written anew, all of it, at every step. So a snapshot is kept in
pieces, a text for each delivery and the rest around them, and the stops of a run share the pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import is_
from typing import Any, NamedTuple, cast

from wfkit.events import Event
from wfkit.ledger import Ledger
from wfkit.run import Run
from wfkit.scope import Scope
from wfkit.serialize import BaseSerializer
from wfkit.snapshot import VERSION, dump_ledger, dump_store
from wfkit.work import Work

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})
_COMMA = ", "


class Text(NamedTuple):
    """A snapshot as JSON, in pieces.

    Attributes:
        head: what stands before the deliveries.
        deliveries: each of them.
        tail: what stands behind them.
    """

    head: str = ""
    deliveries: tuple[str, ...] = ()
    tail: str = ""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        commas = max(0, len(self.deliveries) - 1)
        return len(self.head) + sum(map(len, self.deliveries)) + len(_COMMA) * commas + len(self.tail)

    def __str__(self) -> str:
        return f"{self.head}{_COMMA.join(self.deliveries)}{self.tail}"


class _Written(NamedTuple):
    """A delivery as it was written, with what that depends on."""

    event: Event
    values: tuple[Any, ...]  # of the event's fields
    scope: int | None  # the number of its scope in the snapshot
    text: str

    def is_of(self, work: Work) -> bool:
        """Whether the delivery would be written so now, but for the number of its scope."""
        event, values, _, _ = self  # of a thousand deliveries: the fastest way
        fields = event.__dict__
        return (
            work.event is event
            and all(map(is_, fields.values(), values))
            and len(fields) == len(values)
            and not event.__pydantic_extra__
            and (not work.__dict__ or _has_not_begun(work))
        )

    def within(self, scope: int | None) -> _Written:
        """Return the delivery with another number of its scope: that is the last that is written of it."""
        if scope == self.scope:
            return self
        return self._replace(scope=scope, text=f"{self.text[: self.text.rindex(' ')]} {scope}}}")


class Writer:
    """Writes the snapshots of a run.

    What is remembered is a delivery that has not begun, of an event whose fields are all plain values: of any other
    nobody can tell whether it has changed inside.

    Args:
        run: the run.
        serializer: writes the values.
    """

    def __init__(self, run: Run, serializer: BaseSerializer) -> None:
        self._run = run
        self._serializer = serializer
        self._before: dict[Work, _Written] = {}

    def write(self) -> Text:
        """Return the run as it is now.

        Raises:
            ContextSerdeError, TypeError, ValueError: something in it cannot be written.
        """
        run, before = self._run, self._before
        if not run.begun or run.ending:
            return Text(json.dumps(run.context.to_dict(self._serializer)))
        ledger = run.ledger
        works = [*ledger.active, *ledger.waiting, *ledger.retrying, *ledger.ready]
        works += [work for lane in ledger.lanes for work in lane.queue or ()]
        kept: dict[Work, _Written] = {}
        anew: list[Work] = []
        scopes: set[Scope] = set()
        for work in works:
            found = before.get(work)
            if found is not None and found.is_of(work):
                kept[work] = found
                if work.scope is None or work.scope in scopes:
                    continue
                scopes.add(work.scope)  # written all the same, once for each scope: so each gets its number
            anew.append(work)
        texts, rest = self._write(anew, kept)
        self._before = kept
        state = dump_store(run.context.store, self._serializer)
        head = {"wfkit": VERSION, "workflow": run.plan.name, "is_running": True, "state": state}
        return Text(
            f'{json.dumps(head)[:-1]}, "work": {{"deliveries": [',
            tuple([kept[work].text if work in kept else texts[work] for work in works]),
            f"], {json.dumps(rest)[1:]}}}",
        )

    def _write(self, works: list[Work], kept: dict[Work, _Written]) -> tuple[dict[Work, str], dict[str, Any]]:
        """Write deliveries, and everything but them. What can be kept of the former is put to what is."""
        run = self._run
        some = _Some(run.ledger, works)
        data = dump_ledger(cast(Ledger, some), self._serializer, run.now())
        data["stop"] = None if run.stop is None else self._serializer.encode(run.stop)
        numbers: dict[Scope | None, int | None] = {None: None}
        texts: dict[Work, str] = {}
        for work, written in zip((*some.active, *some.retrying), data.pop("deliveries"), strict=True):
            number = numbers[work.scope] = written.get("scope")
            texts[work] = text = json.dumps(written)
            event = work.event
            if _has_not_begun(work) and not event.__pydantic_extra__:
                values = tuple(event.__dict__.values())
                if _PLAIN.issuperset(map(type, values)):
                    kept[work] = _Written(event, values, number, text)
        if numbers.keys() != {None}:
            for work, found in kept.items():
                kept[work] = found.within(numbers[work.scope])
        return texts, data


class _Some:
    """A ledger with only some of its deliveries, and everything else; for `dump_ledger`."""

    waiting = ready = lanes = ()

    def __init__(self, ledger: Ledger, works: Iterable[Work]) -> None:
        self._ledger = ledger
        self.active = [work for work in works if work not in ledger.retrying]
        self.retrying = [work for work in works if work in ledger.retrying]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def _has_not_begun(work: Work) -> bool:
    """Whether nothing is to be told of a delivery but its place."""
    progress = work.__dict__
    return not progress or (len(progress) == 1 and "scope" in progress)
