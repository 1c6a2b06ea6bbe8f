"""Functions that call registered functions: bound to a version, proven with it, and proven anew when it moves."""

import json

import pytest

from agent.errors import NotGranted
from agent.making.callers import Callers
from agent.signing import Signing
from agent.types import Task
from registry import Function, Manifest, Status

SHOUT = '''def shout(text: str) -> str:
    """Return the text in capitals.

    Args:
        text: Any text.
    """
    return text.upper()
'''
SHOUT_TESTS = """from function import shout


def test_letters():
    assert shout("abc") == "ABC"


def test_nothing():
    assert shout("") == ""


def test_capitals_stay():
    assert shout("A1") == "A1"
"""
TITLE = "def shout(text: str) -> str:\n    return text.title()\n"
GREET = '''import kowal_host as host


async def greet(name: str) -> str:
    """Return a greeting in capitals.

    Args:
        name: Who is greeted.
    """
    if not name:
        raise ValueError("name is empty")
    return await host.call("shout", text="hello " + name) + "!"
'''
GREET_TESTS = """import pytest
from function import greet


async def test_capitals():
    assert await greet("Ann") == "HELLO ANN!"


async def test_another():
    assert await greet("bob") == "HELLO BOB!"


async def test_nobody():
    with pytest.raises(ValueError):
        await greet("")
"""
SPECIFICATION = {
    "name": "greet",
    "description": "Greet somebody in capitals, by way of shout.",
    "signature": "async def greet(name: str) -> str",
    "functions": ["shout"],
    "bad_input": [{"when": "name is empty", "raises": "ValueError"}],
    "examples": [{"in": {"name": "Eve"}, "out": "HELLO EVE!"}, {"in": {"name": ""}, "raises": True}],
}
OTHER = GREET.replace('return await host.call("shout", text="hello " + name) + "!"',
                      'loud = await host.call("shout", text=f"hello {name}")\n    return f"{loud}!"')  # fmt: skip


def function(source, tests, name="shout"):
    """A function that takes and gives one text."""
    properties = {"text" if name == "shout" else "name": {"type": "string"}}
    manifest = {
        "name": name,
        "description": f"{name} a text",
        "input_schema": {"type": "object", "properties": properties, "required": list(properties)},
        "output_schema": {"type": "string"},
    }
    return Function(manifest=Manifest.model_validate(manifest), source=source, tests=tests)


@pytest.fixture
def shop(workshop):
    """An agent with `shout` in production, whose model writes a function that calls it."""
    made = workshop(specify=[json.dumps(SPECIFICATION)], test=[GREET_TESTS], generate=[GREET, OTHER])
    made.put(function(SHOUT, SHOUT_TESTS))
    return made


def made(shop):
    """The function, made and signed."""
    shop.agent.create(Task(text="greet somebody in capitals, by way of shout"))
    return signed(shop)


def signed(shop):
    """The version that waits, signed."""
    return Signing(registry=shop.registry, allowed=()).promote("greet", None, by="ann", signed=True)


def callers(shop):
    """What follows a callee."""
    return Callers(admission=shop.agent.forge.admission)


def test_a_function_is_bound_to_the_version_it_was_proven_with(shop):
    """The grant names the version; a person signs it, and it waits until then."""
    shop.agent.create(Task(text="greet somebody in capitals, by way of shout"))
    waiting = shop.registry.get("greet")
    assert (waiting.status, waiting.function.manifest.grants) == (Status.APPROVED, ("function shout 1.0.0",))
    with pytest.raises(NotGranted, match=r"function shout 1\.0\.0"):
        Signing(registry=shop.registry, allowed=()).promote("greet", None, by="ann", signed=False)
    assert signed(shop).status is Status.PRODUCTION
    outcome = shop.agent.run("greet", Task(text="", arguments={"name": "Ann"}))
    assert outcome.value == "HELLO ANN!"


def test_nothing_goes_to_production_before_what_it_calls(shop):
    """A callee that has left production stops the promotion, and the person is told which one."""
    shop.agent.create(Task(text="greet somebody in capitals, by way of shout"))
    shop.registry.quarantine("shout", by="ann", reason="test")
    with pytest.raises(NotGranted, match=r"shout 1\.0\.0.*not in production"):
        signed(shop)
    assert shop.registry.find("greet") is None


def test_a_rolled_back_callee_that_still_serves_gets_its_callers_bound_anew(shop):
    """The caller passes the gate with the version that serves now: it has a new version, bound to that one."""
    made(shop)
    shop.put(function(SHOUT.replace("text.upper()", "''.join(text).upper()"), SHOUT_TESTS))
    assert shop.registry.find("shout").version != "1.0.0"
    shop.registry.quarantine("shout", by="ann", reason="test", version="1.0.0")
    (moved,) = callers(shop).follow("shout", by="ann")
    serving = shop.registry.find("shout").version
    assert moved.function.manifest.grants == (f"function shout {serving}",)
    assert shop.registry.find("greet").version == moved.version != "1.0.0"
    assert shop.registry.find("greet").evidence["provenance"]["bound_to"] == f"shout {serving}"
    assert shop.agent.run("greet", Task(text="", arguments={"name": "Ann"})).value == "HELLO ANN!"
    assert callers(shop).follow("shout", by="ann") == ()


def test_a_caller_that_fails_with_what_serves_now_is_taken_out_of_use(shop):
    """Its reason names the callee, and what did not pass."""
    made(shop)
    shop.put(function(TITLE, SHOUT_TESTS))
    shop.registry.quarantine("shout", by="ann", reason="test", version="1.0.0")
    (moved,) = callers(shop).follow("shout", by="ann")
    assert moved.status is Status.QUARANTINED
    assert shop.registry.find("greet") is None
    notes = [entry.note for entry in shop.registry.history("greet") if entry.status is Status.QUARANTINED]
    assert any("with `shout`" in note and "does not pass" in note for note in notes)


def test_a_caller_of_what_is_gone_is_taken_out_of_use(shop):
    """Where no version of the callee serves, nothing can call it."""
    made(shop)
    shop.registry.quarantine("shout", by="ann", reason="test")
    (moved,) = callers(shop).follow("shout", by="ann")
    assert (moved.status, shop.registry.find("greet")) == (Status.QUARANTINED, None)
