"""What the operator says of any chat: where Kowal answers, whom, and in which language."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import BadSettings
from agent.talking.rights import Rule

MIB = 1 << 20


class RuleSettings(BaseModel):
    """Who may do something: whoever is named, or has one of the roles; nobody named and no role is everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    users: tuple[str, ...] = ()
    """Their names or ids."""
    roles: tuple[str, ...] = ()
    """Roles on the server or in the room, as the server tells them."""

    def as_rule(self) -> Rule:
        """The rule as the agent takes it."""
        return Rule(users=frozenset(self.users), roles=frozenset(self.roles))


class ChatSettings(BaseModel):
    """What the section of the settings has for every channel; the rest of it is the channel's own."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: ClassVar[str] = "chat"
    """What the section is of."""

    rooms: tuple[str, ...] = ()
    """The rooms in which it answers, by name or id; empty: all that the account is in. Direct messages always."""
    ask: RuleSettings = RuleSettings()
    """Who may ask for tasks."""
    create: RuleSettings = RuleSettings()
    """Who may have functions made and enhanced; others get what there is."""
    approve: RuleSettings = RuleSettings(roles=("admin",))
    """Who may sign, reject, and speak for the tasks of others."""
    approvals_room: str = ""
    """Where signatures are asked for; empty: in the thread of the task."""
    promotions_room: str = ""
    """Where it is told which functions tasks promoted or took out, whichever way they came in; empty: nowhere."""
    a_minute: int = Field(default=20, ge=1)
    """Messages of one person that are taken in a minute."""
    language: Literal["en", "pl"] = "en"
    """Of what is said where the language of whoever asked is not clear."""
    max_file_mib: int = Field(default=8, ge=1, le=64)
    """The largest file that is taken from a message."""

    @property
    def promotions_place(self) -> tuple[str, str]:
        """The room and the thread where promotions are told."""
        return self.promotions_room, ""

    @classmethod
    def of(cls, name: str, section: Mapping[str, Any]) -> Self:
        """Those of the section. Raises `BadSettings`."""
        try:
            return cls.model_validate(dict(section))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join((cls.kind, name, *map(str, first["loc"])))
            raise BadSettings(f"The setting `{where}` is wrong: {first['msg']}") from None


def own_part(section: Mapping[str, Any], common: type[ChatSettings] = ChatSettings) -> dict[str, Any]:
    """What the section says to the channel itself, beyond what is common to all of its kind."""
    shared = {field.alias or name for name, field in common.model_fields.items()}
    return {key: value for key, value in section.items() if key not in shared}
