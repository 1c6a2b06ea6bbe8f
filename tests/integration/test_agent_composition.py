"""Functions that call registered functions: bound to a version, proven with it, and proven anew when it moves."""

import json

import pytest

from agent.errors import NotGranted, RunFailed
from agent.making.callers import Callers
from agent.signing import Signing
from agent.types import Task
from registry import Function, Manifest, Status
from sandbox import SandboxUnavailable

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
FRAGILE = SHOUT.replace("text.upper()", "text.upper() if 'boom' not in text else {}[text]")
"""Fails with a KeyError where there is a boom."""
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
    (followed,) = callers(shop).follow("shout", by="ann")
    moved, serving = followed.version, shop.registry.find("shout").version
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
    assert (moved.version.status, moved.why) == (Status.QUARANTINED, "")
    assert shop.registry.find("greet") is None
    notes = [entry.note for entry in shop.registry.history("greet") if entry.status is Status.QUARANTINED]
    assert any("with `shout`" in note and "does not pass" in note for note in notes)


def test_a_caller_of_what_is_gone_is_taken_out_of_use(shop):
    """Where no version of the callee serves, nothing can call it."""
    made(shop)
    shop.registry.quarantine("shout", by="ann", reason="test")
    (moved,) = callers(shop).follow("shout", by="ann")
    assert (moved.version.status, shop.registry.find("greet")) == (Status.QUARANTINED, None)


def test_a_caller_goes_on_with_what_was_only_replaced_where_it_fails_with_the_newer_one(shop):
    """Its own version of the callee was proven and is not withdrawn: it keeps working, and people are told why."""
    made(shop)
    shop.put(function(TITLE, SHOUT_TESTS))
    (stays,) = callers(shop).follow("shout", by="ann")
    assert (stays.version.version, stays.version.status) == ("1.0.0", Status.PRODUCTION)
    assert "with `shout` 1.1.0, which it calls, it does not pass" in stays.why
    assert [event.facts["error"] for event in shop.events if event.action == "function.stays"] == [stays.why]
    assert shop.agent.run("greet", Task(text="", arguments={"name": "Ann"})).value == "HELLO ANN!"


def test_a_caller_that_cannot_be_proven_now_stays_and_the_others_are_settled(shop):
    """Proven in Docker alone where no engine answers: told with what to do next, and the list goes on to its end."""
    made(shop)
    source, tests = GREET.replace("greet", "alone"), GREET_TESTS.replace("greet", "alone")
    manifest = function(source, tests, "alone").manifest.model_copy(update={"grants": ("function shout 1.0.0",)})
    alone = Function(manifest=manifest, source=source, tests=tests)
    shop.registry.add_candidate(alone, {"verdict": {"summary": "given", "validated_on": ["docker"]}})
    shop.registry.approve("alone", by="test")
    shop.registry.promote("alone", by="test")
    shop.put(function(SHOUT.replace("text.upper()", "''.join(text).upper()"), SHOUT_TESTS))
    shop.registry.quarantine("shout", by="ann", reason="test", version="1.0.0")
    left, bound = callers(shop).follow("shout", by="ann")
    assert (left.version.name, left.version.version, left.version.status) == ("alone", "1.0.0", Status.PRODUCTION)
    assert "proven in docker" in left.why
    assert "Then `kowal functions rollback shout 1.1.0` proves it anew." in left.advice
    assert (bound.version.name, bound.why) == ("greet", "")
    assert shop.registry.find("greet").function.manifest.grants == ("function shout 1.1.0",)
    with pytest.raises(SandboxUnavailable, match="proven in docker"):
        shop.agent.run("alone", Task(text="", arguments={"name": "Ann"}))


def test_functions_that_call_one_another_in_a_circle_are_followed_once(shop):
    """Manifests may say so, though no run may do it; following them comes to an end."""
    made(shop)
    round_about = function(SHOUT.replace("text.upper()", "str(text).upper()"), SHOUT_TESTS)
    manifest = round_about.manifest.model_copy(update={"grants": ("function greet 1.0.0",)})
    shop.put(Function(manifest=manifest, source=round_about.source, tests=round_about.tests))
    (moved,) = callers(shop).follow("shout", by="ann")
    assert (moved.version.name, moved.version.function.manifest.grants) == ("greet", ("function shout 1.1.0",))


