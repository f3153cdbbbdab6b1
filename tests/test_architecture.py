"""The house: imports go down only, and files and functions stay small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "wfkit"
FILES = sorted(PACKAGE.rglob("*.py"))

# The only ways up: drawn when a notebook shows the object.
UPWARD = {("workflow", "display"), ("handler", "display"), ("graph", "display"), ("hooks", "widgets")}


def floors() -> dict[str, tuple[int, int]]:
    """Read the table of ARCHITECTURE.md: module -> (floor, place in its row)."""
    places: dict[str, tuple[int, int]] = {}
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines():
        match = re.match(r"\| (\d) \|[^|]*\|([^|]*)\|", line)
        if match:
            for place, module in enumerate(re.findall(r"`(\w+)`", match[2])):
                places[module] = (int(match[1]), place)
    return places


def module_of(path: Path) -> str:
    """Return the first part of a file's module name inside the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the wfkit modules that a file imports, and whether the import is inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wfkit":
            parts = (node.module or "").split(".")
            names = parts[1:2] or [alias.name for alias in node.names]
            for name in names:
                yield name, id(node) in inside
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "wfkit":
                    yield alias.name.partition(".")[2].split(".")[0] or "wfkit", id(node) in inside


def test_every_module_has_its_place_in_the_table() -> None:
    modules = {module_of(path) for path in FILES} - {"__init__"}
    assert modules == set(floors())


def test_imports_go_down_only() -> None:
    places = floors()
    climbing = []
    for path in FILES:
        here = module_of(path)
        if here == "__init__":
            continue
        for there, inside in imports(path):
            if there == here or (inside and (here, there) in UPWARD):
                continue
            if there not in places or places[there] >= places[here]:
                climbing.append(f"{path.relative_to(ROOT)} imports {there}")
    assert climbing == []


def test_no_import_hides_behind_type_checking() -> None:
    hiding = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path != PACKAGE / "__init__.py"
        and re.search(r"^if TYPE_CHECKING:\n(?:\s+#.*\n)*\s+(?:from|import) ", path.read_text(encoding="utf-8"), re.M)
    ]
    assert hiding == []


def test_the_package_head_names_every_core_module() -> None:
    head = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))) or ""
    core = [module for module, (floor, _) in floors().items() if floor <= 3]
    assert [module for module in core if not re.search(rf"\b{module}\b", head)] == []


def test_files_stay_under_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_functions_stay_under_60_lines() -> None:
    long = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = (node.end_lineno or 0) - node.body[0].lineno + 1
                if ast.get_docstring(node) is not None and len(node.body) > 1:
                    body = (node.end_lineno or 0) - node.body[1].lineno + 1
                if body >= 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} has {body} lines")
    assert long == []


def test_no_core_file_holds_more_than_a_fifth_of_the_core() -> None:
    places = floors()
    sizes = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.glob("*.py")
        if places.get(path.stem, (9, 0))[0] <= 3
    }
    assert max(sizes.values()) <= sum(sizes.values()) / 5


def test_importing_wfkit_loads_no_jupyter_and_no_network_package() -> None:
    heavy = (
        "IPython ipykernel ipywidgets anywidget pyvis networkx nest_asyncio nest_asyncio2 jinja2 requests httpx openai"
    )
    code = (
        "import sys, wfkit\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules],"
        "[name for name in sys.modules if name.startswith('wfkit.display')])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout == "[] []\n"
