"""The settings about models: which is asked for what, what that may cost, what is kept, what is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.making.budget import Budget
from agent.making.models import Models
from agent.routing.budgets import Budgets, Limit
from agent.routing.estimate import LONGEST_REPLY


class ModelSettings(BaseModel):
    """Models by what they are asked for, as `model` or `provider/model`; empty leaves it to the provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    specify: str = ""
    """Writes the specification."""
    test: str = ""
    """Writes the tests; another one than writes the code makes other mistakes."""
    generate: tuple[str, ...] = ()
    """Write the candidates, in turn."""
    stronger: tuple[str, ...] = ()
    """Write them where the others did not do."""

    def as_models(self) -> Models:
        """The models as the agent takes them."""
        return Models(specify=self.specify, test=self.test, generate=self.generate, stronger=self.stronger)


class BudgetSettings(BaseModel):
    """Where the making of one function ends, whichever comes first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int = Field(default=25, ge=1)
    """Requests to models."""
    tokens: int = Field(default=200_000, ge=1)
    """Tokens in and out together, as the servers count them."""
    cost_eur: float = Field(default=1.0, ge=0)
    """Euros, where a provider tells its prices."""
    seconds: float = Field(default=1800.0, gt=0)
    """Wall-clock seconds after which no further request is made."""

    def as_budget(self) -> Budget:
        """The budget as the agent takes it."""
        return Budget(requests=self.requests, tokens=self.tokens, cost_eur=self.cost_eur, seconds=self.seconds)


class SpendingSettings(BaseModel):
    """What may be spent on models in all; nothing said is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_eur: float | None = Field(default=None, ge=0)
    """Euros for a task."""
    user_day_eur: float | None = Field(default=None, ge=0)
    """Euros for all tasks of one person in a day (UTC)."""
    day_eur: float | None = Field(default=None, ge=0)
    """Euros for all tasks of all in a day."""
    task_tokens: int | None = Field(default=None, ge=0)
    """Tokens in and out for a task, on one's own machines as well."""
    user_day_tokens: int | None = Field(default=None, ge=0)
    """Tokens for all tasks of one person in a day."""
    day_tokens: int | None = Field(default=None, ge=0)
    """Tokens for all tasks of all in a day."""
    exceeded: Literal["stop", "ask"] = "stop"
    """Whether a task on the queue ends where one is used up, or waits for a person who allows more."""
    unpriced: Literal["refuse", "allow"] = "refuse"
    """What becomes of a request in the cloud whose price nobody knows, where there is a budget in euros."""
    longest_reply: int = Field(default=LONGEST_REPLY, ge=1)
    """Tokens that a reply is taken to have at most when its price is set aside."""

    def as_budgets(self) -> Budgets:
        """The budgets as the ledger takes them."""
        return Budgets(
            task=Limit(eur=self.task_eur, tokens=self.task_tokens),
            user_day=Limit(eur=self.user_day_eur, tokens=self.user_day_tokens),
            day=Limit(eur=self.day_eur, tokens=self.day_tokens),
            exceeded=self.exceeded,
            unpriced=self.unpriced,
            longest_reply=self.longest_reply,
        )


class LearningSettings(BaseModel):
    """Whether models are chosen by what the gate said of what they wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: bool = False
    """Whether it is done; what is known is counted and shown in any case."""
    explored: float = Field(default=0.05, ge=0, le=1)
    """The share of requests that goes to any model, so that none is given up for good."""
    hour_eur: float = Field(default=1.0, ge=0)
    """What an hour of waiting is worth in euros, so that models that cost nothing compare with others."""


class ReplySettings(BaseModel):
    """How replies are kept that may be given again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_days: float = Field(default=30.0, ge=0)
    """For how long; 0 keeps none."""
    max_mib: float = Field(default=64.0, gt=0)
    """What they may take on the disk before the least used are removed."""


class VeilSettings(BaseModel):
    """What services in the cloud are not told; the settings' secrets never are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personal: bool = True
    """Whether personal data is kept from them: e-mail addresses, phone numbers, accounts, cards, tokens."""
    region: str = Field(default="", pattern="^([A-Z]{2})?$")
    """Where phone numbers are from that name no country, as `PL`; empty: those are not looked for."""
