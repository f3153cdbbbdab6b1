"""What steps ask for beside their event: things that a factory makes, and settings from JSON files.

`resources_in` reads the signatures once, at decoration; a `ResourceManager` makes the things when a step needs them.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from threading import RLock
from typing import Annotated, Any, TypeAlias
from weakref import ref

from pydantic import TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

from wfkit.annotations import hints_of, members, type_name
from wfkit.descriptors import Resource, ResourceConfig, ResourceDefinition, ResourceDescriptor, without_partials
from wfkit.errors import WorkflowValidationError

__all__ = [
    "Resource",
    "ResourceConfig",
    "ResourceDefinition",
    "ResourceDescriptor",
    "ResourceManager",
    "config_problems",
    "resources_in",
    "standing_still",
]

# Event loops that stand still until the code at work here is done, as the one that `run_sync` was called in. What a
# factory is making in one of them will not be ready before.
standing_still: ContextVar[tuple[asyncio.AbstractEventLoop, ...]] = ContextVar("wfkit_standing_still", default=())


# -- reading signatures ------------------------------------------------------------------------------------------------


def resources_in(func: Callable[..., Any], hints: Mapping[str, Any]) -> tuple[ResourceDefinition, ...]:
    """Return the parameters of a step that resources fill, with all that their factories need in turn.

    Args:
        func: the step's function.
        hints: its resolved annotations, with their extras.

    Raises:
        WorkflowValidationError: a factory has a parameter that nothing fills, or an annotation is wrong.
        ValueError: a factory needs itself in the end.
    """
    parameters = inspect.signature(func).parameters.values()
    return tuple(_Reader().filled(parameters, hints, f"step {func.__name__!r}", ()))


class _Reader:
    """Reads one signature and those of the factories behind it, each once."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[ResourceDefinition, ...]] = {}

    def filled(
        self, parameters: Iterable[inspect.Parameter], hints: Mapping[str, Any], owner: str, path: tuple[Resource, ...]
    ) -> Iterator[ResourceDefinition]:
        """Yield the parameters that resources fill."""
        for parameter in parameters:
            where = f"Parameter {parameter.name!r} of {owner}"
            marked = _marked(hints.get(parameter.name), parameter, where)
            if marked is not None:
                yield self.define(parameter.name, *marked, where, path)

    def define(
        self, name: str, resource: ResourceDescriptor, kind: Any, where: str, path: tuple[Resource, ...] = ()
    ) -> ResourceDefinition:
        """Return the definition of one parameter; `path` are the resources that need it."""
        if isinstance(resource, Resource):
            return ResourceDefinition(name, resource, kind, self._dependencies(resource, path))
        try:
            return ResourceDefinition(name, resource, kind, adapter=TypeAdapter(kind))
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            raise WorkflowValidationError(
                f"{where} cannot hold what {resource!r} reads: pydantic cannot make a {type_name(kind)}. "
                f"Annotate it with a pydantic model, dict or list. ({str(error).splitlines()[0]})"
            ) from error

    def _dependencies(self, resource: Resource, path: tuple[Resource, ...]) -> tuple[ResourceDefinition, ...]:
        keys = [above.key for above in path]
        if resource.key in keys:
            raise _circle(*(above.label for above in path[keys.index(resource.key) :]), resource.label)
        if resource.key not in self._known:
            parameters = _parameters(resource.factory)
            hints = _hints(resource.factory, parameters)
            owner = f"resource factory {resource.label!r}"
            found = tuple(self.filled(parameters, hints, owner, (*path, resource)))
            _complain_of_unfilled(parameters, found, owner)
            self._known[resource.key] = found
        return self._known[resource.key]


def _marked(hint: Any, parameter: inspect.Parameter, where: str) -> tuple[ResourceDescriptor, Any] | None:
    """Return the resource in a parameter's annotation and the type beside it, if there is one."""
    marks = [
        (mark, typing.get_args(kind)[0])
        for kind in _unaliased(hint)
        if typing.get_origin(kind) is Annotated
        for mark in typing.get_args(kind)[1:]
    ]
    found = [(mark, kind) for mark, kind in marks if isinstance(mark, ResourceDescriptor)]
    unmade = [mark.__name__ for mark, _ in marks if isinstance(mark, type) and issubclass(mark, ResourceDescriptor)]
    wrong = ""
    if isinstance(parameter.default, ResourceDescriptor):
        wrong = f"has {parameter.default!r} as its default. Write `Annotated[T, {parameter.default!r}]`"
    elif len(found) > 1:
        wrong = "has several resources in its annotation. Leave one of them"
    elif unmade:
        wrong = f"is annotated with the class {unmade[0]} itself. Write `{unmade[0]}(...)` with what it takes"
    elif found and parameter.kind is parameter.POSITIONAL_ONLY:
        wrong = "is positional-only; resources are passed by name. Take the '/' out of its signature"
    if wrong:
        raise WorkflowValidationError(f"{where} {wrong}.")
    return found[0] if found else None


