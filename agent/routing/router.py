"""Every request to a model goes through here: the first provider of the settings that can serves it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.errors import ModelError, ModelMissing, ProviderUnavailable
from agent.ports import Embedder, Embedding, LLMProvider, ModelReply, ModelRequest
from sandbox.stopping import left_where_stopped

Memory = Callable[[ModelRequest, Callable[[], ModelReply]], ModelReply]
"""Gives what was replied to the request before, or else asks and keeps the reply."""


def asked_anew(request: ModelRequest, ask: Callable[[], ModelReply]) -> ModelReply:
    """For tasks of which nothing is kept on the way."""
    del request
    return ask()


class Router:
    """The providers, in the order of the settings."""

    def __init__(self, providers: Sequence[LLMProvider], memory: Memory = asked_anew) -> None:
        self.providers = tuple(providers)
        self._memory = memory

    def complete(self, request: ModelRequest) -> ModelReply:
        """The reply of the first provider that gives one; of the one that is named in `provider/model`.

        Only a provider that is away or lacks the model is passed over; any other fault is the answer.
        Raises `ProviderUnavailable` naming all that were tried, or the one provider's own error.
        """
        return self._memory(request, lambda: left_where_stopped(lambda: self._completed(request)))

    def _completed(self, request: ModelRequest) -> ModelReply:
        head, _, rest = (request.model or "").partition("/")
        named = [provider for provider in self.providers if provider.name == head and rest]
        if named:
            request = replace(request, model=rest)
        refused: list[ModelError] = []
        for provider in named or self.providers:
            try:
                return provider.complete(request)
            except (ProviderUnavailable, ModelMissing) as error:
                refused.append(error)
        raise of_all(refused)

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors, by the first provider that can; passed over and raised is as in `complete`."""
        refused: list[ModelError] = []
        for provider in self.providers:
            if isinstance(provider, Embedder):
                try:
                    return provider.embed(texts)
                except (ProviderUnavailable, ModelMissing) as error:
                    refused.append(error)
        raise of_all(refused)


def of_all(refused: Sequence[ModelError]) -> ModelError:
    """The one provider's own error, or one that names all that were tried."""
    if len(refused) == 1:
        return refused[0]
    tried = "; ".join(str(error) for error in refused) or "the settings name none"
    return ProviderUnavailable(f"No model server answers: {tried}")
