"""`make demo`: the transcript, and two pages that need nothing beside themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.display.inert import played

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "notebooks" / "demo.py"
TRANSCRIPT = [
    "Running step answer_query",
    "Step answer_query produced event FailedEvent",
    "Running step improve_query",
    "Step improve_query produced event QueryEvent",
    "Running step answer_query",
    "Step answer_query produced event StopEvent",
    "The answer to your query",
]


PAGES = ("loop_workflow.html", "loop_execution.html")


def run_demo(cwd: Path, *arguments: str) -> list[str]:
    """Run the demo as `make demo` does; return the lines it printed."""
    command = [sys.executable, "-W", "error", str(DEMO), *arguments]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def test_it_prints_its_transcript_and_writes_pages_that_stand_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a new" / "folder"
    lines = run_demo(tmp_path, "--out", str(folder))
    assert lines[: len(TRANSCRIPT)] == TRANSCRIPT
    pages = [folder / name for name in PAGES]
    assert lines[-2:] == [str(page) for page in pages]
    assert sorted(folder.iterdir()) == sorted(pages)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert all(name in text for name in ("answer_query", "improve_query", "FailedEvent", "QueryEvent"))
        assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?https?:""", text)


def test_the_folder_is_demo_output_unless_another_is_named(tmp_path: Path) -> None:
    run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["demo-output"]


def test_a_second_run_gives_the_same_pages_but_for_how_long_it_took(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        lines = run_demo(tmp_path)
        flow, run = ((tmp_path / "demo-output" / name).read_text(encoding="utf-8") for name in PAGES)
        data = played(run)
        steps = [[kind, *rest] for _, kind, *rest in data["moments"]]
        found.append((lines, flow, run.partition("<script>")[0], data["counts"], data["events"], steps))
    assert found[0] == found[1]
