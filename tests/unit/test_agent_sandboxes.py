"""Which sandbox proves a function, doubts it, and runs it: nothing is opened that is not needed."""

from pathlib import Path
from typing import Any

import pytest

from agent.sandboxes import AUTO, Sandboxes, environments_in, named, proven_in
from registry import Function, Manifest, Status, Version
from sandbox import Packages, SandboxError, SandboxUnavailable, Script, Surroundings

NO_ENGINE = SandboxUnavailable("No engine answers", advice="Start one.")
NATIVE = Packages(folder=Path("layer"), digest="0", pure=False)


class Place:
    """Stands where a back end would: what it lacks, whether it is there, and what was asked of it."""

    def __init__(
        self, name: str, *, absence: SandboxError | None = None, broken: SandboxError | None = None, native: bool = True
    ) -> None:
        self.name, self.broken, self.native = name, broken, native
        self.missing, self.around, self.asked, self.closed = absence, Surroundings(), 0, False

    def within(self, around: Surroundings) -> "Place":
        """A view of it."""
        view = Place(self.name)
        view.around = around
        return view

    def lacks(self, around: Surroundings) -> str:
        """Native packages, where it has none."""
        return "" if self.native or around.packages is None or around.packages.pure else "it runs no native code"

    def absence(self) -> SandboxError | None:
        """Whether it is there."""
        return self.missing

    def environment(self) -> dict[str, str]:
        """Raises where it cannot be made ready."""
        self.asked += 1
        if self.broken:
            raise self.broken
        return {"backend": self.name}

    def close(self) -> None:
        """Remembers it."""
        self.closed = True


def house(*places: Place, packages: Packages | None = None, names: tuple[str, ...] = ()) -> tuple[Sandboxes, Any]:
    """Sandboxes of these places, and what was opened and told, in order."""
    opened, told = list[str](), list[str]()
    known = {place.name: place for place in places}

    def open_one(name: str) -> Any:
        opened.append(name)
        return known[name]

    made = Sandboxes(names or tuple(known), open_one, told.append, lambda function: packages)
    return made, (opened, told)


def function() -> Function:
    """Any function."""
    manifest = Manifest(name="f", description="Does.", input_schema={"type": "object", "properties": {}})
    return Function(manifest=manifest, source="", tests="")


def version(**verdict: Any) -> Version:
    """A version with that verdict in its evidence."""
    return Version(
        function=function(), commit="c", status=Status.PRODUCTION, version="1.0.0", evidence={"verdict": verdict}
    )


def test_auto_is_all_there_are_the_fastest_first() -> None:
    """`auto` stands for both, any other word for the back end of that name alone: none is fallen back to."""
    assert named(AUTO) == ("wasm", "docker")
    assert named("docker") == ("docker",)


def test_a_run_opens_only_the_fastest_one() -> None:
    """A version proven in both runs in the fastest; the other one is not even opened."""
    sandboxes, (opened, _) = house(Place("wasm"), Place("docker"))
    assert sandboxes.for_run(version(validated_on=["wasm", "docker"])).name == "wasm"
    assert opened == ["wasm"]


def test_a_run_goes_where_the_version_was_proven() -> None:
    """What was proven in the slower one alone never runs in the faster one."""
    sandboxes, (opened, _) = house(Place("wasm"), Place("docker"))
    assert sandboxes.for_run(version(validated_on=["docker"])).name == "docker"
    assert opened == ["docker"]


def test_a_run_takes_the_next_one_where_the_fastest_is_not_there() -> None:
    """Of those in which it was proven, one that can be had."""
    sandboxes, _ = house(Place("wasm", absence=NO_ENGINE), Place("docker"))
    assert sandboxes.for_run(version(validated_on=["wasm", "docker"])).name == "docker"


def test_old_evidence_counts_for_the_one_back_end_it_names() -> None:
    """Evidence of before names one environment; evidence without any says nothing, and the fastest serves."""
    sandboxes, _ = house(Place("wasm"), Place("docker"))
    old = version(environment={"backend": "docker", "python": "3.14.8"})
    assert proven_in(old.evidence) == ("docker",)
    assert environments_in(old.evidence) == ({"backend": "docker", "python": "3.14.8"},)
    assert sandboxes.for_run(old).name == "docker"
    assert proven_in(version(summary="given").evidence) == ()
    assert sandboxes.for_run(version(summary="given")).name == "wasm"


