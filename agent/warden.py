"""Watches versions at work: gives a canary its share of the calls, and moves versions by what their runs have shown."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.composition import called_in
from agent.fault import Fault
from agent.promoter import Policy
from agent.statistics import CONFIDENCE, lower_bound, upper_bound
from agent.types import Event, Listener, version_facts
from registry import CallCounts, Operations, Registry, RegistryError, RemoteUnavailable, Status, Version

BY_STATISTICS = "statistics"
"""Who moved a version, where its record did."""
SURE = f"{CONFIDENCE * 100:.0f} %"


@dataclass(frozen=True, kw_only=True)
class Warden:
    """Decides by counts of different calls. What a caller did wrong, or the host, is in none of them."""

    registry: Registry
    operations: Operations
    policy: Policy
    reliability: float
    """The share of calls that a version must do."""
    canary_share: float
    """The share of a function's calls that its canary serves."""
    follow: Callable[[str], None]
    """Has the callers of a function that has moved proven anew. Returns at once."""
    listener: Listener

    def stand_in(self, version: Version, call: str) -> Version | None:
        """The function's canary, where the call is one of its share. The same call always goes the same way."""
        if version.status is not Status.PRODUCTION or int(call[:8], 16) >= self.canary_share * 2**32:
            return None
        return self.registry.on_trial(version.name)

    def review(self, version: Version, fault: Fault) -> str:
        """What became of the version after a run, in a sentence; empty where it stays as it is.

        Only a run that can change the decision is looked at. The answer outranks the record: where the registry
        cannot be changed now, that is told, and the next such run tries again. Functions that call one that moved are
        followed after the answer, and those of a run that failed because what it calls is quarantined.
        """
        on_trial = version.status is Status.CANARY
        serves = on_trial or version.status is Status.PRODUCTION
        if not serves or fault == "caller" or (not fault and not on_trial):
            return ""
        try:
            if away := self.registry.refresh():
                raise RemoteUnavailable(away)  # known already: a caller does not wait to learn it again
            if fault == "host":
                return self._let_down(version)
            counts = self.operations.call_counts(version.name, version.digest)
            return self._judged(version, counts) if fault else self._trusted(version, counts)
        except RegistryError as error:
            facts = version_facts(version) | {"error": str(error), "advice": error.advice}
            self.listener(Event(action="function.stays", facts=facts))
            return ""

    def _let_down(self, version: Version) -> str:
        """Follow what the version calls and nobody may call any more: its callers were not all settled yet."""
        for name, number in called_in(version.function.manifest.grants):
            if self.registry.get(name, number).status is Status.QUARANTINED:
                self.follow(name)
        return ""

    def _trusted(self, version: Version, counts: CallCounts) -> str:
        """Promote a canary that has shown enough, unless the policy wants a person for that."""
        reached = lower_bound(counts.ok, counts.ok + counts.failed)
        current = self.registry.on_trial(version.name)
        if self.policy == "person" or reached < self.reliability or current is None or current.digest != version.digest:
            return ""
        note = success(counts)
        promoted = self.registry.promote(version.name, version.version, by=BY_STATISTICS, note=note)
        self._tell("function.promoted", promoted, by=BY_STATISTICS, note=note)
        self.follow(version.name)
        return f"`{version.name}` {version.version} is in production now: {note}."

    def _judged(self, version: Version, counts: CallCounts) -> str:
        """Quarantine a version that is surely too bad, or that statistics let in and would not let in again."""
        good, trials = counts.ok, counts.ok + counts.failed
        if upper_bound(good, trials) < self.reliability:
            most = math.ceil(upper_bound(good, trials) * 100) / 100
            shown = f"at most {most:.2f} succeed ({SURE}), {self.reliability} are wanted"
        elif lower_bound(good, trials) < self.reliability and self._came_by_statistics(version):
            least = math.floor(lower_bound(good, trials) * 100) / 100
            shown = f"at least {least:.2f} succeed ({SURE}), its promotion took {self.reliability}"
        else:
            return ""
        return self._quarantined(version, f"{counts.failed} of {trials} distinct calls failed: {shown}")

    def _came_by_statistics(self, version: Version) -> bool:
        """True where the policy is `statistics`, and the version was last promoted by its record, by nobody's word."""
        if self.policy != "statistics" or version.status is not Status.PRODUCTION:
            return False
        history = self.registry.history(version.name)
        restoring = {entry.commit for entry in history if entry.status is Status.QUARANTINED}
        signed = [
            entry.by
            for entry in history
            if (entry.version, entry.status) == (version.version, Status.PRODUCTION) and entry.commit not in restoring
        ]
        return signed[-1:] == [BY_STATISTICS]

    def _quarantined(self, version: Version, reason: str) -> str:
        left = self.registry.quarantine(version.name, by=BY_STATISTICS, reason=reason, version=version.version)
        restored = left.version if left and version.status is Status.PRODUCTION else ""
        facts = {"status": Status.QUARANTINED.value, "reason": reason, "restored": restored}
        self._tell("function.quarantined", version, **facts)
        self.follow(version.name)
        serving = f"in production now: {left.version if left else 'none'}"
        return f"`{version.name}` {version.version} is quarantined, because {reason}; {serving}."

    def _tell(self, action: str, version: Version, **facts: Any) -> None:
        self.listener(Event(action=action, facts=version_facts(version) | facts))


def success(counts: CallCounts) -> str:
    """The record in words: `57 of 58 distinct calls, at least 0.92 (95 %)`."""
    trials = counts.ok + counts.failed
    if not trials:
        return "no distinct calls yet"
    least = math.floor(lower_bound(counts.ok, trials) * 100) / 100
    return f"{counts.ok} of {trials} distinct calls, at least {least:.2f} ({SURE})"
