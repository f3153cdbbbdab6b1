"""`Playback`: the latest execution as a drawing in which the run moves through its flow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from wfkit.display.drawing import Drawing
from wfkit.display.execution import draw_execution
from wfkit.display.figure import Figure, label_limit
from wfkit.display.frame import frame_document
from wfkit.display.legend import PASSING, legend_html
from wfkit.display.mermaid import draw_mermaid
from wfkit.display.run_figure import run_figure
from wfkit.display.story import Story
from wfkit.display.svg import draw_svg
from wfkit.display.text import draw_text
from wfkit.display.words import count
from wfkit.graph import FlowGraph, event_ids
from wfkit.plan import Plan
from wfkit.records import Record


class Playback(Drawing):
    """A run that can be played, stepped through and scrubbed, in a cell or as a page, without a kernel or a network.

    The picture by itself (`svg`) is the flow with what became of each step. Faces that stand still and are read, the
    text and Mermaid, tell every execution of a step instead.

    Args:
        records: what happened, oldest first.
        plan: the steps of the workflow.
        graph: its flow.
        max_label_length: names are cut to this many characters; None stands for a sensible length.
        direction: "down" or "right", the way the flow runs.

    Raises:
        ValueError: `max_label_length` is less than 1, or there is no such direction.

    Example:
        draw_most_recent_execution(handler).save("run.html")
    """

    def __init__(
        self,
        records: Sequence[Record],
        plan: Plan,
        graph: FlowGraph,
        max_label_length: int | None = None,
        direction: str = "down",
    ) -> None:
        super().__init__(Figure.of_flow(graph, max_label_length), direction=direction)
        self._records = records
        self._plan = plan
        self._graph = graph
        self._limit = label_limit(max_label_length)

    @cached_property
    def story(self) -> Story:
        """What happened, moment by moment."""
        return Story.of(self._records, self._graph, event_ids(self._plan))

    @cached_property
    def _figure(self) -> Figure:
        # Nothing here tells how long anything took: notebooks under test compare the still.
        data, counts = self.story.data, self.story.data["counts"]
        told = f"{data['outcome']} · {count(counts['steps'], 'step execution')}, {count(counts['events'], 'event')}"
        return run_figure(self._flow, self.story.tallies, (told, *self.story.remarks))

    @cached_property
    def _unrolled(self) -> Figure:
        return draw_execution(self.story.history, self._limit)

    @cached_property
    def mermaid(self) -> str:
        """Every execution of a step, as Mermaid text."""
        return draw_mermaid(self._unrolled, self._direction)

    @cached_property
    def text(self) -> str:
        """Every execution of a step, as a listing."""
        return draw_text(self._unrolled)

    def _passing(self) -> set[str]:
        """Return the states that steps go through while the run plays."""
        kinds = {moment[1] for moment in self.story.data["moments"]}
        again = any(moment[1] == "failed" and moment[3] is not None for moment in self.story.data["moments"])
        told = {
            "held": "held",
            "waiting": "waiting",
            "cancelled": "cancelled",
            "failed": "retried" if again else "failed",
        }
        return {*PASSING, *(state for kind, state in told.items() if kind in kinds), *(["waiting"] if again else [])}

    def _document(self, full_page: bool = False, heading: tuple[str, ...] = ()) -> str:
        return frame_document(
            draw_svg(self._figure, self._layout, embedded=True),
            self._title,
            data=self.story.data,
            parts=("stage", "player"),
            full_page=full_page,
            foot=legend_html(self._figure, self._passing()),
        )
