"""A function as a tool: its hints by its grants, its names, and the schema of its value."""

import json

import jsonschema_rs
import pytest

from integrations.mcp.own import OWN
from integrations.mcp.typed import RESERVED, function_name, tool_name, tool_of, wrapped
from registry import Manifest

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.mark.parametrize(
    ("grants", "reads", "destroys", "repeats", "opens"),
    [
        ((), True, False, True, False),
        (("files in",), False, False, True, False),
        (("http GET api.example.org",), False, False, True, True),
        (("llm 2", "secret KEY api.example.org"), False, False, True, True),
        (("http GET api.example.org", "http POST api.example.org"), False, True, False, True),
        (("http * api.example.org",), False, True, False, True),
        (("chat post rocketchat general",), False, True, False, True),
        (("gitlab issue tools/app",), False, True, False, True),
        (("function fetch 1.0.0",), False, True, False, True),
    ],
)
def test_hints_are_the_most_that_grants_allow(
    grants: tuple[str, ...], *, reads: bool, destroys: bool, repeats: bool, opens: bool
) -> None:
    """Nothing granted is nothing changed; whatever may change something elsewhere says so."""
    tool = tool_of(Manifest(name="f", description="Does it.", input_schema=TEXT, grants=grants))
    hints = tool.annotations
    assert hints is not None
    said = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
    assert said == (reads, destroys, repeats, opens)
    assert all(grant in (tool.description or "") for grant in grants)


def test_names_lead_back_to_their_functions() -> None:
    """Those of our tools are reserved, and no other name is changed."""
    assert set(OWN) == RESERVED
    for name in (*RESERVED, "slugify", "function_answer"):
        assert function_name(tool_name(name)) == name
        assert tool_name(name) not in OWN
    assert function_name("answer") == "answer"
    assert tool_name("function_answer") == "function_answer"


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "integer"}, 3, "3"),
        ({"type": "array", "items": {"$ref": "#/$defs/row"}, "$defs": {"row": {"type": "string"}}}, ["a"], [1]),
        ({}, {"any": None}, ...),
        ({"type": "array", "items": {"$ref": "#"}}, [[]], ...),
    ],
)
def test_a_value_stands_in_an_object(schema: dict[str, object], right: object, wrong: object) -> None:
    """What the schema takes is taken at `result`, with its references; what it refuses is refused."""
    validator = jsonschema_rs.validator_for(json.dumps(wrapped(schema)))
    assert validator.is_valid({"result": right})
    assert not validator.is_valid({})
    assert wrong is ... or not validator.is_valid({"result": wrong})


def test_our_own_tools_are_described() -> None:
    """Each argument says what it is for, and each schema is one."""
    for tool in OWN.values():
        assert tool.description
        for name, field in tool.input_schema["properties"].items():
            assert field.get("description") or name == "limit", (tool.name, name)
        jsonschema_rs.validator_for(json.dumps(tool.input_schema))
        jsonschema_rs.validator_for(json.dumps(tool.output_schema))
        assert tool.input_schema["additionalProperties"] is False
