"""Reading a Markdown document, and running its Python blocks like the cells of one notebook."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import linecache
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    language: str
    text: str
    line: int
    """The line of the document that the block's first line stands on."""


def blocks_of(document: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text, in order."""
    return [
        Block(match["language"], match["text"], document.count("\n", 0, match.start("text")) + 1)
        for match in re.finditer(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", document, re.MULTILINE | re.DOTALL)
    ]


def run_document(path: Path, runner: asyncio.Runner, all_shown: bool = False) -> list[str]:
    """Run the Python blocks of a document, which share their names and the event loop; they may await.

    Args:
        path: the document.
        runner: its loop runs the blocks, and may be used for more documents.
        all_shown: whether a block that prints must have a text block behind it.

    Returns:
        In what the printed output differs from the text blocks.
    """
    differences = []
    blocks = blocks_of(path.read_text(encoding="utf-8"))
    linecache.checkcache(str(path))
    with _main_module() as module:
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            if block.language != "python":
                continue
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                _run_code(block, str(path), runner, module.__dict__)
            text = printed.getvalue()
            if following is not None and following.language == "text":
                if text != following.text:
                    differences.append(f"{path.name}:{following.line}: printed {text!r}, not {following.text!r}")
            elif text and all_shown:
                differences.append(f"{path.name}:{block.line}: printed {text!r}, which no text block shows")
    return differences


@contextlib.contextmanager
def _main_module() -> Iterator[types.ModuleType]:
    """Put a fresh module in place of `__main__`: errors and snapshots name the module of a class."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield sys.modules["__main__"]
    finally:
        sys.modules["__main__"] = before


def _run_code(block: Block, filename: str, runner: asyncio.Runner, namespace: dict[str, object]) -> None:
    """Run one block so that a traceback names the document's own lines."""
    source = "\n" * (block.line - 1) + block.text
    code = compile(source, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if re.search(r"\basyncio\.run\(", block.text):  # what a script does, and no cell
        exec(code, namespace)
    else:
        runner.run(_cell(code, namespace))


async def _cell(code: types.CodeType, namespace: dict[str, object]) -> None:
    """Run code as a cell of a notebook does, in the event loop whether it awaits or not."""
    result = eval(code, namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        await result


def links_of(document: str) -> list[str]:
    """Return where the links of a Markdown text lead that stay within the project, without their anchors."""
    return re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", document)
