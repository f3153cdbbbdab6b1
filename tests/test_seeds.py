"""The cells of the two documents that every release must run: the same code, the same output."""

from __future__ import annotations

import random
from collections.abc import Callable
from textwrap import dedent

import pytest

from wfkit import Context, Event, StartEvent, StopEvent, Workflow, step
from wfkit.testing import simulate


class FakeLlm:
    """Answers every prompt with the prompt."""

    async def acomplete(self, prompt: str) -> str:
        return f"<{prompt}>"


llm = FakeLlm()

CRITIQUE = "<Give a thorough analysis and critique of the following joke: <Write your best joke about pirates.>>"

Printed = Callable[[str], None]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Compares everything printed so far with a transcript."""

    def compare(transcript: str) -> None:
        assert capsys.readouterr().out == dedent(transcript).lstrip()

    return compare


# -- getting started -------------------------------------------------------------------------------------------------


class JokeEvent(Event):
    joke: str


class JokeFlow(Workflow):
    llm = FakeLlm()

    @step
    async def generate_joke(self, ev: StartEvent) -> JokeEvent:
        topic = ev.topic

        prompt = f"Write your best joke about {topic}."
        response = await self.llm.acomplete(prompt)
        return JokeEvent(joke=str(response))

    @step
    async def critique_joke(self, ev: JokeEvent) -> StopEvent:
        joke = ev.joke

        prompt = f"Give a thorough analysis and critique of the following joke: {joke}"
        response = await self.llm.acomplete(prompt)
        return StopEvent(result=str(response))


async def test_the_joke_flow_prints_its_result_and_nothing_else(printed: Printed) -> None:
    w = JokeFlow(timeout=60, verbose=False)
    result = await w.run(topic="pirates")
    print(str(result))

    printed(CRITIQUE + "\n")


async def test_the_start_event_has_the_fields_given_to_run() -> None:
    class Look(Workflow):
        @step
        async def look(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(ev.topic, ev.get("topic"), ev.get("missing"), hasattr(ev, "missing")))

    assert await Look().run(topic="pirates") == ("pirates", "pirates", None, False)


async def test_a_missing_topic_raises_what_the_step_raised() -> None:
    with pytest.raises(AttributeError, match="no attribute 'topic'"):
        await JokeFlow().run()


async def _run_free_functions(home: Workflow | type[Workflow]) -> str:
    @step(workflow=home)
    async def generate_joke(ev: StartEvent) -> JokeEvent:
        response = await llm.acomplete(f"Write your best joke about {ev.topic}.")
        return JokeEvent(joke=str(response))

    @step(workflow=home)
    async def critique_joke(ev: JokeEvent) -> StopEvent:
        prompt = f"Give a thorough analysis and critique of the following joke: {ev.joke}"
        response = await llm.acomplete(prompt)
        return StopEvent(result=str(response))

    workflow = home(timeout=60, verbose=True) if isinstance(home, type) else home
    return str(await workflow.run(topic="pirates"))


JOKE_TRANSCRIPT = """
    Running step generate_joke
    Step generate_joke produced event JokeEvent
    Running step critique_joke
    Step critique_joke produced event StopEvent
"""


async def test_free_functions_fill_an_instance(printed: Printed) -> None:
    joke_flow = Workflow(timeout=60, verbose=True)

    assert await _run_free_functions(joke_flow) == CRITIQUE
    printed(JOKE_TRANSCRIPT)


async def test_free_functions_fill_a_class(printed: Printed) -> None:
    class Jokes(Workflow):
        pass

    assert await _run_free_functions(Jokes) == CRITIQUE
    printed(JOKE_TRANSCRIPT)


def test_a_script_has_one_async_entry_point(printed: Printed) -> None:
    async def main() -> None:
        print(await JokeFlow(timeout=60).run(topic="pirates"))

    simulate(main())
    printed(CRITIQUE + "\n")


# -- the cookbook ----------------------------------------------------------------------------------------------------


async def test_the_trivial_flow_answers(printed: Printed) -> None:
    class OpenAIGenerator(Workflow):
        @step
        async def generate(self, ev: StartEvent) -> StopEvent:
            response = await llm.acomplete(ev.query)
            return StopEvent(result=str(response))

    w = OpenAIGenerator(timeout=10, verbose=False)
    print(await w.run(query="What's LlamaIndex?"))

    printed("<What's LlamaIndex?>\n")


class FailedEvent(Event):
    error: str


class QueryEvent(Event):
    query: str


class LoopExampleFlow(Workflow):
    @step
    async def answer_query(self, ev: StartEvent | QueryEvent) -> FailedEvent | StopEvent:
        # try to answer the query
        random_number = random.randint(0, 1)
        if random_number == 0:
            return FailedEvent(error="Failed to answer the query.")
        return StopEvent(result="The answer to your query")

    @step
    async def improve_query(self, ev: FailedEvent) -> QueryEvent | StopEvent:
        # improve the query or decide it can't be fixed
        random_number = random.randint(0, 1)
        if random_number == 0:
            return QueryEvent(query="Here's a better query.")
        return StopEvent(result="Your query can't be fixed.")


LOOP_PRINTED = """
    Running step answer_query
    Step answer_query produced event FailedEvent
    Running step improve_query
    Step improve_query produced event StopEvent
    Your query can't be fixed.
