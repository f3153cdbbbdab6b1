"""What a step is: `@step` reads a function's signature once and leaves a `StepSpec` on it.

Everything that can be told from the signature is checked here, at decoration, so that the error points at the cell
being typed and not at a run an hour later. Nothing is inspected again while a workflow runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar, overload

from wfkit.attempts import PlainRetryPolicy, check_policy
from wfkit.collect import Join, Members
from wfkit.errors import WorkflowRuntimeError, WorkflowValidationError
from wfkit.events import CollectionReleaseEvent, Event, StepFailedEvent, fits
from wfkit.resources import ResourceDefinition
from wfkit.signature import read_signature

StepFunction = TypeVar("StepFunction", bound=Callable[..., Any])

SPEC_ATTRIBUTE = "__wfkit_step__"
GRAPH_CHECKS = frozenset({"reachability", "dead_end", "terminal_event"})


class TakesSteps(Protocol):
    """A workflow class or instance, as far as the decorator needs to know it."""

    def add_step(self, func: Callable[..., Any]) -> None:
        """Add a decorated function to the workflow's steps."""


class Catches(NamedTuple):
    """Which failures an error handler takes.

    Attributes:
        steps: names of the steps whose failures it takes, None for all that have no handler of their own.
        max_recoveries: how many failures it takes of one line of events.
    """

    steps: frozenset[str] | None
    max_recoveries: int


class StepSpec(NamedTuple):
    """A step as declared. The fields from `accepted` to `shape` are those of its `Signature`.

    Attributes:
        name: the function's name.
        func: the function itself, unbound.
        is_method: whether the first argument is the workflow.
        is_async: whether it is a coroutine function; a plain function runs in a thread.
        num_workers: how many deliveries it works on at once.
        retry_policy: what decides about another attempt, or None.
        catches: for an error handler which failures it takes, else None.
        accept_event_subclasses: whether subclasses of `accepted` are delivered too.
        skip_graph_checks: names of graph checks that leave this step alone.
        doc: its docstring, cleaned, or "".
        seed: a number made from the name, the step's part in the lineage of deliveries.
    """

    name: str
    func: Callable[..., Any]
    accepted: tuple[type[Event], ...]
    returned: tuple[Any, ...]
    listed: tuple[type[Event], ...]
    bare: tuple[Any, ...]
    event_param: str
    gathers: Members | Join | None
    context_param: str | None
    state_type: type | None
    resources: tuple[ResourceDefinition, ...]
    shape: str
    is_method: bool
    is_async: bool
    num_workers: int
    retry_policy: PlainRetryPolicy | None
    catches: Catches | None
    accept_event_subclasses: bool
    skip_graph_checks: frozenset[str]
    doc: str
    seed: int

    def call(self, workflow: object, context: object, event: Event, resources: dict[str, Any]) -> Any:
        """Call the body, by name: a coroutine for an async step, the result for a plain one."""
        given: dict[str, Any] = {self.event_param: event} if self.gathers is None else self._gathered(event)
        if self.context_param is not None:
            given[self.context_param] = context
        return self.func(workflow, **given, **resources) if self.is_method else self.func(**given, **resources)

    def _gathered(self, event: Event) -> dict[str, Any]:
        """Return what a step that takes several events is called with."""
        assert self.gathers is not None
        if not isinstance(event, CollectionReleaseEvent):
            raise WorkflowRuntimeError(
                f"Step {self.name!r} takes several events at once; a hook gave it {event!r}. "
                f"Give it a CollectionReleaseEvent with events=[...]."
            )
        return self.gathers.arguments(event.events)

    @property
    def produced(self) -> tuple[type[Event], ...]:
        """The event types among `returned`."""
        return tuple(kind for kind in self.returned if isinstance(kind, type) and issubclass(kind, Event))

    def takes(self, event_type: type) -> bool:
        """Whether an event of exactly this type, or a subclass where that is asked for, is delivered to this step."""
        return any(fits(event_type, kind, self.accept_event_subclasses) for kind in self.accepted)


