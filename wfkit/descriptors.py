"""What stands in `Annotated[T, ...]` to say where a parameter's value comes from: a factory, or a JSON file."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import types
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from wfkit.annotations import members, type_name
from wfkit.errors import WorkflowValidationError
from wfkit.masking import misfits


class ResourceDescriptor:
    """Base of what stands in `Annotated[T, ...]` and says where a parameter's value comes from.

    Attributes:
        kind: "resource" or "config".
        name: its full name, the first of those by which `ResourceManager.set` overrides it.
        names: all of these.
        label: a short name to show.
        description: what it is, or "".
        id: 12 hexadecimal digits that depend on what it is and are the same in every process.
        key: tells it from others in this process; two that are made by the same factory have the same.
    """

    kind: str
    name: str
    names: tuple[str, ...]
    label: str
    description: str
    id: str
    key: Hashable


class Resource(ResourceDescriptor):
    """Fills a parameter with what a factory makes: `llm: Annotated[LLM, Resource(get_llm)]`.

    A factory is any callable, async or not; a class will do. Its own parameters are filled if they are annotated like
    this; others need defaults. A plain function runs on the event loop, so it should not take long.

    Args:
        factory: makes the thing.
        cache: make it once for each workflow instance, for all its runs, event loops and threads. False makes it for
            each attempt at a step; if that needs it several times, they get the same one.

    Raises:
        WorkflowValidationError: the factory cannot be called, or is a generator or a context manager.

    Example:
        def get_llm() -> LLM:
            return LLM("small")

        class Ask(Workflow):
            @step
            async def ask(self, ev: StartEvent, llm: Annotated[LLM, Resource(get_llm)]) -> StopEvent:
                return StopEvent(result=await llm.complete(ev.question))
    """

    kind = "resource"

    def __init__(self, factory: Callable[..., Any], cache: bool = True) -> None:
        if not callable(factory):
            raise WorkflowValidationError(
                f"Resource() takes a factory that makes the thing, got {factory!r}. "
                f"For a thing that is already there: Resource(lambda: thing)."
            )
        called: Any = without_partials(factory)
        origin = called if hasattr(called, "__qualname__") else type(called)  # a callable object has its class's name
        self.factory = factory
        self.cache = cache
        self.name: str = origin.__qualname__
        self.label: str = origin.__name__
        self.names = (self.name, self.label)
        self.description = _docstring(origin)
        self.id = _digest(self.kind, str(origin.__module__), self.name)
        # A bound method is a new object each time it is asked for, yet equal. Others count by identity: two factories
        # of one name, such as those of a notebook cell that was run again, are two.
        bound = isinstance(factory, (types.MethodType, types.BuiltinMethodType))
        self.key: Hashable = factory if bound else id(factory)
        if _needs_closing(origin):
            raise WorkflowValidationError(
                f"Resource factory {self.label!r} is a generator or a context manager, which nothing would close. "
                f"Return the thing itself, and close it where you have run the workflow."
            )

    def __repr__(self) -> str:
        """Return it as it was written."""
        return f"Resource({self.name})" if self.cache else f"Resource({self.name}, cache=False)"


class ResourceConfig(ResourceDescriptor):
    """Fills a parameter with settings from a JSON file: `db: Annotated[DbConfig, ResourceConfig("app.json", "db")]`.

    They are validated into the annotated type: a pydantic model, `dict`, `list` or what else pydantic knows. The file
    is read when a step needs it, and again when it has changed. Each use gets an object of its own.

    Args:
        config_file: path of the file; a relative one starts at the working directory.
        path_selector: the part of the file to take, keys and indices with dots between: "models.0.options".
        label: a name for drawings.
        description: a text for drawings.

    Raises:
        ValueError: the file is no .json.
    """

    kind = "config"

    def __init__(
        self,
        config_file: str | Path,
        path_selector: str | None = None,
        label: str | None = None,
        description: str | None = None,
    ) -> None:
        if Path(config_file).suffix.lower() != ".json":
            raise ValueError(
                f"Only JSON files can be used to load Pydantic-based resources. {str(config_file)!r} is none; "
                f"write the settings to a file that ends in .json."
            )
        self.config_file = str(config_file)
        self.path_selector = path_selector or None
        part = f"#{path_selector}" if path_selector else ""
        self.name = f"{self.config_file}{part}"
        self.names = (self.name,)
        self.label = label or f"{Path(config_file).name}{part}"
        self.description = description or ""
        self.id = _digest(self.kind, Path(self.config_file).name, path_selector or "")  # not the folder, which differs
        self.key = (self.config_file, self.path_selector)

    def load(self, adapter: TypeAdapter[Any]) -> Any:
        """Return the settings, validated.

        Raises:
            WorkflowValidationError: the file or its part is missing or does not fit; the message names both.
        """
        part = self._part(_read_json(self.config_file))
        try:
            import json  # late: import wfkit stays light

            return adapter.validate_json(json.dumps(part))  # as JSON: a strict model takes a date in a string from it
        except ValidationError as error:
            raise WorkflowValidationError(f"{self.name} does not fit {error.title}: {misfits(error)}") from None

    def _part(self, data: Any) -> Any:
        keys = self.path_selector.split(".") if self.path_selector else []
        for place, key in enumerate(keys):
            if isinstance(data, dict) and key in data:
                data = data[key]
            elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
                data = data[int(key)]
            else:
                here = f"{'.'.join(keys[:place])!r}" if place else "the top"
                raise WorkflowValidationError(
                    f"No {key!r} at {here} of {self.config_file}, for path_selector {self.path_selector!r}. "
                    f"There is {_contents(data)}."
                )
        return data

    def __repr__(self) -> str:
        """Return it as it was written."""
        part = f", {self.path_selector!r}" if self.path_selector else ""
        return f"ResourceConfig({self.config_file!r}{part})"


class ResourceDefinition(NamedTuple):
    """A parameter that a resource fills.

    Attributes:
        name: of the parameter.
        resource: where its value comes from; has the names and texts for drawings.
        type_annotation: the `T` of `Annotated[T, ...]`.
        dependencies: the parameters of the factory that resources fill.
        adapter: for a config, what validates it.
    """

    name: str
    resource: ResourceDescriptor
    type_annotation: Any = Any
    dependencies: tuple[ResourceDefinition, ...] = ()
    adapter: TypeAdapter[Any] | None = None

    @property
    def type_name(self) -> str:
        """The name of the annotated type."""
        return " | ".join(type_name(kind) for kind in members(self.type_annotation))

    def read(self) -> Any:
        """Return the settings that a config parameter gets. Raises WorkflowValidationError, see `load`."""
        assert isinstance(self.resource, ResourceConfig)
        return self.resource.load(self.adapter or TypeAdapter(self.type_annotation))


def without_partials(factory: Any) -> Any:
    """Return what a `functools.partial` calls in the end; anything else as it is."""
    while isinstance(factory, partial):
        factory = factory.func
    return factory


def _contents(data: Any) -> str:
    if isinstance(data, dict):
        return ", ".join(map(repr, data)) or "an empty object"
    return f"a list of {len(data)}" if isinstance(data, list) else f"a value of type {type(data).__name__}"


def _docstring(origin: Any) -> str:
    # Of a class its own, not what it has inherited, such as BaseModel's.
    text = vars(origin).get("__doc__") if isinstance(origin, type) else origin.__doc__
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def _needs_closing(origin: Any) -> bool:
    made_by_contextmanager = getattr(origin, "__globals__", None) is vars(contextlib)
    return made_by_contextmanager or inspect.isgeneratorfunction(origin) or inspect.isasyncgenfunction(origin)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


_files: dict[str, tuple[tuple[int, int], Any]] = {}  # absolute path -> (when it changed and its size, what it holds)


def _read_json(file: str) -> Any:
    """Return what a JSON file holds, read again only if it has changed. It must not be altered."""
    import json

    path = Path(file).absolute()
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        known = _files.get(str(path))
        if known is None or known[0] != stamp:
            known = _files[str(path)] = (stamp, json.loads(path.read_bytes()))
    except FileNotFoundError:
        where = "" if Path(file).is_absolute() else f" (looked for in {Path.cwd()})"
        raise WorkflowValidationError(f"No such file: {file}{where}. Write it or mend the path.") from None
    except OSError as error:
        raise WorkflowValidationError(f"Cannot read {file}: {error.strerror}. Give the path of a JSON file.") from error
    except ValueError as error:
        raise WorkflowValidationError(f"{file} is not valid JSON: {error}. Mend it there.") from error
    return known[1]