def test_what_cannot_run_here_is_refused_with_the_way_out() -> None:
    """The error says which sandbox the version needs, why it is not to be had, and how to get it; exit code 8."""
    sandboxes, _ = house(Place("wasm"), Place("docker", absence=NO_ENGINE))
    with pytest.raises(SandboxUnavailable, match=r"`f` 1\.0\.0 was proven in docker.*No engine answers") as caught:
        sandboxes.for_run(version(validated_on=["docker"]))
    assert (caught.value.advice, caught.value.exit_code) == ("Start one.", 8)


def test_a_sandbox_that_the_settings_leave_out_is_not_used() -> None:
    """Where the settings name one back end, a version proven in the other one is refused, and the advice says why."""
    sandboxes, (opened, _) = house(Place("docker"))
    with pytest.raises(SandboxUnavailable, match="the settings leave it out") as caught:
        sandboxes.for_run(version(validated_on=["wasm"]))
    assert "`sandbox`" in caught.value.advice
    assert opened == []


def test_a_function_is_proven_in_the_fastest_that_can_run_it() -> None:
    """Pure functions in the first, with their script around; native packages in the next one, with the packages."""
    script = Script()
    sandboxes, (opened, _) = house(Place("wasm", native=False), Place("docker"))
    chosen: Any = sandboxes.for_proof(function(), script)
    assert (chosen.name, chosen.around.script, opened) == ("wasm", script, ["wasm"])
    sandboxes, _ = house(Place("wasm", native=False), Place("docker"), packages=NATIVE)
    chosen = sandboxes.for_proof(function())
    assert (chosen.name, chosen.around.packages) == ("docker", NATIVE)
    assert sandboxes.second(function()) is None


def test_what_no_sandbox_gives_is_refused_naming_each() -> None:
    """Native packages without an engine: both reasons are told, and how to get an engine."""
    sandboxes, _ = house(Place("wasm", native=False), Place("docker", absence=NO_ENGINE), packages=NATIVE)
    with pytest.raises(SandboxUnavailable, match="wasm: it runs no native code; docker: No engine answers") as caught:
        sandboxes.for_proof(function())
    assert caught.value.advice == "Start one."


def test_the_second_one_is_made_ready_first() -> None:
    """The next one that can run the function, after a first call of its own."""
    docker = Place("docker")
    sandboxes, _ = house(Place("wasm"), docker)
    second = sandboxes.second(function())
    assert second is not None
    assert (second.name, docker.asked) == ("docker", 1)


def test_without_an_engine_there_is_no_second_one() -> None:
    """That is no fault, and nothing is told of it."""
    sandboxes, (_, told) = house(Place("wasm"), Place("docker", absence=NO_ENGINE))
    assert sandboxes.second(function()) is None
    assert told == []
    assert sandboxes.why_not("docker", function()) == "No engine answers"


def test_a_second_one_that_cannot_be_made_ready_is_left_out() -> None:
    """An engine without a way to an image: told once, and not tried again."""
    docker = Place("docker", broken=SandboxUnavailable("No base image"))
    sandboxes, (_, told) = house(Place("wasm"), docker)
    assert [sandboxes.second(function()) for _ in range(3)] == [None] * 3
    assert (docker.asked, told) == (1, ["The sandbox `docker` is left out: No base image"])
    assert sandboxes.why_not("docker", function()) == "No base image"


def test_one_that_is_named_has_no_second() -> None:
    """The operator's word: that one and no other."""
    sandboxes, (opened, _) = house(Place("wasm"))
    assert sandboxes.second(function()) is None
    assert opened == ["wasm"]


def test_closing_closes_what_was_opened() -> None:
    """All that were opened, and nothing is opened for it."""
    wasm, docker = Place("wasm"), Place("docker")
    sandboxes, (opened, _) = house(wasm, docker)
    sandboxes.for_proof(function())
    sandboxes.close()
    sandboxes.close()
    assert (wasm.closed, docker.closed, opened) == (True, False, ["wasm"])
