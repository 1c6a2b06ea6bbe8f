"""The settings of the router."""

from pydantic import BaseModel, ConfigDict, Field

from agent.routing.router import Patience


class RoutingSettings(BaseModel):
    """Which server is asked, and how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefer_local: bool = True
    """The operator's own servers first; the cloud is asked where none of them can answer."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often servers that failed are asked again for one request, after a pause."""
    longest_wait_s: float = Field(default=30.0, ge=0)
    """A server that asks for a longer pause is not waited for."""
    total_s: float = Field(default=900.0, gt=0)
    """After so long no further attempt at a request is begun."""
    refresh_s: float = Field(default=30.0, gt=0)
    """Seconds between two looks at the servers, while there are requests."""

    def as_patience(self) -> Patience:
        """What of it the router calls its patience."""
        return Patience(retries=self.retries, longest_wait_s=self.longest_wait_s, total_s=self.total_s)
