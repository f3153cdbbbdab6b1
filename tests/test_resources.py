"""Resources: what can be a factory, and what signatures ask for."""

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from tests.makers import Thing, asking, definitions
from wfkit import Resource, ResourceConfig, ResourceManager, WorkflowValidationError
from wfkit.resources import config_problems

if TYPE_CHECKING:
    from decimal import Decimal

# No `from __future__ import annotations`: factories inside the tests are read where they stand.


# -- factories ---------------------------------------------------------------------------------------------------------


class Callable_:
    def __call__(self) -> str:
        return "made"


class Awaiting:
    async def __call__(self) -> str:
        return "made"

    async def method(self) -> str:
        return "made"

    @classmethod
    def alternative(cls) -> str:
        return "made"

    @staticmethod
    def plain() -> str:
        return "made"


def plain() -> str:
    return "made"


async def slow() -> str:
    await asyncio.sleep(1)
    return "made"


def promise() -> Awaitable[str]:
    return slow()


def greedy(*args: object, **kwargs: object) -> str:
    assert (args, kwargs) == ((), {})
    return "made"


def with_default(value: str = "made", /, *, end: "Decimal | str" = "") -> str:
    return f"{value}{end}"


@functools.cache
def once() -> str:
    return "made"


@pytest.mark.parametrize(
    "factory",
    [
        plain,
        slow,
        promise,
        greedy,
        once,
        lambda: "made",
        lambda: slow(),
        functools.partial(str, "made"),
        functools.partial(with_default, "made"),
        Callable_(),
        Awaiting(),
        Awaiting().method,
        Awaiting.alternative,
        Awaiting.plain,
    ],
)
async def test_any_callable_is_a_factory(factory: Callable[..., Any]) -> None:
    assert await ResourceManager().fill(asking(factory)) == {"x0": "made"}


async def test_a_class_is_a_factory() -> None:
    found = await ResourceManager().fill(asking(Resource(Thing), Resource(dict)))

    assert isinstance(found["x0"], Thing)
    assert found["x1"] == {}


async def test_a_plain_factory_runs_in_the_thread_of_the_loop() -> None:
    found = await ResourceManager().fill(asking(threading.current_thread))

    assert found["x0"] is threading.current_thread()


async def test_factories_get_what_they_need() -> None:
    def get_key(prefix: str = "k") -> str:
        return f"{prefix}1"

    async def get_client(key: Annotated[str, Resource(get_key)]) -> list[str]:
        return [key]

    @dataclass
    class Service:
        client: Annotated[list[str], Resource(get_client)]
        key: Annotated[str | None, Resource(get_key)] = None

    class Model(BaseModel):
        key: Annotated[str, Resource(get_key)]

    def use(service: Annotated[Service, Resource(Service)], model: Annotated[Model, Resource(Model)]) -> None: ...

    found = await ResourceManager().fill(definitions(use))

    assert found == {"service": Service(client=["k1"], key="k1"), "model": Model(key="k1")}


async def test_what_a_partial_has_bound_is_not_filled() -> None:
    def get(a: Annotated[str, Resource(plain)], b: Annotated[str, Resource(plain)]) -> tuple[str, str]:
        return a, b

    found = await ResourceManager().fill(asking(Resource(functools.partial(get, b="bound"))))

    assert found == {"x0": ("made", "bound")}


# -- reading signatures ------------------------------------------------------------------------------------------------


def test_resources_are_found_wherever_they_stand_in_an_annotation() -> None:
    get = Resource(plain)

    def use(
        ev: int,
        a: Annotated[str, get],
        b: Annotated[str, "a note", get],
        c: Annotated[str, get] | None,
        d: Annotated[str | None, get] = None,
        e: Annotated[str, "a note"] = "",
        *args: Annotated[str, "a note"],
    ) -> None: ...

    found = definitions(use)

    assert [(definition.name, definition.resource) for definition in found] == [(name, get) for name in "abcd"]
    assert [definition.type_annotation for definition in found] == [str, str, str, str | None]


def test_resources_are_found_behind_a_type_alias() -> None:
    made = TypeAliasType("made", Annotated[str, Resource(plain)])  # `type made = ...` from Python 3.12 on

    def use(a: made, b: made | None) -> None: ...

    assert [(definition.name, definition.type_name) for definition in definitions(use)] == [("a", "str"), ("b", "str")]


def test_dependencies_are_found_at_decoration() -> None:
    def get_key() -> str:
        return ""

    def get_client(key: Annotated[str, Resource(get_key)]) -> Thing:
        return Thing()

    def use(client: Annotated[Thing, Resource(get_client)]) -> None: ...

    (client,) = definitions(use)
    (key,) = client.dependencies

    assert (client.name, client.resource.label, client.type_name) == ("client", "get_client", "Thing")
    assert (key.name, key.resource.label, key.type_name, key.dependencies) == ("key", "get_key", "str", ())


def test_local_factories_are_found_in_string_annotations() -> None:
    def get_key() -> Thing:
        return Thing()

    def get_client(key: "Annotated[Thing, Resource(get_key)]") -> Thing:
        return key

    def use(client: "Annotated[Thing, Resource(get_client)]") -> None: ...

    (client,) = definitions(use)

    assert [definition.resource.label for definition in (client, *client.dependencies)] == ["get_client", "get_key"]


