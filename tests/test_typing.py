"""What type checkers make of wfkit: a user's file is without errors, and one with mistakes has each of them found.

`tests/typing/user_file.py` is the first. `tests/typing/wrong_file.txt` is the second; it is no `.py` so that our own
checks leave it alone. wfkit's tests are checked by mypy with pydantic's plugin; here it has none, like a user's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.typing import user_file
from wfkit import Workflow

ROOT = Path(__file__).resolve().parent.parent
USER_FILE = ROOT / "tests" / "typing" / "user_file.py"
WRONG_FILE = ROOT / "tests" / "typing" / "wrong_file.txt"
MARK = re.compile(r"# error: (\w+)$")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, set[str]]]:
    """Run pyright over both files; return the rules that it finds broken, by file and line."""
    pyright = Path(sys.executable).with_name("basedpyright")
    if not pyright.exists():
        pytest.skip("basedpyright is not installed: pip install basedpyright")
    folder = tmp_path_factory.mktemp("typed")
    shutil.copy(USER_FILE, folder / "user_file.py")
    shutil.copy(USER_FILE, folder / "strict_file.py")
    shutil.copy(WRONG_FILE, folder / "wrong_file.py")
    settings = {
        "include": ["user_file.py", "strict_file.py", "wrong_file.py"],
        "strict": ["strict_file.py"],
        "typeCheckingMode": "standard",
        "extraPaths": [str(ROOT)],
        "pythonVersion": "3.11",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [str(pyright), "--project", str(folder), "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stderr  # 2 and more: it could not do its work
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 3
    rules: dict[str, dict[int, set[str]]] = {}
    for problem in report["generalDiagnostics"]:
        lines = rules.setdefault(Path(problem["file"]).name, {})
        lines.setdefault(problem["range"]["start"]["line"] + 1, set()).add(problem.get("rule", problem["message"]))
    return rules


@pytest.mark.parametrize("name", ["user_file.py", "strict_file.py"])
def test_pyright_finds_nothing_in_a_users_file(found: dict[str, dict[int, set[str]]], name: str) -> None:
    lines = USER_FILE.read_text(encoding="utf-8").splitlines()
    assert {f"{line}: {lines[line - 1].strip()}": rules for line, rules in found.get(name, {}).items()} == {}


def test_pyright_finds_every_mistake_and_nothing_else(found: dict[str, dict[int, set[str]]]) -> None:
    lines = WRONG_FILE.read_text(encoding="utf-8").splitlines()
    wanted = {number: {mark[1]} for number, line in enumerate(lines, 1) if (mark := MARK.search(line))}
    assert len(wanted) > 30
    assert found.get("wrong_file.py") == wanted


def test_mypy_finds_nothing_in_a_users_file(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed: pip install mypy")
    kept = getattr(pytestconfig, "cache", None)  # not there with -p no:cacheprovider
    cache = tmp_path / "cache" if kept is None else kept.mkdir("mypy")
    options = ["--strict", "--config-file=", "--explicit-package-bases", "--no-error-summary", "--no-color-output"]
    command = [sys.executable, "-m", "mypy", *options, f"--cache-dir={cache}"]
    shutil.copy(USER_FILE, tmp_path / "user_file.py")
    done = subprocess.run(
        [*command, "user_file.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr
    # What it says of wfkit itself is for `make check`.
    assert [line for line in done.stdout.splitlines() if line.startswith("user_file.py")] == []


def test_the_workflows_of_the_users_file_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.json").write_text('{"llm": {"model": "large"}}', encoding="utf-8")
    text = user_file.Text("!")
    workflows: list[Workflow[Any]] = [
        user_file.Plain(),
        text,
        user_file.Many(),
        user_file.Waits(),
        user_file.Family(child=text),
        user_file.free,
    ]
    assert [workflow.validate(validate_resources=True) for workflow in workflows] == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_what_the_users_file_says_of_events_and_scripts_holds() -> None:
    user_file.about_events()
    user_file.in_a_script()
