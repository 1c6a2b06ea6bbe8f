"""Git objects: read through git's own reading process, written as loose files."""

import hashlib
import os
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from registry.commands import GitCommand, system_failure
from registry.errors import RegistryError

FILE, TREE = "100644", "40000"
WHO = "Kowal <kowal@localhost>"


class Entry(NamedTuple):
    """What a tree says of one name."""

    mode: str
    oid: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit taken apart."""

    tree: str
    when: datetime
    message: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An annotated tag taken apart."""

    commit: str
    when: datetime
    message: str


class Objects:
    """The objects of one repository. Safe to use from several threads."""

    def __init__(self, folder: Path, command: GitCommand) -> None:
        self._folder = folder
        self._command = command
        self.commit = lru_cache(maxsize=512)(self._commit)
        """A commit's tree, time and message."""
        self.tree = lru_cache(maxsize=512)(self._tree)
        """What a tree holds, by name. Not to be changed: the same answer is given again."""

    def read(self, oid: str, kind: str) -> bytes:
        """The bytes of an object of that kind."""
        found, data = self._command.read_object(oid)
        if found != kind:
            raise RegistryError(f"Object {oid} in {self._folder} is a {found}, not a {kind}.")
        return data

    def tag(self, oid: str) -> Tag:
        """An annotated tag's commit, time and message."""
        fields, message = _fields(self.read(oid, "tag"))
        return Tag(commit=fields["object"], when=_time(fields["tagger"]), message=message)

    def find(self, root: str, path: Sequence[str]) -> str | None:
        """The object at a path in a tree, or None."""
        oid = root
        for name in path:
            entry = self.tree(oid).get(name)
            if entry is None:
                return None
            oid = entry.oid
        return oid

    def _commit(self, oid: str) -> Commit:
        fields, message = _fields(self.read(oid, "commit"))
        parents = tuple(fields["parent"].split())
        return Commit(tree=fields["tree"], when=_time(fields["committer"]), message=message, parents=parents)

    def _tree(self, oid: str) -> Mapping[str, Entry]:
        data, at, entries = self.read(oid, "tree"), 0, {}
        while at < len(data):
            end = data.index(b"\0", at)
            mode, _, name = data[at:end].partition(b" ")
            entries[name.decode(errors="replace")] = Entry(mode.decode(), data[end + 1 : end + 21].hex())
            at = end + 21
        return entries

    def write(self, kind: str, data: bytes) -> str:
        """The id of the object, which is on disk. Idempotent; needs no ref to be harmless."""
        whole = f"{kind} {len(data)}\0".encode() + data
        oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        path = self._folder / "objects" / oid[:2] / oid[2:]
        if not path.exists():
            try:
                _write_once(path, zlib.compress(whole, 1))
            except OSError as error:
                raise system_failure(error, self._folder) from error
        return oid

    def write_tree(self, entries: Mapping[str, Entry]) -> str:
        """The id of a tree that holds the entries."""
        # git orders a folder as if its name ended in a slash.
        ordered = sorted(entries.items(), key=lambda item: item[0] + "/" * (item[1].mode == TREE))
        parts = (f"{entry.mode} {name}\0".encode() + bytes.fromhex(entry.oid) for name, entry in ordered)
        return self.write("tree", b"".join(parts))

    def write_commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """The id of a commit made now, in the registry's own name."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {_signature()}", f"committer {_signature()}", "", message]
        return self.write("commit", "\n".join(lines).encode())

    def write_tag(self, name: str, commit: str, message: str) -> str:
        """The id of an annotated tag made now, in the registry's own name."""
        lines = [f"object {commit}", "type commit", f"tag {name}", f"tagger {_signature()}", "", message]
        return self.write("tag", "\n".join(lines).encode())

    def replaced(self, root: str, path: Sequence[str], entry: Entry | None) -> str | None:
        """The id of a tree like `root` with `entry` at `path` (None: gone); None where nothing is left."""
        entries = dict(self.tree(root)) if root else {}
        name, *rest = path
        if rest:
            below = self.replaced(entries[name].oid if name in entries else "", rest, entry)
            entry = Entry(TREE, below) if below else None
        entries.pop(name, None)
        if entry:
            entries[name] = entry
        return self.write_tree(entries) if entries else None


def _write_once(path: Path, data: bytes) -> None:
    """Put the file there whole or not at all, also when two processes write it at once."""
    path.parent.mkdir(exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix="tmp_obj_", dir=path.parent)  # git's gc knows this prefix
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o444)
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fields(data: bytes) -> tuple[dict[str, str], str]:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    pairs = (line.partition(" ") for line in head.split("\n"))
    fields: dict[str, str] = {}
    for key, _, value in pairs:
        if key == "parent":
            fields["parent"] = f"{fields.get('parent', '')} {value}"
        else:
            fields.setdefault(key, value)
    return {"parent": "", **fields}, message


def _time(signature: str) -> datetime:
    return datetime.fromtimestamp(int(signature.split()[-2]), UTC)


def _signature() -> str:
    return f"{WHO} {int(time.time())} +0000"
