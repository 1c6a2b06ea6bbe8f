"""What a person signs: the list of what a version may reach. Nothing that asks for rights goes further without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.composition import not_in_production
from agent.errors import NotGranted
from agent.permission import EVERYBODY, Deed, Permission
from agent.rights.grants import Grant, covered, read_grants
from registry import Registry, Status, Version


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Puts versions into production by a person's word."""

    registry: Registry
    allowed: Sequence[Grant]
    """What the operator's policy grants to every function."""
    may: Permission = EVERYBODY
    """Who may sign."""
    review_of: Callable[[Version], str] | None = None
    """Where a candidate is signed, as an address (URL), empty where none is known; None where nothing is reviewed."""

    def promote(self, name: str, version: str | None, *, by: str, signed: bool) -> Version:
        """The version, in production. `signed` says that the person has seen what it may reach, and grants it.

        Raises `NotGranted` where it asks for more than the policy grants and nobody has signed, or calls a function
        that is not in production; `NotPermitted`; `UnknownFunction`, `UnknownVersion`, `InvalidTransition`, `BadGrant`.
        """
        self.may.refuse(Deed.APPROVE, by)
        found = self.registry.get(name, version) if version else self.registry.newest(name)
        self.refuse_candidate(found)
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

    def refuse_candidate(self, version: Version) -> None:
        """Raise `NotGranted`, which says where it is signed, for a candidate: nobody signs one here."""
        if version.status is not Status.TESTING:
            return
        name = version.name
        where = self.review_of(version) if self.review_of else ""
        if self.review_of is None or self.registry.is_merged(version):
            said, advice = (
                "is a candidate: it has no version yet",
                f"`kowal functions approve {name} {version.digest}` gives it one.",
            )
        elif where:
            said, advice = f"is signed by merging {where}", "Whoever may sign merges it there; it goes on by itself."
        else:
            said, advice = "is signed by merging its merge request", "`kowal serve` opens it in the registry's project."
        raise NotGranted(f"`{name}` {version.label} {said}", kept="It stays as it is.", advice=advice)

    def asks(self, version: Version) -> tuple[str, ...]:
        """What the version needs a person's word for: grants beyond the policy's, and packages. Raises `BadGrant`."""
        manifest = version.function.manifest
        beyond = [str(grant) for grant in read_grants(manifest.grants) if not covered([grant], self.allowed)]
        return (*beyond, *(f"package {package}" for package in manifest.requirements))
