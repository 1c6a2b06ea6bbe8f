"""A stand-in for a GitLab server: REST, webhooks and git over HTTP, with the faults of real ones.

Run it with `python -m integrations.codehost.fake_gitlab --port 8080 --script FILE` (a `World` as JSON).
"""

import argparse
import random
import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from integrations._fake_server import Door, FakeServer, Received, serve_until_interrupted
from integrations.codehost._fake_gitlab_acts import Acts
from integrations.codehost._fake_gitlab_faults import NOTES, GitLabFaults, Limit
from integrations.codehost._fake_gitlab_git_http import GitHttp
from integrations.codehost._fake_gitlab_hooks import Delivery, Hooks
from integrations.codehost._fake_gitlab_issues import ISSUES
from integrations.codehost._fake_gitlab_people import PEOPLE
from integrations.codehost._fake_gitlab_projects import PROJECTS
from integrations.codehost._fake_gitlab_protected import PROTECTED
from integrations.codehost._fake_gitlab_records import (
    Refused,
    Token,
    new_secret,
    now,
)
from integrations.codehost._fake_gitlab_repository import REPOSITORY
from integrations.codehost._fake_gitlab_requests import REQUESTS
from integrations.codehost._fake_gitlab_rest import Rest
from integrations.codehost._fake_gitlab_schemas import Judge
from integrations.codehost._fake_gitlab_state import State
from integrations.codehost._fake_gitlab_world import Group, Project, User, World

__all__ = ["Delivery", "FakeGitLab", "Group", "Project", "Received", "Refused", "User", "World", "main"]
ROUTES = ISSUES | PEOPLE | PROJECTS | PROTECTED | REPOSITORY | REQUESTS
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]


class FakeGitLab(Acts, FakeServer):
    """The server, as a context manager: it listens between `with` and its end, at `url`.

    With `schemas`, GitLab's OpenAPI document, it answers 400 on a request that does not fit it, and notes in
    `judge.faults` which of its own replies do not. Repositories are in a temporary folder, as long as it lives.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        port: int = 0,
        prefix: str = "",
        schemas: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fake-gitlab-"))
        self.state = State(world or World(), self._folder)
        self.faults = GitLabFaults()
        self.judge = Judge(schemas)
        self._posts = Hooks(self.state)
        door = Door(faults=self.faults, lock=self.state.lock, hang_up=self.hang_up)
        self._rest = Rest(self.state, self.faults, ROUTES, self.judge, door)
        app = self._routed(prefix, GitHttp(self.state, door))
        super().__init__(app, door, self._posts, port=port, prefix=prefix, certificate=certificate)
        self.state.url = self.url

    def _routed(self, prefix: str, repositories: GitHttp) -> ASGIApp:
        routes = [
            Route("/api/v4/{path:path}", self._rest.__call__, methods=METHODS),
            Route("/{project:path}.git/{rest:path}", repositories.__call__, methods=["GET", "POST"]),
        ]
        return Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        shutil.rmtree(self._folder, ignore_errors=True)

    # What a test sees.

    @property
    def delivered(self) -> list[Delivery]:
        """What was posted to hooks, in that order, and what came of it."""
        return self._posts.delivered

    def token_of(self, user: str, *, expires_at: date | None = None) -> str:
        """A new personal access token of somebody."""
        with self.state.lock:
            text = f"glpat-{new_secret()[:20]}"
            token = Token(id=self.state.next("token"), name=text[-6:], created_at=now(), expires_at=expires_at)
            self.state.known(user).tokens[text] = token
            return text

    # What goes wrong.

    def revoke(self, user: str) -> None:
        """Make all tokens of somebody worthless."""
        with self.state.lock:
            for token in self.state.known(user).tokens.values():
                token.revoked = True

    def expires(self, user: str, *, days: int) -> None:
        """Have all tokens of somebody expire in so many days; 0: today, which makes them worthless."""
        with self.state.lock:
            for token in self.state.known(user).tokens.values():
                token.expires_at = now().date() + timedelta(days=days)

    def limit(self, calls: int | None, seconds: float = 60.0, *, route: str = "*", silent: bool = False) -> None:
        """So many calls in so many seconds of each user, of all routes or of one; None for no limit.

        A refusal by it is `silent` where it comes without the headers that say when to come again.
        """
        with self.state.lock:
            self.faults.silent = silent
            if calls is None:
                self.faults.limits.pop(route, None)
            else:
                self.faults.limits[route] = Limit(calls=calls, seconds=seconds)

    def tears(self, route: str, *, times: int = 1) -> None:
        """Break the next answers of a route off in the middle, when what was asked is done."""
        self.faults.torn[route] = times

    def hides_totals(self) -> None:
        """Leave out of lists how many there are, and which page is the last."""
        self.faults.no_totals = True

    def limit_notes(self, calls: int, seconds: float = 60.0) -> None:
        """So many comments on issues in so many seconds, as `notes_create_limit` has it."""
        with self.state.lock:
            self.faults.limits[NOTES] = Limit(calls=calls, seconds=seconds, name="notes_create")

    def heal(self) -> None:
        """Let nothing go wrong any more, but for the limits."""
        super().heal()
        self.faults.torn.clear()
        self.unruly()

    def unruly(self, *, double: float = 0.0, shuffle: bool = False, seed: int = 0) -> None:
        """Have deliveries to hooks come twice with that chance, and in another order."""
        self._posts.double, self._posts.shuffle, self._posts.chance = double, shuffle, random.Random(seed)  # noqa: S311

    def holds(self) -> None:
        """Hold deliveries to hooks back, until `releases`."""
        self._posts.held = True

    def releases(self) -> None:
        """Deliver what was held back."""
        self._posts.release()

    def redelivers(self, delivery: Delivery) -> None:
        """Post something to its hook once more."""
        self._posts.again(delivery)

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing is left to deliver; whether that was so in time."""
        return self._posts.settle(timeout_s)


def main(arguments: list[str] | None = None) -> None:
    """Serve a world until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m integrations.codehost.fake_gitlab", description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--script", type=Path, help="a JSON file: {users: [{username, token}], projects: [{path}]}")
    options = parser.parse_args(arguments)
    world = World.model_validate_json(options.script.read_bytes()) if options.script else World()
    server = FakeGitLab(world, port=options.port)
    known = [f"{user.username} {user.token}" for user in world.users if user.token]
    greeting = f"A fake GitLab server listens at {server.url}\nTokens: {', '.join(known)}\n"
    serve_until_interrupted(server, sys.stderr.write, greeting)


if __name__ == "__main__":
    main()
