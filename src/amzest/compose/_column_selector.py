"""A transformer that selects columns of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from amzest.compose._column_positions import column_positions, validate_columns
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    LazyTable,
    as_native,
    cell_matrix,
    check_rows,
    check_unique_names,
    column_names,
    is_column,
    is_row,
    is_table,
)

if TYPE_CHECKING:
    from typing import Self

    from sklearn.utils import Tags


class ColumnSelector(
    CallbackSupportMixin,
    TransformerMixin,
    DocumentationLinkMixin,
    FittedStateMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Select columns of a table and return them unchanged.

    :class:`~sklearn.compose.ColumnTransformer` stacks its outputs in two dimensions,
    which is impossible for a column of texts or images. In a pipeline, use this
    transformer instead: it passes the selected column or columns to the next step, with
    the same rows in the same order.

    Parameters
    ----------
    columns : str, int, or sequence of these
        Columns to select. A scalar returns one dimension (a Series of a DataFrame, a
        1-D array of an array), a sequence returns two, even if it has one item.
        Strings are column names and need a table; integers are positions counted from
        0, or from the end if negative.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns seen during `fit`. Exists only if `X` was a table whose
        column names are all strings.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Applies transformers to columns and stacks
        their two-dimensional outputs.

    Notes
    -----
    `transform` also works before `fit`, which only validates the columns and stores
    their names. After a fit on a table, positions refer to the columns of that table:
    another table with more or reordered columns returns the same ones.

    Tables may be those of pandas, polars or pyarrow, or of another library with the
    Arrow PyCapsule interface. The result is a table of the same library, without
    conversion of values; a pyarrow `RecordBatch` becomes a `Table`. Of a
    :class:`~amzest.datasets.TableReader` it is another reader.

    `set_output` is accepted, since pipelines call it on all of their steps, but has no
    effect: the container is always that of `X`.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.compose import ColumnSelector
    >>> X = pd.DataFrame({"title": ["Blue mug", "Desk lamp"], "price": [7.5, 30.0]})
    >>> ColumnSelector("title").fit_transform(X).tolist()
    ['Blue mug', 'Desk lamp']
    >>> ColumnSelector(["price"]).fit_transform(X).shape
    (2, 1)

    In front of a vectorizer, which expects a list of texts:

    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> clf = make_pipeline(ColumnSelector("title"), CountVectorizer(), MultinomialNB())
    >>> clf.fit(X, ["mugs", "lamps"]).predict(X)
    array(['mugs', 'lamps'], dtype='<U5')
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = ("n_features_in_",)

    def __init__(self, columns: str | int | Sequence[str] | Sequence[int]) -> None:
        self.columns = columns

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the columns and store the names of all columns of `X`.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            The table. An array or a list of rows is accepted with integer `columns`.

        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        self : ColumnSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If `X` is not a table, or a column is missing or occurs twice in it.
        TypeError
            If `columns` are neither strings nor integers, or `X` is sparse, a mapping,
            a set, an iterator, a GroupBy or a lazy table.
        """
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        table = _as_table(X)
        for n, what in zip(table.shape, ("sample", "feature"), strict=True):
            if n == 0:
                raise ValueError(
                    f"Found array with 0 {what}(s) (shape={table.shape}) while a "
                    "minimum of 1 is required to fit ColumnSelector. Check the "
                    "previous step."
                )
        column_positions(self.columns, table)  # raises if one is missing
        if is_table(table):  # before scikit-learn does, with a less helpful message
            check_unique_names(column_names(table))
        if isinstance(table, LazyTable):
            self.n_features_in_ = len(table.columns)
            self.feature_names_in_ = np.array(table.columns, dtype=object)
        else:
            validate_data(self, table, skip_check_array=True)
        context.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes={}
        )
        return self

    def transform(self, X: Any) -> Any:
        """Return the selected columns of `X`.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            A table may have more columns than that of `fit`, in any order; an array
            must have the same number of columns.

        Returns
        -------
        X_selected : column, table or ndarray
            If `columns` is a scalar, a column (a Series, in pyarrow a ChunkedArray) or
            an array of shape (n_samples,); otherwise a table or an array of shape
            (n_samples, n_selected). Arrays keep their dtype; a list of rows is returned
            as numbers if all cells are numbers, otherwise as objects.

        Raises
        ------
        ValueError
            If `X` is not a table, or a column is missing or occurs twice in it.
        TypeError
            If `columns` are neither strings nor integers, or `X` is sparse, a mapping,
            a set, an iterator, a GroupBy or a lazy table.
        """
        table = _as_table(X)
        if isinstance(table, LazyTable):
            positions = column_positions(self._fitted_names(), table)
            if isinstance(positions, int):
                return table[table.columns[positions]]
            return table[[table.columns[place] for place in positions]]
        if is_table(table):
            # Not by `validate_data`: other tables may have more columns.
            positions = column_positions(self._fitted_names(), table)
            return _safe_indexing(table, positions, axis=1)
        if hasattr(self, "n_features_in_"):
            validate_data(self, table, skip_check_array=True, reset=False)
        return table[:, column_positions(self.columns, table)]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the selected columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of `X`. If None, `feature_names_in_` is used or, if
            that does not exist, `x0`, `x1` and so on.

        Returns
        -------
        feature_names_out : ndarray of shape (n_selected,), dtype object
            The names, in the order of `columns`.

        Raises
        ------
        NotFittedError
            If the selector is not fitted.
        ValueError
            If `input_features` are not those seen during `fit`.
        """
        check_is_fitted(self, "n_features_in_")
        names = _check_feature_names_in(self, input_features)
        wanted = validate_columns(self.columns)[0]
        chosen = [c if isinstance(c, str) else names[c] for c in wanted]
        return np.asarray(chosen, dtype=object)

    # Not scikit-learn's: its wrapper would convert the output to one library.
    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept an output configuration, which has no effect.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Not used, present for API consistency.

        Returns
        -------
        self : ColumnSelector
            The selector, unchanged.
        """
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True  # pipelines would otherwise reject `transform` before `fit`

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "int64", "int32"]
        return tags

    def _fitted_names(self) -> Any:
        """Return `columns`, with positions replaced by the names seen during `fit`."""
        wanted, scalar = validate_columns(self.columns)
        names = getattr(self, "feature_names_in_", None)
        if names is None or isinstance(wanted[0], str):
            return self.columns
        chosen = [str(names[c]) for c in wanted]
        return chosen[0] if scalar else chosen


