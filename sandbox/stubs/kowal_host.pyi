# What code in the sandbox may ask of its host. The module exists in the sandbox only; docs/host-api.md tells of it.
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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

class HostError(Exception): ...
class Refused(HostError): ...

class Headers(dict[str, str]):
    def __init__(self, given: Mapping[str, str]) -> None: ...
    def __getitem__(self, name: str) -> str: ...
    def __contains__(self, name: object) -> bool: ...
    def get(self, name: str, default: Any = None) -> Any: ...

class Response:
    url: str
    status: int
    headers: Headers
    content: bytes
    def __init__(self, url: str, status: int, headers: Mapping[str, str], content: bytes) -> None: ...
    @property
    def text(self) -> str: ...
    def json(self) -> Any: ...
    def raise_for_status(self) -> None: ...

class _Http:
    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Mapping[str, Any] | str | bytes | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def head(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def post(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Mapping[str, Any] | str | bytes | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def put(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Mapping[str, Any] | str | bytes | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def patch(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Mapping[str, Any] | str | bytes | None = None,
        timeout: float | None = None,
    ) -> Response: ...
    async def delete(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Mapping[str, Any] | str | bytes | None = None,
        timeout: float | None = None,
    ) -> Response: ...

class _Llm:
    async def ask(self, prompt: str, *, system: str = "") -> str: ...

class _Chat:
    async def post(self, room: str, text: str) -> None: ...
    async def upload(self, room: str, name: str, data: str | bytes) -> None: ...
    async def call(self, room: str, title: str) -> str: ...
    async def create(self, name: str, members: Iterable[str] = (), *, private: bool = True) -> None: ...

class _CodeHost:
    def __init__(self, name: str) -> None: ...
    async def project(self, path: str, description: str = "") -> str: ...
    async def issue(self, project: str, title: str, text: str = "", *, labels: Iterable[str] = ()) -> str: ...
    async def merge_request(self, project: str, source: str, target: str, title: str, text: str = "") -> str: ...
    async def commit(self, project: str, branch: str, message: str, files: Mapping[str, str | bytes | None]) -> str: ...
    async def pipeline(self, project: str, ref: str) -> dict[str, Any] | None: ...
    async def log(self, project: str, job: int) -> str: ...

class _Files:
    def names(self) -> list[str]: ...
    def input(self, name: str) -> Path: ...
    def output(self, name: str) -> Path: ...

http: _Http
llm: _Llm
chat: _Chat
files: _Files

async def call(name: str, /, **arguments: Any) -> Any: ...
def codehost(name: str) -> _CodeHost: ...
def secret(name: str) -> str: ...
def script(
    pattern: str | None = None,
    *,
    status: int = 200,
    json: Any = ...,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
    llm: str | None = None,
    function: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    value: Any = None,
    chat: str | None = None,
    codehost: str | None = None,
    url: str | None = None,
    error: str | None = None,
    file: str | None = None,
) -> None: ...
def asked() -> list[dict[str, Any]]: ...
