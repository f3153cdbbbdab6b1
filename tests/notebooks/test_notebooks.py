"""The notebooks as saved: complete, executed, and the same on every machine.

That their cells run and give the saved outputs is checked by nbval (`make test`), and in JupyterLab by tests/browser.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.saved import FOLDER, PATHS, Cell, cell_of, cells_of, code_of, joined, metadata_of

DOCUMENTS = [FOLDER / "cookbook.ipynb", FOLDER / "getting_started.ipynb"]
GUIDES = [path for path in PATHS if path not in DOCUMENTS]
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
each_guide = pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)

LLAMA_QUERY = """query="What's LlamaIndex?")"""
PASSAGES = {
    "getting_started": [
        "async def main():\n    w = MyWorkflow(",
        "    result = await w.run(",
        "class JokeEvent(Event):\n    joke: str",
        "class JokeFlow(Workflow):\n    llm = OpenAI()\n",
        'class JokeFlow(Workflow):\n    llm = OpenAI(model="gpt-4o-mini")\n    ...',
        "    @step\n    async def generate_joke(self, ev: StartEvent) -> JokeEvent:\n        topic = ev.topic\n",
        'prompt = f"Write your best joke about {topic}."',
        "response = await self.llm.acomplete(prompt)",
        "return JokeEvent(joke=str(response))",
        "    @step\n    async def critique_joke(self, ev: JokeEvent) -> StopEvent:\n        joke = ev.joke\n",
        'prompt = f"Give a thorough analysis and critique of the following joke: {joke}"',
        "return StopEvent(result=str(response))",
        'w = JokeFlow(timeout=60, verbose=False)\nresult = await w.run(topic="pirates")\nprint(str(result))',
        "joke_flow = Workflow(timeout=60, verbose=True)",
        "@step(workflow=joke_flow)\nasync def generate_joke(ev: StartEvent) -> JokeEvent:",
        "@step(workflow=joke_flow)\nasync def critique_joke(ev: JokeEvent) -> StopEvent:",
    ],
    "cookbook": [
        "# %pip install --upgrade",
        "import random",
        "from wfkit import draw_all_possible_flows",
        "from wfkit import draw_most_recent_execution",
        'os.environ["OPENAI_API_KEY"] = "sk-proj-..."',
        "class OpenAIGenerator(Workflow):\n    @step\n    async def generate(self, ev: StartEvent) -> StopEvent:",
        'llm = OpenAI(model="gpt-4o")\n        response = await llm.acomplete(ev.query)',
        f"w = OpenAIGenerator(timeout=10, verbose=False)\nresult = await w.run({LLAMA_QUERY}\nprint(result)",
        'draw_all_possible_flows(OpenAIGenerator, filename="trivial_workflow.html")',
        "class FailedEvent(Event):\n    error: str",
        "class QueryEvent(Event):\n    query: str",
        "self, ev: StartEvent | QueryEvent\n    ) -> FailedEvent | StopEvent:",
        "async def improve_query(self, ev: FailedEvent) -> QueryEvent | StopEvent:",
        'draw_all_possible_flows(LoopExampleFlow, filename="loop_workflow.html")',
        f"l = LoopExampleFlow(timeout=10, verbose=True)\nresult = await l.run({LLAMA_QUERY}\nprint(result)",
        "async def setup(self, ctx: Context, ev: StartEvent) -> QueryEvent:",
        'await ctx.store.set("some_database", ["value1", "value2", "value3"])',
        'data = await ctx.store.get("some_database")',
        f"g = GlobalExampleFlow(timeout=10, verbose=True)\nresult = await g.run({LLAMA_QUERY}\nprint(result)",
        'if hasattr(ev, "data"):\n            await ctx.store.set("data", ev.data)',
        'return StopEvent(result=f"Got the data {data}")',
        "w = WaitExampleFlow(verbose=True)",
        'draw_all_possible_flows(WaitExampleFlow, filename="wait_workflow.html")',
        "class InputEvent(Event):\n    input: str\n\n\nclass SetupEvent(Event):\n    error: bool",
        'if not hasattr(self, "setup") or not self.setup:\n            self.setup = True',
        "self, ctx: Context, ev: InputEvent | SetupEvent | QueryEvent\n    ) -> StopEvent | None:",
        "ready = ctx.collect_events(ev, [QueryEvent, InputEvent, SetupEvent])",
        """c = CollectExampleFlow()\nresult = await c.run(input="Here's some input", query="Here's my question")""",
        'draw_all_possible_flows(CollectExampleFlow, "collect_workflow.html")',
    ],
}
HEADINGS = {
    "getting_started": [
        "# Getting started",
        "## Defining Workflow Events",
        "## Setting up the Workflow Class",
        "## Workflow Entry Points",
        "## Workflow Exit Points",
        "## Running the Workflow",
        "## Decorating non-class Functions",
    ],
    "cookbook": [
        "# Workflows cookbook: walking through all features of Workflows",
        "## Workflow basics",
        "## Loops and branches",
        "## Maintaining state between events",
        "## Waiting for one or more events",
        "## Drawing what happened",
    ],
}
TRANSCRIPTS = {
    "draw-generator": "trivial_workflow.html\n",
    "draw-loop": "loop_workflow.html\n",
    "draw-wait": "wait_workflow.html\n",
    "draw-collect": "collect_workflow.html\n",
    "run-loop": """\
