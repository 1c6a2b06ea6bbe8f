"""How what a fake GitLab server knows leaves it: the JSON of its REST API."""

from datetime import datetime
from typing import Any

from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    Issue,
    MergeRequest,
    Note,
    Place,
    Space,
    Token,
    Work,
)
from integrations.codehost._fake_gitlab_state import State


def moment(at: datetime | None) -> str | None:
    """As GitLab writes times: UTC, with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def person(state: State, user: Account) -> Document:
    """As others see them (API::Entities::UserBasic)."""
    return {
        "id": user.id,
        "username": user.username,
        "public_email": "",
        "name": user.name,
        "state": "active",
        "locked": False,
        "avatar_url": f"{state.url}/uploads/-/system/user/avatar/{user.id}/avatar.png",
        "web_url": f"{state.url}/{user.username}",
    }


def myself(state: State, user: Account) -> Document:
    """As they see themselves at `/user`."""
    return person(state, user) | {
        "bot": user.bot,
        "created_at": moment(user.created_at),
        "email": user.email,
        "commit_email": user.email,
        "two_factor_enabled": False,
        "external": False,
        "can_create_project": True,
        "can_create_group": True,
        **({"is_admin": True} if user.admin else {}),
    }


def token(user: Account, found: Token) -> Document:
    """A personal access token, without its value."""
    return {
        "id": found.id,
        "name": found.name,
        "revoked": found.revoked,
        "created_at": moment(found.created_at),
        "scopes": list(found.scopes),
        "user_id": user.id,
        "last_used_at": None,
        "active": found.is_good,
        "expires_at": found.expires_at and found.expires_at.isoformat(),
    }


def member(state: State, user: Account, level: int) -> Document:
    """Somebody in a project or group."""
    return person(state, user) | {
        "access_level": level,
        "created_at": moment(user.created_at),
        "expires_at": None,
        "membership_state": "active",
    }


def namespace(state: State, space: Space) -> Document:
    """A group or somebody's own namespace, as projects name it."""
    above = state.spaces.get(space.full_path.rpartition("/")[0])
    prefix = "groups/" if space.kind == "group" else ""
    return {
        "id": space.id,
        "name": space.full_path.rpartition("/")[2],
        "path": space.full_path.rpartition("/")[2],
        "kind": space.kind,
        "full_path": space.full_path,
        "parent_id": above.id if above else None,
        "avatar_url": None,
        "web_url": f"{state.url}/{prefix}{space.full_path}",
    }


def project(state: State, place: Place, user: Account | None) -> Document:
    """A project, for whom it is shown to."""
    web = f"{state.url}/{place.full_path}"
    api = f"{state.url}/api/v4/projects/{place.id}"
    direct, inherited = (place.members.get(user.id), state.level(user, place)) if user else (None, 0)
    links = ("issues", "merge_requests", "labels", "members")
    return {
        "id": place.id,
        "description": place.description,
        "name": place.path,
        "name_with_namespace": " / ".join(place.full_path.split("/")),
        "path": place.path,
        "path_with_namespace": place.full_path,
        "created_at": moment(place.created_at),
        "default_branch": place.default_branch if (place.repository / "HEAD").exists() else None,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@fake.invalid:{place.full_path}.git",
        "http_url_to_repo": f"{web}.git",
        "web_url": web,
        "readme_url": f"{web}/-/blob/{place.default_branch}/README.md",
        "forks_count": 0,
        "star_count": 0,
        "avatar_url": None,
        "last_activity_at": moment(max([place.created_at, *(work.updated_at for work in place.issues.values())])),
        "visibility": place.visibility,
        "namespace": namespace(state, place.space),
        "_links": {"self": api, "repo_branches": f"{api}/repository/branches"}
        | {name: f"{api}/{name}" for name in links},
        "packages_enabled": True,
        "archived": place.archived,
        "creator_id": place.creator.id,
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "jobs_enabled": True,
        "wiki_enabled": True,
        "snippets_enabled": True,
        "issues_access_level": "enabled",
        "merge_requests_access_level": "enabled",
        "open_issues_count": sum(issue.state == "opened" for issue in place.issues.values()),
        "merge_method": place.merge_method,
        "squash_option": "default_off",
        "only_allow_merge_if_pipeline_succeeds": False,
        "only_allow_merge_if_all_discussions_are_resolved": False,
        "remove_source_branch_after_merge": True,
        **place.options,
        "permissions": {
            "project_access": {"access_level": direct, "notification_level": 3} if direct else None,
            "group_access": {"access_level": inherited, "notification_level": 3}
            if inherited > (direct or 0) and user and not user.admin
            else None,
        },
    }


