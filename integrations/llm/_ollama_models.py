"""The models of an Ollama server: what it lists, and what it says of each, which is asked once for each digest."""

import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from agent.errors import ModelError
from agent.ports import FREE, ModelCard
from integrations.llm._line import Line
from integrations.llm._ollama_http import Listed, connected, listed
from integrations.llm._servers import full

AT_A_TIME = 8
FAMILIES = ("bert", "nomic-bert")
"""Of models that only make vectors, for a server that does not say what its models can do."""
UNITS = {"": 1e-9, "K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}
CLOUD = re.compile(r"[:-]cloud$")
"""How Ollama names models that it only passes requests on to."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a server told of a model when it was asked."""

    params_b: float | None
    context: int | None
    capabilities: tuple[str, ...] | None
    """None where an older server does not say."""


NOTHING = Told(params_b=None, context=None, capabilities=None)


class Models:
    """What one server has. Safe to use from several threads."""

    def __init__(self, prefer: Iterable[str], *, is_local: bool) -> None:
        self._prefer = tuple(map(full, prefer))
        self._is_local = is_local
        self._told: dict[str, Told] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def cards(self, line: Line) -> tuple[ModelCard, ...]:
        """The server's models, those to be preferred first; without those that run elsewhere, where it is to be local.

        What it does not say in the line's time of one of them is not known. Raises a `ModelError`.
        """
        every = listed(line)
        self._elsewhere = frozenset(full(each.model) for each in every if is_elsewhere(each))
        there = [each for each in every if not self.refuses(each.model)]
        names = {each.digest or each.model: each.model for each in there}
        self._ask({key: name for key, name in names.items() if key not in self._told}, line)
        return tuple(sorted(map(self._card, there), key=self._rank))

    def refuses(self, model: str) -> bool:
        """Whether the server would pass the request on, although what is asked of it is to stay with it."""
        return self._is_local and (full(model) in self._elsewhere or bool(CLOUD.search(model)))

    def _ask(self, names: dict[str, str], line: Line) -> None:
        """Have the server tell of these, several at a time."""
        if not names:
            return
        pool = ThreadPoolExecutor(min(AT_A_TIME, len(names)), thread_name_prefix="look at models")
        asked = {pool.submit(_told, line, name): key for key, name in names.items()}
        done, _ = wait(asked, timeout=line.left_s())
        pool.shutdown(wait=False, cancel_futures=True)
        found = {asked[each]: each.result() for each in done}
        with self._lock:
            self._told |= {key: told for key, told in found.items() if told is not None}

    def _card(self, one: Listed) -> ModelCard:
        name = one.model
        told = self._told.get(one.digest or name, NOTHING)
        family = (one.details.family if one.details else "") or ""
        only_vectors = family in FAMILIES or "embed" in name.lower()
        said = told.capabilities
        size = one.details.parameter_size if one.details else None
        return ModelCard(
            name=name,
            digest=one.digest or "",
            params_b=told.params_b or in_billions(size or ""),
            size_gb=one.size / 1e9 if one.size else None,
            context=told.context,
            writes=not only_vectors if said is None else "completion" in said,
            embeds=only_vectors if said is None else "embedding" in said,
            price=FREE if self._is_local else None,
        )

    def _rank(self, card: ModelCard) -> tuple[int, bool]:
        name = full(card.name)
        preferred = self._prefer.index(name) if name in self._prefer else len(self._prefer)
        return preferred, "coder" not in name.lower()


def is_elsewhere(one: Listed) -> bool:
    """Whether the server only passes requests for the model on, to another that is not one's own."""
    return bool(one.remote_host or CLOUD.search(one.model))


def _told(line: Line, model: str) -> Told | None:
    """What the server says of one model; None where it does not."""
    try:
        with connected(line.again(), model) as client:
            said = client.show(model)
    except ModelError:
        return None
    facts = dict(said.modelinfo or {})
    count, size = facts.get("general.parameter_count"), said.details.parameter_size if said.details else ""
    capabilities = None if said.capabilities is None else tuple(map(str, said.capabilities))
    return Told(
        params_b=count / 1e9 if isinstance(count, int) and count > 0 else in_billions(size or ""),
        context=next((int(value) for key, value in facts.items() if _is_context(key, value)), None),
        capabilities=capabilities,
    )


def _is_context(key: str, value: Any) -> bool:
    return key.endswith(".context_length") and isinstance(value, int) and value > 0


def in_billions(size: str) -> float | None:
    """Parameters as people write them (`7B`, `137M`, `7.6 b`), in billions; None for what is no number."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMBT]?)\s*", size.upper())
    try:
        return float(found[1]) * UNITS[found[2]] or None if found else None
    except ValueError:
        return None