def _as_table(X: Any) -> Any:
    """Return `X` as a table with named columns or a 2-D array; raise otherwise."""
    if isinstance(X, LazyTable) and X.ndim == 2:
        return X
    X = as_native(X)
    if is_table(X):
        return X
    check_rows(X, "a DataFrame, a table with named columns or a 2D array")
    if is_column(X):
        table = np.empty(len(X))  # 1-D: a column of structs would become a 2-D array
    else:
        table = _rows_to_array(X) if isinstance(X, (list, tuple)) else np.asarray(X)
    if table.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {table.ndim}D array instead: `X` has shape "
            f"{table.shape}. Pass a DataFrame. Reshape your data with "
            "array.reshape(-1, 1) if it is a single column."
        )
    return table


def _rows_to_array(rows: Sequence[Any]) -> NDArray[Any]:
    if not rows or not all(map(is_row, rows)):
        records = bool(rows) and all(isinstance(row, Mapping) for row in rows)
        advice = (
            "Convert it to a table: pandas.DataFrame(X)."
            if records
            else "Reshape your data with [[value] for value in X] if it is a single "
            "column."
        )
        kinds = sorted({type(row).__name__ for row in rows})
        raise ValueError(
            "Expected 2D array, got a list that is not made of rows of one length "
            f"(it contains {', '.join(kinds) or 'nothing'}). {advice}"
        )
    # As numbers only if all cells are: NumPy would convert 1 beside "a" to "1".
    table = cell_matrix(rows)
    if all(isinstance(c, Real) and not isinstance(c, bool) for c in table.ravel()):
        return np.asarray([list(row) for row in rows])
    return table
