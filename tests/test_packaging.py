"""The wheel that is built from this folder: complete, and saying the right things about itself."""

from __future__ import annotations

import email
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and from that the wheel, with what is installed, so without a network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("wfkit/")}
    files = (path.relative_to(ROOT) for path in (ROOT / "wfkit").rglob("*") if path.is_file())
    wanted = {path.as_posix() for path in files if not any(p.startswith((".", "__pycache__")) for p in path.parts)}
    assert wanted - packed == set()
    assert packed - wanted == set()
    assert "wfkit/py.typed" in packed


def test_nothing_but_the_package_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"wfkit", f"wfkit-{PROJECT['version']}.dist-info"}


def test_the_metadata_says_what_the_project_says(metadata: Message) -> None:
    assert metadata["Name"] == "wfkit"
    assert metadata["Version"] == PROJECT["version"]
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert "# wfkit" in str(metadata.get_payload())


def test_the_base_install_is_what_a_notebook_user_needs(metadata: Message) -> None:
    required = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    base = {requirement.name for requirement in required if requirement.marker is None}
    assert base == {"anywidget", "ipywidgets", "nest-asyncio", "nest-asyncio2", "pydantic", "pyvis"}
    assert set(metadata.get_all("Provides-Extra") or []) == {"bench", "dev", "llm", "notebook", "otel"}


def test_the_wheel_works_where_the_source_is_not(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import sys, wfkit; sys.path.pop(0); print(wfkit.__file__)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.strip()) == tmp_path / "wfkit" / "__init__.py"


def test_the_version_of_the_package_is_the_version_of_the_project() -> None:
    import wfkit

    assert getattr(wfkit, "__version__", PROJECT["version"]) == PROJECT["version"]


def test_the_pins_cover_what_the_set_up_installs() -> None:
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").split()
    pins = {Requirement(line).name.lower().replace("_", "-"): Requirement(line) for line in lines}
    assert all(str(pin.specifier).startswith("==") and pin.url is None for pin in pins.values())
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for requirement in map(Requirement, [*PROJECT["dependencies"], *extras]):
        pin = pins[requirement.name.lower()]
        (version,) = (specifier.version for specifier in pin.specifier)
        assert requirement.specifier.contains(version, prereleases=True), f"{pin} does not suit {requirement}"


def test_every_installed_package_runs_on_the_first_python_3_11() -> None:
    # The pins are made with one patch release of 3.11 and must not lock out who has an earlier one.
    needs = {
        each.name: each.metadata["Requires-Python"] for each in distributions() if each.metadata["Requires-Python"]
    }
    assert needs
    assert {name: need for name, need in needs.items() if "3.11.0" not in SpecifierSet(need)} == {}
