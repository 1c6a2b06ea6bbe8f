"""The settings of what `kowal serve` keeps running: the queue, and the service's face to the network."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agent.permission import Permission

QueueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:\[\]_-]{1,253}$")]


class TaskSettings(BaseModel):
    """How tasks on the queue are worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a_worker: int = Field(default=2, ge=1, le=64)
    """Tasks that one worker is at, at a time."""
    a_person: int = Field(default=4, ge=1)
    """Tasks of one person that are worked on, at a time."""
    together: int | None = Field(default=None, ge=1)
    """Tasks that all workers together are at, at a time."""
    queues: Annotated[tuple[QueueName, ...], Field(min_length=1)] = ("tasks",)
    """The queues that there are; a task goes onto the first unless it names another."""
    poll_s: float = Field(default=0.1, gt=0, le=60)
    """Seconds between two looks at a queue."""
    drain_s: float = Field(default=30.0, ge=0)
    """Seconds that a worker which is told to end gives to what is under way."""
    losses: int = Field(default=5, ge=0)
    """Workers that may die while they are at a task before it is given up: it may be what kills them."""
    wait_days: float = Field(default=7.0, gt=0)
    """How long a task waits for a person's word."""
    keep_days: float = Field(default=90.0, gt=0)
    """How long a task that is over can be looked at, or tried again."""
    workers: int = Field(default=1, ge=0, le=64)
    """Workers that `kowal serve` starts."""
    approvers: tuple[str, ...] = ()
    """Who may answer, approve, reject and cancel; everybody where nobody is named."""

    def as_permission(self) -> Permission:
        """The word on who may speak for tasks, as the agent takes it."""
        return Permission(approvers=self.approvers)


class HttpSettings(BaseModel):
    """How the service is reached over HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: bool = True
    """Whether `kowal serve` has this part."""
    host: HostName = "127.0.0.1"
    """The address that is listened at. One that other machines reach is refused until a token was made."""
    port: int = Field(default=8420, ge=0, le=65535)
    """0 for any that is free."""
    names: tuple[HostName, ...] = ()
    """The names by which it is reached, as browsers send them in `Host`; those of this machine itself always count.
    Empty where it listens wider: any."""
    origins: tuple[str, ...] = ()
    """The web pages, as origins (`https://tools.example.org`), from which browsers may ask; none without."""
    a_minute: int = Field(default=600, ge=1)
    """Requests that one token, or one address without, may make in a minute."""
    runs: int = Field(default=4, ge=1, le=256)
    """Functions that are run by their names at a time; others wait their turn."""
    max_body_mib: int = Field(default=8, ge=1, le=512)
    """What a request may carry, in MiB."""
    mcp: bool = True
    """Whether MCP clients are served there, too, under `/mcp`."""

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        host = self.host.strip("[]")
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"
