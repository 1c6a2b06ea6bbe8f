"""What becomes of branches in a fake GitLab: pushes, merge requests, merges; and who may."""

import re
from collections.abc import Sequence
from typing import Any

from integrations.codehost import _fake_gitlab_git as git
from integrations.codehost import _fake_gitlab_payloads as payloads
from integrations.codehost import _fake_gitlab_work as work
from integrations.codehost._fake_gitlab_code_entities import FINISHED
from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    MergeRequest,
    Pipeline,
    Place,
    Protection,
    Refused,
    forbidden,
    now,
)
from integrations.codehost._fake_gitlab_state import State
from integrations.codehost._fake_gitlab_world import DEVELOPER

CLOSES = re.compile(r"\b(?:clos|fix|resolv|implement)(?:e[sd]?|s|ed|ing)?:?\s+#(\d+)", re.IGNORECASE)
"""What names issues that a merge into the default branch closes."""


def rules(place: Place, branch: str) -> list[Protection]:
    """The rules that hold for a branch."""
    return [rule for rule in place.protections.values() if rule.covers(branch) or rule.name == branch]


def may_push(state: State, user: Account, place: Place, branch: str) -> bool:
    """Whether somebody may push to a branch. Where several rules hold, one that lets them is enough."""
    level = state.level(user, place)
    held = rules(place, branch)
    if level < DEVELOPER or not held:
        return level >= DEVELOPER
    return any(user.id in rule.push_users or 0 < rule.push <= level for rule in held)


def may_merge(state: State, user: Account, place: Place, branch: str) -> bool:
    """Whether somebody may merge into a branch; who may push to it may."""
    level = state.level(user, place)
    held = rules(place, branch)
    if level < DEVELOPER:
        return False
    allowed = any(user.id in rule.merge_users or 0 < rule.merge <= level for rule in held)
    return not held or allowed or may_push(state, user, place, branch)


def write(state: State, user: Account, place: Place, branch: str, new: str, old: str) -> None:
    """Let a branch name another commit, with all that comes of it. Raises `Refused`: who may not, a lost race."""
    if not may_push(state, user, place, branch):
        raise (
            forbidden()
            if state.level(user, place) < DEVELOPER
            else Refused(403, "403 Forbidden - You are not allowed to push into this branch")
        )
    put(state, user, place, branch, new, old)


def put(state: State, user: Account, place: Place, branch: str, new: str, old: str) -> None:
    """The same, without asking who may."""
    try:
        git.move(place, f"refs/heads/{branch}", new, old)
    except git.GitFailed:
        raise Refused(400, f"Could not update refs/heads/{branch}. Please refresh and try again.") from None
    pushed(state, user, place, f"refs/heads/{branch}", old, new)


def pushed(state: State, user: Account, place: Place, ref: str, old: str, new: str) -> None:
    """A ref names another commit: hooks hear of it, and merge requests follow."""
    gone = new == git.NONE
    commits: list[Document] = []
    if not gone:
        range_ = new if old == git.NONE else f"{old}..{new}"
        commits = git.log(place, "--reverse", "--max-count=100", range_)
    shown = [{"id": one["id"], "message": one["message"], "title": one["title"], "timestamp": one["committed_date"],
              "author": {"name": one["author_name"], "email": one["author_email"]}} for one in commits]  # fmt: skip
    event = "Tag Push Hook" if ref.startswith("refs/tags/") else "Push Hook"
    if ref.startswith(("refs/heads/", "refs/tags/")):
        state.tell(event, place, payloads.of_push(state, user, place, ref, old, new, shown))
    if not ref.startswith("refs/heads/") or gone:
        return
    branch = ref.removeprefix("refs/heads/")
    for request in place.merge_requests.values():
        if request.state == "opened" and request.source_branch == branch:
            _follow(state, user, request, old, new)
    for request in place.merge_requests.values():
        landed = request.state == "opened" and request.target_branch == branch and git.is_above(place, request.sha, new)
        if landed and request.sha != request.base_sha and request.sha != old:
            _end(state, user, request)  # somebody merged it by hand and pushed


def _follow(state: State, user: Account, request: MergeRequest, old: str, new: str) -> None:
    """The source branch of a merge request moved: approvals of what was there before count no more."""
    request.sha = new
    request.approved_by.clear()
    request.base_sha = _base(request)
    git.move(request.project, _head_ref(request), new, None)
    work.system(state, user, request, "added commits")
    work.heard(state, user, request, "update", {}, oldrev=old)


def _head_ref(request: MergeRequest) -> str:
    return f"refs/merge-requests/{request.iid}/head"


def _base(request: MergeRequest) -> str:
    target = git.branch_head(request.project, request.target_branch)
    return git.merge_base(request.project, target, request.sha) if target else ""


