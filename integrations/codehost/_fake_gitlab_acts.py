"""What a test does at a fake GitLab server in the name of people, and sees there."""

from collections.abc import Iterable, Mapping
from typing import Any

from integrations.codehost import _fake_gitlab_entities as entities
from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost import _fake_gitlab_merging as merging
from integrations.codehost import _fake_gitlab_work as work
from integrations.codehost._fake_gitlab_records import Document, Issue, Job, Note, Place, Protection, new_secret
from integrations.codehost._fake_gitlab_state import State


class Acts:
    """Each act has all that comes of it: system notes, todos, hooks. It raises `Refused` where the server would."""

    state: State
    url: str

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
        """Run a pipeline of a branch's head, or of a merge request; its id. `jobs`: by name the status and the log."""
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
            login = f"oauth2:{token}"
            start = self.url.replace("://", f"://{login}@", 1) if user else self.url
            return f"{start}/{self._place(project).full_path}.git"
