"""Git over HTTP at a fake GitLab server: git's own `http-backend`, behind its passwords and access checks."""

import asyncio
import base64
import tempfile
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from integrations._fake_server import Door, Received
from integrations.codehost._fake_gitlab_git import ALONE
from integrations.codehost._fake_gitlab_merging import may_push, pushed
from integrations.codehost._fake_gitlab_records import Account, Place
from integrations.codehost._fake_gitlab_state import State
from integrations.codehost._fake_gitlab_world import DEVELOPER, REPORTER

GONE = "The project you were looking for could not be found or you don't have permission to view it.\n"
CLOSED = "You are not allowed to push code to this project.\n"
WRONG = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password.\n"  # noqa: E501


class GitHttp:
    """Takes every request to `group/project.git/…`."""

    def __init__(self, state: State, door: Door) -> None:
        self.state = state
        self._door = door

    async def __call__(self, request: Request) -> Response:
        """Answer one request; faults know it as `git-upload-pack` and `git-receive-pack`."""
        path, rest = request.path_params["project"], request.path_params["rest"]
        service = request.query_params.get("service") or rest
        query = dict(request.query_params)
        received = Received(method=request.method, path=f"/{path}.git/{rest}", route=service, query=query)
        return await self._door.through(
            request,
            received,
            lambda: self._answer(request, received, path, rest, service),
            lambda status: PlainTextResponse("", status),
        )

    async def _answer(self, request: Request, received: Received, path: str, rest: str, service: str) -> Response:
        with self.state.lock:
            user, refusal = self._who(request)
            received.user = user.username if user else ""
            place = self.state.place(path)
            refusal = refusal or self._refusal(user, place, service)
            if refusal is not None or place is None:
                return refusal or PlainTextResponse(GONE, 404)
            rules = self._rules(user, place)
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "pushed"
            answer = await _backend(request, place, rest, rules | {"FAKE_PUSHED": str(told)})
            if told.exists() and user:
                await asyncio.to_thread(self._pushed, user, place, told.read_text())
        return answer

    def _pushed(self, user: Account, place: Place, text: str) -> None:
        with self.state.lock:
            for line in text.splitlines():
                old, new, ref = line.split(" ", 2)
                pushed(self.state, user, place, ref, old, new)

    def _who(self, request: Request) -> tuple[Account | None, Response | None]:
        """Who asks, by a token as the password of whatever name; or the answer to a wrong one."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None, None
        word = base64.b64decode(given).decode("utf-8", "replace").partition(":")[2]
        found = self.state.by_token(word)
        if found is None or not found[1].is_good:
            return None, _ask(WRONG)
        return found[0], None

    def _refusal(self, user: Account | None, place: Place | None, service: str) -> Response | None:
        if place is None or not self.state.sees(user, place):
            return _ask(WRONG) if user is None else PlainTextResponse(GONE, 404)
        if service == "git-receive-pack" and self.state.level(user, place) < DEVELOPER:
            return _ask(WRONG) if user is None else PlainTextResponse(CLOSED, 403)
        if place.visibility == "private" and self.state.level(user, place) < REPORTER:
            return PlainTextResponse("You are not allowed to download code from this project.\n", 403)
        return None

    def _rules(self, user: Account | None, place: Place) -> dict[str, str]:
        """What the repository's hook asks for."""
        rules = place.protections.values()
        closed = [rule.name for rule in rules if user is None or not may_push(self.state, user, place, rule.name)]
        return {
            "FAKE_DEFAULT": place.default_branch,
            "FAKE_PROTECTED": " ".join(rule.name for rule in rules),
            "FAKE_CLOSED": " ".join(closed),
            "FAKE_FORCED": " ".join(rule.name for rule in rules if rule.force),
        }


def _ask(text: str) -> Response:
    return PlainTextResponse(text, 401, {"WWW-Authenticate": 'Basic realm="GitLab"'})


async def _backend(request: Request, place: Place, rest: str, rules: dict[str, str]) -> Response:
    """What git answers, run as a CGI program."""
    body = await request.body()
    env = {
        **ALONE,
        **rules,
        "GIT_PROJECT_ROOT": str(place.repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "somebody",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/{place.repository.name}/{rest}",
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
    }
    backend = await asyncio.create_subprocess_exec(
        "git", "http-backend", env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await backend.communicate(body)
    head, _, content = out.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return Response(content, status, headers)
