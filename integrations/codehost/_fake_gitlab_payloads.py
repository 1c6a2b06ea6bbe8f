"""What the hooks of a fake GitLab server are told: the payloads of its events."""

from datetime import datetime
from typing import Any

from integrations.codehost._fake_gitlab_entities import duration, web_url
from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    Issue,
    MergeRequest,
    Note,
    Pipeline,
    Place,
    Work,
)
from integrations.codehost._fake_gitlab_state import State

NAMESPACES = {"private": 0, "internal": 10, "public": 20}


def moment(at: datetime | None) -> str | None:
    """As payloads write times, unlike replies."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else None


def person(state: State, user: Account) -> Document:
    """Somebody, whose address is not told."""
    picture = f"{state.url}/uploads/-/system/user/avatar/{user.id}/avatar.png"
    return {"id": user.id, "name": user.name, "username": user.username, "avatar_url": picture, "email": "[REDACTED]"}


def project(state: State, place: Place) -> Document:
    """The project."""
    web = f"{state.url}/{place.full_path}"
    return {
        "id": place.id,
        "name": place.path,
        "description": place.description,
        "web_url": web,
        "avatar_url": None,
        "git_ssh_url": f"git@fake.invalid:{place.full_path}.git",
        "git_http_url": f"{web}.git",
        "namespace": place.space.full_path,
        "visibility_level": NAMESPACES[place.visibility],
        "path_with_namespace": place.full_path,
        "default_branch": place.default_branch,
        "ci_config_path": None,
        "homepage": web,
        "url": f"git@fake.invalid:{place.full_path}.git",
    }


def label(place: Place, name: str) -> Document:
    """A label."""
    found = place.labels[name]
    return {"id": found["id"], "title": name, "color": found["color"], "project_id": place.id, "type": "ProjectLabel"}


def work(state: State, found: Work) -> Document:
    """What an issue and a merge request say alike of themselves."""
    people = [assignee.id for assignee in found.assignees]
    return {
        "id": found.id,
        "iid": found.iid,
        "title": found.title,
        "description": found.description,
        "state": found.state,
        "author_id": found.author.id,
        "assignee_id": people[0] if people else None,
        "assignee_ids": people,
        "labels": [label(found.project, name) for name in found.labels],
        "created_at": moment(found.created_at),
        "updated_at": moment(found.updated_at),
        "time_estimate": found.time_estimate,
        "total_time_spent": found.time_spent,
        "human_time_estimate": duration(found.time_estimate) or None,
        "human_total_time_spent": duration(found.time_spent) or None,
        "url": web_url(state, found),
    }


def issue(state: State, found: Issue) -> Document:
    """An issue's attributes."""
    own = {"type": "Issue", "confidential": found.confidential, "closed_at": moment(found.closed_at)}
    return work(state, found) | own | {"project_id": found.project.id, "due_date": found.due_date}


def merge_request(state: State, found: MergeRequest) -> Document:
    """A merge request's attributes."""
    title = found.title.lower()
    return work(state, found) | {
        "source_branch": found.source_branch,
        "target_branch": found.target_branch,
        "source_project_id": found.project.id,
        "target_project_id": found.project.id,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "mergeable",
        "merge_commit_sha": found.merge_commit_sha,
        "squash_commit_sha": found.squash_commit_sha,
        "merged_at": moment(found.merged_at),
        "merge_user_id": found.merged_by.id if found.merged_by else None,
        "draft": title.startswith("draft:"),
        "last_commit": {"id": found.sha},
        "source": project(state, found.project),
        "target": project(state, found.project),
    }


def of_work(state: State, user: Account, found: Work, action: str, changes: Document, **more: Any) -> Document:
    """The event of an issue or a merge request."""
    kind = "issue" if isinstance(found, Issue) else "merge_request"
    attributes = issue(state, found) if isinstance(found, Issue) else merge_request(state, found)  # type: ignore[arg-type]
    if action:  # a test of the hook has none
        attributes |= {"action": action, **more}
    whole: Document = {
        "object_kind": kind,
        "event_type": kind,
        "user": person(state, user),
        "project": project(state, found.project),
        "object_attributes": attributes,
        "labels": attributes["labels"],
        "changes": changes,
        "repository": {"name": found.project.path, "homepage": f"{state.url}/{found.project.full_path}"},
    }
    people = [person(state, assignee) for assignee in found.assignees]
    return whole | ({"assignees": people} if people else {})


