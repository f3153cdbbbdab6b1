"""Factories and signatures that ask for what they make, for the tests of resources."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Annotated, Any

from wfkit.annotations import hints_of
from wfkit.resources import Resource, ResourceDefinition, resources_in


def definitions(func: Callable[..., Any]) -> tuple[ResourceDefinition, ...]:
    """Return the resources in a signature."""
    return resources_in(func, hints_of(func))


def asking(*factories: Resource | Callable[..., Any]) -> tuple[ResourceDefinition, ...]:
    """Return what a step has whose parameters x0, x1, ... ask for these."""

    def use() -> None: ...

    resources = [factory if isinstance(factory, Resource) else Resource(factory) for factory in factories]
    hints = {f"x{number}": Annotated[Any, resource] for number, resource in enumerate(resources)}
    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in hints]
    use.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks at first
    return resources_in(use, hints)


class Thing:
    """Something that is made; counts how many."""

    def __init__(self) -> None:
        self.parts: tuple[Any, ...] = ()

    def twin(self) -> Thing:
        return Thing()


class Maker:
    """A factory that counts what it made, and how many it made at once."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.made = 0
        self.at_once = 0
        self.most = 0

    async def __call__(self) -> Thing:
        self.made += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        return Thing()
