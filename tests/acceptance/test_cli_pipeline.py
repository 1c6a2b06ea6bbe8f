"""What a pipeline does with a merge request: its very script, run in a clone as a runner makes one."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from host_stand import git

from agent.hosting.pipeline import GITLAB_CI
from registry import read_export


@pytest.fixture
def origin(home, tmp_path):
    """A registry's project, with a few functions."""
    place = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(place))
    home.with_(KOWAL_REGISTRY_REMOTE=str(place)).run("init")
    return place


@pytest.fixture
def merging(origin, home, tmp_path):
    """A clone on a branch, and what runs the pipeline's script for that branch where a runner would."""
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(origin), "work")
    git(work, "switch", "--quiet", "--create", "change", "origin/main")

    def run(*options, base="origin/main"):
        git(work, "push", "--quiet", "--force", "origin", "HEAD:change")
        runner = tmp_path / "runner"
        shutil.rmtree(runner, ignore_errors=True)
        git(tmp_path, "init", "--quiet", "runner")
        git(runner, "remote", "add", "origin", f"file://{origin}")
        git(runner, "fetch", "--quiet", *options, "origin", "change")
        git(runner, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        job = yaml.safe_load(GITLAB_CI)["verify"]
        script = "set -e\n" + "\n".join(job["script"])
        folder = Path(home.command).parent
        own = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": git(work, "merge-base", base, "HEAD"), "KOWAL_REGISTRY": "/nowhere"}
        variables = {**home.environment, **own, "PATH": f"{folder}:{os.environ['PATH']}"}
        words = ["sh", "-c", script]
        done = subprocess.run(words, cwd=runner, env=variables, capture_output=True, text=True, check=False)
        assert git(runner, "status", "--porcelain") == ""
        return done

    return work, run


def folder_in(work, name):
    """The function's folder."""
    return next(work.glob(f"functions/*/{name}"))


def test_what_the_pipeline_is(home):
    """It runs for merge requests and nothing else, on all of the history, with an image that people may choose."""
    told = yaml.safe_load(GITLAB_CI)
    assert told["variables"] == {"KOWAL_IMAGE": "python:3.12"}
    job = told["verify"]
    assert job["image"] == "$KOWAL_IMAGE"
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert job["variables"] == {"GIT_DEPTH": "0"}
    assert all("pip" not in line for line in job["script"])


def test_a_candidate_that_would_be_let_in_passes(merging):
    """What the branch changes is verified, and nothing else; the runner needs no registry of its own."""
    work, run = merging
    folder = folder_in(work, "count_words")
    path = folder / "function.json"
    changed = {**json.loads(path.read_text()), "aliases": ["how many words"]}
    path.write_text(json.dumps(changed, indent=2, ensure_ascii=False) + "\n")
    restamped(folder)
    git(work, "commit", "--quiet", "--all", "--message", "Another word for it")
    done = run()
    assert done.returncode == 0, done.stderr
    assert "✓ count_words" in done.stdout
    assert "slugify" not in done.stdout


def restamped(folder):
    """Have the evidence be of the files as they are now: whoever changes those may do that, too."""
    path = folder / "evidence.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": read_export(folder).digest}) + "\n")


def test_one_that_would_not_be_let_in_fails(merging):
    """A wrong function, with evidence that was made to fit, is found by its own tests."""
    work, run = merging
    folder = folder_in(work, "count_words")
    source = (folder / "function.py").read_text()
    (folder / "function.py").write_text(source.replace("return ", "return 1 + ", 1))
    restamped(folder)
    git(work, "commit", "--quiet", "--all", "--message", "One more")
    done = run()
    assert done.returncode == 4, done.stdout + done.stderr
    assert "✗ count_words" in done.stdout


def test_evidence_of_other_files_fails(merging):
    """Nothing vouches for it, whatever it does."""
    work, run = merging
    path = folder_in(work, "slugify") / "function.py"
    path.write_text(path.read_text() + "\n# a remark\n")
    git(work, "commit", "--quiet", "--all", "--message", "A remark")
    done = run()
    assert done.returncode == 4
    assert "belongs to other files" in done.stderr


def test_what_changes_no_function_passes(merging):
    """A README is people's own."""
    work, run = merging
    (work / "README.md").write_text("Ours\n")
    git(work, "commit", "--quiet", "--all", "--message", "Say whose it is")
    done = run()
    assert done.returncode == 0, done.stderr
    assert "no function changes" in done.stdout


def test_a_part_of_the_history_is_not_enough(merging):
    """What was there before cannot be told; the message says how to have the rest."""
    work, run = merging
    (work / "README.md").write_text("Ours\n")
    git(work, "commit", "--quiet", "--all", "--message", "Say whose it is")
    done = run("--depth=1")
    assert done.returncode == 7
    assert "--unshallow" in done.stderr