def test_what_a_factory_returns_may_be_known_to_type_checkers_only() -> None:
    def get_price(key: Annotated[str, Resource(plain)]) -> "Decimal":
        raise NotImplementedError

    def use(price: Annotated[object, Resource(get_price)]) -> None: ...

    assert [needed.name for needed in definitions(use)[0].dependencies] == ["key"]


def refusal(func: Callable[..., Any]) -> str:
    with pytest.raises(WorkflowValidationError) as caught:
        definitions(func)
    return str(caught.value)


def test_a_parameter_of_a_factory_that_nothing_fills_is_refused() -> None:
    def get_client(key: str) -> Thing:
        raise NotImplementedError

    def get_service(client: Annotated[Thing, Resource(get_client)]) -> Thing:
        raise NotImplementedError

    def use(service: Annotated[Thing, Resource(get_service)]) -> None: ...

    assert refusal(use) == (
        "Nothing fills parameter 'key' of resource factory 'get_client'. Annotate it `Annotated[..., Resource(...)]`, "
        "give it a default, or bind it with functools.partial."
    )


def test_a_type_that_a_factory_names_must_exist() -> None:
    def get_price(start: "Decimal") -> Thing:
        raise NotImplementedError

    def use(price: Annotated[Thing, Resource(get_price)]) -> None: ...

    message = refusal(use)
    assert (
        "Failed to resolve type annotations for 'test_a_type_that_a_factory_names_must_exist.<locals>.get_" in message
    )
    assert "Missing name: Decimal." in message


def test_a_resource_whose_name_is_wrong_is_not_taken_for_a_default() -> None:
    def get_price(key: "Annotated[str, Resource(plian)]" = "") -> Thing:  # noqa: F821  # the mistake under test
        raise NotImplementedError

    def use(price: Annotated[Thing, Resource(get_price)]) -> None: ...

    assert "Missing name: plian." in refusal(use)


def test_a_ladder_of_factories_is_read_in_no_time() -> None:
    """Each needs the one below twice: the ways down are 2 to the power of 40."""

    def above(below: Callable[..., Any]) -> Callable[..., Any]:
        def rung(a: Annotated[Any, Resource(below)], b: Annotated[Any, Resource(below)]) -> None: ...

        return rung

    top: Callable[..., Any] = plain
    for _ in range(40):
        top = above(top)

    assert config_problems(asking(top), "use") == []


def test_mistakes_in_an_annotation_are_named() -> None:
    get = Resource(plain)

    def as_default(x: str = get) -> None: ...  # type: ignore[assignment]  # the mistake under test
    def several(x: Annotated[str, get, ResourceConfig("a.json")]) -> None: ...
    def either(x: Annotated[str, get] | Annotated[int, get]) -> None: ...
    def unmade(x: Annotated[str, Resource]) -> None: ...
    def positional(x: Annotated[str, get], /) -> None: ...

    assert refusal(as_default) == (
        "Parameter 'x' of step 'as_default' has Resource(plain) as its default. Write `Annotated[T, Resource(plain)]`."
    )
    assert refusal(several) == (
        "Parameter 'x' of step 'several' has several resources in its annotation. Leave one of them."
    )
    assert "has several resources" in refusal(either)
    assert refusal(unmade) == (
        "Parameter 'x' of step 'unmade' is annotated with the class Resource itself. "
        "Write `Resource(...)` with what it takes."
    )
    assert refusal(positional) == (
        "Parameter 'x' of step 'positional' is positional-only; resources are passed by name. "
        "Take the '/' out of its signature."
    )


# -- circles -----------------------------------------------------------------------------------------------------------


def first(b: "Annotated[Thing, Resource(second)]") -> Thing:
    raise NotImplementedError


def second(c: "Annotated[Thing, Resource(third)]") -> Thing:
    raise NotImplementedError


def third(a: "Annotated[Thing, Resource(second, cache=False)]") -> Thing:
    raise NotImplementedError


def itself(a: "Annotated[Thing, Resource(itself)]") -> Thing:
    raise NotImplementedError


@pytest.mark.parametrize(("factory", "circle"), [(first, "second -> third -> second"), (itself, "itself -> itself")])
async def test_a_circle_is_refused_at_decoration(factory: Callable[..., Any], circle: str) -> None:
    def use(a: Annotated[Thing, Resource(factory)]) -> None: ...

    with pytest.raises(ValueError, match=f"^Circular resource dependency detected: {circle}$"):
        definitions(use)
    with pytest.raises(ValueError, match=f"^Circular resource dependency detected: {circle}$"):
        await ResourceManager().get(Resource(factory))


async def test_a_circle_that_only_using_it_shows_is_refused_then() -> None:
    manager = ResourceManager()

    async def a() -> Any:
        return await manager.get(Resource(b))

    def b(needed: Annotated[Any, Resource(a)]) -> Any:
        raise NotImplementedError

    with pytest.raises(ValueError, match=r"^Circular resource dependency detected: a -> b -> a$"):
        await manager.fill(asking(a))
