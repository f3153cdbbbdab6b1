"""`Resource` and `ResourceConfig`: what they refuse, what they tell drawings, and how settings are read."""

import contextlib
import datetime
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from wfkit import WorkflowValidationError
from wfkit.annotations import hints_of
from wfkit.resources import (
    Resource,
    ResourceConfig,
    ResourceDefinition,
    ResourceManager,
    config_problems,
    resources_in,
)

# No `from __future__ import annotations`: names inside the tests are read where they stand.


class Database(BaseModel):
    host: str
    port: int = 5432


class Service:
    """Does something."""

    def __init__(self, name: str = "it") -> None:
        self.name = name

    def __call__(self) -> str:
        return self.name

    def tool(self) -> str:
        """Make a tool."""
        return self.name


def get_service(name: str = "it") -> Service:
    """Make a service.

    A second paragraph.
    """
    return Service(name)


@cache
def get_once() -> Service:
    """Make it once."""
    return Service()


def only(func: Callable[..., Any]) -> ResourceDefinition:
    """Return the one definition in a signature."""
    (definition,) = resources_in(func, hints_of(func))
    return definition


def write(folder: Path, data: Any, name: str = "app.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


# -- what a resource tells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factory", "name", "label", "description"),
    [
        (get_service, "get_service", "get_service", "Make a service.\n\nA second paragraph."),
        (partial(partial(get_service), "x"), "get_service", "get_service", "Make a service.\n\nA second paragraph."),
        (get_once, "get_once", "get_once", "Make it once."),
        (Service, "Service", "Service", "Does something."),
        (Service("x"), "Service", "Service", "Does something."),
        (Service("x").tool, "Service.tool", "tool", "Make a tool."),
        (Database, "Database", "Database", ""),
        (lambda: 1, "<lambda>", "<lambda>", ""),
    ],
)
def test_a_resource_tells_what_it_is(factory: Any, name: str, label: str, description: str) -> None:
    resource = Resource(factory)

    assert (resource.kind, resource.name, resource.label) == ("resource", name, label)
    assert resource.description == description
    module = __name__
    assert resource.id == hashlib.sha256(f"resource\0{module}\0{name}".encode()).hexdigest()[:12]
    assert repr(resource) == f"Resource({name})"


def test_a_resource_says_in_its_repr_that_it_is_not_cached() -> None:
    assert repr(Resource(get_service, cache=False)) == "Resource(get_service, cache=False)"


def test_a_config_tells_what_it_is() -> None:
    config = ResourceConfig("conf/app.json", "db.main", description="the database")

    assert (config.kind, config.name, config.label) == ("config", "conf/app.json#db.main", "app.json#db.main")
    assert config.description == "the database"
    assert config.id == hashlib.sha256(b"config\0app.json\0db.main").hexdigest()[:12]
    assert ResourceConfig("app.json", label="Settings").label == "Settings"
    assert len({ResourceConfig("app.json", part).id for part in (None, "a", "b")}) == 3
    assert repr(config) == "ResourceConfig('conf/app.json', 'db.main')"
    assert repr(ResourceConfig(Path("app.json"))) == "ResourceConfig('app.json')"


def test_a_definition_tells_the_name_of_the_type() -> None:
    def use(
        a: Annotated[Service, Resource(get_service)],
        b: Annotated[Service | Database | None, Resource(get_service)],
        c: Annotated[list[int], Resource(get_service)],
    ) -> None: ...

    names = [definition.type_name for definition in resources_in(use, hints_of(use))]
    assert names == ["Service", "Service | Database", "list[int]"]


# -- what a resource refuses -------------------------------------------------------------------------------------------


def rows() -> Iterator[int]:
    yield 1


async def pages() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    "factory", [rows, pages, contextlib.contextmanager(rows), contextlib.asynccontextmanager(pages), partial(rows)]
)
def test_what_would_need_closing_is_refused(factory: Any) -> None:
    with pytest.raises(WorkflowValidationError) as caught:
        Resource(factory)

    name = "pages" if getattr(factory, "__name__", "") == "pages" else "rows"
    assert str(caught.value) == (
        f"Resource factory {name!r} is a generator or a context manager, which nothing would close. "
        "Return the thing itself, and close it where you have run the workflow."
    )


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(WorkflowValidationError, match=r"takes a factory that makes the thing, got 3\. .*lambda: thing"):
        Resource(3)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("file", ["app.yaml", "app", Path("x/app.toml")])
