"""URL slugs in plain ASCII."""

import re
import unicodedata

# Letters that Unicode does not take apart into a base letter and an accent. Case folding turns ß into ss.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ŋ": "n",
        "ø": "o",
        "ŧ": "t",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
    }
)
_VANISHING = re.compile("['’ʼ\u00ad]")  # apostrophes and the soft hyphen


def slugify(text: str, max_length: int = 80) -> str:
    """Turn a text into an ASCII slug for a URL: lower case, words joined by hyphens, accents removed.

    Accented letters lose their accents, and letters such as ł, ø, ß and æ become their usual ASCII spelling.
    Apostrophes vanish; everything else that is not an ASCII letter or digit separates words. A slug of a slug
    is that slug.

    Args:
        text: The text, for example a title.
        max_length: The most characters the slug may have; it is cut between words where possible.

    Returns:
        The slug; empty where the text holds nothing that can be spelled in ASCII.

    Raises:
        ValueError: `max_length` is less than 1.
    """
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, not {max_length}")
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    bare = "".join(character for character in folded if not unicodedata.combining(character))
    slug = re.sub(r"[^a-z0-9]+", "-", _VANISHING.sub("", bare)).strip("-")
    return _cut(slug, max_length)


def _cut(slug: str, max_length: int) -> str:
    if len(slug) <= max_length:
        return slug
    # One character more tells whether the cut falls at the end of a word.
    whole_words, hyphen, _ = slug[: max_length + 1].rpartition("-")
    return whole_words if hyphen else slug[:max_length]
