"""How close in meaning functions are to a wish, by the vectors of whatever model server offers some."""

import heapq
import math
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.errors import ModelError
from agent.matching.kept import Kept, key_of
from agent.ports import Embedding
from registry import Manifest

BATCH = 64
"""Texts in one request."""
MOST_CHARS = 2_000
"""Of a text; models for vectors read no more than a page."""
SILENCE_S = 60.0
"""For so long nobody is asked again who did not answer."""
PATIENCE_S = 20.0
"""What the vectors that are still missing may take of one match; the next one goes on from there."""


@dataclass
class Vectors:
    """Vectors of functions, kept by text and model, made once. Safe to use from several threads."""

    embed: Callable[[Sequence[str]], Embedding]
    kept: Kept
    _silent_until: float = field(default=-math.inf, repr=False)

    def near(self, wish: str, texts: Callable[[], Mapping[str, Sequence[str]]]) -> dict[str, float]:
        """The cosine of each function's closest text with the wish, by name; empty where nobody makes vectors.

        `texts` gives what is said of each function, and is asked once the wish has its vector. One request for the
        wish, and one for each batch of texts that no vector is known of, in the order given. Functions that there was
        no time for are left out.
        """
        asked = cleaned(wish)
        if not asked or time.monotonic() < self._silent_until:
            return {}
        try:
            said = self.embed([asked])
            keys = {name: {key_of(text): text for text in map(cleaned, each)} for name, each in texts().items()}
            similar = self._similar(said, {key: text for each in keys.values() for key, text in each.items() if text})
        except ModelError:
            self._silent_until = time.monotonic() + SILENCE_S
            return {}
        known = {name: [similar[key] for key in each if key in similar] for name, each in keys.items()}
        return {name: max(each) for name, each in known.items() if each}

    def _similar(self, said: Embedding, texts: Mapping[str, str]) -> dict[str, float]:
        """The cosine of each text with the one that was embedded, by key."""
        asked, deadline = unit(said.vectors[0]), time.monotonic() + PATIENCE_S
        similar = dict(cosines(asked, self.kept.vectors(said.digest, texts)))
        missing = [key for key in texts if key not in similar]
        while missing and time.monotonic() < deadline:
            batch, missing = missing[:BATCH], missing[BATCH:]
            made = self.embed([texts[key] for key in batch])
            if made.digest != said.digest:  # the server has another model by now: the next match begins anew
                break
            vectors = {key: array("f", unit(each)) for key, each in zip(batch, made.vectors, strict=True)}  # as kept
            self.kept.keep_vectors(made.digest, vectors)
            similar |= cosines(asked, vectors.items())
        return similar


def nearest(near: Mapping[str, float], count: int) -> list[str]:
    """The names of the functions that are closest, best first."""
    return heapq.nsmallest(count, near, key=lambda name: (-near[name], name))


def texts_of(manifest: Manifest) -> tuple[str, ...]:
    """What a function's vectors are made of: description and names of parameters, description and theirs, each alias.

    Of the ways tried, these texts put the right function first most often.
    """
    properties: Mapping[str, Any] = manifest.input_schema.get("properties", {})
    head, names = f"{manifest.name.replace('_', ' ')}: {manifest.description}", ", ".join(properties).replace("_", " ")
    said = ". ".join(text for schema in properties.values() if (text := described(schema)))
    return (f"{head} Parameters: {names}" if names else head, f"{head} {said}", *manifest.aliases)


def described(schema: object) -> str:
    """What is said of a parameter."""
    return str(schema.get("description", "")) if isinstance(schema, Mapping) else ""


def cosines(asked: Sequence[float], vectors: Iterable[tuple[str, Sequence[float]]]) -> Iterable[tuple[str, float]]:
    """The cosine of each of these unit vectors with the one that is asked for, where they are of one length."""
    return ((key, math.sumprod(asked, vector)) for key, vector in vectors if len(vector) == len(asked))


def unit(vector: Sequence[float]) -> Sequence[float]:
    """The vector at length 1; a vector without direction as it is."""
    length = math.hypot(*vector)
    return [number / length for number in vector] if length else vector


def cleaned(text: str) -> str:
    """The text as it is sent: Unicode that can be, and not too long."""
    return text.encode(errors="ignore").decode()[:MOST_CHARS].strip()
