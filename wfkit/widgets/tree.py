"""A store as the rows of a tree: short, without secrets, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr

from wfkit.display.words import FIELD_LIMIT, count, field_name, name_of_type, shown
from wfkit.draft import differs
from wfkit.masking import MASK, is_secret_name

MOST_ROWS: Final = 200
DEEPEST: Final = 4
_TEXT: Final = 120  # characters of a value
_EDITABLE: Final = 4_000  # characters of a value as JSON
_ATOMS: Final = (str, int, float, bool, type(None))


def tree_rows(
    state: Any, changed: tuple[str, ...] = (), before: Any = None, most: int = MOST_ROWS
) -> list[dict[str, Any]]:
    """Return the rows of the tree that a store's state is.

    Args:
        state: a mapping or a pydantic model.
        changed: dotted paths that changed; they are marked, with what they were.
        before: the state before the change, if it is known.
        most: rows at most; a last one says that there are more.

    Returns:
        For each row: path (None where no path leads), key, depth, type, text, changed, was, and edit: the value as
        JSON, or as it is for a text; None for what cannot be edited.

    Example:
        rows = tree_rows(ctx.store.state, changed=("user.name",))
    """
    found = list(islice(_rows(state, "", 0, changed, before), most + 1))
    if len(found) > most:
        found[most:] = [_row(None, "…", 0, "", "there is more", "")]
    return found


def _rows(value: Any, path: str, depth: int, changed: tuple[str, ...], before: Any) -> Iterator[dict[str, Any]]:
    for key, item in _items(value):
        plain = isinstance(key, (str, int)) and "." not in str(key)
        here = (f"{path}.{key}" if path else str(key)) if plain and (path or not depth) else None
        touched = here in changed or (here is not None and _inside(here, changed) and _differs(before, key, item))
        inner = here is not None and any(path.startswith(f"{here}.") for path in changed)
        secret = is_secret_name(key) or isinstance(item, (SecretStr, SecretBytes))
        opens = not secret and depth < DEEPEST and _opens(item)
        text = MASK if secret else _size(item) if opens else shown(item, _TEXT)
        row = _row(here, key, depth, name_of_type(item, 40), text, "")
        row["changed"] = touched or inner
        if touched and before is not None and not secret:
            row["was"] = _was(before, key)
        if not secret and here is not None:
            row["edit"], row["plain"] = editable(item), type(item) is str
        yield row
        if opens:
            earlier = dict(_items(before)).get(key) if before is not None else None
            yield from _rows(item, here or "", depth + 1, changed, earlier)


def _row(path: str | None, key: Any, depth: int, kind: str, text: str, was: str) -> dict[str, Any]:
    name = field_name(key) if isinstance(key, str) else shown(key, FIELD_LIMIT)
    return {"path": path, "key": name, "depth": depth, "type": kind, "text": text, "was": was, "edit": None}


def _inside(path: str, changed: tuple[str, ...]) -> bool:
    return any(path.startswith(f"{key}.") for key in changed)


def _differs(before: Any, key: Any, item: Any) -> bool:
    """Whether a part of what changed is another one than before; False where nobody knows."""
    if before is None:
        return False
    found = dict(_items(before))
    return key not in found or differs(found[key], item)


def _was(before: Any, key: Any) -> str:
    found = dict(_items(before))
    return shown(found[key], 60) if key in found else "not there"


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is in a value that opens; nothing in one that does not let itself be looked at."""
    try:
        if isinstance(value, BaseModel):
            yield from {**value.__dict__, **(value.__pydantic_extra__ or {})}.items()
        elif isinstance(value, Mapping):
            yield from islice(value.items(), MOST_ROWS + 1)
        elif isinstance(value, (list, tuple)):
            yield from enumerate(value[: MOST_ROWS + 1])
    except Exception:  # a mapping of the user's own
        return


def _size(value: Any) -> str:
    """Return in words what is in a value whose items stand below it."""
    if isinstance(value, BaseModel):
        return name_of_type(value, 40)
    return count(len(value), "key" if isinstance(value, Mapping) else "item")


def _opens(value: Any) -> bool:
    if isinstance(value, BaseModel):
        return True
    return isinstance(value, (Mapping, list, tuple)) and len(value) > 0 and not _flat(value)


def _flat(value: Any) -> bool:
    """Whether a list is told best on one line."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, _ATOMS) for item in value[:MOST_ROWS])


def editable(value: Any) -> str | None:
    """Return a value as the text that a person edits: JSON, or a text as it is. None if it is no plain data."""
    if type(value) is str:
        return value if len(value) <= _EDITABLE else None
    if not _is_plain(value, DEEPEST):
        return None
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _EDITABLE else None


def _is_plain(value: Any, depth: int) -> bool:
    if type(value) in _ATOMS:
        return not isinstance(value, float) or value - value == 0  # JSON has no infinity
    if depth < 0 or type(value) not in (list, dict) or len(value) > MOST_ROWS:
        return False
    if type(value) is dict:
        return all(
            type(key) is str and not is_secret_name(key) and _is_plain(item, depth - 1) for key, item in value.items()
        )
    return all(_is_plain(item, depth - 1) for item in value)


def read_edit(text: str, plain: bool) -> Any:
    """Return the value that a person has written.

    Args:
        text: what was written.
        plain: whether it is a text, not JSON.

    Raises:
        ValueError: it is no JSON.
    """
    if plain:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f'{text!r} is no JSON: {error.msg}. Write a text as "text", a list as [1, 2].') from None