def failing_calls(shop, count=2):
    """What so many different failing calls were told; two of two disprove 0.95."""
    for number in range(count):
        with pytest.raises(RunFailed) as caught:
            shop.agent.run("shout", Task(text="", arguments={"text": f"boom {number}"}))
    return caught.value


def test_a_callee_quarantined_by_its_record_is_followed_after_the_answer(shop):
    """Who ran it has the error at once; meanwhile the broker refuses; then the caller is bound to what came back."""
    shop.put(function(FRAGILE, SHOUT_TESTS))
    made(shop)
    assert shop.registry.find("greet").function.manifest.grants == ("function shout 1.1.0",)
    assert "quarantined" in failing_calls(shop).kept
    assert shop.agent.following.is_busy
    assert "function.promoted" not in shop.actions()
    assert shop.agent.following.settle(60)
    bound = shop.registry.find("greet")
    assert bound.function.manifest.grants == ("function shout 1.0.0",)
    entry = shop.registry.history("greet")[-1]
    assert (entry.version, entry.status, entry.by) == (bound.version, Status.PRODUCTION, "statistics")
    assert shop.agent.run("greet", Task(text="", arguments={"name": "Ann"})).value == "HELLO ANN!"


def test_where_a_person_always_decides_nothing_is_bound_without_one(workshop):
    """The caller is out of use, as what it calls is; its next version is proven and waits, and the reason says so."""
    shop = workshop(policy="person", specify=[json.dumps(SPECIFICATION)], test=[GREET_TESTS], generate=[GREET, OTHER])
    shop.put(function(SHOUT, SHOUT_TESTS))
    shop.put(function(FRAGILE, SHOUT_TESTS))
    made(shop)
    failing_calls(shop)
    assert shop.agent.following.settle(60)
    assert shop.registry.find("greet") is None
    waiting = shop.registry.get("greet", "1.1.0")
    assert (waiting.status, waiting.function.manifest.grants) == (Status.APPROVED, ("function shout 1.0.0",))
    notes = [entry.note for entry in shop.registry.history("greet") if entry.status is Status.QUARANTINED]
    assert notes == ["1.1.0, bound to shout 1.0.0, passes and waits for a person"]


def test_a_callee_promoted_by_its_record_is_followed(workshop):
    """Functions that call it are bound to the version that has shown itself reliable, where they hold with it."""
    words = {"specify": [json.dumps(SPECIFICATION)], "test": [GREET_TESTS], "generate": [GREET, OTHER]}
    shop = workshop(policy="statistics", **words)
    shop.put(function(SHOUT, SHOUT_TESTS))
    made(shop)
    better = function(SHOUT.replace("text.upper()", "''.join(text).upper()"), SHOUT_TESTS)
    shop.registry.add_candidate(better, {"verdict": {"summary": "given"}})
    version = shop.registry.approve("shout", better.digest, by="test").version
    shop.registry.canary("shout", version, by="test")
    for number in range(59):
        shop.agent.run("shout", Task(text="", arguments={"text": f"a{number}"}), version=version)
    assert shop.registry.find("shout").version == version
    assert shop.agent.following.settle(60)
    assert shop.registry.find("greet").function.manifest.grants == (f"function shout {version}",)


def test_a_caller_that_was_let_down_is_settled_for_the_next_time(shop):
    """Where nobody followed, a process having ended, say, the first call that fails for it has it done."""
    shop.put(function(FRAGILE, SHOUT_TESTS))
    made(shop)
    shop.registry.quarantine("shout", by="ann", reason="test")
    with pytest.raises(RunFailed, match="it is quarantined") as caught:
        shop.agent.run("greet", Task(text="", arguments={"name": "Ann"}))
    assert caught.value.facts["fault"] == "host"
    assert shop.agent.following.settle(60)
    assert shop.agent.run("greet", Task(text="", arguments={"name": "Ann"})).value == "HELLO ANN!"


def test_closing_in_the_middle_leaves_what_can_be_done_later(shop):
    """An agent that is closed while a caller is proven ends soon; the caller is as it was, or bound."""
    shop.put(function(FRAGILE, SHOUT_TESTS))
    made(shop)
    failing_calls(shop)
    shop.agent.following.close()
    assert shop.agent.following.settle(60)
    shop.agent.following.after("shout")
    assert not shop.agent.following.is_busy
    greet = shop.registry.find("greet")
    assert greet.function.manifest.grants in (("function shout 1.1.0",), ("function shout 1.0.0",))
