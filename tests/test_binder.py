"""The Binder configuration, as far as it can be checked without building an image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = [
    line.strip()
    for line in (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def test_the_python_is_one_that_the_package_accepts() -> None:
    version = re.fullmatch(r"python-(\d+\.\d+)", (BINDER / "runtime.txt").read_text(encoding="utf-8").strip())
    assert version is not None
    assert version[1] in SpecifierSet(PROJECT["requires-python"])


def test_the_package_itself_is_installed() -> None:
    # A repository with a binder/ folder is not installed by itself; a local line also has it copied first.
    local = [line for line in REQUIREMENTS if line.startswith(".")]
    assert len(local) == 1
    extras = re.fullmatch(r"\.\[([a-z,]+)\]", local[0])
    assert extras is not None
    assert "notebook" in extras[1].split(",")
    assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])


def test_the_requirements_are_those_of_the_notebook_extra() -> None:
    # They stand here again because Binder's own base pins an older ipykernel, which the plain lines lift.
    named = {str(Requirement(line)) for line in REQUIREMENTS if not line.startswith(".")}
    assert named == {str(Requirement(line)) for line in PROJECT["optional-dependencies"]["notebook"]}


def test_the_address_in_the_readme_opens_a_notebook_that_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    opened = re.findall(r"https://mybinder\.org/v2/gh/[\w.-]+/[\w.-]+/HEAD\?urlpath=lab/tree/([^\s)]+)", readme)
    assert opened == ["notebooks/cookbook.ipynb"]
    assert (ROOT / opened[0]).is_file()


def test_there_is_one_configuration_and_nothing_in_it_is_overlooked() -> None:
    assert not (ROOT / ".binder").exists()
    assert sorted(path.name for path in BINDER.iterdir()) == ["requirements.txt", "runtime.txt"]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_a_script_of_the_configuration_names_its_interpreter(name: str) -> None:
    script = BINDER / name
    assert not script.exists() or script.read_text(encoding="utf-8").startswith("#!")
