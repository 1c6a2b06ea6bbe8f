"""What is to be a merge request: the candidates, the rollbacks and the pipeline of a registry, each with its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.hosting.host import Proposal, Review
from agent.hosting.pipeline import GITLAB_CI
from agent.hosting.verdicts import page_of, title_of
from agent.signing import Signing
from agent.talking.asking import Wish
from agent.talking.phrases import Language, say
from registry import Operations, Registry, Version
from registry.reviews import ReviewRecord

TARGETS = {"candidate": "main", "rollback": "production", "pipeline": "main"}
"""The branch into which each kind is to be merged."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A branch that somebody is to merge."""

    kind: Literal["candidate", "rollback", "pipeline"]
    source: str
    commit: str
    tree: str
    """As `ReviewRecord.tree`."""
    version: Version | None = None
    """The version that it is about."""
    is_merged: bool = False

    @property
    def target(self) -> str:
        """The branch into which it is to be merged."""
        return TARGETS[self.kind]

    @property
    def key(self) -> str:
        """Its own among all there ever are."""
        return f"{self.source} {self.commit}"

    def is_of(self, review: Review) -> bool:
        """Whether the merge request is this one's: a branch for a rollback may have had others."""
        if review.target != self.target:
            return False
        return self.kind == "candidate" or review.state == "open" or review.commit == self.commit

    def record(self, host: str, review: Review, now: datetime, expires_at: datetime) -> ReviewRecord:
        """What is kept of its merge request."""
        about = self.version
        return ReviewRecord(
            host=host,
            source=self.source,
            tree=self.tree,
            commit=self.commit,
            room=review.room,
            number=review.number,
            url=review.url,
            kind=self.kind,
            function=about.name if about else "",
            version=about.version if about else "",
            digest=about.digest if about else "",
            created_at=now,
            expires_at=expires_at,
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the merge request says."""

    title: str
    text: str

    def proposal(self, room: str, draft: Draft) -> Proposal:
        """The merge request that is to be made."""
        return Proposal(room=room, source=draft.source, target=draft.target, title=self.title, text=self.text)


@dataclass(kw_only=True)
class Drafts:
    """Finds what is to be merged in one registry."""

    registry: Registry
    operations: Operations
    signing: Signing
    language: Language
    has_pipeline: bool
    """Whether the registry's project is to have a pipeline that verifies what merge requests change."""
    _pipeline: str | None = None

    def wanted(self, known: frozenset[tuple[str, str]]) -> Iterator[Draft]:
        """All that has no merge request, of those known by branch and commit."""
        branches = {source for source, _ in known}
        yield from (draft for draft in (*self._candidates(), *self._pipelines()) if draft.source not in branches)
        yield from (draft for draft in self._rollbacks() if (draft.source, draft.commit) not in known)

    def page(self, draft: Draft, *, who: str, days: int) -> Page:
        """What its merge request says; `who` may sign."""
        version = draft.version
        if version is None:
            return Page(title=say("review_title_pipeline", self.language), text=say("review_pipeline", self.language))
        before = self.registry.find(version.name)
        wish = Wish(
            version=version,
            kind="rollback" if draft.kind == "rollback" else "promote",
            asks=self.signing.asks(version),
            before=before if before and before.digest != version.digest else None,
            differences=self.operations.differences(version) if draft.kind == "candidate" else (),
            days=days,
        )
        return Page(title=title_of(wish, self.language), text=page_of(wish, who, self.language))

    def _candidates(self) -> Iterator[Draft]:
        for version in self.registry.candidates():
            yield Draft(
                kind="candidate",
                source=f"candidate/{version.name}/{version.digest}",
                commit=version.commit,
                tree=self.registry.tree_at(version.name, version.commit),
                version=version,
                is_merged=self.registry.is_merged(version),
            )

    def _rollbacks(self) -> Iterator[Draft]:
        for asked in self.registry.rollbacks():
            version = self.registry.get(asked.name, asked.version)
            tree = self.registry.tree_at(asked.name, asked.commit)
            yield Draft(
                kind="rollback",
                source=asked.branch,
                commit=asked.commit,
                tree=tree,
                version=version,
            )

    def _pipelines(self) -> Iterator[Draft]:
        """The branch that is to bring the pipeline onto a protected `main`; looked for once."""
        if self._pipeline is None:
            self._pipeline = self.registry.add_pipeline(GITLAB_CI) if self.has_pipeline else ""
        if self._pipeline:
            commit = self._pipeline
            yield Draft(kind="pipeline", source="kowal/pipeline", commit=commit, tree=commit)
