"""Titles and descriptions for `make_products`."""

from __future__ import annotations

from random import Random

from amzest.datasets._synthetic._vocabulary import (
    ADJECTIVES,
    BRANDS,
    CATEGORIES,
    CLOSINGS,
    GENERIC,
    SIZES,
    CategoryWords,
)

_TITLES = (
    "{brand} {adjective} {noun}, {colour}",
    "{brand} {feature} {noun} - {colour}, {size}",
    "{brand} {feature} {noun} ({size})",
    "{adjective} {colour} {feature} {noun} by {brand}",
    "{feature} {noun} {colour} {brand}",
    "{brand} {noun} | {adjective} & {feature} | {size}",
)
_OPENINGS = (
    "This {adjective} {noun} from {brand} {claim}.",
    "The {brand} {noun} {claim}.",
    "{feature} and {adjective}: our {noun} {claim}.",
)
#: Noise as in real titles: per word, and per title.
_TYPO_RATE = 0.02
_GIFT_RATE = 0.1
_CAPITALS_RATE = 0.05


def generate_texts(
    rng: Random, words: CategoryWords | None, colour: str
) -> tuple[str, str]:
    """Return a title and a description; with None they do not name the category."""
    source = GENERIC if words is None else words
    parts = {
        "brand": rng.choice(BRANDS),
        "adjective": rng.choice(ADJECTIVES),
        "feature": rng.choice(source.features),
        "noun": rng.choice(source.nouns),
        "size": rng.choice(SIZES),
        "colour": colour,
    }
    title = rng.choice(_TITLES).format(**parts)
    # A distractor: the category of this phrase is independent of the product's own.
    # That one is not excluded, or its absence would be informative.
    fans = rng.choice(CATEGORIES).fans
    if rng.random() < _GIFT_RATE:
        title = f"{title} - Gift for {fans} Lovers"
    title = _misspell(rng, title)
    if rng.random() < _CAPITALS_RATE:
        title = title.upper()

    sentence = {
        key: text.lower() if key in ("adjective", "noun") else text
        for key, text in parts.items()
    }
    # Two claims, so that the second sentence does not repeat the first.
    claims = rng.sample(source.claims, 2)
    opening = rng.choice(_OPENINGS).format(claim=claims[0], **sentence)
    sentences = [opening]
    if rng.random() < 0.5:
        sentences.append(f"It {claims[1]}.")
    if rng.random() < 0.4:
        sentences.append(f"Colour: {colour.lower()}.")
    sentences.append(rng.choice(CLOSINGS))
    return title, _misspell(rng, " ".join(sentences))


def _misspell(rng: Random, text: str) -> str:
    """Swap two letters, or remove or double one, in some of the longer words."""
    words = text.split(" ")
    for i, word in enumerate(words):
        if len(word) > 3 and word.isalpha() and rng.random() < _TYPO_RATE:
            at = rng.randrange(1, len(word) - 1)
            before, letter, after = word[:at], word[at], word[at + 1 :]
            kind = rng.randrange(3)
            if kind == 0:
                words[i] = before + after[0] + letter + after[1:]
            elif kind == 1:
                words[i] = before + after
            else:
                words[i] = before + letter + letter + after
    return " ".join(words)
