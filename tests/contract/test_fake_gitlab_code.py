"""The fake GitLab server's code: git over HTTP, branches, commits, merge requests, pipelines."""

import json
import os
import subprocess
from pathlib import Path

import gitlab
import httpx
import pytest

from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, Refused, User, World

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
DOCUMENT = SHARED / "contracts/gitlab/gitlab-bot-subset.json"
SCHEMAS = DOCUMENT if DOCUMENT.exists() else None
FORGE = "tools/forge"
NOBODY = "0" * 40
WORLD = World(
    users=tuple(User(username=name, token=f"{name}-token") for name in ("kowal", "ann", "bob", "eve")),
    groups=(Group(path="tools", members={"ann": 40}),),
    projects=(
        Project(path=FORGE, members={"kowal": 30, "bob": 20}, files={"a.txt": "one\n"}),
        Project(path="tools/bare", members={"kowal": 30}, empty=True),
    ),
)


@pytest.fixture
def fake():
    """The server, listening; what it says fits the document."""
    with FakeGitLab(WORLD, schemas=SCHEMAS) as server:
        yield server
        assert server.judge.faults == []


@pytest.fixture
def forge(fake):
    """The project, as python-gitlab gives it to the bot; with `as_ann`, as the maintainer has it."""
    with (
        gitlab.Gitlab(fake.url, private_token="kowal-token") as bot,
        gitlab.Gitlab(fake.url, private_token="ann-token") as ann,
    ):
        project = bot.projects.get(FORGE)
        project.__dict__["as_ann"] = ann.projects.get(FORGE)
        yield project


def status_of(act):
    """The status and the message with which python-gitlab's call is refused."""
    with pytest.raises(gitlab.GitlabError) as caught:
        act()
    return caught.value.response_code, caught.value.error_message


