"""The pictures of the documents: where they come from is there, and so are they."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from docs.pictures.flows import flow
from docs.pictures.gallery import FOLDER, GALLERY, SCALE, gallery
from docs.pictures.make import main, page_of
from docs.pictures.png import size_of, small_png
from docs.pictures.scenes import PICTURES, Run
from wfkit.display.playback import Playback

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
FILES = sorted(FOLDER.glob("*.png"))
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def shown_on(path: Path) -> list[tuple[Path, int | None]]:
    """Return the pictures that a document shows, each with the width it is given, if any."""
    text = path.read_text(encoding="utf-8")
    found: list[tuple[Path, int | None]] = []
    for tag in re.findall(r"<(?:img|source)\b[^>]*>", text):
        name = re.search(r'\bsrc(?:set)?="([^"]*)"', tag)
        width = re.search(r'\bwidth="(\d+)"', tag)
        assert name, tag
        found.append(((path.parent / name[1]).resolve(), int(width[1]) if width else None))
    return found + [((path.parent / name).resolve(), None) for name in re.findall(r"!\[[^\]]*\]\(([^):]+)\)", text)]


@pytest.mark.parametrize("name", PICTURES)
def test_what_a_picture_shows_is_there_and_is_the_same_each_time(name: str) -> None:
    scene = PICTURES[name].scene
    html = scene.html()
    assert "wfkit-" in html
    assert scene.html() == html
    moment = scene.moment()
    if moment is not None:
        assert isinstance(scene, Run)
        drawing = scene.drawing()
        assert isinstance(drawing, Playback)
        assert 0 < moment < len(drawing.story.data["moments"]) - 1  # neither the beginning nor the end


@each_document
def test_the_pictures_of_a_document_exist_and_are_sharp(path: Path) -> None:
    for file, width in shown_on(path):
        if file.suffix == ".png":
            across, high = size_of(file.read_bytes())
            assert 100 < across < 2400, file.name
            assert 100 < high < 2400, file.name
            assert width is None or width * SCALE <= across + SCALE, f"{file.name} is shown larger than it is"


@each_document
def test_a_picture_comes_for_light_and_for_dark(path: Path) -> None:
    names = [file.name for file, _ in shown_on(path) if file.parent == FOLDER]
    assert names[::2] == [name.replace("-light.", "-dark.") for name in names[1::2]]


def test_every_picture_is_shown_somewhere_and_none_is_left_over() -> None:
    shown = {file for path in DOCUMENTS for file, _ in shown_on(path)}
    assert [path.name for path in FILES if path not in shown] == []
    assert {path.name for path in FILES} == {f"{name}-{theme}.png" for name in PICTURES for theme in ("light", "dark")}


def test_the_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in FILES}
    assert {name: size for name, size in sizes.items() if size > 90_000} == {}
    assert sum(sizes.values()) < 1_500_000


def test_the_page_of_all_pictures_is_up_to_date() -> None:
    assert GALLERY.read_text(encoding="utf-8") == gallery()


def test_a_workflow_that_has_gone_is_named() -> None:
    with pytest.raises(LookupError, match=r"cookbook\.ipynb has no workflow 'Gone'"):
        flow("cookbook.ipynb", "Gone")
    with pytest.raises(LookupError, match="StartEvent"):
        flow("cookbook.ipynb", "StartEvent")


def test_a_picture_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"no 'jok'.*joke"):
        main(["jok"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match=r"no Chromium found.*CHROMIUM"):
        main(["joke"])


@pytest.mark.parametrize(("theme", "told"), [("light", "true"), ("dark", "false")])
def test_a_cell_finds_the_theme_where_jupyterlab_tells_it(theme: Any, told: str) -> None:
    assert f'<body data-jp-theme-light="{told}">' in page_of("", theme, 100)


class Browser:
    """Finds two colours and four pixels on every picture."""

    def evaluate(self, script: str, arguments: list[Any]) -> list[Any]:
        packed = zlib.compress(b"\0\0\1\0\1\0", 1)
        return [2, 2, [255, 255, 255, 0, 0, 0], base64.b64encode(packed).decode()]


def test_a_small_png_is_a_whole_one() -> None:
    page: Any = Browser()
    made = small_png(page, b"")
    assert size_of(made) == (2, 2)
    place, kinds = 8, []
    while place < len(made):
        length, kind = int.from_bytes(made[place : place + 4], "big"), made[place + 4 : place + 8]
        content = made[place + 8 : place + 8 + length]
        assert int.from_bytes(made[place + 8 + length : place + 12 + length], "big") == zlib.crc32(kind + content)
        kinds.append(kind)
        place += length + 12
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    with pytest.raises(ValueError, match="no PNG"):
        size_of(b"GIF89a")
