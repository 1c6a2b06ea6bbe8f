"""Who asks the service, and what their token lets them do."""

from dataclasses import dataclass
from enum import StrEnum

from agent.errors import NotPermitted


class Scope(StrEnum):
    """What a token may be good for."""

    TASKS = "tasks"
    """Hand tasks in; look at one's own, answer, cancel and retry them."""
    TASKS_ALL = "tasks.all"
    """The same for everybody's."""
    FUNCTIONS = "functions"
    """Look at functions: source, tests, evidence, history."""
    FUNCTIONS_RUN = "functions.run"
    """Run them by their names."""
    FUNCTIONS_CHANGE = "functions.change"
    """Have functions made and enhanced."""
    APPROVE = "approve"
    """Sign: approve and reject what tasks wait for, promote, roll back. The setting `tasks.approvers` holds as well."""
    MODELS = "models"
    """Ask models, and see which there are."""
    METRICS = "metrics"
    """Read the figures of the service."""


OF_ANYBODY_HERE = frozenset({Scope.TASKS, Scope.FUNCTIONS, Scope.FUNCTIONS_RUN, Scope.FUNCTIONS_CHANGE, Scope.METRICS})
"""What a caller on this machine may do while no token was ever made. To sign always takes one."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who asks, for the time of one request."""

    by: str
    """The person's name, as tasks, audit and `tasks.approvers` have it."""
    scopes: frozenset[Scope]
    via: str
    """`http` or `mcp`."""

    def refuse(self, scope: Scope) -> None:
        """Raise `NotPermitted` where the token is not good for that."""
        if scope not in self.scopes:
            raise NotPermitted(
                f"The token of {self.by} is not good for this: it lacks the scope `{scope}`",
                advice="Have one made that is: `kowal tokens create NAME --scope ...` lists the scopes.",
            )

    def sees(self, asked_by: str) -> bool:
        """Whether a task of theirs is this caller's to see."""
        return asked_by == self.by or Scope.TASKS_ALL in self.scopes
