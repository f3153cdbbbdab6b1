"""What a user sees: the names, their documentation, the version, and that every core module has its tests."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import wfkit
from wfkit import errors, events

ROOT = Path(__file__).resolve().parent.parent

# Covered by the tests of another module: module -> file.
COVERED_ELSEWHERE = {
    "annotations": "test_steps.py",
    "children": "test_child_runs.py",
    "attempts": "test_retry.py",
    "body": "test_engine.py",
    "calls": "test_context.py",
    "checks": "test_workflow.py",
    "collect": "test_fan_out_collect.py",
    "cell": "test_notebook_life.py",
    "either": "test_workflow.py",
    "errors": "test_public_api.py",
    "first_event": "test_workflow.py",
    "plain": "test_values.py",
    "port": "test_context.py",
    "problems": "test_graph.py",
    "report": "test_engine.py",
    "run": "test_engine.py",
    "scope": "test_fan_out_nested.py",
    "scoped_ledger": "test_fan_out.py",
    "signature": "test_steps.py",
    "sync": "test_run_sync.py",
    "sync_context": "test_sync_steps.py",
}


def python(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_names_are_sorted_and_each_is_there_once() -> None:
    assert wfkit.__all__ == sorted(set(wfkit.__all__))


def test_everything_public_in_the_package_is_named() -> None:
    public = {
        name for name, value in vars(wfkit).items() if not name.startswith("_") and not inspect.ismodule(value)
    } - {"annotations", "Any", "TYPE_CHECKING", "import_module"}
    assert public <= set(wfkit.__all__)


@pytest.mark.parametrize("module", [errors, events])
def test_every_error_and_every_event_is_public(module: Any) -> None:
    base = errors.WorkflowError if module is errors else events.Event
    classes = {
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, base) and kind.__module__ == module.__name__
    }
    assert classes <= set(wfkit.__all__)


@pytest.mark.parametrize("name", wfkit.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(wfkit, name)
    doc = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    assert doc, f"{name} has no docstring of its own"
    assert doc.strip().splitlines()[0].strip()


def public_methods() -> list[tuple[str, Any]]:
    """Return the public methods and properties of the public classes."""
    return [
        (f"{name}.{attribute}", value)
        for name in wfkit.__all__
        if inspect.isclass(kind := getattr(wfkit, name))
        for attribute, value in vars(kind).items()
        if not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    ]


@pytest.mark.parametrize(("name", "method"), public_methods(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_public_method_is_documented_here_or_where_it_is_declared(name: str, method: Any) -> None:
    kind = getattr(wfkit, name.split(".")[0])
    assert inspect.getdoc(getattr(kind, name.split(".")[1])), f"{name} has no docstring"


def test_dir_names_everything_before_it_is_loaded() -> None:
    answer = python("import wfkit; print(sorted(set(wfkit.__all__) - set(dir(wfkit))))")
    assert answer == "[]"
    assert dir(wfkit) == sorted(dir(wfkit))


def test_a_star_import_gives_every_name() -> None:
    code = "import wfkit\nfrom wfkit import *\nprint([name for name in wfkit.__all__ if name not in globals()])"
    assert python(code) == "[]"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wfkit' has no attribute 'nothing'"):
        _ = wfkit.nothing  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="draw_nothing"):
        _ = wfkit.draw_nothing  # type: ignore[attr-defined]


def test_it_is_typed_and_its_version_is_the_projects() -> None:
    assert (ROOT / "wfkit" / "py.typed").is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert wfkit.__version__ == project["version"]


@pytest.mark.parametrize("name", [name for name in vars(errors) if name.startswith(("Workflow", "Context"))])
def test_an_error_stands_in_the_tree_of_the_module(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.WorkflowError)
    assert name in (errors.__doc__ or "")


def test_the_tools_for_tests_are_not_loaded_with_the_package() -> None:
    assert python("import sys, wfkit; print('wfkit.testing' in sys.modules)") == "False"


def core_modules() -> list[str]:
    """Return the modules of the flat core: floors 0 to 3 of ARCHITECTURE.md, and the tools for tests."""
    return sorted(path.stem for path in (ROOT / "wfkit").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("module", core_modules())
def test_every_core_module_has_a_head_and_its_tests(module: str) -> None:
    assert importlib.import_module(f"wfkit.{module}").__doc__
    assert (ROOT / "tests" / COVERED_ELSEWHERE.get(module, f"test_{module}.py")).is_file()


def test_no_exception_is_listed_that_is_none() -> None:
    for module in COVERED_ELSEWHERE:
        assert module in core_modules()
        assert not (ROOT / "tests" / f"test_{module}.py").exists()
