"""The benchmarks run: every workload at a tiny size, every answer right. No figure is judged here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import main, quiet_process
from benchmarks.contender import Contender, load_contenders
from benchmarks.contenders import direct, raw
from benchmarks.rounds import Plan, Result, run_rounds
from benchmarks.watch import MemoryWatch, StallWatch, TimeWatch, Watch
from benchmarks.workload import WORKLOADS, Workload, choose

BESIDE_DIRECT = {"round-trip", "snapshot", "snapshot-growth"}
"""What awaiting coroutines one after another has no word for."""


def tiny(workload: Workload) -> Workload:
    return replace(workload, size=workload.tiny, small=workload.small and workload.tiny // 2)


@pytest.fixture(scope="module")
def contenders() -> Iterator[list[Contender]]:
    found, missing = load_contenders(["direct", "raw", "raw-kept", "wfkit"])
    assert missing == {}
    with quiet_process():  # each case begins with a collection, dear in a process full of tests
        yield found


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_every_workload_answers_right(workload: Workload, contenders: list[Contender]) -> None:
    result = run_rounds(tiny(workload), contenders, Plan(rounds=1))

    assert result.failures == {}
    expected = {"raw", "wfkit"} if workload.name in BESIDE_DIRECT else {"direct", "raw", "wfkit"}
    assert set(result.figures) - {"raw-kept"} == expected
    assert result.verdict in {"goal", "ok", "MISS"}


def test_a_wrong_answer_is_a_failure() -> None:
    async def wrong(n: int, watch: Watch) -> int:
        with watch:
            return -1

    liar = Contender("wfkit", {"loop": wrong})
    result = run_rounds(tiny(WORKLOADS[0]), [raw.CONTENDER, liar], Plan(rounds=1))

    assert result.failures == {"wfkit": "WrongAnswerError: loop of 20: -1, not 20"}
    assert result.verdict == "MISS"
    assert "raw" in result.figures


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [([3.0, 8.0, 3.5], "goal"), ([9.0, 9.0, 1.0], "ok"), ([11.0, 20.0, 1.0], "MISS"), ([], "-")],
)
def test_the_verdict_is_on_the_median_of_the_ratios(figures: list[float], verdict: str) -> None:
    workload = replace(WORKLOADS[0], gate=1, goal=0.4)
    result = Result(workload, {"raw": [10.0, 10.0, 10.0], "wfkit": figures})

    assert result.verdict == verdict


def test_a_reduced_contender_runs_smaller_until_asked_for_more() -> None:
    workload = WORKLOADS[0]
    slow = Contender("slow", {}, reduced={"loop": 100})

    assert workload.sizes(slow, quick=False, full=False).size == 100
    assert workload.sizes(slow, quick=False, full=False).reduced
    assert workload.sizes(slow, quick=False, full=True).size == workload.size


def test_the_watches_read_what_they_say() -> None:
    kept: list[bytes] = []

    async def case(watch: Watch) -> None:
        with watch:
            kept.append(bytes(1_000_000))
            await asyncio.sleep(0)
            sum(range(100_000))

    async def read() -> list[float]:
        watches = [TimeWatch(), MemoryWatch(), StallWatch()]
        for watch in watches:
            await case(watch)
        return [watch.value for watch in watches]

    seconds, held, stall = asyncio.run(read())

    assert seconds > 0
    assert 1_000_000 <= held < 1_100_000
    assert stall > 0


def test_the_command_prints_a_table_and_writes_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"

    code = main(["--quick", "--rounds=2", "--contenders=direct", "--only=store-edit", f"--json={file}"])

    printed = capsys.readouterr().out
    assert code == 0
    assert "edit_state, 1,000 keys" in printed
    facts = json.loads(file.read_text(encoding="utf-8"))["workloads"]
    assert [each["name"] for each in facts] == ["store-edit"]
    assert set(facts[0]["contenders"]) == {"direct", "raw"}
    assert len(facts[0]["contenders"]["direct"]["ratios"]) == 2


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only=nothing"])
    with pytest.raises(SystemExit):
        main(["--contenders=nobody"])
    assert "no workload's name begins with" in capsys.readouterr().err


def test_names_are_chosen_by_their_beginning() -> None:
    assert [workload.name for workload in choose(["hoisted", "ask-"])] == [
        "hoisted-1000",
        "hoisted-5000",
        "ask-growth",
    ]


def test_direct_and_raw_offer_the_same_workloads() -> None:
    assert set(raw.CASES) - set(direct.CASES) == {"round-trip", "snapshot"}
