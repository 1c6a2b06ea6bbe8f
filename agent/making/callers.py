"""What becomes of the functions that call another one, once another version of that one serves, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.composition import PREFIX, called_in, callees_of, callers_of
from agent.making.admission import Admission
from agent.types import Event, Verdict, version_facts
from agent.validator import evidence_of, validate
from agent.verifier import trial_of
from agent.warden import BY_STATISTICS
from registry import Function, Registry, RegistryError, Status, Version
from sandbox import SandboxError


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Where a caller stands now."""

    version: Version
    why: str = ""
    """Why it is bound as it was, though another version of what it calls serves; empty where it has moved."""
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """It for programs."""
        version, rest = self.version, {"why": self.why, "advice": self.advice}
        return {"name": version.name, "version": version.version, "status": version.status.value, **rest}


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Proves callers anew with the version that serves now: those that still hold are bound to it."""

    admission: Admission

    @property
    def registry(self) -> Registry:
        """Where they are kept."""
        return self.admission.registry

    def follow(self, name: str, *, by: str) -> tuple[Followed, ...]:
        """The callers as they stand now, and those that call them, once the function `name` has moved.

        One that passes the gate with the version in production gets a new version bound to it, in production by
        `by`, who moved the function: it may reach nothing that was not signed before. One that does not pass goes on
        with the version it has, where that was only replaced by a newer one; else it is quarantined.

        One that cannot be proven now, for want of a sandbox, stays as it is and is told: nothing unproven ever runs.
        """
        return tuple(self._followed(name, by, ()))

    def _followed(self, name: str, by: str, above: Sequence[str]) -> list[Followed]:
        done: list[Followed] = []
        while (caller := self._behind(name, done, above)) is not None:  # each turn settles one version for good
            done.append(self._settled(caller, name, by))
            if not done[-1].why:
                done += self._followed(caller.name, by, (*above, name))
        return done

    def _behind(self, name: str, done: Sequence[Followed], above: Sequence[str]) -> Version | None:
        """A caller that is bound to another version than the one that serves; None where none is left.

        A function that calls itself by way of others has been settled above.
        """
        serving, settled = self.registry.find(name), {(each.version.name, each.version.version) for each in done}
        for caller in callers_of(self.registry, name):
            is_bound = serving is not None and bound_to(caller.function, serving) == caller.function
            if not is_bound and (caller.name, caller.version) not in settled and caller.name not in (*above, name):
                return caller
        return None

    def _settled(self, caller: Version, name: str, by: str) -> Followed:
        """What became of the caller; where a sandbox or the registry is at fault, it stays as it is."""
        serving = self.registry.find(name)
        try:
            if serving is None:
                return self._stopped(caller, by, f"`{name}`, which it calls, is in production no more")
            return self._proven(caller, serving, by)
        except (SandboxError, RegistryError) as error:
            number = f" {serving.version}" if serving else ""
            again = f" Then `kowal functions rollback {name}{number}` proves it anew." if serving else ""
            return self._left(caller, f"with `{name}`{number} it could not be proven: {error}", error.advice + again)

    def _proven(self, caller: Version, serving: Version, by: str) -> Followed:
        """The caller, put before the gate with the version that serves. Raises `SandboxError`, `RegistryError`."""
        admission, function, name = self.admission, bound_to(caller.function, serving), serving.name
        line = f"Proving `{caller.name}` anew with `{name}` {serving.version}, which it calls"
        admission.listener(Event(action="progress", facts={"line": line}))
        callees = callees_of(self.registry, function)
        verdict = validate(trial_of(replace(caller, function=function), admission.sandboxes, admission.limits, callees))
        if not verdict.passed:
            why = f"with `{name}` {serving.version}, which it calls, it does not pass: {verdict.summary}"
            if self._may_stay(caller, serving):
                return self._left(caller, why, f"It goes on with the `{name}` that it was proven with.")
            return self._stopped(caller, by, why)
        return self._bound(caller, function, verdict, serving, by)

    def _bound(self, caller: Version, function: Function, verdict: Verdict, serving: Version, by: str) -> Followed:
        """The caller's new version, in production, unless the policy wants a person for that."""
        kept: Mapping[str, Any] = {key: value for key, value in caller.evidence.items() if key != "digest"}
        note, promoter = f"bound to {serving.name} {serving.version}", self.admission.promoter
        provenance = {**kept.get("provenance", {}), "bound_to": f"{serving.name} {serving.version}"}
        evidence = {**kept, **evidence_of(verdict, provenance)}
        made = promoter.approve(function, evidence, replaces=caller)
        if made.status is Status.TESTING:
            why = f"{made.label}, {note}, passes and waits to be merged"
            stays = self._may_stay(caller, serving)
            return self._left(caller, why, "It moves once that is merged.") if stays else self._stopped(caller, by, why)
        if made.status is Status.QUARANTINED:
            return self._stopped(caller, by, f"{note} it is {made.version}, which is quarantined")
        if by == BY_STATISTICS and promoter.policy == "person":
            self.admission.listener(Event(action="function.waits", facts=version_facts(made)))
            return self._stopped(caller, by, f"{made.version}, {note}, passes and waits for a person")
        moved = self.registry.promote(caller.name, made.version, by=by, note=note)
        self.admission.listener(
            Event(action="function.promoted", facts=version_facts(moved) | {"by": by, "note": note})
        )
        return Followed(version=moved)

    def _may_stay(self, caller: Version, serving: Version) -> bool:
        """True where the version that the caller is bound to may still be called, and a newer one has replaced it."""
        pinned = dict(called_in(caller.function.manifest.grants))[serving.name]
        numbers = [[int(part) for part in number.split(".")] for number in (pinned, serving.version)]
        is_older = numbers[0] < numbers[1]
        return is_older and self.registry.get(serving.name, pinned).status is not Status.QUARANTINED

    def _left(self, caller: Version, why: str, advice: str) -> Followed:
        facts = version_facts(caller) | {"error": why, "advice": advice}
        self.admission.listener(Event(action="function.stays", facts=facts))
        return Followed(version=caller, why=why, advice=advice)

    def _stopped(self, caller: Version, by: str, reason: str) -> Followed:
        """The caller, kept from running; an earlier version of it that still holds may take over."""
        left = self.registry.quarantine(caller.name, by=by, reason=reason, version=caller.version)
        facts = {"status": Status.QUARANTINED.value, "reason": reason, "restored": left.version if left else ""}
        self.admission.listener(Event(action="function.quarantined", facts=version_facts(caller) | facts))
        return Followed(version=replace(caller, status=Status.QUARANTINED))


def bound_to(function: Function, callee: Version) -> Function:
    """The function, allowed to call that version of the callee in place of another one."""
    grants = function.manifest.grants
    others = [grant for grant in grants if grant.split()[:2] != [PREFIX.strip(), callee.name]]
    pinned = sorted([*others, f"{PREFIX}{callee.name} {callee.version}"])
    return replace(function, manifest=function.manifest.model_copy(update={"grants": tuple(pinned)}))
