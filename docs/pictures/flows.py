"""The workflows on the pictures: those of the notebooks and of the pages, read from there and not told twice.

Of a notebook or page only the imports and classes are run, no other line.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
import re
import sys
import types
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from wfkit import Workflow

DOCS = Path(__file__).resolve().parent.parent
NOTEBOOKS = DOCS.parent / "notebooks"


def cells_of(path: Path) -> list[str]:
    """Return the Python code of a notebook or of a Markdown page, piece by piece."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@cache
def classes_of(path: Path) -> dict[str, Any]:
    """Return the classes that a notebook or page defines; of several with one name the last."""
    module = types.ModuleType(f"pictures_{path.stem}")
    sys.modules[module.__name__] = module  # event classes are looked up by the name of their module
    with _language_model(), contextlib.redirect_stdout(io.StringIO()):
        for cell in cells_of(path):
            # A line for the notebook itself, such as %pip, is no Python.
            tree = ast.parse(re.sub(r"^[%!].*$", "", cell, flags=re.MULTILINE))
            tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef)]
            exec(compile(tree, _named(cell), "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def _named(cell: str) -> str:
    """Return a file name by which a traceback finds the lines of a cell, and which looks like that of a kernel's."""
    name = f"/tmp/ipykernel_1/{zlib.crc32(cell.encode())}.py"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    return name


@contextlib.contextmanager
def _language_model() -> Iterator[None]:
    """Let notebooks find their `llm.py`."""
    sys.path.insert(0, str(NOTEBOOKS))
    try:
        yield
    finally:
        sys.path.remove(str(NOTEBOOKS))


def flow(place: str, name: str) -> type[Workflow]:
    """Return a workflow class of a notebook, such as "cookbook.ipynb", or of a page of docs/.

    Raises:
        LookupError: it is not there, so a picture wants another one.
    """
    folder = NOTEBOOKS if place.endswith(".ipynb") else DOCS
    found = classes_of(folder / place).get(name)
    if not (isinstance(found, type) and issubclass(found, Workflow)):
        raise LookupError(f"{place} has no workflow {name!r}; name another one in docs/pictures/scenes.py")
    return found