Running step answer_query
Step answer_query produced event FailedEvent
Running step improve_query
Step improve_query produced event StopEvent
Your query can't be fixed.
""",
    "run-global": """\
Running step setup
Step setup produced event QueryEvent
Running step query
Step query produced event StopEvent
The answer to your query is value2
""",
    "run-wait": """\
Running step query
Step query produced no event
Running step setup
Step setup produced event StopEvent
No you can't
---
Running step query
Step query produced no event
Running step setup
Step setup produced event StopEvent
---
Running step query
Step query produced event StopEvent
Running step setup
Step setup produced event StopEvent
Got the data Yes you can
""",
    "run-collect": """\
I got some input
I got a query
Not enough events yet
Not enough events yet
Now I have all the events
[QueryEvent(query="Here's my question"), InputEvent(input="Here's some input"), SetupEvent(error=False)]
Ran query 'Here's my question' on input 'Here's some input'
""",
}


def code(path: Path) -> str:
    """Return all code of a notebook."""
    return "\n\n\n".join(cell.source for cell in code_of(path))


def imported_modules(source: str) -> set[str]:
    """Return the top-level modules that code imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").split(".")[0])
    return modules


def test_both_documents_are_notebooks() -> None:
    assert [path.stem for path in PATHS if path in DOCUMENTS] == sorted(PASSAGES) == sorted(HEADINGS)


@each_document
def test_every_passage_of_the_document_is_in_its_notebook(path: Path) -> None:
    source = code(path)
    assert [passage for passage in PASSAGES[path.stem] if passage not in source] == []


@each_document
def test_the_headings_follow_the_document(path: Path) -> None:
    text = "\n".join(cell.source for cell in cells_of(path) if cell.kind == "markdown")
    assert re.findall(r"^#+ .*$", text, re.MULTILINE) == HEADINGS[path.stem]


@each_notebook
def test_everything_comes_from_wfkit(path: Path) -> None:
    modules = imported_modules(code(path))
    assert "wfkit" in modules
    assert modules <= {"wfkit", "llm", "pydantic"} | sys.stdlib_module_names
    text = path.read_text(encoding="utf-8")
    assert "llama_index" not in text
    assert "llama-index" not in text


@pytest.mark.parametrize("cell_id", TRANSCRIPTS)
def test_the_cookbook_prints_what_the_document_prints(cell_id: str) -> None:
    assert cell_of("cookbook", cell_id).printed == TRANSCRIPTS[cell_id]


def test_the_three_ways_to_the_joke_end_with_the_same_critique() -> None:
    whole, grown, free = (cell_of("getting_started", name).printed for name in ("joke-flow", "run", "run-free"))
    assert whole == grown
    assert free == (
        "Running step generate_joke\nStep generate_joke produced event JokeEvent\n"
        f"Running step critique_joke\nStep critique_joke produced event StopEvent\n{whole}"
    )


