"""What code in the sandbox may do at a code host: its asks read, its texts made harmless, and the act itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from agent.host_ports import HostActions
from agent.projects import BadName, HostAct, act_in, read_file_path, read_ref
from agent.rights.acts import JOINER, Done, Openers, Wanted, read_data, read_line, read_text, refused, silenced
from agent.rights.grants import HostGrant

MOST_TITLE_CHARS = 255
"""What GitLab takes for the title of an issue."""
MOST_TEXT_CHARS = 50_000
MOST_LABELS, MOST_LABEL_CHARS = 20, 100
MOST_FILES = 20
MOST_COMMIT_BYTES = 1 << 20
"""Of all files of a commit together."""
MOST_LOG_BYTES = 1 << 20
OUR_LABELS = "kowal"
"""How the labels begin by which people steer Kowal itself."""

COMMAND = re.compile(r"^[^\S\n]*(?=/)", re.MULTILINE)
"""A line that a server would obey: `/close`, `/assign @ann`."""
TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""HTML: it hides words, and addresses behind words; in a comment it could pass for a sign of ours."""
ENTITY = re.compile(r"&(?=#[0-9xX]|[A-Za-z][A-Za-z0-9]*;)")
"""`&#64;ann`: another way to write what is made harmless here."""
OTHER_LINK = re.compile(r"\](?=:)|\[(?=\[)")
"""`[words]: address` and `[[words|address]]`."""
REFERENCE = re.compile(r"[#!&](?=[0-9])|\bGL-(?=[0-9])|\[(?=[a-z_]+:)")
"""`#1`, `other/project!2`, `GL-1`, `[issue:1]`: it would leave a note there."""
CLOSING = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)(?=:?[^\S\n])",
    re.IGNORECASE,
)
"""The words before an issue that a commit, or a merge, would close."""

HostAsk = Wanted[HostActions]
Hosts = Openers[HostActions]
"""The code hosts of the settings."""
Given = Mapping[str, Any]


def read_host_ask(ask: Given) -> HostAsk:
    """The act in an ask of the guest. Raises `AskRefused` for one that cannot be done as it stands."""
    try:
        act = act_in(ask)
        do, facts = READERS[act.act](act, ask)
    except BadName as error:
        raise refused(str(error)) from None
    return HostAsk(grant=HostGrant(act=act), neighbour=act.host, counted=f"codehost {act.act}", do=do, facts=facts)


Read = tuple[Callable[[HostActions], Done], Mapping[str, int]]
"""What does it, and its sizes."""


def read_project_ask(act: HostAct, ask: Given) -> Read:
    """A new project."""
    del act
    path, description = ask["project"], read_words(ask.get("description"), "a description")
    return lambda host: made(host.create_project(path, description)), {"chars": len(description)}


def read_issue(act: HostAct, ask: Given) -> Read:
    """A new issue."""
    title, text = read_line(ask.get("title"), MOST_TITLE_CHARS, "a title", harmless), read_words(ask.get("text"))
    labels = read_labels(ask.get("labels"))
    return lambda host: made(host.create_issue(act.place, title, text, labels)), {"chars": len(title) + len(text)}


def read_merge_request(act: HostAct, ask: Given) -> Read:
    """A new merge request."""
    title, text = read_line(ask.get("title"), MOST_TITLE_CHARS, "a title", harmless), read_words(ask.get("text"))
    source, target = read_ref(ask.get("source")), read_ref(ask.get("target"))
    return (
        lambda host: made(host.create_merge_request(act.place, source, target, title, text)),
        {"chars": len(title) + len(text)},
    )


def read_commit(act: HostAct, ask: Given) -> Read:
    """A commit of files."""
    message = read_text(ask.get("message"), MOST_TEXT_CHARS, "a message", harmless)
    files = read_files(ask.get("files"))

    def do(host: HostActions) -> Done:
        commit = host.commit(act.place, act.branch, message, files)
        return Done(value=commit, came={"commit": commit})

    return do, {"files": len(files), "bytes": sum(len(data or b"") for data in files.values())}


def read_pipeline(act: HostAct, ask: Given) -> Read:
    """How a pipeline stands."""
    ref = read_ref(ask.get("ref"))

    def do(host: HostActions) -> Done:
        found = host.pipeline(act.place, ref)
        if found is None:
            return Done(came={"found": False})
        return Done(value=asdict(found) | {"jobs": [asdict(job) for job in found.jobs]}, came={"pipeline": found.id})

    return do, {}


def read_log(act: HostAct, ask: Given) -> Read:
    """The end of a job's log."""
    job = ask.get("job")
    if not isinstance(job, int) or isinstance(job, bool) or not 0 < job < 1 << 63:
        raise refused("a job is named by its number")

    def do(host: HostActions) -> Done:
        text = host.job_log(act.place, job, MOST_LOG_BYTES)
        return Done(value=text, came={"job": job, "chars": len(text)})

    return do, {}


READERS: Mapping[str, Callable[[HostAct, Given], Read]] = {
    "project": read_project_ask,
    "issue": read_issue,
    "merge-request": read_merge_request,
    "commit": read_commit,
    "pipeline": read_pipeline,
    "log": read_log,
}


def made(url: str) -> Done:
    """Something that has an address now."""
    return Done(value=url, came={"url": url})


def read_words(given: object, what: str = "a text") -> str:
    """A text that may be empty. Raises `AskRefused`."""
    return read_text(given, MOST_TEXT_CHARS, what, harmless) if given else ""


def read_labels(given: object) -> tuple[str, ...]:
    """The labels. Raises `AskRefused`."""
    if not isinstance(given, list) or len(given) > MOST_LABELS:
        raise refused(f"labels are a list of at most {MOST_LABELS} texts")
    for label in given:
        plain = isinstance(label, str) and label.isprintable() and label.strip() == label != "" and "," not in label
        if not plain or len(label) > MOST_LABEL_CHARS:
            raise refused(f"a label is a text of at most {MOST_LABEL_CHARS} characters on one line, without a comma")
        if label.casefold().startswith(OUR_LABELS):
            raise refused(f"labels that begin with `{OUR_LABELS}` are for people")
    return tuple(given)


def read_files(given: object) -> dict[str, bytes | None]:
    """The files of a commit, by path. Raises `AskRefused`, `BadName`."""
    if not isinstance(given, Mapping) or not 0 < len(given) <= MOST_FILES:
        raise refused(f"a commit has from 1 to {MOST_FILES} files, by their paths")
    files = {
        read_file_path(path): None if data is None else read_data(data, MOST_COMMIT_BYTES)
        for path, data in given.items()
    }
    if sum(len(data or b"") for data in files.values()) > MOST_COMMIT_BYTES:
        raise refused(f"the files of a commit have at most {MOST_COMMIT_BYTES >> 20} MiB together")
    return files


def harmless(text: str) -> str:
    """The text so that it calls nobody, closes nothing and hides nothing, and no line of it is a command.

    Else it is as it stands: an address in full stays one, also that of an issue elsewhere.
    """
    text = silenced(text)
    for risky in (TAG, ENTITY, OTHER_LINK, REFERENCE, CLOSING, COMMAND):
        text = risky.sub(lambda found: f"{found[0]}{JOINER}", text)
    return text