def test_other_files_than_json_are_refused(file: Any) -> None:
    with pytest.raises(ValueError) as caught:
        ResourceConfig(file)

    message = str(caught.value)
    assert message.startswith("Only JSON files can be used to load Pydantic-based resources.")
    assert repr(str(file)) in message


def test_a_type_that_pydantic_cannot_make_is_refused_at_decoration() -> None:
    def use(service: Annotated[Service, ResourceConfig("app.json")]) -> None: ...

    with pytest.raises(WorkflowValidationError) as caught:
        only(use)
    assert str(caught.value).startswith(
        "Parameter 'service' of step 'use' cannot hold what ResourceConfig('app.json') reads: pydantic cannot make a "
        "Service. Annotate it with a pydantic model, dict or list."
    )


# -- reading settings --------------------------------------------------------------------------------------------------


async def test_settings_become_the_annotated_model(tmp_path: Path) -> None:
    file = write(tmp_path, {"host": "here", "port": "80"})

    def use(db: Annotated[Database, ResourceConfig(file)]) -> None: ...

    assert await ResourceManager().fill([only(use)]) == {"db": Database(host="here", port=80)}


@pytest.mark.parametrize(
    ("selector", "kind", "expected"),
    [
        ("models.1.db", Database, Database(host="b")),
        ("models.1.db", dict, {"host": "b"}),
        ("models.1.db", Any, {"host": "b"}),
        ("models", list, [{"db": {"host": "a"}}, {"db": {"host": "b"}}]),
        ("ports", dict[str, int], {"0": 80}),
        ("ports.0", int, 80),
        ("absent", Database | None, None),
        ("", dict[str, Any], {"models": [{"db": {"host": "a"}}, {"db": {"host": "b"}}], "ports": {"0": 80}}),
    ],
)
async def test_a_part_of_the_file_can_be_selected(tmp_path: Path, selector: str, kind: Any, expected: Any) -> None:
    data: dict[str, Any] = {"models": [{"db": {"host": "a"}}, {"db": {"host": "b"}}], "ports": {"0": 80}}
    file = write(tmp_path, data | ({"absent": None} if selector == "absent" else {}))
    definition = ResourceDefinition("x", ResourceConfig(file, selector), kind)

    assert await ResourceManager().fill([definition]) == {"x": expected}


async def test_each_use_gets_settings_of_its_own(tmp_path: Path) -> None:
    config = ResourceConfig(write(tmp_path, {"tags": ["a"]}))
    manager = ResourceManager()

    (await manager.get(config))["tags"].append("b")

    assert await manager.get(config) == {"tags": ["a"]}


async def test_strict_models_take_what_json_has_no_type_for(tmp_path: Path) -> None:
    class Plan(BaseModel):
        model_config = ConfigDict(strict=True)
        day: datetime.date
        parts: tuple[int, ...]

    def use(plan: Annotated[Plan, ResourceConfig(write(tmp_path, {"day": "2030-01-02", "parts": [1]}))]) -> None: ...

    found = await ResourceManager().fill([only(use)])
    assert found == {"plan": Plan(day=datetime.date(2030, 1, 2), parts=(1,))}


async def test_a_file_is_read_when_it_is_needed_and_again_when_it_changed(tmp_path: Path) -> None:
    config = ResourceConfig(tmp_path / "late.json")  # not there yet
    manager = ResourceManager()

    file = write(tmp_path, {"a": 1}, "late.json")
    assert await manager.get(config) == {"a": 1}

    before = file.stat().st_mtime_ns
    write(tmp_path, {"a": 2}, "late.json")
    os.utime(file, ns=(before, before))
    assert await manager.get(config) == {"a": 1}, "neither date nor size have changed: it was not read again"

    os.utime(file, ns=(before + 1, before + 1))
    assert await manager.get(config) == {"a": 2}


async def test_a_relative_file_is_found_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, manager = ResourceConfig("app.json"), ResourceManager()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, name)
        monkeypatch.chdir(tmp_path / name)

        assert await manager.get(config) == name


