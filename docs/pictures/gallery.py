"""The page with all pictures, README.md beside this file, which `make pictures` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from docs.pictures.png import size_of
from docs.pictures.scenes import PICTURES

FOLDER: Final = Path(__file__).resolve().parent
GALLERY: Final = FOLDER / "README.md"
SCALE: Final = 2  # pixels of a picture to one of a page

_HEAD: Final = """\
# Pictures

Workflows of the notebooks and pages, drawn as a cell of JupyterLab shows them. [Drawings](../drawings.md) says how.
`make pictures` draws them, and this page, anew.
"""


def write_gallery() -> None:
    """Write the page."""
    GALLERY.write_text(gallery(), encoding="utf-8")


def gallery() -> str:
    """Return the page as Markdown. Each picture has its own size there, and follows the reader's theme."""
    parts = [_HEAD]
    for name, picture in PICTURES.items():
        width = size_of((FOLDER / f"{name}-light.png").read_bytes())[0] // SCALE
        alt = picture.caption.replace("`", "").partition(" of ")[0].partition(",")[0]
        parts.append(
            f"{picture.caption}.\n\n"
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="{name}-dark.png">\n'
            f'<img alt="{alt}" src="{name}-light.png" width="{width}"></picture>\n'
        )
    return "\n".join(parts)
