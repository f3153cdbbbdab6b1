"""What the documents promise: their code runs, their commands and their links exist."""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path

import pytest

from tests.markdown import blocks_of, links_of, run_document

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]


def test_the_python_blocks_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with asyncio.Runner() as runner:
        assert run_document(ROOT / "README.md", runner) == []


def test_the_readme_has_blocks_that_run_and_outputs_that_are_compared() -> None:
    languages = [block.language for block in blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert languages.count("python") >= 3
    assert ("python", "text") in itertools.pairwise(languages)


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
    links = links_of(path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", makefile, re.MULTILINE)
    assert [name for name, rest in targets if "## " not in rest] == []
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name, _ in targets if name != "help" and f"`make {name}`" not in readme] == []
