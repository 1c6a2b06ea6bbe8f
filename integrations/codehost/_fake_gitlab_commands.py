"""The quick actions of a fake GitLab server: lines of a comment or description that begin with `/` and are done."""

import re

from integrations.codehost._fake_gitlab_records import Document

COMMANDS = ("close", "reopen", "assign", "unassign", "label", "unlabel", "relabel", "title", "confidential", "spend")
"""Those that it knows of the real ones; what it does not know stays text."""


def split(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without its commands, and these with what they are given; in code and in quotes there are none."""
    kept, found, fence = [], [], False
    for line in text.split("\n"):
        fence ^= line.lstrip().startswith("```")
        command = re.match(r"/(\w+)(?:\s+(.*))?$", line.rstrip())
        if command and not fence and command[1] in COMMANDS:
            found.append((command[1], command[2] or ""))
        else:
            kept.append(line)
    return "\n".join(kept).strip() if found else text, found


def changes(found: list[tuple[str, str]], ids: dict[str, int], assignees: list[int]) -> Document:
    """What the commands want changed, as the body of a change has it; of people whom nobody knows nothing."""
    wanted: Document = {}
    people = list(assignees)
    for name, rest in found:
        named = [ids[one] for one in re.findall(r"@([\w.-]+)", rest) if one in ids]
        labels = [quoted or plain for quoted, plain in re.findall(r'~"([^"]+)"|~([^\s~,]+)', rest)]
        if name in ("close", "reopen"):
            wanted["state_event"] = name
        elif name == "assign":
            people += named
        elif name == "unassign":
            people = [one for one in people if named and one not in named]
        elif name == "title":
            wanted["title"] = rest
        elif name == "confidential":
            wanted["confidential"] = True
        elif name != "spend":
            key = {"label": "add_labels", "unlabel": "remove_labels", "relabel": "labels"}[name]
            wanted.setdefault(key, []).extend(labels)
    return wanted | ({"assignee_ids": people} if people != assignees else {})
