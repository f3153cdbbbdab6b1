"""The Workflow: a class, or an instance, of steps that can be run."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, Self

from typing_extensions import TypeVar

from wfkit.calls import Calls
from wfkit.checks import (
    check_concurrency,
    check_configs,
    check_resources,
    check_runtime,
    check_timeout,
    checked_hooks,
    find_missing_children,
    need_loop,
)
from wfkit.children import adopt, children_of, name_of_child
from wfkit.clock import current_clock
from wfkit.context import CURRENT, Context
from wfkit.either import either
from wfkit.engine import Engine
from wfkit.errors import (
    ContextStateError,
    WorkflowValidationError,
)
from wfkit.events import Event, StartEvent, StopEvent
from wfkit.first_event import first_event
from wfkit.handler import WorkflowHandler
from wfkit.plan import Plan
from wfkit.problems import Problem, complain, find_configuration_problems, find_problems
from wfkit.records import Record
from wfkit.resources import ResourceManager
from wfkit.scoped_ledger import ledger_of
from wfkit.seam import Hook, observers
from wfkit.serialize import BaseSerializer
from wfkit.snapshot import load_ledger, load_stop
from wfkit.steps import GRAPH_CHECKS, StepSpec, check_names, names_of_checks, spec_of
from wfkit.store import new_state
from wfkit.turns import Turns
from wfkit.workflow_class import WorkflowMeta, class_plan

ResultT = TypeVar("ResultT", default=Any)


class Workflow(Generic[ResultT], metaclass=WorkflowMeta):
    """A set of steps that pass events to each other.

    Write the steps as methods of a subclass, or fill an instance with `@step(workflow=instance)`. For a type checker
    a subclass may say what its runs give: `class Greet(Workflow[str])`.

    Args:
        timeout: seconds that a run may take, not counting the time it waits for a person; None for ever.
        disable_validation: leave the flow graph unchecked.
        verbose: print each step as it starts and what it produced.
        resource_manager: keeps the cached resources; by default a new one for each instance.
        runtime: there are no runtimes here; takes None alone, for porting.
        num_concurrent_runs: how many runs of this instance go on at once; the others queue. None for any number.
        workflow_name: a name other than the class's.
        skip_graph_checks: names of graph checks to leave out: "reachability", "dead_end", "terminal_event".
        serializer: writes and reads snapshots of its runs.
        hooks: attached to every run of this instance.
        children: child workflows, by the names of the attributes that the class annotates.

    Raises:
        WorkflowConfigurationError: the class has steps, but not exactly one kind of start and of stop.
        WorkflowValidationError: an argument is wrong.
        TypeError: there is no argument and no child of a name.

    Example:
        class Greet(Workflow):
            @step
            async def greet(self, ev: StartEvent) -> StopEvent:
                return StopEvent(result=f"hello {ev.name}")

        assert await Greet(timeout=10).run(name="Ada") == "hello Ada"
    """

    # Everything private has a mangled or a prefixed name: a subclass is the user's, and may call its own things as it
    # likes. The shelf of hooks lies above this floor; the package's door puts these two in place.
    _wfkit_recorder: ClassVar[Callable[[], Hook] | None] = None
    _wfkit_verbose: ClassVar[Callable[[], Hook] | None] = None
    _wfkit_plan: ClassVar[tuple[int, Plan] | None] = None
    _wfkit_steps: ClassVar[Mapping[str, StepSpec]] = {}

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Set what a run needs, so that a subclass may forget to call `super().__init__()`."""
        self = super().__new__(cls)
        self.__timeout = 45.0
        self.__unchecked = False
        self.__verbose = False
        self.__name = None
        self.__skipped = frozenset()
        self.__serializer = None
        self.__hooks = ()
        self.__own_steps = {}
        self.__own_plan = None
        self.__valid = None
        self.__turns = Turns()
        self.__history = None
        self.__resources = ResourceManager()
        return self

    def __init__(
        self,
        timeout: float | None = 45.0,
        disable_validation: bool = False,
        verbose: bool = False,
        resource_manager: ResourceManager | None = None,
        num_concurrent_runs: int | None = None,
        runtime: None = None,
        workflow_name: str | None = None,
        skip_graph_checks: Iterable[str] | None = None,
        serializer: BaseSerializer | None = None,
        *,
        hooks: Iterable[Hook] = (),
        **children: Workflow[Any],
    ) -> None:
        check_timeout(timeout)
        check_concurrency(num_concurrent_runs)
        check_runtime(runtime)
        self.__timeout: float | None = timeout
        self.__unchecked: bool = disable_validation
        self.__verbose: bool = verbose
        self.__turns: Turns = Turns(num_concurrent_runs)
        self.__name: str | None = workflow_name
        self.__skipped: frozenset[str] = names_of_checks(skip_graph_checks)
        self.__serializer: BaseSerializer | None = serializer
        self.__hooks: tuple[Hook, ...] = checked_hooks(hooks)
        self.__own_steps: dict[str, StepSpec]
        self.__own_plan: tuple[int, Plan] | None
        self.__valid: tuple[Plan, bool] | None  # the plan that was found valid, and whether it asks people
        self.__history: Any
        self.__resources: ResourceManager = self.__resources if resource_manager is None else resource_manager
        adopt(self, children, Workflow)
        check_names(self.__skipped, GRAPH_CHECKS)
        plan = self.__wfkit_plan__()
        if plan.steps and not self.__unchecked:
            complain(find_configuration_problems(plan))

    # -- steps -------------------------------------------------------------------------------------------------

    @either
    def add_step(this: Any, func: Callable[..., Any]) -> None:
        """Add a decorated free function: to the class when called on it, else to this instance alone.

        A function of the same name that was added before is replaced, so a notebook cell can be run again. A run in
        flight keeps the steps it began with.

        Raises:
            WorkflowValidationError: it is no step, or a method of the workflow has its name.
        """
        spec = spec_of(func)
        if spec is None:
            raise WorkflowValidationError(
                f"Step function {getattr(func, '__name__', repr(func))} is missing the `@step` decorator."
            )
        cls = this if isinstance(this, type) else type(this)
        if spec_of(inspect.getattr_static(cls, spec.name, None)) is not None:
            raise WorkflowValidationError(
                f"A step {spec.name} is already part of this workflow, please choose another name."
            )
        spec = spec._replace(is_method=False, shape="")
        if isinstance(this, WorkflowMeta):
            this._wfkit_steps = {**vars(this).get("_wfkit_steps", {}), spec.name: spec}
        else:
            this.__own_steps = {**this.__own_steps, spec.name: spec}
            this.__own_plan = None

    @either
    def __wfkit_plan__(this: Any) -> Plan:
        """Return the compiled steps of a workflow class or instance."""
        if isinstance(this, type):
            return class_plan(this, Workflow)
        if not this.__own_steps and this.__name is None:
            return class_plan(type(this), Workflow)
        if this.__own_plan is None or this.__own_plan[0] != WorkflowMeta.changes:
            base = class_plan(type(this), Workflow)
            steps = {spec.name: spec for spec in base.steps} | this.__own_steps
            this.__own_plan = (WorkflowMeta.changes, Plan(this.__name or base.name, steps.values(), base.doc))
        plan: Plan = this.__own_plan[1]
        return plan

    @either
    def __wfkit_problems__(this: Any) -> list[Problem]:
        """Return what `validate` complains of."""
        problems = find_problems(this.__wfkit_plan__(), () if isinstance(this, type) else this.__skipped)
        return problems if isinstance(this, type) else [*problems, *find_missing_children(this, Workflow)]

    @either
    def __wfkit_children__(this: Any) -> dict[str, Any]:
        """Return the child workflows by the names of the attributes that hold them; classes where none was given."""
        return children_of(this, Workflow)

    @either
    def draw(
        this: Any,
        filename: str | os.PathLike[str] | None = None,
        *,
        max_label_length: int | None = None,
        include_child_workflows: bool = True,
        renderer: str = "svg",
        direction: str = "down",
    ) -> Any:
        """Return the drawing of everything that a workflow class or instance can do.

        As the last value of a cell it shows itself. The arguments, and what is raised, are those of
        `draw_all_possible_flows`.

        Example:
            JokeFlow.draw(direction="right")
        """
        from wfkit.display import draw_all_possible_flows

        return draw_all_possible_flows(
            this,
            filename,
            max_label_length=max_label_length,
            include_child_workflows=include_child_workflows,
            renderer=renderer,
            direction=direction,
        )

    def __wfkit_records__(self) -> tuple[Record, ...] | None:
        """Return what happened in the latest run, or None if there was none."""
        return None if self.__history is None else self.__history.records

    def __wfkit_hooks__(self) -> tuple[Hook, ...]:
        """Return what is attached to it."""
        return self.__hooks

    def __wfkit_timeout__(self) -> float | None:
        """Return how many seconds a run may take."""
        return self.__timeout

    @property
    def start_event_class(self) -> type[StartEvent]:
        """The event that begins a run."""
        return self.__wfkit_plan__().start_type

    @property
    def stop_event_class(self) -> type[StopEvent]:
        """The event that ends a run."""
        return self.__wfkit_plan__().stop_type

    @property
    def events(self) -> list[type[Event]]:
        """Every event type that a step takes or returns."""
        return list(self.__wfkit_plan__().events)

    @property
    def serializer(self) -> BaseSerializer | None:
        """What writes and reads snapshots of its runs; None for a JsonSerializer that knows its types."""
        return self.__serializer

    @property
    def workflow_name(self) -> str:
        """The name given to the constructor, else the class's module and qualified name."""
        return self.__name or f"{type(self).__module__}.{type(self).__qualname__}"

    # -- running -----------------------------------------------------------------------------------------------

    @property
    def resource_manager(self) -> ResourceManager:
        """What makes the resources of its steps and keeps the cached ones."""
        return self.__resources

    def validate(self, *, validate_resource_configs: bool = True, validate_resources: bool = False) -> bool:
        """Check the whole flow, even if `disable_validation` is set.

        Args:
            validate_resource_configs: read the files of the steps' ResourceConfigs, too.
            validate_resources: make every resource once, too; what is made so is not kept.

        Returns:
            Whether a person takes part: a step asks a question or takes an answer.

        Raises:
            WorkflowConfigurationError: there are no steps, or not exactly one kind of start and of stop.
            WorkflowValidationError: anything else; the message lists all problems, each with a hint.
        """
        plan = self.__wfkit_plan__()
        complain(self.__wfkit_problems__())
        new_state(plan)
        if validate_resource_configs:
            check_configs(plan, self.__resources)
        if validate_resources:
            check_resources(plan, ResourceManager())
        return plan.asks_people

    def run(
        self,
        ctx: Context[Any] | None = None,
        start_event: StartEvent | None = None,
        *,
        run_id: str | None = None,
        hooks: Iterable[Hook] = (),
        **kwargs: Any,
    ) -> WorkflowHandler[ResultT]:
        """Start a run in the background and return its handler at once. Needs a running event loop.

        Args:
            ctx: keeps its store over several runs, or continues from a snapshot.
            start_event: the first event; by default one is made from `kwargs`.
            run_id: names the run; by default ten random characters.
            hooks: attached to this run.
            kwargs: fields of the start event.

        Raises:
            WorkflowValidationError, WorkflowConfigurationError: the flow cannot work.
            WorkflowRuntimeError: the start event cannot be made from `kwargs`.
            ContextStateError: a run is going on with this context.
            RuntimeError: no event loop is running here; see `run_sync`.
        """
        need_loop()
        plan = self.__wfkit_plan__()
        if not self.__unchecked and (self.__valid is None or self.__valid[0] is not plan):
            self.__valid = (plan, self.validate())
        context = self.__checked_context(ctx)
        pending = context._pending
        start = None
        if pending is not None:
            reader = context._reader()
            ledger, stop = load_ledger(plan, pending, reader, current_clock().now()), load_stop(pending, reader)
        else:
            ledger, stop = ledger_of(plan), None
            start = first_event(plan, start_event, kwargs)
        if run_id is not None and self.__turns.has(run_id):
            raise RuntimeError(f"Workflow run with run_id {run_id!r} already exists. Choose another, or wait for it.")
        every, history = self.__gather_hooks(hooks)
        context._pending = None
        context._workflow = self
        if plan.typed:
            context._fit_state()
        resources = self.resource_manager if plan.has_resources else None
        engine = Engine(self, plan, context, ledger, every, self.__timeout, run_id, start, self.__run_ended, resources)
        engine.stop = stop
        self.__history = history
        self.__adopt(engine)
        self.__turns.enter(engine)
        return WorkflowHandler(engine, history)

    def __checked_context(self, ctx: Context[Any] | None) -> Context[Any]:
        if ctx is None:
            return Context(self)
        if not isinstance(ctx, Context):
            raise TypeError(
                f"ctx must be a Context, got {ctx!r}. Pass the start event's fields by name: run(topic=...)."
            )
        ctx = ctx._root  # a step may have kept its own face of it
        if isinstance(ctx._port, Calls) and not ctx._port.engine.loop.is_closed():
            raise ContextStateError(
                "Cannot start a new run while context is already running. Wait for completion or use a new Context."
            )
        return ctx

    def __gather_hooks(self, hooks: Iterable[Hook]) -> tuple[list[Hook], Any]:
        """Return all hooks of a run, and the one that keeps its records."""
        every = [hook.for_each_run() for hook in (*self.__hooks, *observers())]
        every += [hook.for_run() for hook in checked_hooks(hooks)]
        if self.__verbose and Workflow._wfkit_verbose is not None:
            every.append(Workflow._wfkit_verbose())
        history = None if Workflow._wfkit_recorder is None else Workflow._wfkit_recorder()
        if history is not None:
            every.append(history)
        if len(every) > 1:
            every.sort(key=lambda hook: hook.rank)
        return every, history

    def __adopt(self, engine: Engine) -> None:
        """Tie a run that a step of another run has started to that run's life."""
        found = CURRENT.get()
        if found is not None and isinstance(found.port, Calls) and isinstance(found.port.engine, Engine):
            parent = found.port.engine
            if not parent.ending:
                engine.parent = parent
                engine.name_in_parent = name_of_child(parent.workflow, self) or engine.plan.name
                if parent.loop is engine.loop:
                    engine.patience.parent = parent.patience
                parent.children.add(engine)

    def __run_ended(self, engine: Engine) -> None:
        if engine.parent is not None:
            engine.parent.children.discard(engine)
        self.__turns.leave(engine)

    def __repr__(self) -> str:
        plan = self.__wfkit_plan__()
        count = len(plan.steps)
        return f"<Workflow {plan.name}: {count} step{'' if count == 1 else 's'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from wfkit.display import workflow_bundle

        return workflow_bundle(self)
