"""What schemas and annotations tell of fields."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from wfkit.widgets.schemas import schema_alone, schema_of, taken_by


class Told(BaseModel):
    n: Annotated[int, Field(ge=1, lt=5)] = 1
    word: Literal["a", "b"] | None = None
    length: timedelta = timedelta(1)
    anything: int | list[str] = 1
    price: Annotated[Decimal, Field(ge=0)] = Decimal(1)


@pytest.mark.parametrize("alone", [False, True])
def test_what_a_field_takes(alone: bool) -> None:
    whole = schema_of(Told)
    assert whole is not None
    schemas = {name: schema_alone(name, info) if alone else whole for name, info in Told.model_fields.items()}
    n, word, length, anything, price = (
        taken_by(name, Told.model_fields[name], schema) for name, schema in schemas.items()
    )
    assert (n.kind, n.note) == ("number", "whole number, at least 1, less than 5")
    assert dict(n.limits) == {"minimum": 1, "exclusiveMaximum": 5}
    assert (word.kind, word.choices, word.nullable) == ("choice", ("a", "b"), True)
    assert (length.kind, length.note) == ("text", "duration, as PT1H30M or 1:30:00")
    assert (price.kind, price.note) == ("text", "number, at least 0")
    assert (anything.kind, anything.nullable) == ("any", False)
