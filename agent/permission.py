"""Who may speak for a task: the one place that says so, whichever way in they come."""

from dataclasses import dataclass
from enum import StrEnum

from agent.errors import NotPermitted


class Deed(StrEnum):
    """What a person does about a task, as the audit calls it."""

    ASK = "asked"
    ANSWER = "answered"
    APPROVE = "approved"
    REJECT = "rejected"
    CANCEL = "cancelled"
    RETRY = "retried"


OF_ONES_OWN = (Deed.ANSWER, Deed.CANCEL, Deed.RETRY)
"""What whoever asked for a task may do about it, named by the operator or not."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """The operator's word on who may speak for tasks."""

    approvers: tuple[str, ...] = ()
    """Who may; empty: everybody. The setting `tasks.approvers`."""

    def refuse(self, deed: Deed, by: str, *, asked_by: str = "") -> None:
        """Raise `NotPermitted` where the operator has not named them, and it is not for their own task."""
        is_their_own = deed in OF_ONES_OWN and by == asked_by
        if self.approvers and by not in self.approvers and not is_their_own:
            named = " or ".join(self.approvers)
            raise NotPermitted(f"A task is {deed} by {named} here, and not by {by}", deed=deed.value, by=by)


EVERYBODY = Permission()
