"""Writing a drawing to a file: all of it or nothing, and a clear word when it cannot be done."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

FileName: TypeAlias = "str | os.PathLike[str]"


def checked(filename: FileName) -> Path:
    """Return a file name as a path.

    Raises:
        TypeError: it is no file name.
        ValueError: it is empty.
    """
    if not isinstance(filename, (str, os.PathLike)):
        raise TypeError(f"filename is the name of the file to write, such as 'flow.html', or None; it is {filename!r}")
    if not os.fspath(filename):
        raise ValueError("filename is empty; give a name such as 'flow.html', or None to write no file")
    return Path(filename)


def ending_of(filename: FileName, known: Collection[str]) -> str:
    """Return the ending of a file name, in small letters, "" for none.

    Raises:
        TypeError: it is no file name.
        ValueError: it is empty, or the ending is none of those that are known.
    """
    ending = checked(filename).suffix.lower()
    endings = [found for found in known if found]
    if ending not in known:
        raise ValueError(
            f"filename {os.fspath(filename)!r} ends in {ending!r}, which cannot be written here; "
            f"end it in {', '.join(endings[:-1])} or {endings[-1]}"
        )
    return ending


def write(filename: FileName, text: str) -> None:
    """Write a file as UTF-8 at once: whoever looks sees the old one or the new one, never half of it.

    Raises:
        OSError: it cannot be written; the message says why and what to do. The class is that of the cause, such as
            FileNotFoundError or PermissionError.
    """
    path = checked(filename)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {os.fspath(filename)!r}: it is a folder; add a file name to it")
    part = path.with_name(f".wfkit-{os.getpid()}.part")
    try:
        part.write_bytes(text.encode("utf-8", "replace"))
        os.replace(part, path)
    except OSError as error:
        raise type(error)(_reason(path, error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _reason(path: Path, error: OSError) -> str:
    name, folder = os.fspath(path), os.fspath(path.parent)
    if not path.parent.exists():
        return f"cannot write {name!r}: there is no folder {folder!r}; create it, or give another file name"
    if not path.parent.is_dir():
        return f"cannot write {name!r}: {folder!r} is not a folder; give another file name"
    if isinstance(error, PermissionError):
        return f"cannot write {name!r}: the folder {folder!r} does not allow it; give a name in another folder"
    return f"cannot write {name!r}: {error.strerror or error}; free the place, or give another file name"