"""

LOOP_TURNED = """
    Running step answer_query
    Step answer_query produced event FailedEvent
    Running step improve_query
    Step improve_query produced event QueryEvent
    Running step answer_query
    Step answer_query produced event StopEvent
    The answer to your query
"""


@pytest.mark.parametrize(("dice", "transcript"), [([0, 1], LOOP_PRINTED), ([0, 0, 1], LOOP_TURNED)])
async def test_the_loop_flow_prints_each_step(
    dice: list[int], transcript: str, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    throws = iter(dice)
    monkeypatch.setattr(random, "randint", lambda low, high: next(throws))

    w = LoopExampleFlow(timeout=10, verbose=True)
    print(await w.run(query="What's LlamaIndex?"))

    printed(transcript)


async def test_the_global_flow_shares_state(printed: Printed) -> None:
    class GlobalExampleFlow(Workflow):
        @step
        async def setup(self, ctx: Context, ev: StartEvent) -> QueryEvent:
            # load our data here
            await ctx.store.set("some_database", ["value1", "value2", "value3"])

            return QueryEvent(query=ev.query)

        @step
        async def query(self, ctx: Context, ev: QueryEvent) -> StopEvent:
            # use our data with our query
            data = await ctx.store.get("some_database")

            result = f"The answer to your query is {data[1]}"
            return StopEvent(result=result)

    g = GlobalExampleFlow(timeout=10, verbose=True)
    print(await g.run(query="What's LlamaIndex?"))

    printed(
        """
        Running step setup
        Step setup produced event QueryEvent
        Running step query
        Step query produced event StopEvent
        The answer to your query is value2
        """
    )


class WaitExampleFlow(Workflow):
    """As printed, but it looks for the data where `setup` puts it."""

    @step
    async def setup(self, ctx: Context, ev: StartEvent) -> StopEvent:
        if hasattr(ev, "data"):
            await ctx.store.set("data", ev.data)

        return StopEvent(result=None)

    @step
    async def query(self, ctx: Context, ev: StartEvent) -> StopEvent:
        if hasattr(ev, "query"):
            # do we have any data?
            data = await ctx.store.get("data", default=None)
            if data is not None:
                return StopEvent(result=f"Got the data {data}")
        # there's no data yet, or this isn't a query
        return None  # type: ignore[return-value]  # as the document has it


async def test_the_wait_flow_keeps_its_data_in_a_context(printed: Printed) -> None:
    w = WaitExampleFlow(verbose=True)
    ctx = Context(w)
    result = await w.run(query="Can I kick it?", ctx=ctx)
    if result is None:
        print("No you can't")
    print("---")
    result = await w.run(data="Yes you can", ctx=ctx)
    print("---")
    result = await w.run(query="Can I kick it?", ctx=ctx)
    print(result)

    printed(
        """
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
        """
    )


async def test_the_collect_flow_waits_for_all_its_events(printed: Printed) -> None:
    class InputEvent(Event):
        input: str

    class SetupEvent(Event):
        error: bool

    class CollectExampleFlow(Workflow):
        @step
        async def setup(self, ctx: Context, ev: StartEvent) -> SetupEvent:
            # generically start everything up
            if not hasattr(self, "setup") or not self.setup:  # type: ignore[truthy-function]  # as the document has it
                self.setup = True  # type: ignore[assignment, method-assign]
                print("I got set up")
            return SetupEvent(error=False)

        @step
        async def collect_input(self, ev: StartEvent) -> InputEvent:
            if hasattr(ev, "input"):
                # perhaps validate the input
                print("I got some input")
                return InputEvent(input=ev.input)
            return None  # type: ignore[return-value]

        @step
        async def parse_query(self, ev: StartEvent) -> QueryEvent:
            if hasattr(ev, "query"):
                # parse the query in some way
                print("I got a query")
                return QueryEvent(query=ev.query)
            return None  # type: ignore[return-value]

        @step
        async def run_query(self, ctx: Context, ev: InputEvent | SetupEvent | QueryEvent) -> StopEvent | None:
            ready = ctx.collect_events(ev, [QueryEvent, InputEvent, SetupEvent])
            if ready is None:
                print("Not enough events yet")
                return None

            # run the query
            print("Now I have all the events")
            print(ready)

            result = f"Ran query '{ready[0].query}' on input '{ready[1].input}'"
            return StopEvent(result=result)

    c = CollectExampleFlow()
    result = await c.run(input="Here's some input", query="Here's my question")
    print(result)

    printed(
        """
        I got some input
        I got a query
        Not enough events yet
        Not enough events yet
        Now I have all the events
        [QueryEvent(query="Here's my question"), InputEvent(input="Here's some input"), SetupEvent(error=False)]
        Ran query 'Here's my question' on input 'Here's some input'
        """
    )
