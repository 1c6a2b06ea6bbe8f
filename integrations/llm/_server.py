"""What every server of models does alike, whichever API it speaks: looks, choices, bounds."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from agent.errors import ContextTooLong, ModelError, ModelMissing
from agent.ports import Hear, ModelCard, ModelRequest, ProviderStatus, Server
from integrations.llm._servers import LOOKUP_S, within

MAX_REPLY_CHARS = 2_000_000
"""A longer reply is no function; the rest of it is not read."""
CHOOSE_S = 10.0
"""For the look that a request needs which names no model."""
EMBED_S = 30.0
"""Vectors help to find a function: whoever waits for one does without them sooner than that a reply is given up."""
CHARS_PER_TOKEN = 8
"""No ordinary text has more: what exceeds it surely does not fit, and some servers would cut it without a word."""


class ModelServer(ABC):
    """One server; the classes of the providers add how it is asked."""

    def __init__(self, server: Server, where: str, prefer: Sequence[str]) -> None:
        self.server = server
        self._where = where
        self._prefer = tuple(prefer)

    @abstractmethod
    def look(self, seconds: float) -> tuple[ModelCard, ...]:
        """What it has, in that time, those to be preferred first. Raises a `ModelError`."""

    @abstractmethod
    def missing(self, model: str, cards: Sequence[ModelCard]) -> ModelMissing:
        """The error for a model that is not among these; for an empty name: for one that writes."""

    @abstractmethod
    def load(self) -> None:
        """Import what speaks to it: how long that takes the first time is no fault of the server's."""

    def same(self, model: str) -> str:
        """The name under which the model is compared with others."""
        return model

    def cards(self) -> tuple[ModelCard, ...]:
        """The models that it has, those to be preferred first. Raises a `ModelError`, within two seconds."""
        self.load()
        return within(LOOKUP_S, self._where, lambda: self.look(LOOKUP_S))

    def status(self) -> ProviderStatus:
        """Whether it answers and has a model that can be used, within two seconds. Never raises."""
        there = ""
        names: tuple[str, ...] = ()
        try:
            cards = self.cards()
            names = tuple(card.name for card in cards)
            there = f"{self._where}, {'1 model' if len(names) == 1 else f'{len(names)} models'}"
            serves = self.first(cards)
        except ModelError as error:
            detail = f"{there}: {error}" if names else str(error)
            return ProviderStatus(available=False, detail=detail, models=names, advice=error.advice)
        return ProviderStatus(available=True, detail=f"{there}, {serves} serves", models=names)

    def first(self, cards: Sequence[ModelCard]) -> str:
        """The model to ask where nobody names one: the first of the settings that is there, or the first that writes.

        Raises `ModelMissing`.
        """
        wanted = {self.same(name): name for name in self._prefer}
        able = (card for card in cards if (self.same(card.name) in wanted if wanted else card.writes))
        chosen = next((wanted.get(self.same(card.name), card.name) for card in able), "")
        if not chosen:
            raise self.missing(next(iter(self._prefer), ""), cards)
        return chosen

    def lacking(self, model: str) -> ModelError:
        """The error for a model of which the server said that it has none such."""
        try:
            return self.missing(model, self.look(CHOOSE_S))
        except ModelError as error:
            return error


def refuse_too_long(request: ModelRequest, context: int) -> None:
    """Raises `ContextTooLong` for what surely does not fit."""
    length = sum(len(message.content) for message in request.messages)
    if length > context * CHARS_PER_TOKEN:
        raise ContextTooLong(f"{length} characters do not fit a context of {context} tokens.")


class Gathering:
    """The text of a reply that comes in pieces, up to the limit."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._pieces: list[str] = []
        self._length = 0

    def add(self, piece: str) -> None:
        """One more; whoever listens is told."""
        self._pieces.append(piece)
        self._length += len(piece)
        self._hear(piece)

    @property
    def is_full(self) -> bool:
        """True where more need not be read."""
        return self._length > MAX_REPLY_CHARS

    @property
    def text(self) -> str:
        """What came, at most the limit."""
        return "".join(self._pieces)[:MAX_REPLY_CHARS]
