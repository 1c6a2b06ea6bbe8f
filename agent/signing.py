"""What a person signs: the list of what a version may reach. Nothing that asks for rights goes further without it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.composition import not_in_production
from agent.errors import NotGranted
from agent.permission import EVERYBODY, Deed, Permission
from agent.rights.grants import Grant, covered, read_grants
from registry import Registry, Version


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Puts versions into production by a person's word."""

    registry: Registry
    allowed: Sequence[Grant]
    """What the operator's policy grants to every function."""
    may: Permission = EVERYBODY
    """Who may sign."""

    def promote(self, name: str, version: str | None, *, by: str, signed: bool) -> Version:
        """The version, in production. `signed` says that the person has seen what it may reach, and grants it.

        Raises `NotGranted` where it asks for more than the policy grants and nobody has signed, or calls a function
        that is not in production; `NotPermitted`; `UnknownFunction`, `UnknownVersion`, `InvalidTransition`, `BadGrant`.
        """
        self.may.refuse(Deed.APPROVE, by)
        found = self.registry.get(name, version) if version else self.registry.newest(name)
        manifest = found.function.manifest
        absent = not_in_production(self.registry, manifest.grants)
        if absent:
            raise NotGranted(
                f"`{name}` calls {', '.join(absent)}, which is not in production",
                advice=f"Put it into production first, or make `{name}` anew: it is bound to that version.",
            )
        if self.asks(found) and not signed:
            raise NotGranted(
                f"`{name}` {found.version} asks for rights that nobody has granted: {', '.join(self.asks(found))}",
                kept="It stays as it is.",
                advice=f"Look at it with `kowal functions show {name}`; "
                f"`kowal functions promote {name} --grant` signs for this list.",
                grants=list(self.asks(found)),
            )
        note = f"may {'; '.join(manifest.grants)}" if manifest.grants else ""
        return self.registry.promote(name, found.version, by=by, note=note)

    def asks(self, version: Version) -> tuple[str, ...]:
        """What the version needs a person's word for: grants beyond the policy's, and packages. Raises `BadGrant`."""
        manifest = version.function.manifest
        beyond = [str(grant) for grant in read_grants(manifest.grants) if not covered([grant], self.allowed)]
        return (*beyond, *(f"package {package}" for package in manifest.requirements))
