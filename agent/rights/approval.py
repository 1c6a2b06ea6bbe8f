"""Whether somebody has granted what a version asks for: a person by putting it into production, or the policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import NotGranted
from agent.rights.grants import Grant, covered, read_grants
from registry import Registry, Status, UnknownFunction, Version


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What the registry and the operator's policy say of a version's rights."""

    registry: Registry
    allow: Sequence[Grant] = ()
    """What needs no person: the setting `grants.allow`."""

    def refuse_ungranted(self, version: Version) -> None:
        """Raise `NotGranted`, with the list to sign, where nobody has granted all of it; `BadGrant` for no grants."""
        grants = read_grants(version.function.manifest.grants)
        if covered(grants, self.allow) or self.was_trusted(version):
            return
        name = version.name
        raise NotGranted(
            f"`{name}` {version.version or version.digest[:12]} asks for rights that nobody has granted",
            advice=f"`kowal functions show {name}` shows what it does; "
            f"`kowal functions promote {name} --grant` grants this.",
            findings=[str(grant) for grant in grants],
            name=name,
            version=version.version,
            digest=version.digest,
        )

    def was_trusted(self, version: Version) -> bool:
        """True where the version serves, on trial or for good, or once did."""
        if version.status in (Status.PRODUCTION, Status.CANARY):
            return True
        return bool(version.version) and self._was_in_production(version)

    def why_not_callable(self, version: Version) -> str:
        """Why no function may call the version, in a few words; empty where it may."""
        if version.status is Status.QUARANTINED:
            return "it is quarantined"
        if version.status is Status.PRODUCTION or self._was_in_production(version):
            return ""
        return "it has never been in production"

    def _was_in_production(self, version: Version) -> bool:
        try:
            history = self.registry.history(version.name)
        except UnknownFunction:
            return False
        return any((entry.version, entry.status) == (version.version, Status.PRODUCTION) for entry in history)
