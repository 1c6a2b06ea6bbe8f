"""What a person at the command line sees of functions that call one which moves by its record."""

import signal
import time

import pytest

from registry import Function, Manifest, Registry

SHOUT = '''def shout(text: str) -> str:
    """Return the text in capitals.

    Args:
        text: Any text.
    """
    return text.upper()
'''
FRAGILE = SHOUT.replace("text.upper()", "text.upper() if 'boom' not in text else {}[text]")
GREET = '''import kowal_host as host


async def greet(name: str) -> str:
    """Return a greeting in capitals.

    Args:
        name: Who is greeted.
    """
    return await host.call("shout", text="hello " + name) + "!"
'''
TESTS = """from function import greet


async def test_capitals():
    assert await greet("Ann") == "HELLO ANN!"
"""


def put(registry, name: str, source: str, tests: str, parameter: str, *grants: str) -> None:
    """Have a function in production that takes and gives a text."""
    schema = {"type": "object", "properties": {parameter: {"type": "string"}}, "required": [parameter]}
    manifest = Manifest(
        name=name, description="Says it.", input_schema=schema, output_schema={"type": "string"}, grants=grants
    )
    function = Function(manifest=manifest, source=source, tests=tests)
    registry.add_candidate(function, {"verdict": {"summary": "given"}})
    registry.approve(name, function.digest, by="test")
    registry.promote(name, by="test")


@pytest.fixture
def shouting(home):
    """A user with a function in two versions, of which the newer one is fragile, and one that calls that."""
    with Registry.open(home.registry) as registry:
        put(registry, "shout", SHOUT, "# none\n", "text")
        put(registry, "shout", FRAGILE, "# none\n", "text")
        put(registry, "greet", GREET, TESTS, "name", "function shout 1.1.0")
    home.run("functions", "run", "shout", "-a", "text=boom 1", code=5)
    return home


def test_the_error_comes_first_and_callers_are_settled_after_it(shouting):
    """Who ran the function is told at once; the command ends when the functions that call it have been settled."""
    err = shouting.run("functions", "run", "shout", "-a", "text=boom 2", code=5).stderr
    assert "`shout` 1.1.0 is quarantined" in err
    assert err.index("failed: ") < err.index("quarantined greet 1.0.0")
    assert "with `shout` 1.0.0, which it calls, it does not pass" in err
    assert shouting.json("functions", "show", "greet")["status"] == "quarantined"


def test_nobody_has_to_wait_for_callers(shouting):
    """Ctrl-C after the error keeps the exit code, and leaves the caller for the next time it is needed."""
    process = shouting.start("functions", "run", "shout", "-a", "text=boom 2")
    seen = ""
    while "Proving `greet` anew" not in seen:
        seen += process.stderr.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "Traceback" not in rest
    assert shouting.is_sound()
    assert "quarantined" in shouting.run("functions", "run", "greet", "-a", "name=Ann", code=5).stderr
    assert shouting.json("functions", "show", "greet")["status"] == "quarantined"


def test_a_promotion_binds_callers_or_leaves_them_as_they_are(shouting):
    """A caller that does not pass with the newer version goes on with its own, and the person is told."""
    with Registry.open(shouting.registry) as registry:
        function = registry.get("shout", "1.0.0").function
        newer = Function(manifest=function.manifest, source=SHOUT.replace("upper", "title"), tests="# none\n")
        registry.add_candidate(newer, {"verdict": {"summary": "given"}})
        registry.approve("shout", newer.digest, by="test")
    said = shouting.run("functions", "promote", "shout", "1.2.0").stdout
    assert "greet 1.0.0, which calls it, is production as before: with `shout` 1.2.0" in said
    (caller,) = shouting.json("functions", "promote", "shout", "1.2.0")["callers"]
    assert (caller["name"], caller["version"], caller["status"]) == ("greet", "1.0.0", "production")
    assert "does not pass" in caller["why"]
    assert shouting.json("functions", "run", "greet", "-a", "name=Ann")["value"] == "HELLO ANN!"


def test_without_callers_nothing_is_moved_in_a_sandbox(home):
    """Promoting, rolling back and quarantining what nobody calls starts no sandbox, so none need be there."""
    with Registry.open(home.registry) as registry:
        put(registry, "shout", SHOUT, "# none\n", "text")
        put(registry, "shout", FRAGILE, "# none\n", "text")
    nowhere = home.folder / "nowhere"
    bare = home.with_(KOWAL_CACHE=str(nowhere))
    bare.run("functions", "rollback", "shout", "1.0.0")
    bare.run("functions", "promote", "shout", "1.1.0")
    bare.run("functions", "quarantine", "shout", "--reason", "test")
    assert not nowhere.exists()
