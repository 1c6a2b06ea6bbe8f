"""The routes of a fake GitLab server about merge requests and pipelines."""

from typing import Any

from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost import _fake_gitlab_merging as merging
from integrations.codehost import _fake_gitlab_work as work
from integrations.codehost._fake_gitlab_code_entities import job, pipeline, pipeline_basic
from integrations.codehost._fake_gitlab_entities import merge_request, person
from integrations.codehost._fake_gitlab_issues import instant, listed, wanted_of
from integrations.codehost._fake_gitlab_records import (
    Document,
    Job,
    MergeRequest,
    Pipeline,
    Place,
    Refused,
    forbidden,
    missing,
    now,
)
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route, plain
from integrations.codehost._fake_gitlab_world import DEVELOPER, OWNER, REPORTER

ALONE = ("head_pipeline", "pipeline", "diff_refs", "user")
"""What lists leave out."""


def _shown(call: Call, found: MergeRequest, *, alone: bool = True, status: str = "") -> Document:
    """A merge request; in lists without its pipeline."""
    run = merging.head_pipeline(found) if alone else None
    whole = pipeline(call.state, found.project, run) if run else None
    shown = merge_request(call.state, found, call.user, status=status or merging.status(found), pipeline=whole)
    if not alone:
        return {name: value for name, value in shown.items() if name not in ALONE}
    may = call.user is not None and merging.may_merge(call.state, call.user, found.project, found.target_branch)
    target = git.branch_head(found.project, found.target_branch)
    changes = len(git.diffs(found.project, found.base_sha, found.sha)) if found.base_sha else 0
    shown |= {"user": {"can_merge": may}, "changes_count": str(changes)}
    if target and call.says("include_diverged_commits_count"):
        shown["diverged_commits_count"] = len(git.log(found.project, f"{found.sha}..{target}"))
    return shown


def _open(call: Call) -> Document:
    for name in ("source_branch", "target_branch", "title"):
        call.need(name)
    given = call.body | {"labels": call.names("labels")}
    if "assignee_id" in given and "assignee_ids" not in given:
        given["assignee_ids"] = [given["assignee_id"]] if given["assignee_id"] else []
    made = merging.open_request(call.state, call.me, call.project(), given)
    return _shown(call, made, status="preparing" if merging.status(made) == "mergeable" else "")


def _listing(call: Call, found: list[Any], scope: str) -> Listing:
    kept = listed(call, found, scope=scope)
    return Listing(items=kept, show=lambda item: _shown(call, item, alone=False), by_id=True)


def _all(call: Call) -> Listing:
    found = [item for place in call.state.projects.values() for item in place.merge_requests.values()]
    return _listing(call, found, "created_by_me")


def _change(call: Call) -> Document:
    found = call.merge_request()
    work.change(call.state, call.me, found, wanted_of(call))
    if "target_branch" in call.body:
        found.target_branch = str(call.body["target_branch"])
    for name in ("squash", "remove_source_branch"):
        if name in call.body:
            setattr(found, name, bool(call.body[name]))
    return _shown(call, found)


def _delete(call: Call) -> None:
    found = call.merge_request()
    if call.state.level(call.me, found.project) < OWNER:
        raise forbidden()
    del found.project.merge_requests[found.iid]


def _merge(call: Call) -> Document:
    found = call.merge_request()
    merging.merge(call.state, call.me, found, call.body)
    return _shown(call, found)


def _no_auto_merge(call: Call) -> Document:
    found = call.merge_request()
    if found.when_checks_pass is None:
        raise Refused(406, "406 Not Acceptable")
    found.when_checks_pass = None
    return _shown(call, found)


def _approvals(call: Call) -> Document:
    found = call.merge_request()
    least = int(found.project.options.get("approvals_before_merge", 0))
    return {
        "id": found.id,
        "iid": found.iid,
        "project_id": found.project.id,
        "title": found.title,
        "state": found.state,
        "approved": len(found.approved_by) >= max(least, 1) if found.approved_by else least == 0,
        "approvals_required": least,
        "approvals_left": max(0, least - len(found.approved_by)),
        "approved_by": [{"user": person(call.state, one), "approved_at": None} for one in found.approved_by],
        "user_has_approved": call.user in found.approved_by,
        "user_can_approve": call.user not in found.approved_by,
    }


def _approve(call: Call) -> Document:
    merging.approve(call.state, call.me, call.merge_request(), call.body)
    return _approvals(call)


def _unapprove(call: Call) -> Document:
    found = call.merge_request()
    if call.me not in found.approved_by:
        raise missing("Not Found")
    found.approved_by.remove(call.me)
    work.system(call.state, call.me, found, "unapproved this merge request")
    return _approvals(call)


def _commits(call: Call) -> Listing:
    found = call.merge_request()
    return Listing(items=git.log(found.project, f"{found.base_sha}..{found.sha}"), show=dict)


def _diffs(call: Call) -> Listing:
    found = call.merge_request()
    return Listing(items=git.diffs(found.project, found.base_sha, found.sha), show=dict)


def _its_pipelines(call: Call) -> Listing:
    found = call.merge_request()
    runs = [run for run in found.project.pipelines.values() if run.merge_request == found.iid or run.sha == found.sha]
    return Listing(items=runs[::-1], show=lambda run: pipeline_basic(call.state, found.project, run))


def _run_for_it(call: Call) -> Document:
    found = call.merge_request()
    if call.state.level(call.me, found.project) < DEVELOPER:
        raise forbidden()
    made = merging.run(call.state, found.project, found.source_branch, "created", [], request=found.iid, user=call.me)
    return pipeline(call.state, found.project, made)


# Pipelines.


