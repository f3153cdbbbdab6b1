"""Workflows with everything: workflows inside them, resources, error handlers, lists and joins."""

from __future__ import annotations

from typing import Annotated, Any

from wfkit import (
    Collect,
    Event,
    Resource,
    ResourceConfig,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Take,
    Workflow,
    catch_error,
    step,
)


class Query(Event):
    """What to look for."""


class Hit(Event):
    """What was found."""


class Left(Event):
    """One of two."""


class Right(Event):
    """The other."""


class Client:
    """Talks to somebody."""


def make_client() -> Client:
    """One client for all."""
    return Client()


def make_model(client: Annotated[Client, Resource(make_client)]) -> str:
    return "a model"


class Search(Workflow):
    """Looks things up."""

    @step
    async def split(
        self, ev: StartEvent, db: Annotated[dict[str, Any], ResourceConfig("app.json", "db")]
    ) -> list[Query]:
        raise NotImplementedError

    @step
    async def work(self, ev: Query, model: Annotated[str, Resource(make_model, cache=False)]) -> Hit:
        raise NotImplementedError

    @step
    async def best(self, hits: Annotated[list[Hit], Collect(Take(3))]) -> StopEvent:
        raise NotImplementedError

    @catch_error(for_steps=["work"])
    async def skip(self, ev: StepFailedEvent) -> Hit:
        raise NotImplementedError


class Fact(Workflow):
    search: Search

    @step
    async def check(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await self.search.run())


class Main(Workflow):
    first: Fact
    second: Fact

    @step
    async def begin(self, ev: StartEvent) -> Left | Right:
        await self.first.run()
        return Left()

    @step
    async def look(self, ev: Left) -> Right:
        await self.first.run()
        return Right()

    @step
    async def end(self, left: Left, right: Right) -> StopEvent:
        return StopEvent()

    @catch_error
    async def give_up(self, ev: StepFailedEvent) -> StopEvent:
        raise NotImplementedError


class Circle(Workflow):
    inner: Workflow

    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await self.inner.run())


def circle() -> Circle:
    """Return a workflow that holds itself."""
    found = Circle()
    found.inner = found
    return found
