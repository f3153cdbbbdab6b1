"""What the documents promise: their code runs, their commands and their links exist."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import itertools
import linecache
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
RUNNABLE = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


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


def run_blocks(path: Path, runner: asyncio.Runner, namespace: dict[str, object]) -> list[str]:
    """Run the Python blocks of a document like the cells of one notebook; return what differs from the text blocks."""
    differences = []
    blocks = blocks_of(path.read_text(encoding="utf-8"))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run_code(block, str(path), runner, namespace)
        if following is not None and following.language == "text" and printed.getvalue() != following.text:
            differences.append(f"{path.name}:{following.line}: printed {printed.getvalue()!r}, not {following.text!r}")
    return differences


def run_code(block: Block, filename: str, runner: asyncio.Runner, namespace: dict[str, object]) -> None:
    """Run one block, which may await, so that a traceback names the document's own lines."""
    source = "\n" * (block.line - 1) + block.text
    code = compile(source, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        runner.run(eval(code, namespace))
    else:
        exec(code, namespace)


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.name)
def test_the_python_blocks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("document")
    monkeypatch.setitem(sys.modules, "document", module)
    linecache.checkcache(str(path))
    with asyncio.Runner() as runner:
        assert run_blocks(path, runner, module.__dict__) == []


def test_the_readme_has_blocks_that_run_and_outputs_that_are_compared() -> None:
    languages = [block.language for block in blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert languages.count("python") >= 3
    assert ("python", "text") in itertools.pairwise(languages)


def test_a_wrong_output_in_a_document_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "wrong.md"
    document.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n", encoding="utf-8")
    with asyncio.Runner() as runner:
        assert run_blocks(document, runner, {}) == [r"wrong.md:6: printed '1\n', not '2\n'"]


def test_the_blocks_of_a_document_share_names_and_one_event_loop(tmp_path: Path) -> None:
    document = tmp_path / "shared.md"
    first = "import asyncio\nevent = asyncio.Event()\nawait asyncio.sleep(0)\nloop = asyncio.get_running_loop()\n"
    second = "assert asyncio.get_running_loop() is loop\nevent.set()\nprint(await event.wait())\n"
    document.write_text(f"```python\n{first}```\n```python\n{second}```\n```text\nTrue\n```\n", encoding="utf-8")
    with asyncio.Runner() as runner:
        assert run_blocks(document, runner, {}) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    code = [*re.findall(r"`(make [^`]+)`", text), *re.findall(r"^(make .+)$", text, re.MULTILINE)]
    named = {target for line in code for target in re.findall(r"^make (?:[A-Z_]+=\S+ )*([a-z][a-z-]*)", line)}
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_relative_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", makefile, re.MULTILINE)
    assert [name for name, rest in targets if "## " not in rest] == []
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name, _ in targets if name != "help" and f"`make {name}`" not in readme] == []
