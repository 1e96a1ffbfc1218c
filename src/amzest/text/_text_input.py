"""Columns of texts as the input of a classifier."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from amzest.text._columns import text_columns
from amzest.text._recent_texts import recent_texts
from amzest.text._tokens import TokenisedTexts
from amzest.utils import shown


class TextInputMixin:
    """Read one or several columns of texts."""

    max_length: int
    ngram_range: tuple[int, int]
    max_length_: int
    _check_columns: Any

    def _read(self, X: Any, *, reset: bool) -> TokenisedTexts:
        cells, names = text_columns(X)
        self._check_columns(cells.shape[1], names, reset=reset)
        if reset:
            self.max_length_ = int(self.max_length)
        return recent_texts(cells, self.max_length_)

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
