"""Every request to a model goes through here: the first provider of the settings that answers serves it."""

from collections.abc import Sequence
from dataclasses import replace

from agent.errors import ModelError, ModelMissing, ProviderUnavailable
from agent.ports import LLMProvider, ModelReply, ModelRequest


class Router:
    """The providers, in the order of the settings."""

    def __init__(self, providers: Sequence[LLMProvider]) -> None:
        self.providers = tuple(providers)

    def complete(self, request: ModelRequest) -> ModelReply:
        """The reply of the first provider that gives one; of the one that is named in `provider/model`.

        Only a provider that is away or lacks the model is passed over; any other fault is the answer.
        Raises `ProviderUnavailable` naming all that were tried, or the one provider's own error.
        """
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
        if len(refused) == 1:
            raise refused[0]
        tried = "; ".join(str(error) for error in refused) or "the settings name none"
        raise ProviderUnavailable(f"No model server answers: {tried}")