def _code(call: Call) -> Place:
    """The project, for who may see its pipelines."""
    place = call.project()
    if place.visibility == "private" and call.state.level(call.user, place) < REPORTER:
        raise forbidden()
    return place


def _pipelines(call: Call) -> Listing:
    place, query = _code(call), call.query
    since, exact = instant(query.get("updated_after")), ("ref", "sha", "status", "source")
    found = [
        run
        for run in place.pipelines.values()
        if all(str(getattr(run, name)) == query[name] for name in exact if name in query)
        and (since is None or run.updated_at >= since)
    ]
    name = query.get("order_by", "id")
    found.sort(key=lambda run: (getattr(run, name), run.id), reverse=query.get("sort", "desc") == "desc")
    return Listing(items=found, show=lambda run: pipeline_basic(call.state, place, run), by_id=True)


def _pipeline(call: Call) -> tuple[Place, Pipeline]:
    place = _code(call)
    found = place.pipelines.get(call.number("pipeline_id"))
    if found is None:
        raise Refused(404, "404 Not found")
    return place, found


def _create_pipeline(call: Call) -> Document:
    place = call.project(DEVELOPER)
    ref = str(call.need("ref"))
    if git.resolve(place, ref) is None:
        raise Refused(400, {"base": ["Reference not found"]})
    made = merging.run(call.state, place, ref, "created", [], source="api", user=call.me)
    return pipeline(call.state, place, made)


def _turn(call: Call, outcome: str) -> Document:
    place, found = _pipeline(call)
    if call.state.level(call.me, place) < DEVELOPER:
        raise forbidden()
    merging.turn(call.state, place, found, outcome)
    return pipeline(call.state, place, found)


def _drop_pipeline(call: Call) -> None:
    place, found = _pipeline(call)
    if call.state.level(call.me, place) < OWNER:
        raise forbidden()
    del place.pipelines[found.id]


def _jobs(call: Call) -> Listing:
    place, found = _pipeline(call)
    wanted = call.names("scope", call.query)
    jobs = [one for one in found.jobs if not wanted or one.status in wanted]
    return Listing(items=jobs[::-1], show=lambda one: job(call.state, place, found, one))


def _job(call: Call) -> tuple[Place, Pipeline, Job]:
    place = _code(call)
    for run in place.pipelines.values():
        for one in run.jobs:
            if one.id == call.number("job_id"):
                return place, run, one
    raise Refused(404, "404 Not found")


# What a commit's checks say from outside.


def _set_status(call: Call) -> Document:
    place = call.project(DEVELOPER)
    state, name = str(call.need("state")), str(call.body.get("name") or call.body.get("context") or "default")
    made = {
        "id": call.state.next("status"),
        "sha": call.place["sha"],
        "ref": call.body.get("ref") or place.default_branch,
        "status": state,
        "name": name,
        "target_url": call.body.get("target_url"),
        "description": call.body.get("description"),
        "created_at": now().isoformat(timespec="milliseconds"),
        "started_at": None,
        "finished_at": None,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": 0,
        "author": person(call.state, call.me),
    }
    if git.resolve(place, call.place["sha"]) is None:
        raise missing("Commit")
    place.statuses = [one for one in place.statuses if (one["sha"], one["name"]) != (made["sha"], name)] + [made]
    return made


AT = "projects/:id/merge_requests/:iid"
REQUESTS = {
    ("GET", "merge_requests"): Route(run=_all),
    ("GET", "projects/:id/merge_requests"): Route(
        run=lambda call: _listing(call, list(call.project().merge_requests.values()), "all")
    ),
    ("POST", "projects/:id/merge_requests"): Route(run=_open, status=201),
    ("GET", AT): Route(run=lambda call: _shown(call, call.merge_request())),
    ("PUT", AT): Route(run=_change),
    ("DELETE", AT): Route(run=_delete, status=204),
    ("PUT", f"{AT}/merge"): Route(run=_merge),
    ("POST", f"{AT}/cancel_merge_when_pipeline_succeeds"): Route(run=_no_auto_merge, status=201),
    ("GET", f"{AT}/approvals"): Route(run=_approvals),
    ("POST", f"{AT}/approve"): Route(run=_approve, status=201),
    ("POST", f"{AT}/unapprove"): Route(run=_unapprove, status=201),
    ("GET", f"{AT}/commits"): Route(run=_commits),
    ("GET", f"{AT}/diffs"): Route(run=_diffs),
    ("GET", f"{AT}/pipelines"): Route(run=_its_pipelines),
    ("POST", f"{AT}/pipelines"): Route(run=_run_for_it, status=201),
    ("GET", "projects/:id/pipelines"): Route(run=_pipelines),
    ("POST", "projects/:id/pipeline"): Route(run=_create_pipeline, status=201),
    ("GET", "projects/:id/pipelines/:pipeline_id"): Route(run=lambda call: pipeline(call.state, *_pipeline(call))),
    ("DELETE", "projects/:id/pipelines/:pipeline_id"): Route(run=_drop_pipeline, status=204),
    ("POST", "projects/:id/pipelines/:pipeline_id/retry"): Route(run=lambda call: _turn(call, "pending"), status=201),
    ("POST", "projects/:id/pipelines/:pipeline_id/cancel"): Route(run=lambda call: _turn(call, "canceled")),
    ("GET", "projects/:id/pipelines/:pipeline_id/jobs"): Route(run=_jobs),
    ("GET", "projects/:id/jobs/:job_id"): Route(run=lambda call: job(call.state, *_job(call))),
    ("GET", "projects/:id/jobs/:job_id/trace"): Route(run=lambda call: plain(_job(call)[2].log)),
    ("POST", "projects/:id/statuses/:sha"): Route(run=_set_status, status=201),
}