def open_request(state: State, user: Account, place: Place, given: Document) -> MergeRequest:
    """A new merge request. Raises `Refused`."""
    source, target = str(given["source_branch"]), str(given["target_branch"])
    if state.level(user, place) < DEVELOPER:
        raise forbidden()
    if not str(given.get("title") or "").strip():
        raise Refused(400, {"title": ["can't be blank"]})
    head = git.branch_head(place, source)
    if head is None or git.branch_head(place, target) is None:
        which = "Source" if head is None else "Target"
        raise Refused(400, [f'{which} branch "{source if head is None else target}" does not exist'])
    if source == target:
        raise Refused(400, ["You can't use same project/branch for source and target"])
    for other in place.merge_requests.values():
        if (other.state, other.source_branch, other.target_branch) == ("opened", source, target):
            raise Refused(409, [f"Another open merge request already exists for this source branch: !{other.iid}"])
    at = now()
    request = MergeRequest(
        id=state.next("merge_request"),
        iid=max(place.merge_requests, default=0) + 1,
        project=place,
        title=str(given["title"]),
        description=given.get("description") or "",
        author=user,
        created_at=at,
        updated_at=at,
        source_branch=source,
        target_branch=target,
        sha=head,
        base_sha="",
        remove_source_branch=bool(given.get("remove_source_branch")),
        squash=bool(given.get("squash")),
        reviewers=[state.known(id) for id in given.get("reviewer_ids") or []],
    )
    request.base_sha = _base(request)
    place.merge_requests[request.iid] = request
    git.move(place, _head_ref(request), head, None)
    work.begin(state, user, request, given)
    return request


def head_pipeline(request: MergeRequest) -> Pipeline | None:
    """The newest pipeline of its last commit."""
    mine = [run for run in request.project.pipelines.values() if run.sha == request.sha]
    mine = [run for run in mine if run.merge_request in (None, request.iid)]
    return max(mine, key=lambda run: run.id, default=None)


def status(request: MergeRequest) -> str:
    """Its `detailed_merge_status`."""
    place = request.project
    run = head_pipeline(request)
    target = git.branch_head(place, request.target_branch)
    if request.state != "opened":
        return "not_open"
    if request.title.lower().startswith(("draft:", "[draft]", "(draft)")):
        return "draft_status"
    source = git.branch_head(place, request.source_branch)
    if target is None or source is None or git.is_above(place, request.sha, target):
        return "commits_status"
    if place.options.get("only_allow_merge_if_pipeline_succeeds") and (run is None or run.status != "success"):
        return "ci_still_running" if run and run.status not in FINISHED else "ci_must_pass"
    if place.options.get("approvals_before_merge", 0) > len(request.approved_by):
        return "not_approved"
    open_threads = any(note.resolvable and not note.resolved_by for note in request.notes)
    if place.options.get("only_allow_merge_if_all_discussions_are_resolved") and open_threads:
        return "discussions_not_resolved"
    if git.merged_tree(place, target, request.sha) is None:
        return "conflict"
    needs_rebase = place.merge_method != "merge" and not git.is_above(place, target, request.sha)
    return "need_rebase" if needs_rebase else "mergeable"


def merge(state: State, user: Account, request: MergeRequest, given: Document) -> None:
    """Merge it. Raises `Refused`: 401 for who may not, 405 for what cannot be merged, 409 for another head, 422."""
    place = request.project
    if not may_merge(state, user, place, request.target_branch):
        raise Refused(401, "401 Unauthorized")
    wanted, stands = given.get("sha"), status(request)
    if stands == "conflict":
        raise Refused(422, "Branch cannot be merged")
    later = given.get("auto_merge") or given.get("merge_when_pipeline_succeeds")
    run = head_pipeline(request)
    if stands in ("ci_still_running", "mergeable") and later and run and run.status not in FINISHED:
        request.when_checks_pass = user
        work.system(state, user, request, f"enabled an automatic merge when all merge checks for {request.sha} pass")
        return
    if stands != "mergeable":
        raise Refused(405, "405 Method Not Allowed")
    if wanted and wanted != request.sha:
        raise Refused(409, f"SHA does not match HEAD of source branch: {request.sha}")
    target = git.branch_head(place, request.target_branch) or git.NONE
    squash = bool(given.get("squash", request.squash)) or place.options.get("squash_option") == "always"
    text = str(given.get("merge_commit_message") or _message(request))
    landing = request.sha
    if squash:
        tree = git.merged_tree(place, target, request.sha) or ""
        words = str(given.get("squash_commit_message") or request.title)
        landing = request.squash_commit_sha = git.seal(place, user, tree, [target], words)
    if place.merge_method == "merge":
        tree = git.merged_tree(place, target, landing) or ""
        landing = request.merge_commit_sha = git.seal(place, user, tree, [target, landing], text)
    git.move(place, f"refs/heads/{request.target_branch}", landing, target)
    removes = given.get("should_remove_source_branch", request.remove_source_branch)
    _end(state, user, request)
    pushed(state, user, place, f"refs/heads/{request.target_branch}", target, landing)
    if removes and request.source_branch not in place.protections:
        head = git.branch_head(place, request.source_branch) or git.NONE
        put(state, user, place, request.source_branch, git.NONE, head)


