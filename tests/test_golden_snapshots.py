"""Snapshots as earlier versions wrote them: every later version must load each of them and go on to its result.

The files in `tests/golden` are what users have on their disks. None is ever changed or deleted, and no flow that they
were taken of. A test here that fails says that this version cannot read what an earlier one saved, or runs it to
another result: mend the reader. `tests/golden/make.py` says what to do when the form changes on purpose.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.golden import make
from tests.golden.flows import MOMENTS, Line, Moment
from tests.golden.make import FORM, finish, made
from wfkit import Context
from wfkit.testing import simulate

FILES = sorted((Path(__file__).resolve().parent / "golden").glob("*.json"))


def golden(name: str, form: int = FORM) -> Any:
    """Return what is in a file."""
    return json.loads((make.HERE / f"{name}.{form}.json").read_text(encoding="utf-8"))


def without_clocks(value: Any) -> Any:
    """Return a snapshot without the moments of the wall's clock: when something failed."""
    if isinstance(value, list):
        return [without_clocks(each) for each in value]
    if isinstance(value, dict):
        return {key: "then" if key == "failed_at" and each else without_clocks(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_a_saved_run_goes_on_to_its_result(path: Path, seed: int) -> None:
    moment = MOMENTS[path.stem.split(".")[0]]
    assert simulate(finish(moment, json.loads(path.read_text(encoding="utf-8"))), seed).result == moment.result


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_restored_run_can_be_saved_and_restored_again(path: Path) -> None:
    moment = MOMENTS[path.stem.split(".")[0]]
    before = json.loads(path.read_text(encoding="utf-8"))

    async def again() -> Any:
        workflow = moment.make()
        context: Context[Any] = Context.from_dict(workflow, before)
        if moment.finished:
            return await finish(moment, context.to_dict())
        handler = workflow.run(ctx=context)
        snapshot = json.loads(json.dumps(handler.ctx.to_dict(), allow_nan=False))
        await handler.cancel_run()
        return await finish(moment, snapshot)

    assert simulate(again()).result == moment.result


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_made_now_is_the_same(name: str, seed: int) -> None:
    assert without_clocks(json.loads(json.dumps(made(name, seed)))) == without_clocks(golden(name))


def test_every_moment_has_its_file_and_every_file_its_moment() -> None:
    assert {path.stem.split(".")[0] for path in FILES} == set(MOMENTS)
    assert {path.name for path in FILES} >= {f"{name}.{FORM}.json" for name in MOMENTS}


def test_the_files_are_strict_json() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    for path in FILES:
        json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


# -- the moments are what they are called ----------------------------------------------------------------------------


def test_what_the_files_hold_is_what_they_stand_for() -> None:
    works = {name: golden(name)["work"] for name in MOMENTS}
    [[step, buffer, items]] = works["collect_half_full"]["buffers"]
    assert (step, buffer, len(items)) == ("gather", "squares", 2)
    scopes = works["nested_lists"]["scopes"]
    assert [(scope["source"], [*scope["members"]]) for scope in scopes] == [
        ("groups", ["outer"]),
        ("numbers", ["inner"]),
        ("numbers", []),
    ]
    assert [scope["parent"] for scope in scopes] == [None, 0, 0]
    assert len(works["joins_in_scopes"]["scopes"]) == 1
    assert [buffer[0] for buffer in works["join_half_full"]["buffers"]] == ["both"]
    [waiting] = works["wait_with_answers"]["deliveries"]
    assert [len(answers) for answers in waiting["answers"].values()] == [1, 1]
    assert len(works["open_question"]["questions"]) == 1
    assert len(works["early_answer"]["unclaimed"]) == 1
    [retrying] = works["retry_waiting"]["deliveries"]
    assert (retrying["attempt"], retrying["elapsed"]) == (3, 15.0)
    assert [each["step"] for each in works["failure_at_handler"]["deliveries"]] == ["help", "help"]
    assert [each["recoveries"] for each in works["failure_at_handler"]["deliveries"]] == [{"help": 1}] * 2
    assert "typed" in golden("typed_state")["state"]
    assert works["finished"] is None
    assert [each["step"] for each in works["queued"]["deliveries"]] == ["first"]
    assert works["sends_made"]["deliveries"][0]["sends"] == 2


# -- making them -----------------------------------------------------------------------------------------------------


def test_files_that_are_missing_are_written_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make, "HERE", tmp_path)
    monkeypatch.setattr(make, "MOMENTS", {name: MOMENTS[name] for name in ("line", "open_question")})
    (tmp_path / f"line.{FORM}.json").write_text("kept", encoding="utf-8")
    make.main()
    assert (tmp_path / f"line.{FORM}.json").read_text(encoding="utf-8") == "kept"
    written = (tmp_path / f"open_question.{FORM}.json").read_text(encoding="utf-8")
    assert without_clocks(json.loads(written)) == without_clocks(golden("open_question"))
    assert len(list(tmp_path.iterdir())) == 2
    assert re.findall(r"is there already|written", capsys.readouterr().out) == ["is there already", "written"]


def test_a_moment_that_is_over_too_soon_is_not_written() -> None:
    with pytest.raises(AssertionError):
        simulate(make.take(Moment(Line, 100, "", {"text": "hello"})))
