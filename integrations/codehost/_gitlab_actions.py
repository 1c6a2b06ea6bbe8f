"""What functions may be granted to do in GitLab, and the webhook that is made for Kowal itself."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from agent.errors import ChannelRefused, ChannelUnavailable
from agent.host_ports import PipelineJob, PipelineState
from integrations.codehost._gitlab_known import Known
from integrations.codehost._gitlab_reading import REVIEWS, number_in
from integrations.codehost._gitlab_rest import Rest, Row, is_final, part
from integrations.codehost._gitlab_sending import harmless, line
from integrations.reading import text_in

EVENTS = (
    "issues_events", "confidential_issues_events", "note_events", "confidential_note_events", "merge_requests_events",
    "push_events", "pipeline_events", "emoji_events",
)  # fmt: skip


class Actions:
    """What functions may be granted to do: `HostActions`."""

    def __init__(self, rest: Rest, known: Known) -> None:
        self._rest, self._known = rest, known

    def create_project(self, path: str, description: str) -> str:
        """The address (URL) of a new private project."""
        above, _, name = path.strip("/").rpartition("/")
        if not above or not name:
            raise ChannelRefused("A project's path names its group, too: group/project")
        space = self._rest.get(f"namespaces/{part(above)}")
        if text_in(space, "full_path").casefold() != above.casefold():
            raise ChannelRefused(f"GitLab shows us no group {above}")
        said = {"name": name, "path": name, "namespace_id": number_in(space, "id"), "visibility": "private"}
        return self._address(self._rest.post("projects", said | {"description": description}))

    def create_issue(self, project: str, title: str, text: str, labels: Sequence[str]) -> str:
        """The address (URL) of a new issue."""
        said = {"title": line(title), "description": harmless(text), "labels": ",".join(labels)}
        return self._address(self._rest.post(f"projects/{self._project(project)}/issues", said))

    def create_merge_request(self, project: str, source: str, target: str, title: str, text: str) -> str:
        """The address (URL) of a new merge request."""
        said = {"source_branch": source, "target_branch": target, "title": line(title), "description": harmless(text)}
        return self._address(self._rest.post(f"projects/{self._project(project)}/{REVIEWS}", said))

    def commit(self, project: str, branch: str, message: str, files: Mapping[str, bytes | None]) -> str:
        """The id of one commit to a branch, which is made from the default one where it is not there."""
        found = self._found(project)
        at, default = f"projects/{number_in(found, 'id')}/repository", text_in(found, "default_branch")
        is_there = self._is_there(f"{at}/branches/{part(branch)}")
        start = branch if is_there else default
        actions = [self._action(at, start, path, data) for path, data in files.items()]
        said: Row = {"branch": branch, "commit_message": message, "actions": actions}
        if not is_there and default and default != branch:
            said["start_branch"] = default
        made = text_in(self._rest.post(f"{at}/commits", said), "id")
        return made or self._silent("made a commit, and does not say which")

    def pipeline(self, project: str, ref: str) -> PipelineState | None:
        """The newest pipeline of the branch or tag, with its jobs; None where there is none."""
        at = f"projects/{self._project(project)}/pipelines"
        rows = self._rest.page(at, ref=ref, order_by="id", sort="desc", per_page=1)
        if not rows:
            return None
        number = number_in(rows[0], "id")
        jobs = [job for page in self._rest.pages(f"{at}/{number}/jobs") for job in page]
        return PipelineState(
            id=number,
            ref=text_in(rows[0], "ref"),
            status=text_in(rows[0], "status"),
            url=text_in(rows[0], "web_url"),
            jobs=tuple(
                PipelineJob(id=number_in(job, "id"), name=text_in(job, "name"), status=text_in(job, "status"))
                for job in reversed(jobs)
            ),
        )

    def job_log(self, project: str, job: int, most_bytes: int) -> str:
        """The end of the job's log, no more than so many bytes."""
        end = self._rest.end(f"projects/{self._project(project)}/jobs/{int(job)}/trace", most_bytes)
        return end.decode(errors="ignore")

    def _project(self, path: str) -> str:
        return str(number_in(self._found(path), "id"))

    def _found(self, path: str) -> Row:
        """The project of that very path: a number is none, and neither is a path that leads on to another one."""
        plain = path.strip("/")
        found = self._known.project(plain) if "/" in plain else {}
        if text_in(found, "path_with_namespace").casefold() != plain.casefold() or not number_in(found, "id"):
            raise ChannelRefused(f"GitLab shows us no project {path}")
        return found

    def _action(self, at: str, ref: str, path: str, data: bytes | None) -> Row:
        if data is None:
            return {"action": "delete", "file_path": path}
        is_there = bool(ref) and self._is_there(f"{at}/files/{part(path)}", ref=ref)
        content = base64.b64encode(data).decode()
        verb = "update" if is_there else "create"
        return {"action": verb, "file_path": path, "content": content, "encoding": "base64"}

    def _is_there(self, path: str, **query: str) -> bool:
        try:
            self._rest.get(path, **query)
        except ChannelRefused as error:
            if is_final(error) and error.facts.get("status") == 404:
                return False
            raise
        return True

    def _address(self, made: Row) -> str:
        return text_in(made, "web_url") or self._silent("made something, and does not say where it is")

    def _silent(self, what: str) -> str:
        raise ChannelUnavailable(f"{self._rest.config.url} {what}")


def make_hooks(rest: Rest, known: Known, named: Sequence[str], url: str) -> Iterator[str]:
    """Makes the webhook in each project of ours that the settings name, or has it be as it should be; a line for each.

    `known` covers what they name: projects, and those of groups; where they name none, all of which we are a member.
    """
    secrets = rest.config.secrets
    said: Row = dict.fromkeys(EVENTS, True) | {"url": url}
    said["enable_ssl_verification"] = urlsplit(url).scheme == "https" and rest.config.webhook_verify_tls
    for field, name in (("token", "webhook_secret"), ("signing_token", "webhook_signing")):
        if secrets[name]:
            said[field] = secrets[name]
    met: list[tuple[str, str]] = []
    for row in rest.keyset("projects", membership=True, archived=False, simple=True):
        room, path = str(number_in(row, "id")), text_in(row, "path_with_namespace")
        if not known.covers(room, path):
            continue
        met.append((room, path))
        try:
            yield _hook(rest, room, path, said)
        except ChannelRefused as error:
            if not is_final(error):
                raise
            yield f"{path}: no webhook is made there: {error} (Kowal's account needs the role maintainer for it)"
    for name in named:
        if not any(Known(rest, [name]).covers(room, path) for room, path in met):
            yield f"{name}: Kowal's account is a member of no such project, and of none of such a group"


def _hook(rest: Rest, room: str, path: str, said: Row) -> str:
    at = f"projects/{room}/hooks"
    hooks = [row for rows in rest.pages(at) for row in rows]
    number = next((number_in(row, "id") for row in hooks if text_in(row, "url") == said["url"]), 0)
    if number:
        rest.put(f"{at}/{number}", said)
        return f"{path}: the webhook is as it should be"
    rest.post(at, said)
    return f"{path}: the webhook is made"
