"""Reading the notebooks as they are saved, for tests that look at them or run them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))


@dataclass(frozen=True)
class Cell:
    """A cell as saved in a notebook."""

    id: str
    kind: str
    """Either "code" or "markdown"."""
    source: str
    metadata: dict[str, Any]
    execution_count: int | None
    outputs: list[dict[str, Any]]

    @property
    def printed(self) -> str:
        """What the cell printed."""
        return printed(self.outputs)

    @property
    def is_drawing(self) -> bool:
        """Whether the cell's last line draws something."""
        return self.kind == "code" and self.source.splitlines()[-1].startswith("draw_")


def printed(outputs: list[dict[str, Any]]) -> str:
    """Return what was printed among the outputs of a cell."""
    return "".join(joined(output["text"]) for output in outputs if output["output_type"] == "stream")


def joined(text: str | list[str]) -> str:
    """Return a text that a notebook may keep as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def metadata_of(path: Path) -> dict[str, Any]:
    """Return what a notebook says about itself."""
    metadata: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    return metadata


def cells_of(path: Path) -> list[Cell]:
    """Return the cells of a notebook."""
    return [
        Cell(
            id=cell["id"],
            kind=cell["cell_type"],
            source=joined(cell["source"]),
            metadata=cell["metadata"],
            execution_count=cell.get("execution_count"),
            outputs=cell.get("outputs", []),
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def code_of(path: Path) -> list[Cell]:
    """Return the code cells of a notebook."""
    return [cell for cell in cells_of(path) if cell.kind == "code"]


def cell_of(name: str, cell_id: str) -> Cell:
    """Return one cell of the notebook of that name."""
    (cell,) = (cell for cell in cells_of(FOLDER / f"{name}.ipynb") if cell.id == cell_id)
    return cell
