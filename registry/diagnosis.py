"""What can be wrong with a registry that git itself would not notice."""

from collections.abc import Iterator, Mapping

from registry.errors import RegistryError
from registry.files import evidence_from, function_from
from registry.layout import CANARY, EVIDENCE, PRODUCTION
from registry.repository import Record, Repository


def problems(repository: Repository, indexed: Mapping[str, str]) -> Iterator[str]:
    """Sentences that say what is wrong: unvouched folders, wrong digests, an index that disagrees."""
    serving = dict(repository.changed(None, repository.tip(PRODUCTION)))
    for name, tree in serving.items():
        if tree is not None:
            yield from _function_problems(repository, name, tree)
        if indexed.get(name) != tree:
            yield f"The index disagrees with production about {name}: `kowal functions reindex` mends it."
    for name in sorted(indexed.keys() - serving.keys()):
        yield f"The index holds {name}, production does not: `kowal functions reindex` mends it."
    yield from _trial_problems(repository)


def _function_problems(repository: Repository, name: str, tree: str) -> Iterator[str]:
    try:
        record = repository.match(name, tree)
        if record is None:
            yield f"Production holds a version of {name} that no tag vouches for; it is not run."
            return
        if record.version in repository.quarantined(name):
            yield f"{name} {record.version} is quarantined and still in production: quarantine it again."
        yield from _digest_problems(repository, record)
    except RegistryError as error:
        yield f"{name} cannot be read: {error}"


def _trial_problems(repository: Repository) -> Iterator[str]:
    for ref in repository.canary_refs():
        name, _, version = ref.removeprefix(CANARY).partition("/")
        try:
            record = next((found for found in repository.releases(name) if found.version == version), None)
            if record is None:
                yield f"No tag vouches for {name} {version}, which is to be on trial; it is not run."
            else:
                yield from _digest_problems(repository, record)
        except RegistryError as error:
            yield f"{name} {version}, which is on trial, cannot be read: {error}"


def _digest_problems(repository: Repository, record: Record) -> Iterator[str]:
    files = repository.files(record.tree)
    digest = function_from(files, where=record.name).digest
    recorded = {record.digest, evidence_from(files.get(EVIDENCE, b"{}")).get("digest")}
    if recorded != {digest}:
        yield f"The evidence of {record.name} {record.version} belongs to other files: quarantine it."