def label(place: Place, found: Document) -> Document:
    """A label, with how often it is used."""
    issues = [issue for issue in place.issues.values() if found["name"] in issue.labels]
    requests = [request for request in place.merge_requests.values() if found["name"] in request.labels]
    return found | {
        "description_html": found["description"],
        "text_color": "#FFFFFF",
        "open_issues_count": sum(issue.state == "opened" for issue in issues),
        "closed_issues_count": sum(issue.state == "closed" for issue in issues),
        "open_merge_requests_count": sum(request.state == "opened" for request in requests),
        "subscribed": False,
        "priority": None,
        "is_project_label": True,
    }


def web_url(state: State, work: Work) -> str:
    """Where people read it."""
    return f"{state.url}/{work.project.full_path}/-/{work.path}/{work.iid}"  # type: ignore[attr-defined]


def time_stats(work: Work) -> Document:
    """What was estimated and spent, in seconds."""
    return {
        "time_estimate": work.time_estimate,
        "total_time_spent": work.time_spent,
        "human_time_estimate": duration(work.time_estimate) or None,
        "human_total_time_spent": duration(work.time_spent) or None,
    }


def duration(seconds: int) -> str:
    """As people write it, such as `1h 5m`: a day has eight hours."""
    parts = []
    for unit, length in (("d", 28800), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts)


def _work(state: State, work: Work, user: Account | None) -> Document:
    """What an issue and a merge request say alike."""
    sign: str = work.sign  # type: ignore[attr-defined]
    seen = [note for note in work.notes if not note.system and state.sees_note(user, work, note)]
    people = [person(state, assignee) for assignee in work.assignees]
    return {
        "id": work.id,
        "iid": work.iid,
        "project_id": work.project.id,
        "title": work.title,
        "description": work.description,
        "state": work.state,
        "created_at": moment(work.created_at),
        "updated_at": moment(work.updated_at),
        "closed_at": moment(work.closed_at),
        "closed_by": work.closed_by and person(state, work.closed_by),
        "labels": sorted(work.labels, key=str.lower),
        "milestone": None,
        "assignees": people,
        "assignee": people[0] if people else None,
        "author": person(state, work.author),
        "user_notes_count": len(seen),
        "upvotes": sum(award["name"] == "thumbsup" for award in work.awards),
        "downvotes": sum(award["name"] == "thumbsdown" for award in work.awards),
        "discussion_locked": work.locked or None,
        "web_url": web_url(state, work),
        "time_stats": time_stats(work),
        "task_completion_status": {"count": 0, "completed_count": 0},
        "references": {
            "short": f"{sign}{work.iid}",
            "relative": f"{sign}{work.iid}",
            "full": f"{work.project.full_path}{sign}{work.iid}",
        },
        "imported": False,
        "imported_from": "none",
    }


