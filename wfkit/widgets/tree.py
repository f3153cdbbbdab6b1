"""A store as the rows of a tree: short, without secrets, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr

from wfkit.display.words import FIELD_LIMIT, count, field_name, name_of_type, shown, values_of
from wfkit.draft import differs
from wfkit.masking import MASK, is_secret_name

MOST_ROWS: Final = 200
DEEPEST: Final = 4
_INSIDE: Final = 50  # rows of what is in one value
_TEXT: Final = 120  # characters of a value
_EDITABLE: Final = 4_000  # characters of a value as JSON
_EDITABLE_IN_ALL: Final = 60_000
_PATH: Final = 400  # characters of a path
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
        found[most:] = [_row(None, "…", 0, "", "there is more")]
    room = _EDITABLE_IN_ALL
    for row in found:  # a view travels often
        room -= 0 if row["edit"] is None else len(json.dumps(row["edit"]))
        row["edit"] = row["edit"] if room >= 0 else None
    return found


def _rows(value: Any, path: str | None, depth: int, changed: tuple[str, ...], before: Any) -> Iterator[dict[str, Any]]:
    earlier = _parts(before)
    for number, (key, item) in enumerate(_parts(value).items()):
        if depth and number == _INSIDE:  # what comes after it shall have a row, too
            yield _row(None, "…", depth, "", "there is more")
            return
        here = _path(value, path, key)
        secret = is_secret_name(key) or issubclass(type(item), (SecretStr, SecretBytes))
        opens = not secret and depth < DEEPEST and _opens(item)
        row = _row(here, key, depth, name_of_type(item, 40), MASK if secret else _text(item, opens))
        known = before is not None and not secret
        touched = here is not None and _touched(here, changed, known and _differs(earlier, key, item))
        row["changed"] = touched or (here is not None and any(one.startswith(f"{here}.") for one in changed))
        if touched and known:
            row["was"] = shown(earlier[key], 60) if key in earlier else "not there"
        if not secret and here is not None:
            row["edit"], row["plain"] = editable(item), type(item) is str
        yield row
        if opens:
            yield from _rows(item, here, depth + 1, changed, earlier.get(key) if before is not None else None)


def _touched(path: str, changed: tuple[str, ...], differs: bool) -> bool:
    """Whether a part has changed: it was set itself, or is another one in something that was set."""
    return path in changed or (differs and any(path.startswith(f"{one}.") for one in changed))


def _differs(before: dict[Any, Any], key: Any, item: Any) -> bool:
    return key not in before or differs(before[key], item)


def _row(path: str | None, key: Any, depth: int, kind: str, text: str) -> dict[str, Any]:
    name = field_name(key) if issubclass(type(key), str) else shown(key, FIELD_LIMIT)
    return {"path": path, "key": name, "depth": depth, "type": kind, "text": text, "was": "", "edit": None}


def _path(value: Any, path: str | None, key: Any) -> str | None:
    """Return the path of a part; None if none leads there, or none that could be sent to a page and back."""
    wanted = int if type(value) is list else str if issubclass(type(value), (dict, BaseModel)) else None
    if path is None or type(key) is not wanted:
        return None
    found = f"{path}.{key}" if path else str(key)
    return found if key != "" and "." not in str(key) and len(found) <= _PATH and _can_be_sent(found) else None


def _parts(value: Any) -> dict[Any, Any]:
    """Return what is in a value that opens; nothing for one that does not let itself be looked at."""
    kind = type(value)  # what an object says of its class is the user's own code
    try:
        if issubclass(kind, BaseModel):
            return values_of(value)
        if issubclass(kind, tuple) and isinstance(names := getattr(kind, "_fields", None), tuple):
            return dict(zip(names, value, strict=False))  # by names, of which some are those of secrets
        if issubclass(kind, Mapping):
            return dict(islice(value.items(), MOST_ROWS + 1))
        if issubclass(kind, (list, tuple)):
            return dict(enumerate(value[: MOST_ROWS + 1]))
    except Exception:  # a mapping of the user's own
        return {}
    return {}


def _text(value: Any, opens: bool) -> str:
    """Return what is shown of a value; of one whose parts stand below it, how many there are."""
    if not opens or hasattr(type(value), "_fields"):
        return name_of_type(value, 40) if opens else shown(value, _TEXT)
    if issubclass(type(value), BaseModel):
        return name_of_type(value, 40)
    return count(len(value), "key" if issubclass(type(value), Mapping) else "item")


def _opens(value: Any) -> bool:
    kind = type(value)
    if issubclass(kind, BaseModel):
        return True
    if not issubclass(kind, (Mapping, list, tuple)):
        return False
    try:
        return len(value) > 0 and not _flat(value)
    except Exception:  # a length or a slice of the user's own
        return False


def _flat(value: Any) -> bool:
    """Whether a list is told best on one line."""
    return issubclass(type(value), (list, tuple)) and all(type(item) in _ATOMS for item in value[:MOST_ROWS])


def editable(value: Any) -> str | None:
    """Return a value as the text that a person edits: JSON, or a text as it is. None if it is no plain data."""
    if not _is_plain(value):
        return None
    try:
        text = value if type(value) is str else json.dumps(value, ensure_ascii=False)
    except ValueError:  # a number of thousands of digits
        return None
    return text if len(text) <= _EDITABLE and _can_be_sent(text) else None


def _can_be_sent(text: str) -> bool:
    """Whether a text can be written as UTF-8: half of a pair, as a cut emoji has, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_plain(value: Any) -> bool:
    """Whether a value is plain data without secrets, and not too much of it."""
    left, room = [(value, 0)], _EDITABLE
    while left:
        item, depth = left.pop()
        kind = type(item)
        if kind not in (*_ATOMS, list, dict) or depth > DEEPEST + 1:
            return False
        if kind is float and item - item != 0:  # JSON has no infinity
            return False
        room -= 1 + (len(item) if kind in (str, list, dict) else 0)
        if room < 0:
            return False
        if kind is dict and not all(type(key) is str and not is_secret_name(key) for key in item):
            return False
        parts = item.values() if kind is dict else item if kind is list else ()
        left.extend((part, depth + 1) for part in parts)
    return True


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
