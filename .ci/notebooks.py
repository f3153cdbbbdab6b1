"""Run the notebooks again and save what they show: after a change of what a drawing looks like or a message says.

Usage: .venv/bin/python .ci/notebooks.py [NAME ...]

Outputs are saved as a test compares them: streams joined, no times, no metadata of the machine, no widgets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


class FirstClient(NotebookClient):
    """Keeps what a cell showed first, as nbval compares it: a panel, not the playback that takes its place."""

    def _update_display_id(self, display_id: str, msg: dict[str, object]) -> None:
        pass


def main() -> int:
    """Run each notebook that is named, or all; return 1 if there is no notebook of a name."""
    os.environ["OPENAI_API_KEY"] = ""  # they ask no real language model
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    missing = [name for name in names if not (FOLDER / f"{name}.ipynb").is_file()]
    if missing:
        print(f"there is no notebook {', '.join(map(repr, missing))} in {FOLDER.name}/", file=sys.stderr)
        return 1
    for name in names:
        path = FOLDER / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        client = FirstClient(
            notebook, timeout=120, kernel_name="python3", record_timing=False, resources={"metadata": {"path": FOLDER}}
        )
        client.execute()
        tidy(notebook)
        nbformat.write(notebook, path)
        print(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size // 1000:,} kB")
    return 0


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from machine to machine."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)  # nobody has its model any more; what else was shown stays


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join pieces of one stream that follow each other: how they are cut is chance."""
    found: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = found[-1] if found else None
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            found.append(output)
    return found


if __name__ == "__main__":
    sys.exit(main())
