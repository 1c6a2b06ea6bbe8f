"""How close in meaning functions are to a wish, by the vectors of whatever model server offers some."""

import heapq
import math
import sys
import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
SHORTLIST = 400
"""Texts that are chosen by their vectors' signs, to be compared in full."""
SIGN_BYTE = 3 if sys.byteorder == "little" else 0
"""Where a number's sign stands among its bytes."""
AS_BIT = bytes(b"1"[0] if byte & 0x80 else b"0"[0] for byte in range(256))
"""Each byte as the digit of its first bit."""


@dataclass(kw_only=True)
class Sketched:
    """What is known of the texts of one state of the registry, and their vectors of one model in short."""

    state: tuple[str, str]
    """The digest of the model, and what the texts were made from."""
    keys: Mapping[str, Sequence[str]]
    """Those of each function's texts."""
    missing: dict[str, str]
    """The texts that there is no vector of, by key."""
    signs: dict[str, int]
    """Which numbers of each text's vector are below 0, a bit each."""

    def closest(self, signs: int, first: Collection[str]) -> list[str]:
        """The keys of the texts that can be closest to a text of these signs, and all keys of the functions `first`.

        Vectors whose signs differ little lie close together (Charikar 2002): a few hundred are chosen by their signs
        in the time that a few full comparisons take.
        """
        away = {key: (other ^ signs).bit_count() for key, other in self.signs.items()}
        asked = {key for name in first for key in self.keys.get(name, ()) if key in away}
        return [*asked.union(heapq.nsmallest(SHORTLIST, away, key=away.__getitem__))]


@dataclass
class Vectors:
    """Vectors of functions, kept by text and model, made once. Safe to use from several threads."""

    embed: Callable[[Sequence[str]], Embedding]
    kept: Kept
    _silent_until: float = field(default=-math.inf, repr=False)
    _sketched: Sketched | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def near(
        self, wish: str, state: str, texts: Callable[[], Mapping[str, Sequence[str]]], first: Collection[str] = ()
    ) -> dict[str, float]:
        """The cosine of a function's closest text with the wish, by name, of those `first` and of those that are near.

        Empty where nobody makes vectors. `texts` gives what is said of each function; it is asked once the wish has
        its vector, and again when `state` is another. One request for the wish, and one for each batch of texts that no
        vector is known of, those of the functions `first` before others. What there was no time for is left out.
        """
        asked = cleaned(wish)
        if not asked or time.monotonic() < self._silent_until:
            return {}
        try:
            said = self.embed([asked])
            with self._lock:
                found = self._similar(said, state, texts, first)
                similar = found if found is not None else self._similar(said, state, texts, first) or {}
                keys = self._sketched.keys if self._sketched else {}
        except ModelError:
            self._silent_until = time.monotonic() + SILENCE_S
            return {}
        known = {name: [similar[key] for key in each if key in similar] for name, each in keys.items()}
        return {name: max(each) for name, each in known.items() if each}

    def _similar(
        self, said: Embedding, state: str, texts: Callable[[], Mapping[str, Sequence[str]]], first: Collection[str]
    ) -> dict[str, float] | None:
        """The cosine of each text that may be closest, by key; None where the file lost some: they are forgotten."""
        asked = array("f", unit(said.vectors[0]))
        sketched = self._current((said.digest, state), len(asked), texts)
        self._make_missing(sketched, first)
        closest = sketched.closest(signs_of(asked), first)
        similar = dict(cosines(asked, self.kept.vectors(said.digest, closest)))
        if len(similar) < len(closest):
            self._sketched = None
            return None
        return similar

    def _current(
        self, state: tuple[str, str], length: int, texts: Callable[[], Mapping[str, Sequence[str]]]
    ) -> Sketched:
        """What is known in this state. Of another state of the same model, what is known of its texts is taken over."""
        before = self._sketched
        if before is not None and before.state == state:
            return before
        keyed = {name: {key_of(text): text for text in map(cleaned, each) if text} for name, each in texts().items()}
        missing = {key: text for each in keyed.values() for key, text in each.items()}
        signs = before.signs if before is not None and before.state[0] == state[0] else {}
        signs = {key: signs[key] for key in missing if key in signs}
        unknown = [key for key in missing if key not in signs]
        found = self.kept.vectors(state[0], unknown)
        signs |= {key: signs_of(vector) for key, vector in found if len(vector) == length}
        missing = {key: text for key, text in missing.items() if key not in signs}
        keys = {name: tuple(each) for name, each in keyed.items()}
        self._sketched = Sketched(state=state, keys=keys, missing=missing, signs=signs)
        return self._sketched

    def _make_missing(self, sketched: Sketched, first: Collection[str]) -> None:
        """Have the vectors made that there are none of, as far as there is time."""
        if not sketched.missing:
            return
        deadline = time.monotonic() + PATIENCE_S
        missing = sketched.missing
        waiting = [key for name in first for key in sketched.keys.get(name, ()) if key in missing]
        waiting = list(dict.fromkeys((*waiting, *missing)))
        while waiting and time.monotonic() < deadline:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            made = self.embed([missing[key] for key in batch])
            if made.digest != sketched.state[0]:  # the server has another model by now: the next match begins anew
                break
            vectors = {key: array("f", unit(each)) for key, each in zip(batch, made.vectors, strict=True)}  # as kept
            self.kept.keep_vectors(made.digest, vectors)
            for key, vector in vectors.items():
                sketched.signs[key] = signs_of(vector)
                del missing[key]


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


def signs_of(vector: Sequence[float]) -> int:
    """A bit for each number, set where it is below 0."""
    data = array("f", vector).tobytes()[SIGN_BYTE :: array("f").itemsize]
    return int(data.translate(AS_BIT) or b"0", 2)


def unit(vector: Sequence[float]) -> Sequence[float]:
    """The vector at length 1; a vector without direction as it is."""
    length = math.hypot(*vector)
    return [number / length for number in vector] if length else vector


def cleaned(text: str) -> str:
    """The text as it is sent: Unicode that can be, and not too long."""
    return text.encode(errors="ignore").decode()[:MOST_CHARS].strip()
