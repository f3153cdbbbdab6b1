"""What a step is: `@step` reads a function's signature once and leaves a `StepSpec` on it.

Everything that can be told from the signature is checked here, at decoration, so that the error points at the cell
being typed and not at a run an hour later. Nothing is inspected again while a workflow runs.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar, cast, overload

from wfkit.errors import WorkflowValidationError
from wfkit.events import Event

StepFunction = TypeVar("StepFunction", bound=Callable[..., Any])

SPEC_ATTRIBUTE = "__wfkit_step__"
GRAPH_CHECKS = frozenset({"reachability", "dead_end", "terminal_event"})


class RetryPolicy(Protocol):
    """Decides whether a failed step is tried again, and when."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        """Return the delay in seconds before the next attempt, or None to give up.

        Args:
            elapsed_time: seconds since the first attempt began.
            attempts: how many attempts have failed so far, from 1.
            error: what the last attempt raised.
        """


class TakesSteps(Protocol):
    """A workflow class or instance, as far as the decorator needs to know it."""

    def add_step(self, func: Callable[..., Any]) -> None:
        """Add a decorated function to the workflow's steps."""


class StepSpec(NamedTuple):
    """A step as declared.

    Attributes:
        name: the function's name.
        func: the function itself, unbound.
        accepted: event types it takes, in the order of the annotation.
        returned: types of its return annotation without None, in the order of the annotation.
        event_param: name of the parameter that gets the event.
        context_param: name of the parameter that gets the Context, or None.
        state_type: `S` of a `Context[S]` annotation, or None.
        is_method: whether the first argument is the workflow.
        is_async: whether it is a coroutine function; a plain function runs in a thread.
        num_workers: how many deliveries it works on at once.
        retry_policy: what decides about another attempt, or None.
        accept_event_subclasses: whether subclasses of `accepted` are delivered too.
        skip_graph_checks: names of graph checks that leave this step alone.
        doc: its docstring, cleaned, or "".
        shape: how the body can be called by position: "event", "context event", or "" for by name only.
        seed: a number made from the name, the step's part in the lineage of deliveries.
    """

    name: str
    func: Callable[..., Any]
    accepted: tuple[type[Event], ...]
    returned: tuple[Any, ...]
    event_param: str
    context_param: str | None
    state_type: type | None
    is_method: bool
    is_async: bool
    num_workers: int
    retry_policy: RetryPolicy | None
    accept_event_subclasses: bool
    skip_graph_checks: frozenset[str]
    doc: str
    shape: str
    seed: int

    def call(self, workflow: object, context: object, event: Event) -> Any:
        """Call the body, by name: a coroutine for an async step, the result for a plain one."""
        arguments: dict[str, Any] = {self.event_param: event}
        if self.context_param is not None:
            arguments[self.context_param] = context
        return self.func(workflow, **arguments) if self.is_method else self.func(**arguments)

    def delay_before_retry(self, elapsed: float, attempts: int, error: Exception) -> float | None:
        """Return the seconds before another attempt, or None if there shall be none."""
        delay = None if self.retry_policy is None else self.retry_policy.next(elapsed, attempts, error)
        return None if delay is None else float(delay)

    @property
    def produced(self) -> tuple[type[Event], ...]:
        """The event types among `returned`."""
        return tuple(kind for kind in self.returned if isinstance(kind, type) and issubclass(kind, Event))

    def takes(self, event_type: type) -> bool:
        """Whether an event of exactly this type, or a subclass where that is asked for, is delivered to this step."""
        if self.accept_event_subclasses:
            return issubclass(event_type, self.accepted)
        return event_type in self.accepted


def spec_of(func: object) -> StepSpec | None:
    """Return what `@step` left on a function, or None."""
    spec = getattr(func, SPEC_ATTRIBUTE, None)
    return spec if isinstance(spec, StepSpec) else None


