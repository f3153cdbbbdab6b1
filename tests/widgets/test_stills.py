"""What the inspector leaves in a notebook that no kernel is behind."""

from __future__ import annotations

from typing import Any

from wfkit import DictState
from wfkit.widgets.stills import still_html


def no_history(key: str) -> list[dict[str, Any]]:
    return []


def test_each_key_is_folded_with_its_value_and_its_history_inside() -> None:
    def history(key: str) -> list[dict[str, Any]]:
        return [{"moment": 2, "who": "think", "text": "<b>"}] if key == "plan" else []

    shown = still_html("Flow", DictState(plan={"a": 1}, none=None, lines="a\n  b"), history)
    assert shown.count("<details>") == 3
    assert "a<br>&nbsp;&nbsp;b" in shown, "untrusted notebooks have no styles"
    assert '>plan</span> <span class="wfkit-quiet">dict</span> <span' in shown
    assert "{&#x27;a&#x27;: 1}" in shown
    assert "moment 2, think: &lt;b&gt;" in shown
    assert "3 keys" in shown


def test_nothing_breaks_out_and_no_secret_is_told() -> None:
    state = DictState({"<script>": "<script>x</script>", "api_key": "k1", "deep": {"token": "t1"}, "a.b": 1, "\x00": 2})
    shown = still_html("<i>", state, no_history)
    assert "<script>" not in shown
    assert "<i>" not in shown
    assert "k1" not in shown
    assert "t1" not in shown
    assert shown.count("<details>") == 5


def test_there_is_an_end_to_it() -> None:
    shown = still_html("Flow", DictState({f"n{n}": "x" * 100_000 for n in range(500)}), no_history)
    assert len(shown) < 150_000
    assert "and 400 more" in shown
    assert "0 keys" in still_html("Flow", DictState(), no_history)
