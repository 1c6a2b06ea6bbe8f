"""Who may do what in a chat. Names and roles are the server's word; what people write of themselves says nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import NotPermitted
from agent.permission import OF_ONES_OWN, Deed, Permission
from agent.talking.channel import Person

Roles = Callable[[Person, str], frozenset[str]]
"""A person's roles on the server and in a room, asked of the server."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who may do something."""

    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def allows(self, person: Person, room: str, roles: Roles) -> bool:
        """True for whoever is named, or has one of the roles; for everybody where neither is said."""
        if not (self.users or self.roles) or {person.id, person.name} & self.users:
            return True
        return bool(self.roles and self.roles & roles(person, room))

    @property
    def shown(self) -> str:
        """Who that is, for people."""
        named = [f"`{each}`" for each in sorted(self.users)]
        return ", ".join((*named, *(f"role `{each}`" for each in sorted(self.roles))))


@dataclass(frozen=True, kw_only=True)
class Spoken(Permission):
    """The word on what one person may do who speaks in a chat, beside those whom `tasks.approvers` names."""

    is_approver: bool = False
    """Whether the chat's rule for approving allows them."""

    def refuse(self, deed: Deed, by: str, *, asked_by: str = "") -> None:
        """See `Permission.refuse`. Here whoever no rule names may not, even where no `tasks.approvers` are named."""
        if deed is Deed.ASK or (deed in OF_ONES_OWN and by == asked_by) or self.is_approver or by in self.approvers:
            return
        raise NotPermitted(f"{by} may not: others are named for this", deed=deed.value, by=by)