@overload
def step(func: StepFunction, /) -> StepFunction: ...
@overload
def step(
    *,
    workflow: TakesSteps | None = ...,
    num_workers: int = ...,
    retry_policy: RetryPolicy | None = ...,
    skip_graph_checks: Iterable[str] | None = ...,
    accept_event_subclasses: bool = ...,
) -> Callable[[StepFunction], StepFunction]: ...
def step(
    func: StepFunction | None = None,
    /,
    *,
    workflow: TakesSteps | None = None,
    num_workers: int = 4,
    retry_policy: RetryPolicy | None = None,
    skip_graph_checks: Iterable[str] | None = None,
    accept_event_subclasses: bool = False,
) -> StepFunction | Callable[[StepFunction], StepFunction]:
    """Make a function a step of a workflow.

    The event parameter's annotation says what the step takes, the return annotation what it produces. A parameter
    annotated `Context` gets the run's context.

    Args:
        workflow: for a free function, the workflow class or instance that it belongs to.
        num_workers: how many events it works on at once, at least 1.
        retry_policy: decides about another attempt after a failure.
        skip_graph_checks: names of graph checks to leave out for this step: "reachability", "dead_end".
        accept_event_subclasses: also take events of subclasses of the annotated types.

    Raises:
        WorkflowValidationError: the signature or an argument breaks a rule; the message says which.

    Example:
        class Greet(Workflow):
            @step
            async def greet(self, ev: StartEvent) -> StopEvent:
                return StopEvent(result=f"hello {ev.name}")
    """
    if isinstance(num_workers, bool) or not isinstance(num_workers, int) or num_workers < 1:
        raise WorkflowValidationError(f"num_workers must be an integer greater than 0. It is {num_workers!r}.")
    skipped = frozenset(skip_graph_checks or ())
    check_names(skipped, GRAPH_CHECKS - {"terminal_event"})

    def decorate(function: StepFunction) -> StepFunction:
        spec = _read(function, workflow is None, num_workers, retry_policy, skipped, accept_event_subclasses)
        setattr(function, SPEC_ATTRIBUTE, spec)
        if workflow is not None:
            workflow.add_step(function)
        return function

    return decorate if func is None else decorate(func)


def check_names(given: frozenset[str], known: frozenset[str]) -> None:
    """Raise WorkflowValidationError if a graph check is named that does not exist."""
    if unknown := sorted(given - known):
        raise WorkflowValidationError(
            f"Unknown graph check names: {', '.join(unknown)}. Valid names are: {', '.join(sorted(known))}"
        )


def _read(
    func: Callable[..., Any],
    is_method: bool,
    num_workers: int,
    retry_policy: RetryPolicy | None,
    skipped: frozenset[str],
    subclasses: bool,
) -> StepSpec:
    """Turn a signature into a StepSpec, or say what is wrong with it."""
    if not inspect.isfunction(func):
        raise WorkflowValidationError(f"@step decorates functions and methods; {func!r} is neither.")
    name, owner = func.__name__, func.__qualname__.rpartition(".")[0]
    if is_method and (not owner or owner.endswith("<locals>")):
        raise WorkflowValidationError(
            f"To decorate {name} please pass a workflow class to the @step decorator. "
            f"For example @step(workflow=MyWorkflow), or the instance it belongs to."
        )
    hints = _hints(func)
    events, context, unfilled = _parameters(func, hints, is_method)
    if len(events) != 1:
        _complain_about_events(name, events, hints)
    if unfilled:
        raise WorkflowValidationError(
            f"Nothing fills parameter {unfilled[0]!r} of step {name!r}: a step gets its event and, if it asks for it, "
            f"its Context. Annotate it `{unfilled[0]}: Context` if it is that, else give it a default."
        )
    parameter, accepted = events[0]
    return StepSpec(
        name=name,
        func=func,
        accepted=accepted,
        returned=_returned(func, hints),
        event_param=parameter,
        context_param=context,
        state_type=_state_type(hints.get(context or "")),
        is_method=is_method,
        is_async=inspect.iscoroutinefunction(func),
        num_workers=num_workers,
        retry_policy=retry_policy,
        accept_event_subclasses=subclasses,
        skip_graph_checks=skipped,
        doc=inspect.getdoc(func) or "",
        shape=_shape(func, parameter, context) if is_method and retry_policy is None else "",
        seed=seed_of(name),
    )