class Options(NamedTuple):
    """What the decorator was given beside the function."""

    num_workers: int = 1
    retry_policy: PlainRetryPolicy | None = None
    skip_graph_checks: frozenset[str] = frozenset()
    accept_event_subclasses: bool = False
    catches: Catches | None = None


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
    retry_policy: PlainRetryPolicy | None = ...,
    skip_graph_checks: Iterable[str] | None = ...,
    accept_event_subclasses: bool = ...,
) -> Callable[[StepFunction], StepFunction]: ...
def step(
    func: StepFunction | None = None,
    /,
    *,
    workflow: TakesSteps | None = None,
    num_workers: int = 4,
    retry_policy: PlainRetryPolicy | None = None,
    skip_graph_checks: Iterable[str] | None = None,
    accept_event_subclasses: bool = False,
) -> StepFunction | Callable[[StepFunction], StepFunction]:
    """Make a function a step of a workflow.

    The event parameter's annotation says what the step takes, the return annotation what it produces. A parameter
    annotated `Context` gets the run's context, one annotated `Annotated[T, Resource(...)]` a resource.

    `-> list[A]` sends each event of the list. A parameter `list[B]` then gathers the B that came of them, and several
    event parameters get one event each: see `Collect`.

    Args:
        workflow: for a free function, the workflow class or instance that it belongs to.
        num_workers: how many events it works on at once, at least 1.
        retry_policy: decides about another attempt after a failure; see `retry_policy`.
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
    if retry_policy is not None:
        check_policy(retry_policy)
    skipped = names_of_checks(skip_graph_checks)
    check_names(skipped, GRAPH_CHECKS - {"terminal_event"})
    options = Options(num_workers, retry_policy, skipped, accept_event_subclasses)
    return _decorator(workflow, options) if func is None else _decorator(workflow, options)(func)


@overload
def catch_error(func: StepFunction, /) -> StepFunction: ...
@overload
def catch_error(
    *,
    workflow: TakesSteps | None = ...,
    for_steps: Iterable[str] | None = ...,
    max_recoveries: int = ...,
) -> Callable[[StepFunction], StepFunction]: ...
def catch_error(
    func: StepFunction | None = None,
    /,
    *,
    workflow: TakesSteps | None = None,
    for_steps: Iterable[str] | None = None,
    max_recoveries: int = 1,
) -> StepFunction | Callable[[StepFunction], StepFunction]:
    """Make a function an error handler: a step that gets a StepFailedEvent when another step fails for good.

    What it returns goes on its way like any step's event, so it can end the run, or have the work done another way.
    It is asked after the last retry. Its own failure, or one failure too many, fails the run.

    Args:
        workflow: for a free function, the workflow class or instance that it belongs to.
        for_steps: names of the steps whose failures it takes; by default those of all that have no handler of their
            own.
        max_recoveries: how many failures it takes of one line of events, at least 1.

    Raises:
        WorkflowValidationError: the signature or an argument breaks a rule; the message says which.

    Example:
        class Careful(Workflow):
            @step
            async def fetch(self, ev: StartEvent) -> StopEvent:
                raise ConnectionError("no network")

            @catch_error
            async def give_up(self, ev: StepFailedEvent) -> StopEvent:
                return StopEvent(result=f"{ev.step_name} failed: {ev.exception}")
    """
    if isinstance(max_recoveries, bool) or not isinstance(max_recoveries, int) or max_recoveries < 1:
        raise WorkflowValidationError(f"@catch_error max_recoveries must be an integer >= 1. It is {max_recoveries!r}.")
    names = list(for_steps) if isinstance(for_steps, (list, tuple, set, frozenset)) else None
    if for_steps is not None and (not names or not all(isinstance(name, str) for name in names)):
        raise WorkflowValidationError(
            f"@catch_error for_steps must be None or a list of step name strings. It is {for_steps!r}."
        )
    options = Options(catches=Catches(None if names is None else frozenset(names), max_recoveries))
    return _decorator(workflow, options) if func is None else _decorator(workflow, options)(func)


def _decorator(workflow: TakesSteps | None, options: Options) -> Callable[[StepFunction], StepFunction]:
    def decorate(function: StepFunction) -> StepFunction:
        setattr(function, SPEC_ATTRIBUTE, _read(function, workflow is None, options))
        if workflow is not None:
            workflow.add_step(function)
        return function

    return decorate


def names_of_checks(given: Iterable[str] | None) -> frozenset[str]:
    """Return the names of graph checks as a set.

    Raises:
        WorkflowValidationError: it is one name instead of a list of names.
    """
    if isinstance(given, str):
        raise WorkflowValidationError(f"skip_graph_checks takes a list of names. Write [{given!r}].")
    return frozenset(given or ())


def check_names(given: frozenset[str], known: frozenset[str]) -> None:
    """Raise WorkflowValidationError if a graph check is named that does not exist."""
    if unknown := sorted(given - known):
        raise WorkflowValidationError(
            f"Unknown graph check names: {', '.join(unknown)}. Valid names are: {', '.join(sorted(known))}"
        )


def _read(func: Callable[..., Any], is_method: bool, options: Options) -> StepSpec:
    """Turn a function into a StepSpec, or say what is wrong with it."""
    decorator = "@step" if options.catches is None else "@catch_error"
    if not inspect.isfunction(func):
        raise WorkflowValidationError(f"{decorator} decorates functions and methods; {func!r} is neither.")
    name, owner = func.__name__, func.__qualname__.rpartition(".")[0]
    if is_method and (not owner or owner.endswith("<locals>")):
        raise WorkflowValidationError(
            f"To decorate {name} please pass a workflow class to the {decorator} decorator. "
            f"For example {decorator}(workflow=MyWorkflow), or the instance it belongs to."
        )
    signature = read_signature(func, is_method)
    if options.catches is not None and (signature.accepted != (StepFailedEvent,) or signature.gathers is not None):
        raise WorkflowValidationError(
            f"@catch_error handler {name!r} must accept StepFailedEvent as its event parameter. "
            f"It takes {', '.join(kind.__name__ for kind in signature.accepted)}."
        )
    if options.catches is None and any(issubclass(kind, StepFailedEvent) for kind in signature.accepted):
        raise WorkflowValidationError(
            f"Step {name!r} takes StepFailedEvent, which only error handlers get. Write @catch_error instead of @step."
        )
    if options.accept_event_subclasses and isinstance(signature.gathers, Join):
        _refuse_overlap(name, signature.gathers)
    if options.retry_policy is not None:
        signature = signature._replace(shape="")
    return StepSpec(
        name,
        func,
        *signature,
        is_method=is_method,
        is_async=inspect.iscoroutinefunction(func),
        num_workers=options.num_workers,
        retry_policy=options.retry_policy,
        catches=options.catches,
        accept_event_subclasses=options.accept_event_subclasses,
        skip_graph_checks=options.skip_graph_checks,
        doc=inspect.getdoc(func) or "",
        seed=seed_of(name),
    )


def _refuse_overlap(step: str, join: Join) -> None:
    """Raise WorkflowValidationError if an event would fit two different parameters of a join."""
    for kind in join.kinds:
        for base in join.kinds:
            if kind is not base and issubclass(kind, base):
                raise WorkflowValidationError(
                    f"Step {step!r} joins {base.__name__} and {kind.__name__}, a subclass of it, and takes subclasses: "
                    f"a {kind.__name__} would fit both. Leave accept_event_subclasses out, or use unrelated classes."
                )


def seed_of(name: str) -> int:
    """Return 64 bits that depend on a name and on nothing else (FNV-1a: enough here, and nothing to import)."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return hashed
