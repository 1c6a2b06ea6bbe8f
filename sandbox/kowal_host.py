"""What code in the sandbox imports as `kowal_host`, for it lies at the top there; docs/host-api.md tells of it."""

from sandbox.guest_chat import chat
from sandbox.guest_codehost import codehost
from sandbox.guest_host import Headers, HostError, Refused, Response, asked, call, files, http, llm, script, secret

__all__ = [
    "Headers",
    "HostError",
    "Refused",
    "Response",
    "asked",
    "call",
    "chat",
    "codehost",
    "files",
    "http",
    "llm",
    "script",
    "secret",
]