def issue(state: State, found: Issue, user: Account | None) -> Document:
    """An issue (API::Entities::Issue)."""
    api = f"{state.url}/api/v4/projects/{found.project.id}"
    return _work(state, found, user) | {
        "type": found.issue_type.upper(),
        "issue_type": found.issue_type,
        "confidential": found.confidential,
        "due_date": found.due_date,
        "merge_requests_count": 0,
        "blocking_issues_count": 0,
        "has_tasks": False,
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "service_desk_reply_to": None,
        "weight": None,
        "_links": {
            "self": f"{api}/issues/{found.iid}",
            "notes": f"{api}/issues/{found.iid}/notes",
            "award_emoji": f"{api}/issues/{found.iid}/award_emoji",
            "project": api,
            "closed_as_duplicate_of": None,
        },
    }


def note(state: State, work: Work, found: Note) -> Document:
    """A comment, or a system note."""
    return {
        "id": found.id,
        "type": "DiscussionNote" if found.in_thread else None,
        "body": found.body,
        "attachment": None,
        "author": person(state, found.author),
        "created_at": moment(found.created_at),
        "updated_at": moment(found.updated_at),
        "system": found.system,
        "noteable_id": work.id,
        "noteable_type": work.kind,  # type: ignore[attr-defined]
        "project_id": work.project.id,
        "resolvable": found.resolvable,
        **({"resolved": found.resolved_by is not None} if found.resolvable else {}),
        "confidential": found.internal,
        "internal": found.internal,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": work.iid,
        "commands_changes": {},
    }


def todo(state: State, found: Document, user: Account) -> Document:
    """What somebody shall look at."""
    work: Work = found["work"]
    small = ("id", "name", "name_with_namespace", "path", "path_with_namespace", "description", "created_at")
    whole = project(state, work.project, user)
    shown = issue(state, work, user) if isinstance(work, Issue) else merge_request(state, work, user)  # type: ignore[arg-type]
    anchor = f"#note_{found['note']}" if found["note"] else ""
    return {
        "id": found["id"],
        "project": {name: whole[name] for name in small},
        "author": person(state, found["author"]),
        "action_name": found["action"],
        "target_type": work.kind,  # type: ignore[attr-defined]
        "target": shown,
        "target_url": f"{web_url(state, work)}{anchor}",
        "body": found["body"],
        "state": found["state"],
        "created_at": moment(found["created_at"]),
        "updated_at": moment(found["updated_at"]),
    }


def merge_request(
    state: State, found: MergeRequest, user: Account | None, *, status: str = "mergeable", pipeline: Any = None
) -> Document:
    """A merge request; `status` is its `detailed_merge_status`."""
    merger = found.merged_by and person(state, found.merged_by)
    draft = found.title.lower().startswith(("draft:", "[draft]", "(draft)"))
    return _work(state, found, user) | {
        "merged_by": merger,
        "merge_user": merger or (found.when_checks_pass and person(state, found.when_checks_pass)),
        "merged_at": moment(found.merged_at),
        "source_branch": found.source_branch,
        "target_branch": found.target_branch,
        "reviewers": [person(state, reviewer) for reviewer in found.reviewers],
        "source_project_id": found.project.id,
        "target_project_id": found.project.id,
        "draft": draft,
        "work_in_progress": draft,
        "merge_when_pipeline_succeeds": found.when_checks_pass is not None,
        "merge_status": "cannot_be_merged" if status in ("conflict", "broken_status") else "can_be_merged",
        "detailed_merge_status": status,
        "sha": found.sha,
        "merge_commit_sha": found.merge_commit_sha,
        "squash_commit_sha": found.squash_commit_sha,
        "should_remove_source_branch": None,
        "force_remove_source_branch": found.remove_source_branch,
        "prepared_at": moment(found.created_at),
        "reference": f"!{found.iid}",
        "squash": found.squash,
        "squash_on_merge": found.squash,
        "has_conflicts": status == "conflict",
        "blocking_discussions_resolved": not any(note.resolvable and not note.resolved_by for note in found.notes),
        "merge_error": found.merge_error,
        "head_pipeline": pipeline,
        "pipeline": pipeline,
        "diff_refs": {"base_sha": found.base_sha, "head_sha": found.sha, "start_sha": found.base_sha},
        "user": {"can_merge": False},
    }
