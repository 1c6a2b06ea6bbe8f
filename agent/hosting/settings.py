"""What the operator says of any code host: where Kowal answers, whom, and what it does with issues."""

from typing import ClassVar, Literal

from pydantic import Field

from agent.talking.settings import ChatSettings, RuleSettings


class HostSettings(ChatSettings):
    """What every code host's section of the settings has; the rest of it is the host's own."""

    kind: ClassVar[str] = "codehost"

    rooms: tuple[str, ...] = Field(default=(), alias="projects")
    """The projects and groups in which it answers, by path or id; empty: all in which the account is a member."""
    ask: RuleSettings = RuleSettings(roles=("reporter",))
    create: RuleSettings = RuleSettings(roles=("developer",))
    approve: RuleSettings = RuleSettings(roles=("maintainer",))
    a_minute: int = Field(default=300, ge=1)
    """Issues and comments of one person that are taken in a minute: many are assigned at once on a board."""
    approvals_room: Literal[""] = ""
    """Signatures are asked for under the issue, or by a merge request."""
    promotions_room: str = Field(default="", alias="promotions_issue", pattern=r"^$|^[^#\s]+#\d+$")
    """The issue under which it is told which functions tasks promoted: `group/project#12`; empty: nowhere."""
    close_done: bool = False
    """Whether an issue is closed once its task is done."""
    spend_time: bool = True
    """Whether the time that a task took is added to its issue."""
    watch_pipelines: tuple[str, ...] = ()
    """The projects whose failed pipelines become issues of ours: diagnose this failure."""
    registry_project: str = ""
    """The project that the registry's remote is; its candidates are merge requests there. Empty: none is."""
    registry_pipeline: bool = True
    """Whether that project gets a pipeline that verifies what merge requests change, where it has none."""

    @property
    def promotions_place(self) -> tuple[str, str]:
        """The project and the issue where promotions are told."""
        project, _, number = self.promotions_room.partition("#")
        return project, f"issues/{number}" if number else ""
