"""How what belongs to code leaves a fake GitLab server: branches, commits, pipelines, rules."""

from integrations.codehost._fake_gitlab_entities import moment, person
from integrations.codehost._fake_gitlab_records import Document, Job, Pipeline, Place, Protection
from integrations.codehost._fake_gitlab_state import State

FINISHED = ("success", "failed", "canceled", "skipped")


def pipeline_basic(state: State, place: Place, found: Pipeline) -> Document:
    """A pipeline, as lists have it."""
    return {
        "id": found.id,
        "iid": found.iid,
        "project_id": place.id,
        "sha": found.sha,
        "ref": found.ref,
        "status": found.status,
        "source": found.source,
        "created_at": moment(found.created_at),
        "updated_at": moment(found.updated_at),
        "web_url": f"{state.url}/{place.full_path}/-/pipelines/{found.id}",
    }


def pipeline(state: State, place: Place, found: Pipeline) -> Document:
    """A pipeline by itself."""
    over = found.status in FINISHED
    return pipeline_basic(state, place, found) | {
        "before_sha": "0" * 40,
        "tag": False,
        "yaml_errors": None,
        "user": person(state, found.user),
        "started_at": moment(found.created_at),
        "finished_at": moment(found.updated_at) if over else None,
        "committed_at": None,
        "duration": 1 if over else None,
        "queued_duration": 1,
        "coverage": None,
        "detailed_status": {"icon": f"status_{found.status}", "text": found.status, "label": found.status},
    }


def job(state: State, place: Place, run: Pipeline, found: Job) -> Document:
    """A job."""
    over = found.status in FINISHED
    return {
        "id": found.id,
        "status": found.status,
        "stage": found.stage,
        "name": found.name,
        "ref": run.ref,
        "tag": False,
        "coverage": None,
        "allow_failure": False,
        "created_at": moment(run.created_at),
        "started_at": moment(run.created_at),
        "finished_at": moment(run.updated_at) if over else None,
        "duration": 1.0 if over else None,
        "queued_duration": 0.1,
        "user": person(state, run.user),
        "pipeline": pipeline_basic(state, place, run),
        "web_url": f"{state.url}/{place.full_path}/-/jobs/{found.id}",
        "artifacts": [],
        "runner": None,
        "artifacts_expire_at": None,
        "tag_list": [],
        **({"failure_reason": "script_failure"} if found.status == "failed" else {}),
    }


def protection(found: Protection, levels: dict[int, str]) -> Document:
    """The rules of a protected branch."""

    def rules(level: int, users: set[int]) -> list[Document]:
        of_role = {"id": found.id, "access_level": level, "access_level_description": levels.get(level, "No one")}
        return [of_role | {"user_id": None, "group_id": None}] + [
            {"id": found.id * 1000 + user, "access_level": None, "user_id": user, "group_id": None}
            for user in sorted(users)
        ]

    return {
        "id": found.id,
        "name": found.name,
        "push_access_levels": rules(found.push, found.push_users),
        "merge_access_levels": rules(found.merge, found.merge_users),
        "allow_force_push": found.force,
        "code_owner_approval_required": False,
    }
