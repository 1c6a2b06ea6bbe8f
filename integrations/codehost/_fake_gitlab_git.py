"""The repositories of a fake GitLab server: bare ones, worked on by git itself."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from integrations.codehost._fake_gitlab_records import Account, Document, Place
from integrations.codehost._fake_gitlab_world import Project

NONE = "0" * 40
MAIL = "noreply@fake.invalid"
FIELDS = "%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B"
HOOK = """#!/bin/sh
# What GitLab's access checks say of protected branches. The patterns come from the server, one a line.
set -f
while read -r old new ref; do
  case "$ref" in refs/heads/*) branch=${ref#refs/heads/} ;; *) continue ;; esac
  gone=; forced=
  case "$new" in *[!0]*) ;; *) gone=1 ;; esac
  case "$old" in *[!0]*) [ "$gone" ] || git merge-base --is-ancestor "$old" "$new" || forced=1 ;; esac
  if [ "$gone" ] && [ "$branch" = "$FAKE_DEFAULT" ]; then
    echo "GitLab: The default branch of a project cannot be deleted." >&2; exit 1
  fi
  for pattern in $FAKE_PROTECTED; do
    case "$branch" in $pattern) ;; *) continue ;; esac
    if [ "$gone" ]; then
      echo "GitLab: You can only delete protected branches using the web interface." >&2; exit 1
    fi
    case " $FAKE_FORCED " in *" $pattern "*) forced= ;; esac
    if [ "$forced" ]; then
      echo "GitLab: You are not allowed to force push code to a protected branch on this project." >&2; exit 1
    fi
    case " $FAKE_CLOSED " in
      *" $pattern "*)
        echo "GitLab: You are not allowed to push code to protected branches on this project." >&2; exit 1 ;;
    esac
  done
done
exit 0
"""
TOLD = '#!/bin/sh\nexec cat > "$FAKE_PUSHED"\n'
ALONE = {
    "PATH": f"{Path(shutil.which('git') or '/usr/bin/git').parent}{os.pathsep}{os.defpath}",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "LC_ALL": "C",
}
"""No settings of whoever runs it."""


class GitFailed(Exception):
    """git refused; what it said."""


def git(folder: Path, *arguments: str, given: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
    """What git prints in a repository. Raises `GitFailed`."""
    return git_bytes(folder, *arguments, given=given, env=env).decode("utf-8", "replace").rstrip("\n")


def git_bytes(folder: Path, *arguments: str, given: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
    """The same, as bytes."""
    whole = {**ALONE, **(env or {})}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=given or b"", capture_output=True, env=whole, check=False
    )
    if done.returncode:
        raise GitFailed(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Change:
    """A file of a commit: its new content, or None where it goes."""

    path: str
    content: bytes | None
    mode: str = "100644"


def create(place: Place, wanted: Project) -> None:
    """Make the project's repository, with a first commit unless it shall be empty."""
    place.repository.mkdir(parents=True)
    git(place.repository, "init", "--quiet", "--bare", f"--initial-branch={place.default_branch}")
    for name, value in (("http.receivepack", "true"), ("receive.hideRefs", "refs/merge-requests"), ("gc.auto", "0")):
        git(place.repository, "config", name, value)
    for name, text in (("pre-receive", HOOK), ("post-receive", TOLD)):
        hook = place.repository / "hooks" / name
        hook.write_text(text)
        hook.chmod(0o755)
    if not wanted.empty:
        files = {"README.md": f"# {place.path}\n"} | wanted.files
        changes = [Change(path=path, content=text.encode()) for path, text in files.items()]
        first = commit(place, place.creator, None, "Initial commit", changes)
        move(place, f"refs/heads/{place.default_branch}", first, NONE)


def commit(
    place: Place,
    author: Account,
    parent: str | None,
    message: str,
    changes: Sequence[Change],
    *,
    name: str = "",
    email: str = "",
) -> str:
    """A commit with these changes on top of its parent; no branch moves. Its hash."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if parent:
            git(place.repository, "read-tree", parent, env=env)
        lines = []
        for change in changes:
            if change.content is None:
                lines.append(f"0 {NONE}\t{change.path}")
            else:
                blob = git(place.repository, "hash-object", "-w", "--stdin", given=change.content)
                lines.append(f"{change.mode} {blob}\t{change.path}")
        git(place.repository, "update-index", "--index-info", given="\n".join(lines).encode() + b"\n", env=env)
        tree = git(place.repository, "write-tree", env=env)
    return seal(place, author, tree, [parent] if parent else [], message, name=name, email=email)


def seal(
    place: Place, author: Account, tree: str, parents: Sequence[str], message: str, *, name: str = "", email: str = ""
) -> str:
    """A commit of a tree."""
    name, email = name or author.name, email or author.email
    env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email,
           "GIT_COMMITTER_NAME": author.name, "GIT_COMMITTER_EMAIL": author.email}  # fmt: skip
    above = [word for parent in parents for word in ("-p", parent)]
    return git(place.repository, "commit-tree", tree, *above, given=message.encode(), env=env)


def move(place: Place, ref: str, new: str, old: str | None) -> None:
    """Let a ref name another commit, or none. Raises `GitFailed` where it is not the old one any more."""
    if set(new) == {"0"}:
        git(place.repository, "update-ref", "-d", ref, old or "")
    else:
        git(place.repository, "update-ref", ref, new, *([] if old is None else [old]))


def resolve(place: Place, ref: str) -> str | None:
    """The commit of a branch, tag or hash."""
    for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        try:
            return git(place.repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitFailed:
            continue
    return None


def branch_head(place: Place, branch: str) -> str | None:
    """The commit of a branch."""
    try:
        return git(place.repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
    except GitFailed:
        return None


def refs(place: Place, kind: str) -> dict[str, str]:
    """The branches (`heads`) or `tags` with their commits, by name."""
    text = git(place.repository, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", f"refs/{kind}/")
    found = {}
    for line in text.splitlines():
        name, direct, *peeled = line.split()
        found[name.removeprefix(f"refs/{kind}/")] = peeled[0] if peeled else direct
    return found


def log(place: Place, *arguments: str) -> list[Document]:
    """Commits, as `git log` with these arguments has them."""
    text = git_bytes(place.repository, "log", "-z", f"--format={FIELDS}", *arguments).decode("utf-8", "replace")
    return [_commit(line) for line in text.split("\0") if line.strip()]


def _commit(line: str) -> Document:
    sha, parents, name, email, at, committer, address, done, message = line.split("\x1f", 8)
    return {
        "id": sha,
        "short_id": sha[:8],
        "created_at": done,
        "parent_ids": parents.split(),
        "title": message.strip().partition("\n")[0],
        "message": message.rstrip("\n") + "\n" * message.endswith("\n"),
        "author_name": name,
        "author_email": email,
        "authored_date": at,
        "committer_name": committer,
        "committer_email": address,
        "committed_date": done,
        "trailers": {},
        "extended_trailers": {},
    }


def is_above(place: Place, old: str, new: str) -> bool:
    """Whether the one commit is among the ancestors of the other, or the same."""
    try:
        git(place.repository, "merge-base", "--is-ancestor", old, new)
    except GitFailed:
        return False
    return True


def merge_base(place: Place, one: str, other: str) -> str:
    """Their last common ancestor; nothing where they have none."""
    try:
        return git(place.repository, "merge-base", one, other)
    except GitFailed:
        return ""


def merged_tree(place: Place, ours: str, theirs: str) -> str | None:
    """The tree of both; None where they conflict."""
    try:
        return git(place.repository, "merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs)
    except GitFailed:
        return None


def blob(place: Place, commit: str, path: str) -> bytes | None:
    """A file's bytes; None where there is none."""
    try:
        if git(place.repository, "cat-file", "-t", f"{commit}:{path}") != "blob":
            return None
        return git_bytes(place.repository, "cat-file", "blob", f"{commit}:{path}")
    except GitFailed:
        return None


def tree(place: Place, commit: str, path: str, *, recursive: bool) -> list[Document]:
    """What is in a folder. Raises `GitFailed` where there is none."""
    spot = f"{commit}:{path}" if path else commit
    text = git_bytes(place.repository, "ls-tree", "-z", *(["-r", "-t"] if recursive else []), spot).decode()
    found = []
    for line in filter(None, text.split("\0")):
        facts, _, name = line.partition("\t")
        mode, kind, sha = facts.split()
        whole = f"{path}/{name}" if path else name
        found.append({"id": sha, "name": name.rpartition("/")[2], "type": kind, "path": whole, "mode": mode})
    return found


def diffs(place: Place, old: str, new: str) -> list[Document]:
    """The files that differ, with their patches."""
    names = git(place.repository, "diff", "--no-renames", "--name-status", "-z", old, new).split("\0")
    found = []
    for status, path in zip(names[::2], names[1::2], strict=False):
        patch = git(place.repository, "diff", "--no-renames", old, new, "--", path)
        found.append(
            {
                "old_path": path,
                "new_path": path,
                "a_mode": "0" if status == "A" else "100644",
                "b_mode": "0" if status == "D" else "100644",
                "diff": patch[patch.find("@@") :] if "@@" in patch else "",
                "new_file": status == "A",
                "renamed_file": False,
                "deleted_file": status == "D",
                "generated_file": False,
                "collapsed": False,
                "too_large": False,
            }
        )
    return found


def reverted_tree(place: Place, head: str, sha: str) -> str | None:
    """The tree of a head without what a commit brought; None where they conflict.

    A commit on top of it that takes it back, merged into the head: of a merge what its first parent did not have.
    """
    before = git(place.repository, "rev-parse", f"{sha}^1^{{tree}}")
    back = git(place.repository, "commit-tree", before, "-p", sha, "-m", "back", env=_someone())
    return merged_tree(place, head, back)


def picked_tree(place: Place, head: str, sha: str) -> str | None:
    """The tree of a head with what a commit brought; None where they conflict."""
    now = git(place.repository, "rev-parse", f"{head}^{{tree}}")
    beside = git(place.repository, "commit-tree", now, "-p", f"{sha}^1", "-m", "beside", env=_someone())
    return merged_tree(place, beside, sha)


def _someone() -> dict[str, str]:
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    return dict.fromkeys(names, MAIL)