async def test_settings_can_be_overridden_by_the_name_of_the_file(tmp_path: Path) -> None:
    manager = ResourceManager()
    await manager.set("missing.json#db", "given")

    assert await manager.get(ResourceConfig("missing.json", "db")) == "given"


# -- what is wrong with settings ---------------------------------------------------------------------------------------


async def wrong(config: ResourceConfig, kind: Any = Any) -> str:
    with pytest.raises(WorkflowValidationError) as caught:
        await ResourceManager().fill([ResourceDefinition("x", config, kind)])
    return str(caught.value)


async def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert await wrong(ResourceConfig("missing.json")) == (
        f"No such file: missing.json (looked for in {tmp_path}). Write it or mend the path."
    )
    absolute = tmp_path / "missing.json"
    assert await wrong(ResourceConfig(absolute)) == f"No such file: {absolute}. Write it or mend the path."


async def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "broken.json").write_text('{"a": 1,\n oh}')
    (tmp_path / "binary.json").write_bytes(b'"\xff\xff"')

    assert f"Cannot read {tmp_path / 'folder.json'}: " in await wrong(ResourceConfig(tmp_path / "folder.json"))
    assert f"{tmp_path / 'broken.json'} is not valid JSON: Expecting property name" in await wrong(
        ResourceConfig(tmp_path / "broken.json")
    )
    assert "binary.json is not valid JSON" in await wrong(ResourceConfig(tmp_path / "binary.json"))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("c", "No 'c' at the top of {file}, for path_selector 'c'. There is 'a', 'e'."),
        ("a.b.5", "No '5' at 'a.b' of {file}, for path_selector 'a.b.5'. There is a list of 2."),
        ("a.b.-1", "No '-1' at 'a.b' of {file}, for path_selector 'a.b.-1'. There is a list of 2."),
        ("a.b.0.x", "No 'x' at 'a.b.0' of {file}, for path_selector 'a.b.0.x'. There is a value of type int."),
        ("e.x", "No 'x' at 'e' of {file}, for path_selector 'e.x'. There is an empty object."),
    ],
)
async def test_a_missing_part_is_named(tmp_path: Path, selector: str, expected: str) -> None:
    file = write(tmp_path, {"a": {"b": [1, 2]}, "e": {}})

    assert await wrong(ResourceConfig(file, selector)) == expected.format(file=file)


async def test_what_does_not_fit_is_told_without_the_values(tmp_path: Path) -> None:
    file = write(tmp_path, {"db": [{"port": "s3cret"}]})

    message = await wrong(ResourceConfig(file, "db.0"), Database)

    assert message.startswith(f"{file}#db.0 does not fit Database: host: Field required; port: Input should be a valid")
    assert "s3cret" not in message
    assert "does not fit" in await wrong(ResourceConfig(file), list)
    assert "the value: Input should be an object" in await wrong(ResourceConfig(file, "db"), dict)


# -- checking ahead ----------------------------------------------------------------------------------------------------


def test_problems_are_told_a_line_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"host": "here"}, "good.json")

    def get_llm(config: Annotated[Database, ResourceConfig("llm.json")]) -> str:
        return config.host

    def a(
        good: Annotated[Database, ResourceConfig("good.json")],
        c: Annotated[Database, ResourceConfig("missing.json")],
        part: Annotated[int, ResourceConfig("good.json", "host")],
        llm: Annotated[str, Resource(get_llm)],
    ) -> None: ...

    missing, part, nested = config_problems(resources_in(a, hints_of(a)), "a")

    assert missing.startswith("In step 'a', parameter 'c': No such file: missing.json")
    assert part.startswith("In step 'a', parameter 'part': good.json#host does not fit int: the value: ")
    assert nested.startswith("In step 'a', parameter 'llm', which needs 'config': No such file: llm.json")


async def test_what_is_overridden_is_no_problem() -> None:
    def get_llm(config: Annotated[Database, ResourceConfig("missing.json")]) -> str:
        return config.host

    def a(llm: Annotated[str, Resource(get_llm)], c: Annotated[Database, ResourceConfig("other.json")]) -> None: ...

    definitions, manager = resources_in(a, hints_of(a)), ResourceManager()
    assert len(config_problems(definitions, "a", manager)) == 2

    await manager.set("get_llm", "fake")
    await manager.set("other.json", Database(host="x"))
    assert config_problems(definitions, "a", manager) == []
