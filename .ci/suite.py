"""Run the whole test suite, every part of it even after a failure, and close with one line that sums it up.

Usage: .venv/bin/python .ci/suite.py [--long] [PYTEST_ARGUMENT ...]

The parts: the checks (format, lint, types), the tests, the notebooks under nbval. Only the standard library is used
here, so that a broken environment still gets a readable report.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
NO_TESTS_COLLECTED = 5
NO_BROWSER = "no Chromium found; as root on Debian it is installed by itself, elsewhere install Chromium or Chrome"


def main() -> int:
    """Run every part; return 0 when all passed."""
    os.chdir(ROOT)
    arguments = sys.argv[1:]
    long = "--long" in arguments
    arguments = [argument for argument in arguments if argument != "--long"]
    skipped: Counter[str] = Counter()
    failed = []
    start = time.monotonic()
    if not long and not run("checks", [os.environ.get("MAKE", "make"), "--no-print-directory", "check"]):
        failed.append("checks")
    if not run_tests(long, arguments, skipped):
        failed.append("tests")
    if not long and not run("notebooks", notebook_command()):
        failed.append("notebooks")
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    reasons = "; ".join(f"{what} ({count})" if count > 1 else what for what, count in sorted(skipped.items()))
    print(f"\n{verdict} in {time.monotonic() - start:.0f} s. Skipped: {reasons or 'nothing'}.", flush=True)
    return 1 if failed else 0


def run(name: str, command: list[str], passing: tuple[int, ...] = (0,)) -> bool:
    """Run one part and say so; return whether it passed."""
    print(f"\n== {name}", flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode in passing


def run_tests(long: bool, arguments: list[str], skipped: Counter[str]) -> bool:
    """Run pytest; add to `skipped` what it left out and why."""
    wanted = ["slow" if long else "not slow"]
    if not has_browser():
        wanted.append("not browser")
        skipped[f"browser tests: {NO_BROWSER}"] += 1
    if not long and has_slow_tests():
        skipped["slow tests: `make test-long` runs them"] += 1
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [*PYTEST, "-m", " and ".join(wanted), f"--junit-xml={report}", *arguments]
        # Having no slow test is fine; having no test at all is not.
        passed = run("tests", command, passing=(0, NO_TESTS_COLLECTED) if long else (0,))
        skipped.update(skip_reasons(report))
    return passed


def has_slow_tests() -> bool:
    """Tell whether any test is marked slow, without collecting them all a second time."""
    return any("mark.slow" in path.read_text(encoding="utf-8") for path in Path("tests").rglob("test_*.py"))


def has_browser() -> bool:
    """Look for a Chromium, bringing one where that is possible; leave its path in CHROMIUM."""
    found = subprocess.run(["sh", ".ci/browser", "--install"], stdout=subprocess.PIPE, text=True, check=False)
    if path := found.stdout.strip():
        os.environ["CHROMIUM"] = path
    return bool(path)


def skip_reasons(report: Path) -> list[str]:
    """Read the reason of every skipped test from pytest's report; an expected failure is no skip."""
    if not report.exists():
        return []
    return [
        node.get("message", "no reason given")
        for node in ElementTree.parse(report).iter("skipped")
        if node.get("type") == "pytest.skip"
    ]


def notebook_command() -> list[str]:
    """Return the command that runs the notebooks and compares every output with the saved one."""
    command = [*PYTEST, "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    if Path("notebooks/sanitize.cfg").exists():
        command.append("--nbval-sanitize-with=notebooks/sanitize.cfg")
    return [*command, "notebooks"]


if __name__ == "__main__":
    sys.exit(main())
