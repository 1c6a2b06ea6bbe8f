"""What was decided of a request: who is asked, who is not and why, and the error where nobody is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.errors import ContextTooLong, ModelError, ModelMissing, NoRoute, ProviderUnavailable
from agent.routing.aids import Choice


class Kind(StrEnum):
    """What keeps somebody out."""

    DEMAND = "demand"
    AWAY = "away"
    MISSING = "missing"
    LONG = "long"
    LIMIT = "limit"
    SPARE = "spare"
    """Nothing: another model of its server comes first."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A server, or one of its models, that does not answer the request."""

    server: str
    model: str = ""
    """Empty for the whole server."""
    kind: Kind
    why: str
    error: ModelError | None = None
    """What the server itself said."""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {"server": self.server, "model": self.model, "why": self.why}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Who is asked, and who is not."""

    tiers: tuple[tuple[Choice, ...], ...]
    """Those of a tier stand in for one another; the next tier is for when all of them fail."""
    left_out: tuple[LeftOut, ...]
    wanted: str = ""
    """The model that was named."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All of them, the first to be asked in front."""
        return tuple(choice for tier in self.tiers for choice in tier)

    @property
    def refusal(self) -> ModelError:
        """The error where there is nobody to ask. One that may pass comes before one that will not."""
        if not self.left_out:
            return ProviderUnavailable("No model server answers: the settings name none")
        away = [each.error for each in self.left_out if each.error is not None]
        if away:
            return of_all(away)
        reasons = "; ".join(f"{each.server}{f' {each.model}' if each.model else ''}: {each.why}"
                            for each in self.left_out)  # fmt: skip
        facts: dict[str, Any] = {"left_out": [each.as_json() for each in self.left_out]}
        kinds = {each.kind for each in self.left_out}
        is_missing = Kind.MISSING in kinds and not any(each.model for each in self.left_out)
        if Kind.LONG in kinds:
            return ContextTooLong(f"The request fits no model that may be asked: {reasons}", **facts)
        if is_missing and self.wanted:
            advice = f"Fetch it with `ollama pull {self.wanted}`."
            return ModelMissing(f"No server that may be asked has {self.wanted}: {reasons}", advice=advice, **facts)
        return NoRoute(f"No model server may be asked: {reasons}", **facts)


def of_all(errors: Sequence[ModelError]) -> ModelError:
    """The one error there is, or one that says all; of their kind where they are of one."""
    if len(errors) == 1:
        return errors[0]
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else ProviderUnavailable
    facts: dict[str, Any] = {}
    pauses = [error.facts.get("retry_after_s") for error in errors]
    if known := [pause for pause in pauses if pause is not None]:
        facts["retry_after_s"] = min(known)
    tried = "; ".join(str(error) for error in errors) or "the settings name none"
    return kind(f"No model server answers: {tried}", **facts)