def seed_of(name: str) -> int:
    """Return 64 bits that depend on a name and on nothing else (FNV-1a: enough here, and nothing to import)."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return hashed


def _parameters(
    func: Callable[..., Any], hints: dict[str, Any], is_method: bool
) -> tuple[list[tuple[str, tuple[type[Event], ...]]], str | None, list[str]]:
    """Return the event parameters with their types, the name of the Context parameter, and what nothing fills."""
    unfilled: list[str] = []
    events: list[tuple[str, tuple[type[Event], ...]]] = []
    context = None
    for place, parameter in enumerate(inspect.signature(func).parameters.values()):
        kinds = members(hints.get(parameter.name))
        # By name: the Context lives on a higher floor.
        if any("Context" in (base.__name__ for base in _bases(kind)) for kind in kinds):
            context = parameter.name
        elif kinds and all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds):
            events.append((parameter.name, cast("tuple[type[Event], ...]", kinds)))
        elif is_method and place == 0:
            continue  # self
        elif parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            unfilled.append(parameter.name)
            continue
        else:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise WorkflowValidationError(
                f"Parameter {parameter.name!r} of step {func.__name__!r} is positional-only; a step is called by name. "
                f"Take the '/' out of its signature."
            )
    return events, context, unfilled


def _bases(kind: Any) -> tuple[type, ...]:
    kind = typing.get_origin(kind) or kind
    return kind.__mro__ if isinstance(kind, type) else ()


def _shape(func: Callable[..., Any], event: str, context: str | None) -> str:
    """Return how an async method can be called by position, which is quicker than by name."""
    if not inspect.iscoroutinefunction(func):
        return ""
    kinds = inspect.Parameter
    leading = [
        parameter.name
        for parameter in inspect.signature(func).parameters.values()
        if parameter.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ][1:]
    if context is None and leading[:1] == [event]:
        return "event"
    return "context event" if leading[:2] == [context, event] else ""


def _complain_about_events(name: str, events: list[tuple[str, Any]], hints: dict[str, Any]) -> None:
    if events:
        names = ", ".join(parameter for parameter, _ in events)
        raise WorkflowValidationError(
            f"Step {name!r} has {len(events)} event parameters ({names}); a step takes one event at a time. "
            f"Take a union of the types and gather them with ctx.collect_events(...)."
        )
    seen = ", ".join(f"{key}: {_type_name(kind)}" for key, kind in hints.items() if key != "return")
    raise WorkflowValidationError(
        f"Step signature must have at least one parameter annotated as type Event. "
        f"The annotated parameters of {name!r} are: {seen or 'none'}."
    )


def _returned(func: Callable[..., Any], hints: dict[str, Any]) -> tuple[Any, ...]:
    """Return the flattened return annotation, without None."""
    if "return" not in hints:
        raise WorkflowValidationError(
            "Return types of workflows step functions must be annotated with their type. "
            f"Annotate {func.__name__!r} with the events it returns, or with None."
        )
    kinds = members(hints["return"])
    for kind in kinds:
        origin = typing.get_origin(kind) or kind
        if inspect.isasyncgenfunction(func) or origin in (AsyncGenerator, AsyncIterable, AsyncIterator):
            raise WorkflowValidationError(
                f"Async-iterator fan-out ({func.__name__!r}) is not supported. "
                f"Send each event with ctx.send_event(...) and return None."
            )
        if origin in (list, tuple, set):
            raise WorkflowValidationError(
                f"Step {func.__name__!r} returns {_type_name(kind)}; a step returns one event or None. "
                f"Send each event with ctx.send_event(...) and gather them with ctx.collect_events(...)."
            )
    return kinds


def members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union without None; of anything else, the thing itself.

    Example:
        assert members(int | None) == (int,)
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(kind for part in typing.get_args(hint) for kind in members(part))
    return () if hint is type(None) else (hint,)


def _state_type(hint: Any) -> type | None:
    arguments = typing.get_args(hint)
    return arguments[0] if arguments and isinstance(arguments[0], type) else None


def _hints(func: Callable[..., Any]) -> dict[str, Any]:
    """Resolve a function's annotations, with names of the functions and classes around its definition."""
    strings = any(isinstance(hint, str) for hint in func.__annotations__.values())
    try:
        # As the language would look the names up: in the functions and classes around the step, then in its module.
        return typing.get_type_hints(func, localns=_names(_surrounding(func)) if strings else None, include_extras=True)
    except (NameError, TypeError):
        pass  # a step made by a function elsewhere: take the names of all that are at work
    try:
        return typing.get_type_hints(func, localns=_names(_frames()), include_extras=True)
    except NameError as error:
        raise WorkflowValidationError(
            f"Failed to resolve type annotations for {func.__qualname__!r}. Missing name: {error.name}. "
            f"Define or import it before the step, at run time and not only for type checkers."
        ) from error
    except TypeError as error:
        raise WorkflowValidationError(
            f"Failed to resolve type annotations for {func.__qualname__!r}: {error}"
        ) from error


def _frames() -> Iterator[types.FrameType]:
    """Yield the frames of functions and class bodies at work outside this module, the innermost first."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") != __name__ and frame.f_code.co_name != "<module>":
            yield frame
        frame = frame.f_back


def _surrounding(func: Callable[..., Any]) -> Iterator[types.FrameType]:
    """Yield the frames whose code is written around a function's definition, the innermost first."""
    for frame in _frames():
        if frame.f_globals is func.__globals__ and func.__qualname__.startswith(f"{frame.f_code.co_qualname}."):
            yield frame


def _names(frames: Iterable[types.FrameType]) -> dict[str, Any]:
    """Return the local names of frames, the first one winning. A step is no type, even where an event has its name."""
    names: dict[str, Any] = {}
    for frame in frames:
        local = {name: value for name, value in frame.f_locals.items() if not isinstance(value, types.FunctionType)}
        names = {**local, **names}
    return names


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
