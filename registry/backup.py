"""All that Kowal remembers as one file, and back: the registry and the operational database, checked.

The database is copied first: what it says was made is then in the registry, which is copied after it.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from registry.bundle import read_bundle, write_bundle
from registry.copies import Copier, aside_of, copier_for, sync
from registry.errors import BackupFailed, BadBackup
from registry.schema import REVISION

FORMAT = 1
"""Of the file. A newer one is refused."""
MANIFEST, DATABASE, REGISTRY = "manifest.json", "database", "registry.bundle"
MOST_MANIFEST_BYTES = 1 << 20
_PIECE = 1 << 20


class Part(BaseModel):
    """One file in a backup."""

    model_config = ConfigDict(frozen=True)

    size: int
    """In bytes."""
    sha256: str
    """Hexadecimal."""


class Contents(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True)

    format: int
    made_at: datetime
    """With a time zone."""
    versions: Mapping[str, str]
    """Of what wrote it."""
    kind: str
    """Of the database: `sqlite` or `postgres`."""
    revision: str
    """The newest migration of the database."""
    refs: int
    """How many the registry has."""
    parts: Mapping[str, Part]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back, and where that is which was there before."""

    contents: Contents
    aside: tuple[str, ...]


def back_up(registry: Path, database: str, file: Path, now: datetime) -> Contents:
    """Write a backup, while workers go on; what is in it. The file is there as a whole or not at all.

    Raises `BackupFailed`, also where the file is there already, and as the registry's failures do.
    """
    with _failing(f"The backup {file} cannot be written"):
        if file.exists():
            raise BackupFailed(f"There is a file {file} already.", advice="Name a new one: a backup replaces none.")
        if not registry.exists():
            raise BackupFailed(f"There is no registry at {registry}.")
        with _folder_beside(file) as draft:
            copier = copier_for(database)
            revision = copier.copy_to(draft / DATABASE)
            refs = write_bundle(registry, draft / REGISTRY)
            contents = Contents(
                format=FORMAT,
                made_at=now,
                versions={name: version(name) for name in ("kowal", "dbos")},
                kind=copier.kind,
                revision=revision,
                refs=refs,
                parts={name: _part(draft / name) for name in (DATABASE, REGISTRY)},
            )
            pack(draft, contents)
            sync(draft / "whole")
            (draft / "whole").rename(file)
            sync(file.parent)
    return contents


def restore(file: Path, registry: Path, database: str, now: datetime, *, replace: bool) -> Restored:
    """Put back what a backup holds. All of it is looked at before anything changes; then all of it comes, or nothing.

    What is there is moved aside where `replace` says so; nothing is deleted. Raises `BadBackup` for a file that is
    damaged, newer, or of another kind of database, `BackupFailed` where something is there or in use.
    """
    with _failing(f"The backup {file} cannot be restored"), _opened(file) as tar:
        contents, copier = _contents(tar), copier_for(database)
        _refuse_unfit(contents, copier)
        _refuse_to_overwrite(registry, copier, replace=replace)
        with _folder_beside(registry) as draft:
            for name in (DATABASE, REGISTRY):
                _extract(tar, name, contents.parts[name], draft / name)
            read_bundle(draft / REGISTRY, draft / "registry.git")
            with _in_place(draft / "registry.git", registry, now) as registry_aside:
                database_aside = copier.restore_from(draft / DATABASE, now)
    return Restored(contents=contents, aside=tuple(filter(None, (registry_aside, database_aside))))


@contextmanager
def _failing(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupFailed(f"{what}: {error.strerror or error}.") from error


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A private folder on the file system of the path, which goes away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _part(path: Path) -> Part:
    with path.open("rb") as data:
        return Part(size=path.stat().st_size, sha256=hashlib.file_digest(data, "sha256").hexdigest())


def pack(draft: Path, contents: Contents) -> None:
    """The parts as one file, `whole`, which only its owner reads: the manifest stands first."""
    written = contents.model_dump_json(indent=2).encode()
    head = tarfile.TarInfo(MANIFEST)
    head.size, head.mode = len(written), 0o600
    descriptor = os.open(draft / "whole", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w") as tar:  # noqa: PTH123 (a descriptor)
        tar.addfile(head, BytesIO(written))
        for name in contents.parts:
            tar.add(draft / name, name)


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    except tarfile.TarError as error:
        raise BadBackup(f"{file} is no backup of Kowal, or not a whole one: {error}.") from error


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file in the backup. Raises `BadBackup`."""
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise BadBackup(f"{named(tar)} is no backup of Kowal, or not a whole one: it lacks `{name}`.")
    return found


def named(tar: tarfile.TarFile) -> str:
    """The backup's file, for people."""
    return os.fsdecode(tar.name or "the file")


def _contents(tar: tarfile.TarFile) -> Contents:
    """What the backup says that it holds. Raises `BadBackup`."""
    try:
        contents = Contents.model_validate_json(_member(tar, MANIFEST).read(MOST_MANIFEST_BYTES))
    except ValidationError as error:
        raise BadBackup(f"{named(tar)} is no backup of Kowal: its `{MANIFEST}` cannot be read.") from error
    if missing := {DATABASE, REGISTRY} - contents.parts.keys():
        raise BadBackup(f"{named(tar)} is not a whole backup: it lacks `{min(missing)}`.")
    return contents


def _refuse_unfit(contents: Contents, copier: Copier) -> None:
    if contents.format > FORMAT or contents.revision > REVISION:
        by = contents.versions.get("kowal", "?")
        raise BadBackup(
            f"The backup was made by a newer Kowal ({by}): this one reads format {FORMAT}, database {REVISION}; "
            f"it has format {contents.format}, database {contents.revision}.",
            advice="Install the newest release of Kowal and repeat; nothing was changed.",
        )
    if contents.kind != copier.kind:
        raise BadBackup(
            f"The backup holds a {contents.kind} database, and the settings name one of {copier.kind}.",
            advice=f"Set `database` to one of {contents.kind} and repeat; nothing was changed.",
        )


def _refuse_to_overwrite(registry: Path, copier: Copier, *, replace: bool) -> None:
    there = [f"a registry at {registry}"] if registry.exists() else []
    there += ["an operational database"] if copier.is_there() else []
    if there and not replace:
        raise BackupFailed(
            f"There is {' and '.join(there)} already.", advice="`kowal restore FILE --replace` moves it aside first."
        )


def _extract(tar: tarfile.TarFile, name: str, part: Part, to: Path) -> None:
    """Write the member to a file. Raises `BadBackup` where it is not what it was."""
    digest, size = hashlib.sha256(), 0
    with _member(tar, name) as data, to.open("wb") as out:
        while piece := data.read(_PIECE):
            size += len(piece)
            digest.update(piece)
            out.write(piece)
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise BadBackup(f"{named(tar)} is damaged: `{name}` is not what was written.")


@contextmanager
def _in_place(draft: Path, place: Path, now: datetime) -> Iterator[str]:
    """Have the draft stand in the place within the block, and afterwards unless that raises; where the old one is."""
    aside = aside_of(place, now) if place.exists() else None
    if aside:
        place.rename(aside)
    try:
        draft.rename(place)
        try:
            yield str(aside) if aside else ""
        except BaseException:
            place.rename(draft)
            raise
    except BaseException:
        if aside:
            aside.rename(place)
        raise
    sync(place.parent)
