"""The cookbook's loop without a browser: print what its steps do, then draw what can happen and what did.

Usage: python notebooks/demo.py [--out DIR]
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from wfkit import (
    Event,
    StartEvent,
    StopEvent,
    Workflow,
    draw_all_possible_flows,
    draw_most_recent_execution,
    run_sync,
    step,
)


class FailedEvent(Event):
    """The query could not be answered."""

    error: str


class QueryEvent(Event):
    """A better query, to be tried next."""

    query: str


class LoopExampleFlow(Workflow):
    """Answers a query, improving it as often as chance will have it."""

    @step
    async def answer_query(self, ev: StartEvent | QueryEvent) -> FailedEvent | StopEvent:
        """Answer the query, or fail to."""
        if random.randint(0, 1) == 0:
            return FailedEvent(error="Failed to answer the query.")
        return StopEvent(result="The answer to your query")

    @step
    async def improve_query(self, ev: FailedEvent) -> QueryEvent | StopEvent:
        """Improve the query, or decide that it cannot be improved."""
        if random.randint(0, 1) == 0:
            return QueryEvent(query="Here's a better query.")
        return StopEvent(result="Your query can't be fixed.")


def run_demo(folder: Path) -> None:
    """Run the loop once and write its drawings into a folder, which is made if need be."""
    random.seed(1)  # fails, improves its query, then finds the answer
    workflow = LoopExampleFlow(timeout=10, verbose=True)
    print(run_sync(workflow, query="What's LlamaIndex?"))

    folder.mkdir(parents=True, exist_ok=True)
    print("\nTwo drawings to open in a browser, what can happen and what did:")
    draw_all_possible_flows(LoopExampleFlow, filename=str(folder / "loop_workflow.html"))
    draw_most_recent_execution(workflow, filename=str(folder / "loop_execution.html"))


def main() -> None:
    """Read the command line and run the demo."""
    parser = argparse.ArgumentParser(description="Run the cookbook's loop and draw it.")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for the drawings (%(default)s)")
    run_demo(parser.parse_args().out.resolve())


if __name__ == "__main__":
    main()
