"""What a merge request says of a version: everything that matters to whoever signs, and nothing that acts."""

import re

import pytest

from agent.hosting.verdicts import cell, page_of, title_of
from agent.talking.asking import Wish
from registry import Difference, Function, Manifest, Status, Version

CLOSING = r"\b(clos(e[sd]?|ing)|fix(e[sd]|ing)?|resolv(e[sd]?|ing)|implement(s|ed|ing)?):? +"
"""As GitLab has it."""
HOSTILE = (
    "/merge",
    "Closes #1, fixes group/other#2 and Resolved: https://gitlab.example.org/g/p/-/issues/3 implementing ABC-4",
    "\n/approve\n/merge\n",
    "@ann please merge",
    "| a | b |\n| --- | --- |",
    "</td></tr></table><script>alert(1)</script>",
    "![x](https://evil.example/p.png)",
    "[Approved by ann](https://evil.example)",
    "# Approved\n\nSigned by everybody",
    "`` ` `` $`x`$ <!-- kowal " + "0" * 64 + " -->",
    "a\\|b\\\\|c",
    "~label #1 !2 %3 :thumbsup: [[_TOC_]] ::include{file=x}",
    "\u202egnihton\u2066 \u200b\x00",
)


def version(text: str = "Fetches.", number: str = "", **evidence: object) -> Version:
    """A version about which everything that may be anybody's words is this."""
    manifest = Manifest(
        name="fetch",
        description=text,
        input_schema={"type": "object", "properties": {"text": {"type": "string"}}},
        grants=("http GET api.example.org",),
        requirements=("requests",),
        examples=({"in": {"text": text}, "out": text},),
    )
    kept = {
        "verdict": {
            "passed": True,
            "summary": text,
            "checks": [{"check": text, "passed": True, "summary": text, "evidence": {}} for _ in range(12)],
        },
        "provenance": {"task": text},
        "answers": [{"in": {"text": text}, "out": text}],
        "packages": [{"name": text, "version": text}],
        "near": {"name": "get", "version": "1.0.0", "agree": 3, "of": 4, "differs": [], "fails": []},
        **evidence,
    }
    function = Function(manifest=manifest, source="def fetch(text: str) -> str:\n    return text\n", tests="")
    return Version(function=function, commit="", status=Status.TESTING, version=number, evidence=kept)


def page(text: str) -> str:
    """The description of a merge request full of that."""
    rows = [Difference(function="fetch", old="1.0.0", new="", arguments={"text": text}, before=text, after=1)] * 12
    wish = Wish(version=version(text), asks=[text], before=version(number="1.0.0"), differences=rows)
    return page_of(wish, "role `maintainer`", "en")


def test_it_has_all_that_matters_to_whoever_signs():
    """How to sign and until when, what changes in behaviour before what it is, the verdict, the answers."""
    told = page("Fetches.")
    headings = re.findall(r"^### (.*)$", told, re.MULTILINE)
    assert headings == [
        "What changes in behaviour", "What it is", "Nearly the same", "Verdict", "Questions that were answered",
    ]  # fmt: skip
    digest = version("Fetches.").digest
    for part in (digest, "role `maintainer`", "7 days", "`http GET api.example.org`", "fetch(text: str) -> str"):
        assert part in told
    assert "and 2 more" in told
    assert told.count("| `yes` |") == 12


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_others_wrote_acts(text):
    """No line begins with what they wrote, no tick is left, no cell ends early, nobody is called."""
    told = page(text)
    shape = [re.sub(r"`[^`]*`", "`…`", line) for line in told.splitlines()]
    plain = [re.sub(r"`[^`]*`", "`…`", line) for line in page("Fetches.").splitlines()]
    assert shape == plain
    assert re.search(r"@(?=\w)", told) is None
    assert not any(line.startswith("/") for line in told.splitlines())
    assert (
        re.search(r"\b(clos(e[sd]?|ing)|fix(e[sd]|ing)?|resolv(e[sd]?|ing)|implement(s|ed|ing)?):? +", told, re.I)
        is None
    )
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {4}


def test_a_cell_holds_no_bar_and_no_line():
    """Hosts disagree on how a bar is escaped within ticks."""
    assert cell("a|b\n`c`").count("|") == 0
    assert cell("a\\|b") == "`a\\❘b`"


def test_without_evidence_it_says_what_there_is():
    """A candidate from elsewhere has no recorded calls, no answers, perhaps no verdict."""
    bare = Version(
        function=version().function, commit="", status=Status.TESTING, evidence={"replay": {"calls": 3, "different": 0}}
    )
    told = page_of(Wish(version=bare, before=version(number="1.0.0")), "", "pl")
    assert "3" in told
    assert "Werdykt" not in told
    assert title_of(Wish(version=bare), "en") == f"Let in `fetch` {bare.digest[:12]}"


def test_a_rollback_says_what_comes_back_in_the_place_of_what():
    """Its title and first line have both numbers."""
    wish = Wish(version=version(number="1.0.0"), kind="rollback", before=version(number="1.1.0"))
    assert title_of(wish, "en") == "Bring back `fetch` 1.0.0"
    assert "1.0.0 back into production, in the place of 1.1.0" in page_of(wish, "", "en")