def git(*command, at=None):
    """What git did, without anybody's settings and without asking for passwords."""
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    env |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "K") | dict.fromkeys(
        ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "k@example.org"
    )
    return subprocess.run(["git", *command], cwd=at, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(fake, tmp_path):
    """The bot's clone, with a commit on the branch `candidate/x` that is not pushed yet."""
    assert git("clone", "-q", fake.clone_url(FORGE, "kowal"), str(tmp_path / "clone")).returncode == 0
    at = tmp_path / "clone"
    git("switch", "-qc", "candidate/x", at=at)
    (at / "new.txt").write_text("new\n")
    git("add", ".", at=at)
    git("commit", "-qm", "Something new", at=at)
    return at


def test_git_clones_fetches_and_pushes(fake, clone):
    """Real git, over HTTP with a token as the password: branches, other refs, tags; the server has them at once."""
    assert git("push", "-q", "origin", "candidate/x", at=clone).returncode == 0
    head = git("rev-parse", "HEAD", at=clone).stdout.strip()
    assert fake.heads(FORGE)["candidate/x"] == head
    assert git("push", "-q", "origin", "HEAD:refs/kowal/canary/f", at=clone).returncode == 0
    assert f"{head}\trefs/kowal/canary/f" in git("ls-remote", "origin", at=clone).stdout
    new = fake.pushes("kowal", FORGE, "candidate/x", {"other.txt": "x\n"})
    assert git("pull", "-q", "origin", "candidate/x", at=clone).returncode == 0
    assert git("rev-parse", "HEAD", at=clone).stdout.strip() == new
    assert git("push", "-q", "origin", ":candidate/x", at=clone).returncode == 0
    assert set(fake.heads(FORGE)) == {"main"}
    assert fake.calls["git-receive-pack"] >= 4


def test_large_pushes_arrive_whole(fake, clone):
    """What git sends in pieces, and compressed, is put together."""
    (clone / "big.bin").write_bytes(os.urandom(3_000_000))
    git("add", ".", at=clone)
    git("commit", "-qm", "Large", at=clone)
    assert git("-c", "http.postBuffer=65536", "push", "-q", "origin", "HEAD", at=clone).returncode == 0
    assert fake.heads(FORGE)["candidate/x"] == git("rev-parse", "HEAD", at=clone).stdout.strip()


@pytest.mark.parametrize(
    ("refspec", "said"),
    [
        ("HEAD:main", "GitLab: You are not allowed to push code to protected branches on this project."),
        (":main", "GitLab: The default branch of a project cannot be deleted."),
        (":keep/one", "GitLab: You can only delete protected branches using the web interface."),
        ("HEAD:keep/two", "GitLab: You are not allowed to push code to protected branches on this project."),
    ],
)
def test_protected_branches_are_kept(fake, clone, refspec, said):
    """A push to them is declined by the hook, with GitLab's words, for a developer; patterns hold, too."""
    fake.pushes("kowal", FORGE, "keep/one", {"x": "y"})
    fake.protects(FORGE, "keep/*")
    before = fake.heads(FORGE)
    done = git("push", "origin", refspec, at=clone)
    assert done.returncode == 1
    assert f"remote: {said}" in done.stderr
    assert "(pre-receive hook declined)" in done.stderr
    assert fake.heads(FORGE) == before


def test_who_may_push_to_a_protected_branch_is_said_by_its_rule(fake, clone):
    """By level or by name; `No one` is nobody, and a forced push is nobody's unless the rule allows it."""
    to_main = lambda user: git("push", fake.clone_url(FORGE, user), "HEAD:main", at=clone)  # noqa: E731
    fake.protects(FORGE, "main", push=0)
    assert to_main("ann").returncode == 1
    fake.protects(FORGE, "main", push=0, users=["kowal"])
    assert to_main("kowal").returncode == 0
    fake.protects(FORGE, "main")
    git("commit", "-q", "--amend", "-m", "Otherwise", at=clone)
    forced = git("push", "--force", fake.clone_url(FORGE, "ann"), "HEAD:main", at=clone)
    assert "not allowed to force push" in forced.stderr


def test_strangers_and_readers_are_told_apart(fake, clone):
    """Who sees nothing finds nothing, who may read cannot push, and a wrong token is no password."""
    assert "not found" in git("ls-remote", fake.clone_url(FORGE, "eve")).stderr
    assert "refs/heads/main" in git("ls-remote", fake.clone_url(FORGE, "bob")).stdout
    assert "403" in git("push", fake.clone_url(FORGE, "bob"), "HEAD:x", at=clone).stderr
    assert "Access denied" in git("ls-remote", fake.clone_url(FORGE).replace("://", "://u:wrong@")).stderr
    fake.revoke("kowal")
    assert "Access denied" in git("push", "origin", "HEAD", at=clone).stderr


def test_git_meets_faults_too(fake, clone):
    """A push that fails at the door changes nothing; one whose answer is lost is there."""
    fake.breaks("git-receive-pack", status=503, times=2)
    assert git("push", "origin", "HEAD", at=clone).returncode != 0
    assert set(fake.heads(FORGE)) == {"main"}
    fake.heal()
    fake.breaks("git-upload-pack", status=0)
    assert git("fetch", "origin", at=clone).returncode != 0
    assert git("push", "origin", "HEAD", at=clone).returncode == 0
    assert set(fake.heads(FORGE)) == {"main", "candidate/x"}


def test_branches_are_listed_made_and_removed(forge, fake):
    """With what one may do to them; a second one of a name, a bad name and the default branch are refused."""
    made = forge.branches.create({"branch": "candidate/a/1", "ref": "main"})
    assert (made.protected, made.can_push, made.default) == (False, True, False)
    main = forge.branches.get("main")
    assert (main.protected, main.can_push, main.default) == (True, False, True)
    assert forge.as_ann.branches.get("main").can_push is True
    assert [one.name for one in forge.branches.list(search="candi", get_all=True)] == ["candidate/a/1"]
    assert [one.name for one in forge.branches.list(search="^ma", get_all=True)] == ["main"]
    assert [one.name for one in forge.branches.list(regex="^candidate/.*1$", get_all=True)] == ["candidate/a/1"]
    again = status_of(lambda: forge.branches.create({"branch": "candidate/a/1", "ref": "main"}))
    assert again == (400, "Branch already exists")
    assert status_of(lambda: forge.branches.create({"branch": "a..b", "ref": "main"})) == (
        400,
        "Branch name is invalid",
    )
    assert status_of(lambda: forge.branches.create({"branch": "b", "ref": "no"}))[0] == 400
    assert status_of(lambda: forge.branches.delete("main"))[0] == 405
    forge.branches.delete("candidate/a/1")
    assert status_of(lambda: forge.branches.get("candidate/a/1")) == (404, "404 Branch Not Found")


def test_commits_change_files_in_one_go(forge, fake):
    """All actions or none, on a branch that is there or one that is started; what does not fit is refused."""
    made = forge.commits.create(
        {
            "branch": "candidate/b",
            "start_branch": "main",
            "commit_message": "Several things",
            "actions": [
                {"action": "create", "file_path": "dir/b.txt", "content": "Yg==", "encoding": "base64"},
                {"action": "update", "file_path": "a.txt", "content": "two\n"},
                {"action": "move", "file_path": "READ.md", "previous_path": "README.md"},
            ],
        }
    )
    assert made.title == "Several things"
    assert forge.files.get("dir/b.txt", ref="candidate/b").decode() == b"b"
    tree = forge.repository_tree(ref="candidate/b", recursive=True, get_all=True)
    assert [one["path"] for one in tree] == ["READ.md", "a.txt", "dir", "dir/b.txt"]
    assert [one["path"] for one in forge.repository_tree(path="dir", ref="candidate/b", get_all=True)] == ["dir/b.txt"]
    for branch, action, status in (
        ("candidate/b", {"action": "create", "file_path": "a.txt", "content": ""}, 400),
        ("candidate/b", {"action": "update", "file_path": "none", "content": ""}, 400),
        ("candidate/b", {"action": "delete", "file_path": "a.txt", "last_commit_id": NOBODY}, 400),
        ("candidate/new", {"action": "delete", "file_path": "a.txt"}, 400),
        ("main", {"action": "delete", "file_path": "a.txt"}, 403),
    ):
        given = {"branch": branch, "commit_message": "m", "actions": [action]}
        assert status_of(lambda given=given: forge.commits.create(given))[0] == status
    log = forge.commits.list(query_parameters={"ref_name": "candidate/b", "path": "a.txt"}, get_all=True)
    assert [one.title for one in log] == ["Several things", "Initial commit"]
    compared = forge.repository_compare("main", "candidate/b")
    assert {one["new_path"] for one in compared["diffs"]} == {"READ.md", "README.md", "a.txt", "dir/b.txt"}


def test_files_and_tags_are_written(forge):
    """One file at a time, and tags of commits."""
    forge.branches.create({"branch": "f", "ref": "main"})
    file = forge.files.create({"file_path": "x/y.txt", "branch": "f", "content": "1", "commit_message": "m"})
    file.content = "2"
    file.save(branch="f", commit_message="n")
    assert forge.files.raw("x/y.txt", ref="f") == b"2"
    forge.files.delete("x/y.txt", branch="f", commit_message="o")
    assert status_of(lambda: forge.files.get("x/y.txt", ref="f")) == (404, "404 File Not Found")
    forge.tags.create({"tag_name": "v1", "ref": "main"})
    assert [tag.name for tag in forge.tags.list(get_all=True)] == ["v1"]
    assert forge.tags.get("v1").target == forge.branches.get("main").commit["id"]


def request(fake, branch="candidate/x", files=None, **more):
    """A merge request of the bot, with a file; its iid."""
    fake.pushes("kowal", FORGE, branch, files or {f"{branch}.txt": "x\n"})
    return fake.opens_mr("kowal", FORGE, branch, f"Add {branch}", **more)


def test_merge_requests_are_opened_once(forge, fake):
    """A second open one for the same branch is refused with the number of the first; others are listed by branch."""
    first = request(fake)
    given = {"source_branch": "candidate/x", "target_branch": "main", "title": "again"}
    refused = status_of(lambda: forge.mergerequests.create(given))
    assert refused[0] == 409
    assert f"Another open merge request already exists for this source branch: !{first}" in str(refused[1])
    missing = given | {"source_branch": "none"}
    assert status_of(lambda: forge.mergerequests.create(missing))[0] == 400
    fake.closes_mr("ann", FORGE, first)
    second = forge.mergerequests.create(given | {"labels": ["kowal"], "remove_source_branch": True})
    assert second.detailed_merge_status == "preparing"
    shown = forge.mergerequests.list(state="opened", source_branch="candidate/x", get_all=True)
    assert [one.iid for one in shown] == [second.iid]
    assert forge.mergerequests.list(state="merged", get_all=True) == []
    assert forge.mergerequests.get(second.iid).labels == ["kowal"]


def test_who_may_merges(forge, fake):
    """401 for a developer at a protected branch, 409 with another head, and then it is merged and the branch gone."""
    number = request(fake, remove_source_branch=True)
    asked = forge.mergerequests.get(number)
    assert (asked.detailed_merge_status, asked.attributes["user"]["can_merge"]) == ("mergeable", False)
    assert status_of(asked.merge) == (401, "401 Unauthorized")
    theirs = forge.as_ann.mergerequests.get(number)
    stale = status_of(lambda: theirs.merge(sha=NOBODY))
    assert stale == (409, f"SHA does not match HEAD of source branch: {asked.sha}")
    theirs.approve()
    assert status_of(theirs.approve)[0] == 401
    theirs.merge(sha=asked.sha)
    done = forge.mergerequests.get(number)
    assert (done.state, done.merge_user["username"], done.detailed_merge_status) == ("merged", "ann", "not_open")
    assert done.merged_at is not None
    assert fake.heads(FORGE) == {"main": done.merge_commit_sha}
    assert forge.commits.get(done.merge_commit_sha).parent_ids[1] == asked.sha
    assert status_of(theirs.merge)[0] == 405
    assert [one["user"]["username"] for one in theirs.approvals.get().approved_by] == ["ann"]


@pytest.mark.parametrize("method", ["merge", "ff", "squash"])
def test_merge_methods_leave_their_commits(forge, fake, method):
    """A merge commit, no new commit, or one squashed commit and the merge of it."""
    if method == "ff":
        forge.as_ann.merge_method = "ff"
        forge.as_ann.save()
    number = request(fake)
    head = fake.pushes("kowal", FORGE, "candidate/x", {"second.txt": "x"})
    before = fake.heads(FORGE)["main"]
    fake.merges("ann", FORGE, number, squash=method == "squash")
    done, tip = fake.mrs(FORGE)[0], fake.heads(FORGE)["main"]
    parents = forge.commits.get(tip).parent_ids
    if method == "ff":
        assert (tip, done["merge_commit_sha"], done["squash_commit_sha"]) == (head, None, None)
    else:
        assert tip == done["merge_commit_sha"]
        assert parents == [before, done["squash_commit_sha"] if method == "squash" else head]
    assert forge.files.get("second.txt", ref="main").decode() == b"x"


def test_what_cannot_be_merged_says_why(forge, fake):
    """Conflicts, drafts, closed ones, red pipelines, open threads and a branch behind, each by its status."""
    number = request(fake, files={"a.txt": "ours\n"})
    fake.pushes("ann", FORGE, "main", {"a.txt": "theirs\n"})
    theirs = forge.as_ann.mergerequests
    assert theirs.get(number).detailed_merge_status == "conflict"
    assert theirs.get(number).has_conflicts is True
    assert status_of(theirs.get(number).merge) == (422, "Branch cannot be merged")
    other = request(fake, "candidate/y")
    for change, back, status in (
        ({"title": "Draft: y"}, {"title": "y"}, "draft_status"),
        ({"state_event": "close"}, {"state_event": "reopen"}, "not_open"),
    ):
        theirs.update(other, change)
        assert theirs.get(other).detailed_merge_status == status
        assert status_of(theirs.get(other).merge) == (405, "405 Method Not Allowed")
        theirs.update(other, back)
    settings = forge.as_ann.manager
    settings.update(FORGE, {"only_allow_merge_if_pipeline_succeeds": True})
    for outcome, status in (("running", "ci_still_running"), ("failed", "ci_must_pass"), ("success", "mergeable")):
        fake.pipeline(FORGE, "candidate/y", outcome)
        assert theirs.get(other).detailed_merge_status == status
    settings.update(FORGE, {"only_allow_merge_if_all_discussions_are_resolved": True})
    thread = theirs.get(other).discussions.create({"body": "why?"})
    assert theirs.get(other).detailed_merge_status == "discussions_not_resolved"
    theirs.get(other).discussions.update(thread.id, {"resolved": True})
    settings.update(FORGE, {"merge_method": "ff"})
    fake.pushes("ann", FORGE, "main", {"more.txt": "x"})
    assert theirs.get(other).detailed_merge_status == "need_rebase"


def test_a_push_moves_the_merge_request(fake, clone):
    """A push to its branch changes `sha`, `updated_at` and takes approvals back; one of it to its target merges it."""
    git("push", "-q", "origin", "candidate/x", at=clone)
    number = fake.opens_mr("kowal", FORGE, "candidate/x", "t")
    fake.approves("ann", FORGE, number)
    before = fake.mrs(FORGE)[0]
    git("commit", "-q", "--allow-empty", "-m", "more", at=clone)
    git("push", "-q", "origin", "candidate/x", at=clone)
    after = fake.mrs(FORGE)[0]
    assert after["sha"] == git("rev-parse", "HEAD", at=clone).stdout.strip() != before["sha"]
    assert after["updated_at"] >= before["updated_at"]
    assert f"{after['sha']}\trefs/merge-requests/{number}/head" in git("ls-remote", "origin", at=clone).stdout
    assert git("push", fake.clone_url(FORGE, "ann"), "HEAD:main", at=clone).returncode == 0
    assert fake.mrs(FORGE)[0]["state"] == "merged"
    assert fake.mrs(FORGE)[0]["merge_user"]["username"] == "ann"


def test_merge_requests_are_talked_about(forge, fake):
    """Notes, threads and signs, as on issues; todos remind the bot of them."""
    number = request(fake)
    fake.comments_mr("ann", FORGE, number, "@kowal why?")
    asked = forge.mergerequests.get(number)
    asked.notes.create({"body": "because"})
    asked.awardemojis.create({"name": "eyes"})
    assert [note["body"] for note in fake.mrs(FORGE)[0]["notes"]] == ["@kowal why?", "because"]
    todos = forge.manager.gitlab.todos.list(state="done", get_all=True)
    assert [(one.action_name, one.target_type) for one in todos] == [("directly_addressed", "MergeRequest")]


def test_pipelines_and_their_jobs_are_read(forge, fake):
    """Status, jobs and logs of a pipeline, those of a merge request, and its head pipeline."""
    number = request(fake)
    first = fake.pipeline(FORGE, "candidate/x", "running", {"verify": ("running", "")})
    second = fake.pipeline(
        FORGE, "candidate/x", "failed", {"build": ("success", "ok"), "verify": ("failed", "boom\n")}, mr=number
    )
    assert forge.mergerequests.get(number).head_pipeline["id"] == second
    assert [run.id for run in forge.mergerequests.get(number).pipelines.list(get_all=True)] == [second, first]
    assert [run.id for run in forge.pipelines.list(ref="candidate/x", status="running", get_all=True)] == [first]
    since = forge.pipelines.get(second).updated_at
    assert second in [run.id for run in forge.pipelines.list(updated_after=since, get_all=True)]
    failed = forge.pipelines.get(second).jobs.list(scope="failed", get_all=True)
    assert [(job.name, job.status) for job in failed] == [("verify", "failed")]
    log = forge.jobs.get(failed[0].id).trace()
    assert log == b"boom\n"
    fake.turns(FORGE, first, "success")
    assert forge.pipelines.get(first).status == "success"
    assert status_of(lambda: forge.pipelines.get(99))[0] == 404


def test_a_merge_waits_for_its_pipeline(forge, fake):
    """Asked to merge when the checks pass, the server does so by itself once the pipeline has succeeded."""
    number = request(fake)
    run = fake.pipeline(FORGE, "candidate/x", "running")
    forge.as_ann.mergerequests.get(number).merge(merge_when_pipeline_succeeds=True)
    assert forge.mergerequests.get(number).state == "opened"
    fake.turns(FORGE, run, "success")
    assert forge.mergerequests.get(number).merge_user["username"] == "ann"
    assert forge.mergerequests.get(number).state == "merged"
    other = request(fake, "candidate/y", {"a.txt": "ours\n"})
    run = fake.pipeline(FORGE, "candidate/y", "running")
    forge.as_ann.mergerequests.get(other).merge(merge_when_pipeline_succeeds=True)
    fake.pushes("ann", FORGE, "main", {"a.txt": "theirs\n"})
    fake.turns(FORGE, run, "success")
    stuck = forge.mergerequests.get(other)
    assert (stuck.state, stuck.merge_error) == ("opened", "Branch cannot be merged")


def test_a_merge_closes_the_issues_that_it_names(fake):
    """`Closes #1` in the description closes it, with the merge into the default branch; others stay open."""
    first, second = (fake.creates_issue("bob", FORGE, name) for name in ("first", "second"))
    number = request(fake, description=f"Closes #{first}, see #{second}")
    assert fake.issue(FORGE, first)["state"] == "opened"
    fake.merges("ann", FORGE, number)
    assert [fake.issue(FORGE, one)["state"] for one in (first, second)] == ["closed", "opened"]


def test_merges_are_taken_back(forge, fake):
    """The revert of a merge commit takes out what it brought; a second one finds nothing to do."""
    number = request(fake)
    fake.merges("ann", FORGE, number)
    merged = fake.mrs(FORGE)[0]["merge_commit_sha"]
    forge.branches.create({"branch": "rollback", "ref": "main"})
    commit = forge.commits.get(merged)
    assert status_of(lambda: commit.revert(branch="main"))[0] == 403
    commit.revert(branch="rollback")
    names = [one["path"] for one in forge.repository_tree(ref="rollback", get_all=True)]
    assert names == ["README.md", "a.txt"]
    assert status_of(lambda: commit.revert(branch="rollback"))[0] == 400


def test_protected_branches_are_set_by_maintainers(forge, fake):
    """With levels and users; a second rule for a name is refused, and developers have no say."""
    rules = forge.as_ann.protectedbranches
    given = {
        "name": "production",
        "push_access_level": 0,
        "merge_access_level": 40,
        "allowed_to_push": [{"user_id": 1}],
    }
    made = rules.create(given)
    assert [one["access_level"] for one in made.push_access_levels] == [0, None]
    assert made.push_access_levels[1]["user_id"] == 1
    assert status_of(lambda: rules.create(given))[0] == 409
    assert {one.name for one in rules.list(get_all=True)} == {"main", "production"}
    assert status_of(lambda: forge.protectedbranches.list(get_all=True))[0] == 403
    fake.pushes("kowal", FORGE, "production", {"p": "q"})
    with pytest.raises(Refused, match="403"):
        fake.pushes("ann", FORGE, "production", {"p": "r"})
    rules.delete("production")
    assert fake.pushes("ann", FORGE, "production", {"p": "r"}) == fake.heads(FORGE)["production"]


def test_hooks_hear_of_code(forge, fake, clone):
    """Pushes, merge requests and pipelines are events, with what changed and who did it."""
    events = dict.fromkeys(("push_events", "merge_requests_events", "pipeline_events"), True)
    forge.as_ann.hooks.create({"url": "http://127.0.0.1:9/", **events})
    git("push", "-q", "origin", "candidate/x", at=clone)
    number = fake.opens_mr("kowal", FORGE, "candidate/x", "t")
    fake.pipeline(FORGE, "candidate/x", "failed", {"verify": ("failed", "")}, mr=number)
    fake.merges("ann", FORGE, number)
    assert fake.settle()
    told = [json.loads(one.body) for one in fake.delivered]
    assert [one["object_kind"] for one in told] == ["push", "merge_request", "pipeline", "merge_request", "push"]
    assert (told[0]["ref"], told[0]["before"], told[0]["user_username"]) == ("refs/heads/candidate/x", NOBODY, "kowal")
    assert told[0]["commits"][-1]["title"] == "Something new"
    assert (told[1]["object_attributes"]["action"], told[1]["object_attributes"]["source_branch"]) == (
        "open",
        "candidate/x",
    )
    assert (told[2]["object_attributes"]["status"], told[2]["merge_request"]["iid"]) == ("failed", number)
    assert (told[3]["object_attributes"]["action"], told[3]["user"]["username"]) == ("merge", "ann")
    assert told[4]["after"] == fake.heads(FORGE)["main"]


def test_an_empty_project_takes_its_first_commit(fake, tmp_path):
    """It has no branches, and the first push makes its default one, by who may push there."""
    with httpx.Client(base_url=f"{fake.url}/api/v4/", headers={"PRIVATE-TOKEN": "ann-token"}) as ann:
        assert ann.get("projects/tools%2Fbare/repository/branches").json() == []
    git("init", "-q", "-b", "main", str(tmp_path / "new"))
    git("commit", "-q", "--allow-empty", "-m", "first", at=tmp_path / "new")
    assert git("push", fake.clone_url("tools/bare", "kowal"), "main", at=tmp_path / "new").returncode == 1
    assert git("push", fake.clone_url("tools/bare", "ann"), "main", at=tmp_path / "new").returncode == 0
    assert set(fake.heads("tools/bare")) == {"main"}
