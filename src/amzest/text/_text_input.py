"""Columns of texts as the input of a classifier."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

from amzest.text._columns import text_columns
from amzest.text._recent_texts import recent_texts
from amzest.text._tokens import TokenisedTexts, Tokeniser, tokenise
from amzest.utils import LazyTable, shown

#: Rows of a piece that are tokenized at a time.
_ROWS_PER_PART = 2**13


class TextInputMixin:
    """Read one or several columns of texts."""

    max_length: int
    ngram_range: tuple[int, int]
    max_length_: int
    warm_start: bool
    _check_columns: Any

    def _read(self, X: Any, *, reset: bool) -> TokenisedTexts:
        if isinstance(X, TokenisedTexts):
            return X
        if isinstance(X, LazyTable):
            return self._read_pieces(X, reset=reset)
        cells, names = text_columns(X)
        self._check_columns(cells.shape[1], names, reset=reset)
        return recent_texts(cells, self._n_tokens(reset=reset))

    def _n_tokens(self, *, reset: bool) -> int:
        """Return how many tokens of each text are needed; set it if `reset`."""
        if reset:
            self.max_length_ = int(self.max_length)
        return self.max_length_

    def _read_pieces(self, X: LazyTable, *, reset: bool) -> TokenisedTexts:
        """Tokenize a table that is read in pieces."""
        if reset and self.warm_start:
            raise ValueError(
                "warm_start=True keeps training samples, which requires `X` in memory. "
                "Pass warm_start=False to fit a table that is read in pieces."
            )
        self._check_columns(len(X.columns), X.columns, reset=reset)
        tokeniser = Tokeniser(len(X.columns), self._n_tokens(reset=reset))
        n_rows = 0
        for piece in X.pieces():
            cells, _ = text_columns(piece, first_row=n_rows)
            for start in range(0, len(cells), _ROWS_PER_PART):
                tokeniser.add(cells[start : start + _ROWS_PER_PART])
            n_rows += len(cells)
        return tokeniser.texts()

    def _tokenise_pieces(self, X: LazyTable) -> Iterator[TokenisedTexts]:
        """Yield the pieces of a table, for predictions, without caching them."""
        self._check_columns(len(X.columns), X.columns, reset=False)
        n_rows = 0
        for piece in X.pieces():
            cells, _ = text_columns(piece, first_row=n_rows)
            n_rows += len(cells)
            yield tokenise(cells, self._n_tokens(reset=False))

    def _check_ngram_range(self) -> tuple[int, int]:
        lengths = tuple(self.ngram_range)
        whole = all(isinstance(length, Integral) for length in lengths)
        if len(lengths) != 2 or not whole or not 1 <= lengths[0] <= lengths[1]:
            raise ValueError(
                f"`ngram_range` is {shown(self.ngram_range)}; expected two lengths in "
                "characters, such as (2, 5)."
            )
        return int(lengths[0]), int(lengths[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags
