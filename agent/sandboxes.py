"""The sandboxes of the settings, opened when they are needed: which one proves a function, doubts it, runs it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry import Function, Version
from sandbox import Packages, Sandbox, SandboxError, SandboxUnavailable, Script, Surroundings

AUTO = "auto"
FASTEST_FIRST = ("wasm", "docker")
"""What `auto` uses, as far as it can be had on the machine."""
CHOOSE = f'Name another one in the setting `sandbox`, or leave it at "{AUTO}"; `kowal doctor` shows which work here.'


NOTHING = Surroundings()


def named(setting: str) -> tuple[str, ...]:
    """The back ends that the setting `sandbox` stands for, the fastest first."""
    return FASTEST_FIRST if setting == AUTO else (setting,)


def no_packages(function: Function) -> Packages | None:
    """For a place where no packages are installed: a function finds the standard library only."""
    del function
    return None


class Sandboxes:
    """The back ends in the order of their speed. None is opened, or even looked for, before it is needed.

    Safe to use from several threads.
    """

    def __init__(
        self,
        names: Sequence[str],
        open_one: Callable[[str], Sandbox],
        tell: Callable[[str], None],
        packages_of: Callable[[Function], Packages | None] = no_packages,
    ) -> None:
        self.names = tuple(names)
        self._open_one, self._packages_of, self._tell = open_one, packages_of, tell
        self._lock = threading.Lock()
        self._opened: dict[str, Sandbox] = {}
        self._left_out: dict[str, SandboxError] = {}

    def for_proof(self, function: Function, script: Script | None = None) -> Sandbox:
        """The fastest one that can run the function, with its packages and the script around it.

        Raises `SandboxUnavailable`, which says of each what is missing.
        """
        around = self._around(function, Surroundings(script=script))
        return self._first(self.names, around, f"`{function.name}` needs what no sandbox here gives")

    def second(self, function: Function, script: Script | None = None) -> Sandbox | None:
        """The next one after that which can run it too; None where there is none. It is made ready first.

        One that cannot be made ready is left out from then on, which is told once.
        """
        around = self._around(function, Surroundings(script=script))
        able = [name for name in self.names if name not in self._left_out and self._refusal(name, around) is None]
        return next((self.one(name).within(around) for name in able[1:] if self._is_ready(name)), None)

    def for_run(self, version: Version, around: Surroundings = NOTHING) -> Sandbox:
        """The fastest one in which the version was proven, with its packages around it.

        Raises `SandboxUnavailable`, which says which one it needs and how to get it.
        """
        proven = proven_in(version.evidence) or self.names
        label = f"`{version.name}` {version.version}".rstrip()
        wanted = [name for name in (*self.names, *proven) if name in proven]
        return self._first(list(dict.fromkeys(wanted)), self._around(version.function, around),
                           f"{label} was proven in {' and '.join(proven)}, which cannot run it here")  # fmt: skip

    def why_not(self, name: str, function: Function) -> str:
        """Why the function cannot be looked at in that one now, in a sentence; empty where it can."""
        refusal = self._left_out.get(name) or self._refusal(name, self._around(function, Surroundings()))
        return str(refusal) if refusal else ""

    def one(self, name: str) -> Sandbox:
        """The one of that name, opened. Raises `BadSettings` for a name that is none."""
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open_one(name)
            return self._opened[name]

    def warm_up(self) -> None:
        """Start in the background what the first call would wait for, of the fastest one. Raises as `one` does."""
        self.one(self.names[0]).warm_up()

    def close(self) -> None:
        """Close all that were opened. Idempotent."""
        with self._lock:
            opened = list(self._opened.values())
        for sandbox in opened:
            sandbox.close()

    def _around(self, function: Function, around: Surroundings) -> Surroundings:
        packages = self._packages_of(function)
        return around if packages is None else replace(around, packages=packages)

    def _first(self, names: Sequence[str], around: Surroundings, otherwise: str) -> Sandbox:
        """The first of them that can have these surroundings. Raises `SandboxUnavailable`."""
        refusals = dict[str, SandboxError]()
        for name in names:
            refusal = self._refusal(name, around)
            if refusal is None:
                return self.one(name).within(around)
            refusals[name] = refusal
        reasons = "; ".join(f"{name}: {refusal}" for name, refusal in refusals.items())
        raise SandboxUnavailable(f"{otherwise}: {reasons}", advice=list(refusals.values())[-1].advice)

    def _refusal(self, name: str, around: Surroundings) -> SandboxError | None:
        """Why that one cannot be used; None where it can. Starts nothing."""
        if name not in self.names:
            return SandboxUnavailable(f"the settings leave it out ({', '.join(self.names)})", advice=CHOOSE)
        sandbox = self.one(name)
        if lack := sandbox.lacks(around):
            return SandboxUnavailable(lack, advice=CHOOSE)
        return sandbox.absence()

    def _is_ready(self, name: str) -> bool:
        """True once a call was made there, for which an image may be built first."""
        try:
            self.one(name).environment()
        except SandboxError as error:
            self._left_out[name] = error
            self._tell(f"The sandbox `{name}` is left out: {error}")
            return False
        return True


def proven_in(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    """The back ends in which a version was proven, as its evidence says; empty where that says nothing."""
    verdict = evidence.get("verdict", {})
    if "validated_on" in verdict:
        return tuple(verdict["validated_on"])
    return tuple(place["backend"] for place in environments_in(evidence) if "backend" in place)


def environments_in(evidence: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """The environments that evidence names. Until 2026 there was one, under a name of its own."""
    verdict = evidence.get("verdict", {})
    old = verdict.get("environment")
    return tuple(verdict.get("environments", ())) or ((old,) if old else ())
