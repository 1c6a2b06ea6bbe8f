"""What becomes of the functions that call another one, when that one goes back to an earlier version or out of use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.composition import PREFIX, callees_of, callers_of
from agent.making.admission import Admission
from agent.types import Event, version_facts
from agent.validator import evidence_of, validate
from agent.verifier import trial_of
from registry import Function, Registry, Status, Version


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Proves callers anew with the version that serves now: those that still hold are bound to it, others stop."""

    admission: Admission

    @property
    def registry(self) -> Registry:
        """Where they are kept."""
        return self.admission.registry

    def follow(self, name: str, *, by: str) -> tuple[Version, ...]:
        """The callers as they stand now, and those that call them, once the function `name` has moved.

        One that passes the gate with the version in production gets a new version bound to it, in production by
        `by`, who moved the function: it may reach nothing that was not signed before. Any other is quarantined.
        """
        moved: list[Version] = []
        while (caller := self._behind(name)) is not None:  # each turn binds one, or takes one out of use
            moved += [self._settled(caller, name, by), *self.follow(caller.name, by=by)]
        return tuple(moved)

    def _behind(self, name: str) -> Version | None:
        """A caller that is bound to another version than the one that serves; None where there is none."""
        serving = self.registry.find(name)
        calling = callers_of(self.registry, name)
        return next(
            (each for each in calling if serving is None or bound_to(each.function, serving) != each.function), None
        )

    def _settled(self, caller: Version, name: str, by: str) -> Version:
        serving = self.registry.find(name)
        if serving is None:
            return self._stopped(caller, by, f"`{name}`, which it calls, is in production no more")
        function = bound_to(caller.function, serving)
        admission, callees = self.admission, callees_of(self.registry, function)
        trial = trial_of(replace(caller, function=function), admission.sandboxes, admission.limits, callees)
        verdict = validate(trial)
        if not verdict.passed:
            why = f"with `{name}` {serving.version}, which it calls, it does not pass: {verdict.summary}"
            return self._stopped(caller, by, why)
        kept: Mapping[str, Any] = {key: value for key, value in caller.evidence.items() if key != "digest"}
        provenance = {**kept.get("provenance", {}), "bound_to": f"{name} {serving.version}"}
        evidence = {**kept, **evidence_of(verdict, provenance)}
        made = self.admission.promoter.admit(function, evidence, replaces=caller, waits=True)
        moved = self.registry.promote(caller.name, made.version, by=by, note=f"bound to {name} {serving.version}")
        facts = {"by": by, "note": f"bound to {name} {serving.version}"}
        self.admission.listener(Event(action="function.promoted", facts=version_facts(moved) | facts))
        return moved

    def _stopped(self, caller: Version, by: str, reason: str) -> Version:
        """The caller, kept from running; an earlier version of it that still holds may take over."""
        left = self.registry.quarantine(caller.name, by=by, reason=reason, version=caller.version)
        facts = {"status": Status.QUARANTINED.value, "reason": reason, "restored": left.version if left else ""}
        self.admission.listener(Event(action="function.quarantined", facts=version_facts(caller) | facts))
        return replace(caller, status=Status.QUARANTINED)


def bound_to(function: Function, callee: Version) -> Function:
    """The function, allowed to call that version of the callee in place of another one."""
    grants = function.manifest.grants
    others = [grant for grant in grants if grant.split()[:2] != [PREFIX.strip(), callee.name]]
    pinned = sorted([*others, f"{PREFIX}{callee.name} {callee.version}"])
    return replace(function, manifest=function.manifest.model_copy(update={"grants": tuple(pinned)}))
