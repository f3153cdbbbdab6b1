"""The rows of a store's tree, made again and again at little cost."""

from __future__ import annotations

from itertools import islice
from time import perf_counter
from typing import Any, Final

from wfkit.widgets.spelling import ABSENT, parts_of
from wfkit.widgets.tree import MOST_ROWS, tree_rows

_NOT_SHOWN: Final = ("edit", "plain")  # nothing is edited in an inspector, and they may be long
SLOW: Final = 0.02  # seconds that a value may take to say what it is


class Rows:
    """The rows of a tree that is looked at again and again.

    A value that takes long to say what it is would hold up the event loop each time. So it is asked again only when
    another one stands there, or after twenty times as long.
    """

    def __init__(self) -> None:
        self._slow: dict[str, tuple[Any, list[dict[str, Any]], float]] = {}  # with the time when it may be asked again

    def look(self, state: Any, changed: tuple[str, ...] = (), before: Any = None) -> list[dict[str, Any]]:
        """Return the rows; of a store with more than a page can show, its keys without what is in them.

        Args:
            state: what the store holds.
            changed: the keys that changed.
            before: what stood at them before.
        """
        parts = parts_of(state)
        told: list[dict[str, Any]] = []
        tops: list[dict[str, Any]] = []
        for key, value in islice(parts.items(), MOST_ROWS):
            rows = self._of(key, value, changed, before)
            tops.append(rows[0])
            if len(told) <= MOST_ROWS:
                told += rows
        if len(parts) <= MOST_ROWS and len(told) <= MOST_ROWS:
            return told
        return tops if len(parts) <= MOST_ROWS else [*tops, *tree_rows(parts, most=0)]

    def _of(self, key: str, value: Any, changed: tuple[str, ...], before: Any) -> list[dict[str, Any]]:
        known, rows, again = self._slow.get(key, (ABSENT, [], 0.0))
        begun = perf_counter()
        if known is value and (begun < again and key not in changed):
            return rows
        rows = [
            {name: told for name, told in row.items() if name not in _NOT_SHOWN}
            for row in tree_rows({key: value}, changed, before)
        ]
        took = perf_counter() - begun
        if took > SLOW:
            kept = rows if key not in changed else [{**row, "changed": False, "was": ""} for row in rows]
            self._slow[key] = value, kept, begun + took + 20 * took
        return rows