def of_note(state: State, user: Account, found: Work, note: Note, action: str) -> Document:
    """The event of a comment."""
    confidential = note.internal or (isinstance(found, Issue) and found.confidential)
    whole: Document = {
        "object_kind": "note",
        "event_type": "confidential_note" if confidential else "note",
        "user": person(state, user),
        "project_id": found.project.id,
        "project": project(state, found.project),
        "repository": {"name": found.project.path, "homepage": f"{state.url}/{found.project.full_path}"},
        "object_attributes": {
            "id": note.id,
            "internal": note.internal,
            "note": note.body,
            "description": note.body,
            "noteable_type": "Issue" if isinstance(found, Issue) else "MergeRequest",
            "noteable_id": found.id,
            "author_id": note.author.id,
            "project_id": found.project.id,
            "discussion_id": note.discussion,
            "type": "DiscussionNote" if note.in_thread else None,
            "system": False,
            "created_at": moment(note.created_at),
            "updated_at": moment(note.updated_at),
            "action": action,
            "url": f"{web_url(state, found)}#note_{note.id}",
        },
    }
    if isinstance(found, Issue):
        return whole | {"issue": issue(state, found)}
    return whole | {"merge_request": merge_request(state, found)}  # type: ignore[arg-type]


def of_award(state: State, user: Account, found: Work, note: Note | None, awarded: Document) -> Document:
    """The event of a sign."""
    on = f"#note_{note.id}" if note else ""
    attributes = {name: awarded[name] for name in ("id", "name", "awardable_id", "awardable_type", "created_at")}
    whole: Document = {
        "object_kind": "emoji",
        "event_type": "award",
        "user": person(state, user),
        "project_id": found.project.id,
        "project": project(state, found.project),
        "object_attributes": attributes
        | {"user_id": user.id, "action": "award", "awarded_on_url": f"{web_url(state, found)}{on}"},
    }
    shown = issue(state, found) if isinstance(found, Issue) else merge_request(state, found)  # type: ignore[arg-type]
    whole["issue" if isinstance(found, Issue) else "merge_request"] = shown
    return whole | ({"note": {"id": note.id, "note": note.body, "author_id": note.author.id}} if note else {})


def of_pipeline(state: State, place: Place, run: Pipeline) -> Document:
    """The event of a pipeline."""
    found = place.merge_requests.get(run.merge_request or 0)
    target: Document | None = None
    if found:
        names = ("id", "iid", "title", "source_branch", "target_branch", "state", "detailed_merge_status", "url")
        whole = merge_request(state, found)
        target = {name: whole[name] for name in names}
    jobs = [{"id": job.id, "stage": job.stage, "name": job.name, "status": job.status, "allow_failure": False}
            for job in run.jobs]  # fmt: skip
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": run.id,
            "iid": run.iid,
            "ref": run.ref,
            "tag": False,
            "sha": run.sha,
            "source": run.source,
            "status": run.status,
            "detailed_status": run.status,
            "stages": sorted({job.stage for job in run.jobs}),
            "created_at": moment(run.created_at),
            "finished_at": moment(run.updated_at),
            "url": f"{state.url}/{place.full_path}/-/pipelines/{run.id}",
        },
        "merge_request": target,
        "user": person(state, run.user),
        "project": project(state, place),
        "commit": {"id": run.sha},
        "builds": jobs,
    }


def of_push(
    state: State, user: Account, place: Place, ref: str, old: str, new: str, commits: list[Document]
) -> Document:
    """The event of a push of one branch or tag; there are 20 commits in it at most."""
    kind = "tag_push" if ref.startswith("refs/tags/") else "push"
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": old,
        "after": new,
        "ref": ref,
        "checkout_sha": None if set(new) == {"0"} else new,
        "user_id": user.id,
        "user_name": user.name,
        "user_username": user.username,
        "user_email": "",
        "project_id": place.id,
        "project": project(state, place),
        "commits": commits[-20:],
        "total_commits_count": len(commits),
        "repository": {"name": place.path, "homepage": f"{state.url}/{place.full_path}"},
    }
