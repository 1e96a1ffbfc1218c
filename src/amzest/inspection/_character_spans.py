"""Characters that tokens of a text classifier come from, and the words they are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._words import Words
from amzest.text._tokens import _CHARACTERS_PER_TOKEN, _WORD, _normalise

_CHUNK = re.compile(r"\S+")


@dataclass(frozen=True)
class CharacterSpans:
    """Normalised characters of texts in one sequence, and spans of tokens in it.

    Tokens and chunks are those of :class:`~amzest.text._tokens.TokenisedTexts` in the
    same order. A separator of columns has the span (-1, -1).
    """

    word_of: NDArray[np.int64]  # word of each character, numbered through all texts
    tokens: NDArray[np.int64]  # (n_tokens, 2)
    chunks: NDArray[np.int64]  # (n_chunks, 2)
    #: Position of each token in its cell; -1 for separators.
    places: NDArray[np.int64]
    text_starts: NDArray[np.int64]  # first character of each text, and the end
    n_words: int


@dataclass(frozen=True)
class _Chunk:
    """A part of an original text between whitespace, normalised."""

    words: NDArray[np.int64]  # word of each normalised character, from 0
    tokens: list[tuple[int, int]]
    chunks: list[tuple[int, int]]  # rarely not one: some characters contain a space


def character_spans(
    texts: Sequence[Sequence[Words]], max_length: int
) -> CharacterSpans:
    """Locate the tokens of texts; each text has the words of its cells."""
    limit = _CHARACTERS_PER_TOKEN * max_length
    known: dict[tuple[str, tuple[int, ...]], _Chunk] = {}
    word_of: list[NDArray[np.int64]] = []
    tokens: list[tuple[int, int]] = []
    chunks: list[tuple[int, int]] = []
    places: list[int] = []
    text_starts, n_characters, n_words = [0], 0, 0
    for text in texts:
        for words in text:
            if len(text) > 1:
                tokens.append((-1, -1))
                places.append(-1)
            own_tokens: list[tuple[int, int]] = []
            own_chunks: list[tuple[int, int]] = []
            first = 0
            for match in _CHUNK.finditer(words.text[:limit]):
                left, right = match.span()
                last = first
                while last < len(words) and words.lefts[last] < right:
                    last += 1
                key = match[0], tuple((words.lefts[first:last] - left).tolist())
                if key not in known:
                    known[key] = _normalised(*key)
                chunk = known[key]
                word_of.append(chunk.words + n_words + first)
                own_tokens += [
                    (a + n_characters, b + n_characters) for a, b in chunk.tokens
                ]
                own_chunks += [
                    (a + n_characters, b + n_characters) for a, b in chunk.chunks
                ]
                n_characters += len(chunk.words)
                first = last
            tokens += own_tokens[:max_length]
            places += range(len(own_tokens[:max_length]))
            chunks += own_chunks[:max_length]
            n_words += len(words)
        text_starts.append(n_characters)
    return CharacterSpans(
        np.concatenate([np.empty(0, np.int64), *word_of]),
        np.array(tokens, dtype=np.int64).reshape(-1, 2),
        np.array(chunks, dtype=np.int64).reshape(-1, 2),
        np.array(places, dtype=np.int64),
        np.array(text_starts),
        n_words,
    )


def _normalised(chunk: str, starts: tuple[int, ...]) -> _Chunk:
    """Normalise a chunk whose words start at some of its characters."""
    text = _normalise(chunk)
    lengths = [len(_normalise(character)) for character in chunk]
    if sum(lengths) == len(text):
        origin = np.repeat(np.arange(len(chunk)), lengths)
    else:  # characters are composed with their neighbours: take them as equally long
        origin = np.arange(len(text)) * len(chunk) // max(len(text), 1)
    return _Chunk(
        np.searchsorted(starts, origin, side="right").astype(np.int64) - 1,
        [match.span() for match in _WORD.finditer(text)],
        [match.span() for match in _CHUNK.finditer(text)],
    )