@each_notebook
def test_it_was_saved_after_running_all_cells_in_order(path: Path) -> None:
    cells = code_of(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output["output_type"] for output in outputs} - {"display_data"} == {"stream", "execute_result"}
    assert {output["name"] for output in outputs if "name" in output} == {"stdout"}


@each_guide
def test_a_guide_is_short(path: Path) -> None:
    assert 8 <= len(cells_of(path)) <= 14
    assert [cell.id for cell in code_of(path) if len(cell.source.splitlines()) > 45] == []


@each_notebook
def test_every_drawing_is_saved_in_all_its_forms(path: Path) -> None:
    drawings = [cell for cell in code_of(path) if cell.is_drawing]
    assert drawings
    for cell in drawings:
        data = cell.outputs[-1]["data"]
        assert {"text/html", "text/plain", "text/vnd.mermaid", "image/svg+xml"} <= set(data), cell.id
        assert "data:image/svg+xml" in joined(data["text/html"]), cell.id
        assert joined(data["image/svg+xml"]).lstrip().startswith("<svg"), cell.id


@each_notebook
def test_it_holds_nothing_of_the_machine_it_was_run_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert str(FOLDER.parent) not in text
    assert str(Path.home()) + "/" not in text
    assert not re.search(r"/(?:home|root|tmp|usr|var|Users)/", text)
    assert not re.search(r"\b[A-Z]:\\\\", text)
    assert "object at 0x" not in text


@each_notebook
def test_of_a_widget_only_what_needs_no_kernel_is_saved(path: Path) -> None:
    outputs = [output for cell in code_of(path) for output in cell.outputs]
    shown = [set(output["data"]) for output in outputs if output["output_type"] == "display_data"]
    assert [kinds for kinds in shown if kinds != {"text/html", "text/plain"}] == []


@each_notebook
def test_its_metadata_names_the_kernel_and_nothing_else(path: Path) -> None:
    metadata = metadata_of(path)
    assert set(metadata) <= {"kernelspec", "language_info"}
    assert metadata["kernelspec"]["name"] == "python3"


@each_notebook
def test_its_cells_have_readable_ids_and_no_tags(path: Path) -> None:
    cells = cells_of(path)
    assert [cell.id for cell in cells if not re.fullmatch(r"[a-z][a-z-]+", cell.id)] == []
    assert len({cell.id for cell in cells}) == len(cells)
    assert [cell.id for cell in cells if cell.metadata] == []
    assert not re.search("NBVAL_", code(path))


@each_notebook
def test_its_links_lead_somewhere(path: Path) -> None:
    text = "\n".join(cell.source for cell in cells_of(path) if cell.kind == "markdown")
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if not (FOLDER / link).is_file()] == []


def test_the_script_form_of_the_first_example_is_a_script(tmp_path: Path) -> None:
    example, form = cell_of("getting_started", "entry-point"), cell_of("getting_started", "script-form")
    (ending,) = re.findall(r"```python\n(.*?)```", form.source, re.DOTALL)
    assert script_output(example, ending, tmp_path) == example.printed == "Hello, world!\n"


def script_output(example: Cell, ending: str, folder: Path) -> str:
    """Run a cell as a script, its last line replaced; return what it prints."""
    lines = example.source.splitlines()
    assert lines.pop() == "await main()"
    script = folder / "script.py"
    script.write_text("\n".join([*lines, ending]), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_demo_runs_the_flow_of_the_cookbook() -> None:
    """Its classes are those of the notebook, apart from comments, docstrings and names of local variables."""
    notebook = ast.parse(cell_of("cookbook", "loop-flow").source)
    demo = ast.parse((FOLDER / "demo.py").read_text(encoding="utf-8"))
    assert signatures(notebook) == {name: steps for name, steps in signatures(demo).items() if steps}


def signatures(tree: ast.Module) -> dict[str, list[str]]:
    """Return the fields and the step signatures of each class."""
    return {
        node.name: [
            f"{item.name}({ast.unparse(item.args)}) -> {ast.unparse(item.returns or ast.Constant(None))}"
            if isinstance(item, ast.AsyncFunctionDef)
            else ast.unparse(item)
            for item in node.body
            if isinstance(item, ast.AsyncFunctionDef | ast.AnnAssign)
        ]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
