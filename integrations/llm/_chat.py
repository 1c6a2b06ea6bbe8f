"""What all who speak in chats as OpenAI's API has them share: settings, prices, messages, what a model's name tells."""

import base64
import fnmatch
from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.ports import FREE, Message, ModelRequest, Price, Usage
from integrations.llm._servers import Names, ServerSettings

INSTEAD = {"max_tokens": "max_completion_tokens"}
"""What is sent in place of an option that a server does not take."""
CUT = ("length", "content_filter")
"""The reasons for the end of a reply that is not whole."""
ONLY_VECTORS = ("embed", "minilm", "bge-", "e5-", "gte-")
NEITHER = ("whisper", "tts", "dall-e", "moderation", "image", "realtime", "transcribe", "audio", "sora", "rerank")
"""Parts of the names of models that write no text; the API does not say what a model is for."""


def api_address(url: str) -> str:
    """The URL without a slash at its end. Raises `ValueError` for what is none, and for one that holds a password."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address is http://... or https://..., as https://api.openai.com/v1")
    if parts.username or parts.password:
        raise ValueError("an address holds no password; the key belongs into api_key")
    return url.strip().rstrip("/")


BaseUrl = Annotated[str, AfterValidator(api_address)]


class PriceSettings(BaseModel):
    """What a model's tokens cost, in euros a million."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_eur: float = Field(ge=0)
    output_eur: float = Field(ge=0)


class ChatSettings(ServerSettings):
    """What holds for one server and its models."""

    models: Names = ()
    """Those that are used, the preferred one first; none means all that it has."""
    prices: dict[str, PriceSettings] = Field(default_factory=dict)
    """By the model's name, in which `*` stands for any characters."""
    local: bool = False
    """Whether the server is one's own: what may not leave goes to no other."""
    embed_model: str = ""
    """The model for vectors; empty means the first that is made for them, by its name."""
    temperature: float = Field(default=0.2, ge=0, le=2)
    max_tokens: int = Field(default=4096, ge=1)
    """The longest reply, in tokens."""

    def price(self, model: str) -> Price | None:
        """What the model costs; None where nobody says. One's own server is free where no price is given."""
        for pattern, price in self.prices.items():
            if fnmatch.fnmatchcase(model, pattern):
                return Price(input_eur=price.input_eur, output_eur=price.output_eur)
        return FREE if self.local else None


def options_of(config: ChatSettings, request: ModelRequest, refused: Collection[str] = ()) -> dict[str, Any]:
    """What is said beside the messages; what was refused is left out, or goes by its other name."""
    options: dict[str, Any] = {
        "max_tokens": config.max_tokens,
        "temperature": config.temperature if request.temperature is None else request.temperature,
        "stream_options": {"include_usage": True},
    }
    if request.seed is not None:
        options["seed"] = request.seed
    if request.schema is not None:
        form = {"name": "reply", "schema": dict(request.schema)}
        options["response_format"] = {"type": "json_schema", "json_schema": form}
    for name in [name for name in options if name in refused]:
        value, other = options.pop(name), INSTEAD.get(name)
        if other and other not in refused:
            options[other] = value
    return options


def used_as(said: Any, price: Price | None) -> Usage:
    """What was used and what it cost, by the server's counts: without those nobody knows."""
    if said is None:
        return Usage(cost_eur=0.0 if price == FREE else None)
    tokens_in, tokens_out = said.prompt_tokens or 0, said.completion_tokens or 0
    cost = None if price is None else (tokens_in * price.input_eur + tokens_out * price.output_eur) / 1e6
    return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost_eur=cost)


def spelt(message: Message) -> dict[str, Any]:
    """A message as the API has them."""
    if not message.images:
        return {"role": message.role, "content": message.content}
    images = [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in message.images]
    return {"role": message.role, "content": [{"type": "text", "text": message.content}, *images]}


def _data_url(image: bytes) -> str:
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def kinds(model: str) -> tuple[bool, bool]:
    """Whether it writes, and whether it makes vectors, by its name."""
    plain = model.lower()
    embeds = any(part in plain for part in ONLY_VECTORS)
    return not embeds and not any(part in plain for part in NEITHER), embeds
