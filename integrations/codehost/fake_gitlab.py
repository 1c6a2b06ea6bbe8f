"""A stand-in for a GitLab server: REST, webhooks and git over HTTP, with the faults of real ones.

Run it with `python -m integrations.codehost.fake_gitlab --port 8080 --script FILE` (a `World` as JSON).
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from integrations._fake_server import FakeServer, Received, serve_until_interrupted
from integrations.codehost import _fake_gitlab_entities as entities
from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost import _fake_gitlab_merging as merging
from integrations.codehost import _fake_gitlab_work as work
from integrations.codehost._fake_gitlab_faults import NOTES, GitLabFaults, Limit
from integrations.codehost._fake_gitlab_git_http import GitHttp
from integrations.codehost._fake_gitlab_hooks import Delivery, Hooks
from integrations.codehost._fake_gitlab_issues import ISSUES
from integrations.codehost._fake_gitlab_people import PEOPLE
from integrations.codehost._fake_gitlab_projects import PROJECTS
from integrations.codehost._fake_gitlab_records import (
    Document,
    Issue,
    Job,
    Note,
    Place,
    Protection,
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
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]


class FakeGitLab(FakeServer):
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
        self._hooks = Hooks(self.state)
        self._rest = Rest(
            self.state, self.faults, ISSUES | PEOPLE | PROJECTS | REPOSITORY | REQUESTS, self.judge, self.hang_up
        )
        app = self._routed(prefix)
        super().__init__(app, self.faults, self.state.lock, port=port, prefix=prefix, certificate=certificate)
        self.state.url = self.url

    def _routed(self, prefix: str) -> ASGIApp:
        repositories = GitHttp(self.state, self.faults, self._rest.requests, self.hang_up)
        routes = [
            Route("/api/v4/{path:path}", self._rest.__call__, methods=METHODS),
            Route("/{project:path}.git/{rest:path}", repositories.__call__, methods=["GET", "POST"]),
        ]
        return Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)

    def __enter__(self) -> Self:
        self._hooks.start()
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        self._hooks.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    # What a test sees.

    @property
    def requests(self) -> list[Received]:
        """Every REST request, in the order of arrival."""
        return self._rest.requests

    @property
    def calls(self) -> Counter[str]:
        """How often each route was asked, such as `POST projects/:id/issues/:iid/notes`."""
        with self.state.lock:
            return Counter(request.route for request in self.requests)

    @property
    def delivered(self) -> list[Delivery]:
        """What was posted to hooks, in that order, and what came of it."""
        return self._hooks.delivered

    def project_id(self, project: str | int) -> int:
        """The id of the project of that path."""
        with self.state.lock:
            return self._place(project).id

    def _place(self, project: str | int) -> Place:
        if (found := self.state.place(project)) is None:
            raise KeyError(project)
        return found

    def issue(self, project: str | int, iid: int) -> Document:
        """The issue, as REST gives it to an admin, with its `award_emoji`."""
        with self.state.lock:
            found = self._issue(project, iid)
            return entities.issue(self.state, found, None) | {"award_emoji": list(found.awards)}

    def _issue(self, project: str | int, iid: int) -> Issue:
        return self._place(project).issues[iid]

    def notes(self, project: str | int, iid: int, *, system: bool = False) -> list[Document]:
        """The comments on an issue, the oldest first, internal ones too, with their `award_emoji`; or GitLab's own."""
        with self.state.lock:
            found = self._issue(project, iid)
            kept = [note for note in found.notes if note.system == system]
            return [entities.note(self.state, found, note) | {"award_emoji": list(note.awards)} for note in kept]

    def token_of(self, user: str, *, expires_at: date | None = None) -> str:
        """A new personal access token of somebody."""
        with self.state.lock:
            text = f"glpat-{new_secret()[:20]}"
            token = Token(id=self.state.next("token"), name=text[-6:], created_at=now(), expires_at=expires_at)
            self.state.known(user).tokens[text] = token
            return text

    # What people do.

    def creates_issue(
        self,
        user: str,
        project: str | int,
        title: str,
        description: str = "",
        *,
        labels: Iterable[str] = (),
        confidential: bool = False,
        assignees: Iterable[str] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        """Have somebody write an issue; its iid. Each file is uploaded, with a link to it below the description."""
        with self.state.lock:
            place = self._place(project)
            for name, data in (files or {}).items():
                secret = new_secret()
                place.uploads[secret, name] = data
                description += f"\n\n[{name}](/uploads/{secret}/{name})"
            given = {
                "title": title,
                "description": description,
                "labels": list(labels),
                "confidential": confidential,
                "assignee_ids": [self.state.known(name).id for name in assignees],
            }
            return work.create_issue(self.state, self.state.known(user), place, given).iid

    def _changes(self, user: str, project: str | int, iid: int, **wanted: Any) -> None:
        with self.state.lock:
            work.change(self.state, self.state.known(user), self._issue(project, iid), wanted)

    def assigns(self, user: str, project: str | int, iid: int, *assignees: str) -> None:
        """Have somebody assign an issue to these, beside whom it is assigned to."""
        with self.state.lock:
            people = [*self._issue(project, iid).assignees, *map(self.state.known, assignees)]
            self._changes(user, project, iid, assignee_ids=[one.id for one in people])

    def unassigns(self, user: str, project: str | int, iid: int, *assignees: str) -> None:
        """Have somebody take it from these; from all where none is named."""
        with self.state.lock:
            left = [one for one in self._issue(project, iid).assignees if assignees and one.username not in assignees]
            self._changes(user, project, iid, assignee_ids=[one.id for one in left])

    def closes(self, user: str, project: str | int, iid: int) -> None:
        """Have somebody close an issue."""
        self._changes(user, project, iid, state_event="close")

    def reopens(self, user: str, project: str | int, iid: int) -> None:
        """Have somebody reopen one."""
        self._changes(user, project, iid, state_event="reopen")

    def edits(self, user: str, project: str | int, iid: int, **fields: Any) -> None:
        """Have somebody change its `title`, `description` or whether it is `confidential`."""
        self._changes(user, project, iid, **fields)

    def labels(
        self, user: str, project: str | int, iid: int, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        """Have somebody change its labels."""
        self._changes(user, project, iid, add_labels=list(add), remove_labels=list(remove))

    def comments(
        self, user: str, project: str | int, iid: int, text: str, *, internal: bool = False, discussion: str = ""
    ) -> int:
        """Have somebody comment on an issue, or in a thread of it; the note's id."""
        with self.state.lock:
            who, found = self.state.known(user), self._issue(project, iid)
            return work.comment(self.state, who, found, text, internal=internal, discussion=discussion).id

    def rewrites(self, user: str, note: int, text: str) -> None:
        """Have somebody change a comment."""
        with self.state.lock:
            on, found = self._note(note)
            work.rewrite(self.state, self.state.known(user), on, found, text)

    def awards(self, user: str, note: int, name: str) -> None:
        """Have somebody put a sign under a comment."""
        with self.state.lock:
            on, found = self._note(note)
            work.award(self.state, self.state.known(user), on, found, name)

    def _note(self, id: int) -> tuple[Any, Note]:
        return next((item, note) for item in self.state.works() for note in item.notes if note.id == id)

    # What people do with code.

    def pushes(
        self,
        user: str,
        project: str | int,
        branch: str,
        files: Mapping[str, str | None],
        message: str = "A change",
    ) -> str:
        """Have somebody commit files to a branch, made from the default one if need be; the commit. None: it goes."""
        with self.state.lock:
            who, place = self.state.known(user), self._place(project)
            head = git.branch_head(place, branch)
            changes = [git.Change(path=path, content=None if text is None else text.encode())
                       for path, text in files.items()]  # fmt: skip
            made = git.commit(place, who, head or git.branch_head(place, place.default_branch), message, changes)
            merging.write(self.state, who, place, branch, made, head or git.NONE)
            return made

    def opens_mr(self, user: str, project: str | int, source: str, title: str, *, target: str = "", **more: Any) -> int:
        """Have somebody open a merge request, into the default branch unless told; its iid."""
        with self.state.lock:
            place = self._place(project)
            given = {"source_branch": source, "target_branch": target or place.default_branch, "title": title} | more
            return merging.open_request(self.state, self.state.known(user), place, given).iid

    def merges(self, user: str, project: str | int, iid: int, *, squash: bool = False) -> None:
        """Have somebody merge a merge request, as in the web interface. Raises `Refused` for who may not."""
        with self.state.lock:
            found = self._place(project).merge_requests[iid]
            merging.merge(self.state, self.state.known(user), found, {"squash": squash} if squash else {})

    def approves(self, user: str, project: str | int, iid: int) -> None:
        """Have somebody approve one."""
        with self.state.lock:
            merging.approve(self.state, self.state.known(user), self._place(project).merge_requests[iid], {})

    def closes_mr(self, user: str, project: str | int, iid: int) -> None:
        """Have somebody close one."""
        with self.state.lock:
            found = self._place(project).merge_requests[iid]
            work.change(self.state, self.state.known(user), found, {"state_event": "close"})

    def comments_mr(self, user: str, project: str | int, iid: int, text: str) -> int:
        """Have somebody comment on one; the note's id."""
        with self.state.lock:
            found = self._place(project).merge_requests[iid]
            return work.comment(self.state, self.state.known(user), found, text).id

    def mrs(self, project: str | int) -> list[Document]:
        """The merge requests, the oldest first, each with its comments as `notes`."""
        with self.state.lock:
            return [
                entities.merge_request(self.state, one, None, status=merging.status(one))
                | {"notes": [entities.note(self.state, one, note) for note in one.notes if not note.system]}
                for one in self._place(project).merge_requests.values()
            ]

    def pipeline(
        self,
        project: str | int,
        ref: str,
        status: str,
        jobs: Mapping[str, tuple[str, str]] | None = None,
        *,
        mr: int | None = None,
    ) -> int:
        """Run a pipeline for a branch's head, or for a merge request; its id. `jobs`: by name the status and the log."""
        with self.state.lock:
            made = [
                Job(id=self.state.next("job"), name=name, status=how, log=log)
                for name, (how, log) in (jobs or {}).items()
            ]
            return merging.run(self.state, self._place(project), ref, status, made, request=mr).id

    def turns(self, project: str | int, pipeline: int, status: str) -> None:
        """Give a pipeline another status."""
        with self.state.lock:
            place = self._place(project)
            merging.turn(self.state, place, place.pipelines[pipeline], status)

    def protects(
        self, project: str | int, branch: str, *, push: int = 40, merge: int = 40, users: Iterable[str] = ()
    ) -> None:
        """Protect a branch, anew; `users` may push and merge whatever their level, and 0 lets nobody else."""
        with self.state.lock:
            ids = {self.state.known(name).id for name in users}
            rule = Protection(
                id=self.state.next("protection"), name=branch, push=push, merge=merge, push_users=ids, merge_users=ids
            )
            self._place(project).protections[branch] = rule

    def heads(self, project: str | int) -> dict[str, str]:
        """The branches with their commits."""
        with self.state.lock:
            return git.refs(self._place(project), "heads")

    def clone_url(self, project: str | int, user: str = "") -> str:
        """Where git clones it from; with a user, with a token of theirs in it."""
        with self.state.lock:
            token = next(iter(self.state.known(user).tokens)) if user else ""
            start = self.url.replace("://", f"://oauth2:{token}@", 1) if user else self.url
            return f"{start}/{self._place(project).full_path}.git"

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

    def limit_notes(self, calls: int, seconds: float = 60.0) -> None:
        """So many comments on issues in so many seconds, as `notes_create_limit` has it."""
        with self.state.lock:
            self.faults.limits[NOTES] = Limit(calls=calls, seconds=seconds, name="notes_create")

    def heal(self) -> None:
        """Let nothing go wrong any more, but for the limits."""
        super().heal()
        self.unruly()

    def unruly(self, *, double: float = 0.0, shuffle: bool = False, seed: int = 0) -> None:
        """Have deliveries to hooks come twice with that chance, and in another order."""
        self._hooks.double, self._hooks.shuffle, self._hooks.chance = double, shuffle, random.Random(seed)  # noqa: S311

    def holds(self) -> None:
        """Hold deliveries to hooks back, until `releases`."""
        self._hooks.held = True

    def releases(self) -> None:
        """Deliver what was held back."""
        self._hooks.release()

    def redelivers(self, delivery: Delivery) -> None:
        """Post something to its hook once more."""
        self._hooks.again(delivery)

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing is left to deliver; whether that was so in time."""
        return self._hooks.settle(timeout_s)


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