def _message(request: MergeRequest) -> str:
    """What GitLab writes by itself."""
    see = f"See merge request {request.project.full_path}!{request.iid}"
    return f"Merge branch '{request.source_branch}' into '{request.target_branch}'\n\n{request.title}\n\n{see}"


def _end(state: State, user: Account, request: MergeRequest) -> None:
    """It is merged."""
    request.state, request.merged_at, request.merged_by = "merged", now(), user
    request.when_checks_pass = None
    work.settle_todos(state, user, request)
    work.system(state, user, request, "merged")
    work.heard(state, user, request, "merge", {"state_id": {"previous": 1, "current": 3}})
    place = request.project
    named = (
        CLOSES.findall(f"{request.title}\n{request.description}")
        if request.target_branch == place.default_branch
        else []
    )
    for number in named:
        issue = place.issues.get(int(number))
        if issue and work.may_change(state, user, issue):
            work.change(state, user, issue, {"state_event": "close"})


def approve(state: State, user: Account, request: MergeRequest, given: Document) -> None:
    """Approve it, once. Raises `Refused`."""
    if state.level(user, request.project) < DEVELOPER or user in request.approved_by or request.state != "opened":
        raise Refused(401, "401 Unauthorized")
    if given.get("sha") and given["sha"] != request.sha:
        raise Refused(409, f"SHA does not match HEAD of source branch: {request.sha}")
    request.approved_by.append(user)
    work.system(state, user, request, "approved this merge request")
    work.heard(state, user, request, "approved", {})


def run(
    state: State, place: Place, ref: str, outcome: str, jobs: Sequence[Any], *, source: str = "push",
    request: int | None = None, user: Account | None = None,
) -> Pipeline:  # fmt: skip
    """A new pipeline of a branch's head, and its event; merges what waited for it."""
    at = now()
    made = Pipeline(
        id=state.next("pipeline"),
        iid=len(place.pipelines) + 1,
        ref=f"refs/merge-requests/{request}/head" if request else ref,
        sha=place.merge_requests[request].sha if request else git.resolve(place, ref) or git.NONE,
        status=outcome,
        source="merge_request_event" if request else source,
        user=user or place.creator,
        created_at=at,
        updated_at=at,
        jobs=list(jobs),
        merge_request=request,
    )
    place.pipelines[made.id] = made
    turn(state, place, made, outcome)
    return made


def turn(state: State, place: Place, made: Pipeline, outcome: str) -> None:
    """A pipeline has another status."""
    made.status, made.updated_at = outcome, now()
    for request in place.merge_requests.values():
        if request.sha == made.sha and request.when_checks_pass and outcome == "success":
            try:
                merge(state, request.when_checks_pass, request, {})
            except Refused as refused:
                request.when_checks_pass, request.merge_error = None, str(refused.body["message"])
    state.tell("Pipeline Hook", place, payloads.of_pipeline(state, place, made))


def example(state: State, user: Account, place: Place, trigger: str) -> tuple[str, Document]:
    """What the test of a hook delivers: without `action`. Raises `Refused` where there is nothing to show."""
    notes = [(item, note) for item in state.works() if item.project is place for note in item.notes if not note.system]
    if trigger in ("issues_events", "confidential_issues_events") and place.issues:
        return "Issue Hook", payloads.of_work(state, user, next(iter(place.issues.values())), "", {})
    if trigger in ("note_events", "confidential_note_events") and notes:
        return "Note Hook", payloads.of_note(state, user, *notes[0], "create")
    if trigger == "merge_requests_events" and place.merge_requests:
        return "Merge Request Hook", payloads.of_work(state, user, next(iter(place.merge_requests.values())), "", {})
    if trigger == "pipeline_events" and place.pipelines:
        return "Pipeline Hook", payloads.of_pipeline(state, place, next(iter(place.pipelines.values())))
    head = git.branch_head(place, place.default_branch)
    if trigger == "push_events" and head:
        ref = f"refs/heads/{place.default_branch}"
        return "Push Hook", payloads.of_push(state, user, place, ref, head, head, [])
    raise Refused(422, {"message": f"Ensure the project has {trigger.removesuffix('_events')}."})