def _unaliased(hint: Any) -> Iterator[Any]:
    """Yield the members of a union, and of what a `type Llm = Annotated[...]` among them stands for."""
    for kind in members(hint):
        yield from _unaliased(kind.__value__) if hasattr(kind, "__value__") else (kind,)


def _complain_of_unfilled(
    parameters: Iterable[inspect.Parameter], found: Iterable[ResourceDefinition], owner: str
) -> None:
    names = {definition.name for definition in found}
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in names:
            raise WorkflowValidationError(
                f"Nothing fills parameter {parameter.name!r} of {owner}. Annotate it "
                f"`Annotated[..., Resource(...)]`, give it a default, or bind it with functools.partial."
            )


def _circle(*names: str) -> ValueError:
    return ValueError(f"Circular resource dependency detected: {' -> '.join(names)}")


def _parameters(factory: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Return the parameters to fill: not `*args` and `**kwargs`, nor what a partial has settled."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # a class written in C, such as dict, does not tell
        return ()
    settled = factory.keywords if isinstance(factory, partial) else {}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(found for found in parameters if found.kind not in variadic and found.name not in settled)


def _hints(factory: Callable[..., Any], parameters: Iterable[inspect.Parameter]) -> dict[str, Any]:
    """Resolve the annotations of the parameters, one by one.

    What a factory returns, and the types of what has a default, are often known to type checkers only.
    """
    written = _written(without_partials(factory))
    hints: dict[str, Any] = {}
    for parameter in parameters:
        if written is None or parameter.annotation is parameter.empty:
            continue
        bare = types.FunctionType((lambda: None).__code__, written.__globals__, written.__name__)
        bare.__qualname__, bare.__annotations__ = written.__qualname__, {parameter.name: parameter.annotation}
        try:
            hints |= hints_of(bare)
        except Exception:
            if parameter.default is parameter.empty or "Resource" in str(parameter.annotation):
                raise
    return hints


def _written(factory: Any) -> types.FunctionType | None:
    """Return the function in which a factory's parameters are written, for the names around it."""
    is_class = isinstance(factory, type)
    for candidate in (factory.__init__, factory.__new__) if is_class else (factory, type(factory).__call__):
        function = inspect.unwrap(getattr(candidate, "__func__", candidate))
        if isinstance(function, types.FunctionType):
            return function
    return None


# -- making ------------------------------------------------------------------------------------------------------------

_Failure: TypeAlias = tuple[Exception, types.TracebackType | None]


class _Making:
    """A cached resource on its way: who makes it, and who waits for it. It keeps no task alive."""

    __slots__ = ("_ended", "_loop", "_task", "_waiters")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = ref(_this_task())
        self._waiters: list[asyncio.Future[_Failure | None]] = []
        self._ended = False

    def is_mine(self) -> bool:
        """Whether the task at work here is the one that makes it."""
        return self._task() is _this_task()

    def is_lost(self) -> bool:
        """Whether it cannot come: its event loop is closed, or stands still until we are done."""
        return self._loop.is_closed() or self._loop in standing_still.get()

    def join(self) -> asyncio.Future[_Failure | None]:
        """Return what gets the failure, or None, at the end."""
        waiter: asyncio.Future[_Failure | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if self._ended:  # while the line before was at work, by the garbage collector
            _tell(waiter, None)
        return waiter

    def end(self, failure: _Failure | None) -> None:
        """Tell all who wait, each on its own event loop."""
        self._ended = True
        for waiter in self._waiters:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                waiter.get_loop().call_soon_threadsafe(_tell, waiter, failure)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # a coroutine that asyncio runs
    return task


def _tell(waiter: asyncio.Future[_Failure | None], failure: _Failure | None) -> None:
    if not waiter.done():
        waiter.set_result(failure)


class ResourceManager:
    """Makes and keeps the resources of a workflow; each instance has its own.

    Pass one to several workflows to share what they make, or put things of your own in it for tests.

    Example:
        manager = ResourceManager()
        await manager.set("get_llm", FakeLLM())
        await Ask(resource_manager=manager).run(question="who?")
    """

    def __init__(self) -> None:
        self._given: dict[str, Any] = {}
        self._made: dict[Hashable, tuple[Resource, Any]] = {}  # the resource keeps its factory, whose id is the key
        self._making: dict[Hashable, _Making] = {}
        # For threads. Reentrant, because the garbage collector may end an abandoned task inside the lock.
        self._lock = RLock()

    def __reduce__(self) -> tuple[type[ResourceManager], tuple[()], dict[str, Any]]:
        return ResourceManager, (), {"_given": self._given}  # what was made is live, and not copied

    async def set(self, name: str | Callable[..., Any], val: Any) -> None:
        """Give a value in place of every resource of a name, whether it was made before or not.

        Args:
            name: the factory, its `__qualname__` or `__name__`; for a config its file as given, with `#path_selector`
                behind it if it has one.
            val: what the steps get.
        """
        self._given[name if isinstance(name, str) else name.__qualname__] = val

    async def get(self, descriptor: ResourceDescriptor) -> Any:
        """Return what a step would get for a descriptor; settings from a file as they are.

        Raises:
            WorkflowValidationError: it is no descriptor, or cannot be filled.
            Whatever the factory raises.

        Example:
            llm = await manager.get(Resource(get_llm))
        """
        if not isinstance(descriptor, ResourceDescriptor):
            raise WorkflowValidationError(f"get() takes Resource(...) or ResourceConfig(...), got {descriptor!r}.")
        definition = _Reader().define(descriptor.name, descriptor, Any, repr(descriptor))
        return await self._value(definition, {}, ())

    def get_all(self) -> dict[str, Any]:
        """Return all that was given or is kept, by name; a second factory of the same name as `name#2`."""
        found: dict[str, Any] = {}
        for resource, value in tuple(self._made.values()):
            name, number = resource.name, 2
            while name in found:
                name, number = f"{resource.name}#{number}", number + 1
            found[name] = value
        return found | self._given

    def overrides(self, descriptor: ResourceDescriptor) -> bool:
        """Whether a value was given in its place."""
        return any(name in self._given for name in descriptor.names)

    async def fill(self, definitions: Iterable[ResourceDefinition]) -> dict[str, Any]:
        """Return the values for one attempt at a step, by the names of its parameters.

        Raises:
            WorkflowValidationError: a config file is missing or wrong.
            Whatever a factory raises.
        """
        graph: dict[Hashable, Any] = {}  # what is not cached, but one thing within this attempt
        return {definition.name: await self._value(definition, graph, ()) for definition in definitions}

    async def _value(self, definition: ResourceDefinition, graph: dict[Hashable, Any], path: tuple[str, ...]) -> Any:
        resource = definition.resource
        if self._given:
            for name in resource.names:
                if name in self._given:
                    return self._given[name]
        if not isinstance(resource, Resource):
            return definition.read()
        if resource.cache:
            made = self._made.get(resource.key)
            return await self._shared(definition, resource, graph, path) if made is None else made[1]
        if resource.key not in graph:
            graph[resource.key] = await self._make(definition, resource, graph, path)
        return graph[resource.key]

    async def _make(
        self, definition: ResourceDefinition, resource: Resource, graph: dict[Hashable, Any], path: tuple[str, ...]
    ) -> Any:
        below = (*path, resource.label)
        given = {needed.name: await self._value(needed, graph, below) for needed in definition.dependencies}
        made = resource.factory(**given)
        return await made if inspect.isawaitable(made) else made

    async def _shared(
        self, definition: ResourceDefinition, resource: Resource, graph: dict[Hashable, Any], path: tuple[str, ...]
    ) -> Any:
        """Make a cached resource, or wait for it; whoever makes it may give up, then another one does."""
        key = resource.key
        failure: _Failure | None = None
        while True:
            with self._lock:
                if key in self._made:
                    return self._made[key][1]
                making = self._making.get(key)
                if making is None or making.is_lost():
                    making = self._making[key] = _Making()
                    break
                if making.is_mine():
                    raise _circle(resource.label, *path, resource.label)
                waiter = making.join()
            failure = await waiter
            if failure is not None:
                raise failure[0].with_traceback(failure[1])  # its own, or it would grow with everyone who waits
        try:
            value = await self._make(definition, resource, graph, path)
            with self._lock:  # where this loop stood still, somebody else may have been first
                return self._made.setdefault(key, (resource, value))[1]
        except Exception as error:
            failure = (error, error.__traceback__)
            raise
        finally:
            with self._lock:
                if self._making.get(key) is making:
                    del self._making[key]
                making.end(failure)


# -- checking ----------------------------------------------------------------------------------------------------------


def config_problems(
    definitions: Iterable[ResourceDefinition], step_name: str, manager: ResourceManager | None = None
) -> list[str]:
    """Return what is wrong with the config files that a step or its resources need, a line for each; reads them all.

    Args:
        definitions: the resources of the step.
        step_name: its name, for the lines.
        manager: what it overrides is left out.
    """
    return list(_problems(definitions, f"In step {step_name!r}, parameter", manager or ResourceManager(), set()))


def _problems(
    definitions: Iterable[ResourceDefinition], where: str, manager: ResourceManager, seen: set[int]
) -> Iterator[str]:
    for definition in definitions:
        if manager.overrides(definition.resource):
            continue
        here = f"{where} {definition.name!r}"
        if isinstance(definition.resource, ResourceConfig):
            try:
                definition.read()
            except WorkflowValidationError as error:
                yield f"{here}: {error}"
        if id(definition.dependencies) not in seen:  # what several factories need is told once
            seen.add(id(definition.dependencies))
            yield from _problems(definition.dependencies, f"{here}, which needs", manager, seen)
