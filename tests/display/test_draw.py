"""The public functions: what they return, print, write and refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.display.flows import Drawable, LoopSteps, Tape, plan
from tests.display.inert import Inspector, played
from wfkit.display import (
    Drawing,
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    draw_most_recent_execution,
)
from wfkit.errors import WorkflowRuntimeError
from wfkit.events import StartEvent, StopEvent


def flow() -> Drawable:
    return Drawable(plan(LoopSteps))


def ran() -> Drawable:
    tape = Tape("LoopFlow")
    tape.finish(tape.start("answer_query", 1, tape.send(StartEvent(), ["answer_query"])), None)
    return Drawable(plan(LoopSteps), tape.end(StopEvent(result=1)))


def test_a_drawing_shows_itself_and_prints_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    drawing = draw_all_possible_flows(flow())
    assert capsys.readouterr() == ("", "")
    assert repr(drawing) == "<Drawing of LoopFlow: all possible flows>"
    assert set(drawing._repr_mimebundle_()) == {
        "text/plain",
        "text/html",
        "image/svg+xml",
        "text/vnd.mermaid",
    }
    assert set(drawing._repr_mimebundle_(include=["text/html", "text/plain"], exclude=["text/plain"])) == {"text/html"}
    assert drawing._repr_html_() == drawing.html


@pytest.mark.parametrize(("inside", "told"), [(True, ""), (False, "<Drawing of LoopFlow")])
def test_a_marimo_notebook_shows_it_too(
    inside: bool, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: inside))
    draw_all_possible_flows(flow())
    said = capsys.readouterr().err
    assert said.startswith(told)
    assert bool(said) == bool(told)


def test_a_file_is_written_and_its_name_printed_as_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(draw_all_possible_flows(flow(), "loop_workflow.html", notebook=True), Drawing)
    assert isinstance(draw_most_recent_execution(ran(), filename="./execution.html"), Drawing)
    assert capsys.readouterr().out == "loop_workflow.html\n./execution.html\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["execution.html", "loop_workflow.html"]
    assert "vis.Network" in Path("loop_workflow.html").read_text(encoding="utf-8")
    page = Path("execution.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert played(page)["outcome"] == "done"


@pytest.mark.parametrize("ipython", [None, SimpleNamespace(), SimpleNamespace(get_ipython=lambda: None)])
def test_a_script_is_told_that_nothing_was_written(
    ipython: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    draw_all_possible_flows(flow())
    draw_most_recent_execution(ran())
    assert capsys.readouterr() == (
        "",
        "<Drawing of LoopFlow: all possible flows>: no file was written, and only a notebook shows a drawing by "
        "itself. Give a file name: filename='flow.html'.\n"
        "<Drawing of LoopFlow: latest execution>: no file was written, and only a notebook shows a drawing by "
        "itself. Give a file name: filename='flow.html'.\n",
    )


@pytest.mark.parametrize("name", ["a.png", "a.PDF", "a.html.gz"])
def test_an_ending_that_stands_for_something_else_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = name[name.rindex(".") :].lower()
    told = rf"{name}' ends in '{ending}'.* end it in .html, .htm, .svg, .mmd or .txt"
    with pytest.raises(ValueError, match=told):
        draw_all_possible_flows(flow(), tmp_path / name)
    with pytest.raises(ValueError, match=told):
        draw_most_recent_execution(ran(), tmp_path / name)
    with pytest.raises(ValueError, match=r"end it in .mmd, .mermaid, .md or .txt"):
        draw_all_possible_flows_mermaid(flow(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["page", "page.htm", "PAGE.HTML"])
def test_a_page_is_written_where_no_ending_says_otherwise(name: str, tmp_path: Path) -> None:
    draw_most_recent_execution(ran(), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("name", "start"), [("a.svg", "<svg"), ("a.mmd", "flowchart TD"), ("a.txt", "LoopFlow")])
def test_the_ending_of_a_file_name_decides(name: str, start: str, tmp_path: Path) -> None:
    draw_all_possible_flows(flow(), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("an older one")
    draw_all_possible_flows(flow()).save(tmp_path / "a.svg")
    assert "an older one" not in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_pyvis_inline_is_shut_into_a_frame() -> None:
    html = draw_all_possible_flows(flow(), renderer="pyvis").html
    assert 'title="LoopFlow: all possible flows" sandbox="allow-scripts"' in html
    assert Inspector(html).images == 1


def test_mermaid_text(tmp_path: Path) -> None:
    text = draw_all_possible_flows_mermaid(flow(), filename=tmp_path / "flow.mmd")
    assert text.startswith("flowchart TD\n")
    assert (tmp_path / "flow.mmd").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("thing", ["LoopFlow", 3, None, object, int])
def test_what_is_no_workflow_is_named(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"is not a workflow; give a Workflow class or instance") as caught:
        draw_all_possible_flows(thing)
    assert repr(thing) in str(caught.value)
    with pytest.raises(TypeError, match="is neither a handler nor a workflow; give what run"):
        draw_most_recent_execution(thing)


def test_nothing_has_run_yet() -> None:
    with pytest.raises(WorkflowRuntimeError, match=r"has not run yet, so there is no execution to draw; run it first"):
        draw_most_recent_execution(flow())


def test_a_class_does_not_run() -> None:
    class Flow(Drawable):
        pass

    with pytest.raises(TypeError, match="is a workflow class, and a class does not run"):
        draw_most_recent_execution(Flow)


def test_an_unknown_renderer_is_named() -> None:
    with pytest.raises(ValueError, match="renderer is 'svg' or 'pyvis'; it is 'dot'"):
        draw_all_possible_flows(flow(), renderer="dot")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*; create it, or give another file name"):
        draw_all_possible_flows(flow(), filename=tmp_path / "nowhere" / "a.html")


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="it is a folder; add a file name to it"):
        draw_all_possible_flows(flow(), filename=tmp_path)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is not a folder; give another file name"):
        draw_all_possible_flows(flow(), filename=tmp_path / "file" / "a.html")


def test_a_folder_that_must_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)  # root may write anywhere, so no folder would refuse it
    with pytest.raises(PermissionError, match="does not allow it; give a name in another folder"):
        draw_all_possible_flows(flow(), filename=tmp_path / "a.html")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.svg").write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="No space left on device; free the place"):
        draw_all_possible_flows(flow(), filename=tmp_path / "a.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert (tmp_path / "a.svg").read_text() == "old"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("name", "error"), [(3, TypeError), ("", ValueError)])
def test_what_is_no_file_name(name: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="filename is"):
        draw_all_possible_flows(flow(), filename=name)


def test_drawing_loads_no_notebook_package_until_pyvis_is_asked_for() -> None:
    code = (
        "import sys, wfkit.display\n"
        "bad = {'IPython', 'pyvis', 'networkx', 'ipywidgets', 'jinja2'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
