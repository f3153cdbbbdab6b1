"""The pages of docs/: their code runs, and prints what they say it prints."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.markdown import blocks_of, links_of, run_document
from wfkit.testing import SeededLoop

DOCS = Path(__file__).resolve().parent.parent / "docs"
INDEX = DOCS / "index.md"
PAGES = sorted(path for path in DOCS.glob("*.md") if path != INDEX)
each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@contextmanager
def virtual_time(seed: int = 0) -> Iterator[asyncio.Runner]:
    """Run code on an event loop on which no sleep costs time, in an order drawn from a seed."""
    with asyncio.Runner(loop_factory=partial(SeededLoop, seed)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SeededLoop)
        yield runner
        loop.expect_thread()  # the runner closes the loop's pool from a thread of its own


@each_page
@pytest.mark.parametrize("seed", range(5))
def test_a_page_prints_what_it_shows(path: Path, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with virtual_time(seed) as runner:
        assert run_document(path, runner, all_shown=True) == []


@each_page
def test_a_page_is_short_and_shows_what_comes_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    languages = [block.language for block in blocks_of(text)]
    assert len(text.splitlines()) <= 140
    assert ("python", "text") in itertools.pairwise(languages)
    assert set(languages) <= {"python", "text", "sh"}


def test_the_index_leads_to_every_page() -> None:
    links = links_of(INDEX.read_text(encoding="utf-8"))
    assert [path.name for path in PAGES if path.name not in links] == []


@pytest.mark.parametrize(
    ("document", "differences"),
    [
        ("```python\nprint(1)\n```\n\n```text\n1\n```\n", []),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", [r"page.md:6: printed '1\n', not '2\n'"]),
        ("```python\nx = 1\n```\n\n```text\n2\n```\n", [r"page.md:6: printed '', not '2\n'"]),
        ("```python\nprint(1)\n```\n", [r"page.md:2: printed '1\n', which no text block shows"]),
        ("```sh\nno python\n```\n\n```text\n2\n```\n", []),
    ],
)
def test_a_wrong_output_is_noticed(document: str, differences: list[str], tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(document, encoding="utf-8")
    with virtual_time() as runner:
        assert run_document(tmp_path / "page.md", runner, all_shown=True) == differences


def test_the_blocks_of_a_page_share_names_and_one_event_loop(tmp_path: Path) -> None:
    first = "import asyncio\nevent = asyncio.Event()\nawait asyncio.sleep(3600)\nloop = asyncio.get_running_loop()\n"
    second = "assert asyncio.get_running_loop() is loop\nevent.set()\nprint(await event.wait(), __name__)\n"
    page = f"```python\n{first}```\n```python\n{second}```\n```text\nTrue __main__\n```\n"
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    with virtual_time() as runner:
        assert run_document(tmp_path / "page.md", runner, all_shown=True) == []


def test_an_error_names_the_line_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A page\n\n```python\n1 / 0\n```\n", encoding="utf-8")
    with virtual_time() as runner, pytest.raises(ZeroDivisionError) as error:
        run_document(tmp_path / "page.md", runner)
    assert (error.traceback[-1].path, error.traceback[-1].lineno) == (tmp_path / "page.md", 3)  # counted from 0
