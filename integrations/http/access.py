"""Who asks, over HTTP: bearer tokens, and whoever is on this machine while no token was ever made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from agent.config import current_user
from agent.errors import NotKnown
from agent.service.callers import Caller
from agent.service.service import Service
from agent.service.tokens import Tokens

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
BROUGHT: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers by which proxies say that they bring somebody else."""

bearer = HTTPBearer(auto_error=False, description="A token: `kowal tokens create NAME --scope ...` makes one.")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@dataclass(frozen=True, kw_only=True)
class Access:
    """Tells who asks. Nothing is remembered: a token that is revoked is good for nothing from the next request on."""

    tokens: Tokens
    take: Callable[[str], None]
    """Counts a request for that key; raises where there are too many."""
    is_open: bool
    """Whether whoever is on this machine needs no token while none was ever made: it listens at loopback only."""

    def caller(self, token: str | None, address: str, via: str = "http") -> Caller:
        """Who asks. Raises `NotKnown`, and what `take` raises; wrong tokens count for the address they come from."""
        try:
            if token is not None:
                known = self.tokens.caller(token, via)
            elif self.is_open and address in LOOPBACK:
                known = self.tokens.anybody(current_user(), via)
            else:
                raise NotKnown("No token came with the request")
        except NotKnown:
            self.take(f"address {address}")
            raise
        self.take(f"token {known.by}" if token is None else f"token {token.split('_')[1]}")
        return known


def known_caller(request: Request, given: Given) -> Caller:
    """Who asks. Raises `NotKnown`."""
    access: Access = request.app.state.access
    return access.caller(given.credentials if given else None, address_of(request))


def address_of(request: Request) -> str:
    """The address that asks; what a proxy on this machine brings is from nowhere, for its word is not believed."""
    if any(name in request.headers for name in BROUGHT):
        return "behind a proxy"
    return request.client.host if request.client else ""


def offered(request: Request) -> Service:
    """What is served."""
    service: Service = request.app.state.service
    return service


KnownCaller = Annotated[Caller, Depends(known_caller)]
Offered = Annotated[Service, Depends(offered)]
