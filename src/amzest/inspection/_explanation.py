"""The result of `explain`: data, plots and HTML."""

from __future__ import annotations

from typing import Any

import pandas as pd

from amzest.inspection._explained import Explained, check_row
from amzest.inspection._html import explanation_as_html
from amzest.inspection._image_explanation_display import ImageExplanationDisplay
from amzest.inspection._text_explanation_display import TextExplanationDisplay
from amzest.utils import count


class Explanation(Explained):
    """Contributions of words, parts of images, columns and members to predictions.

    It is returned by :func:`explain`. A positive contribution speaks for the explained
    category, a negative one against it.

    Parameters
    ----------
    samples : DataFrame
        A row per sample: its explained `label`, the `predicted` one, the `probability`
        of the explained label, and `score` and `baseline`. The contributions of the
        words of a sample and its baseline sum to its score; both are NaN for
        occlusion, of which this is not true.

    words : DataFrame
        A row per word, with the columns that :meth:`frame` describes.

    columns : DataFrame
        A row per sample and column, see :meth:`columns_frame`.

    members : DataFrame
        A row per sample and member of an ensemble, see :meth:`members_frame`.

    texts : dict of (int, str) to str
        Texts by sample and column.

    images : dict of (int, str) to ndarray
        Pixels of the images by sample and column.

    heat_maps : dict of (int, str) to ndarray of shape (grid_size, grid_size)
        Contributions of the parts of images by sample and column.

    method : {"exact", "integrated_gradients", "occlusion"}
        The method that was used for texts.

    Attributes
    ----------
    samples : DataFrame
        The parameter.

    words : DataFrame
        The parameter.

    columns : DataFrame
        The parameter.

    members : DataFrame
        The parameter.

    texts : dict
        The parameter.

    images : dict
        The parameter.

    heat_maps : dict
        The parameter.

    method : str
        The parameter.

    See Also
    --------
    explain : Explains predictions.
    TextExplanationDisplay : Plots the words of a sample.
    ImageExplanationDisplay : Plots the heat map of an image.

    Examples
    --------
    >>> from amzest import TextLinearClassifier
    >>> from amzest.inspection import explain
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> clf = TextLinearClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> explanation = explain(clf, ["leather garden shoe"])
    >>> explanation.frame()[["word", "contribution"]].round(2)
          word  contribution
    0  leather          0.42
    1   garden         -0.40
    2     shoe          0.22
    """

    def __repr__(self) -> str:
        parts = [count(len(self), "sample"), f"method={self.method!r}"]
        return f"<Explanation of {', '.join(parts)}>"

    def frame(self) -> pd.DataFrame:
        """Return the contribution of each word.

        Returns
        -------
        words : DataFrame
            The columns `row`, the position of the sample; `label`, the explained
            category; `column`, the name or position of the column; `word`; `start` and
            `end`, its position in the cell; and `contribution`. With the method
            "occlusion" it is a difference of probabilities, otherwise a part of the
            score of the category.
        """
        return self.words.copy()

    def columns_frame(self) -> pd.DataFrame:
        """Return the share of each column in the probability.

        Returns
        -------
        columns : DataFrame
            The columns `row`, `label`, `column`, `modality` ("text" or "image") and
            `contribution`: a Shapley value. The contributions to a sample sum to its
            probability minus that of a sample whose cells are all missing.
        """
        return self.columns.copy()

    def modalities_frame(self) -> pd.DataFrame:
        """Return the share of texts and of images in the probability.

        Returns
        -------
        modalities : DataFrame
            The columns `row`, `label`, `modality` and `contribution`, the sum of those
            of the columns.
        """
        keys = ["row", "label", "modality"]
        summed = self.columns.groupby(keys, sort=False, as_index=False, observed=True)
        result: pd.DataFrame = summed["contribution"].sum()
        return result

    def members_frame(self) -> pd.DataFrame:
        """Return the share of each member of an ensemble in the probability.

        Returns
        -------
        members : DataFrame
            The columns `row`, `label`, `member`, `modality` ("text", "image" or "text
            and image"), `probability`, that of the member itself (NaN where the sample
            is missing for it), and `contribution`: a Shapley value. The contributions
            to a sample sum to the probability of the ensemble minus that without any
            member: in ensembles of amzest, the frequency of the category. Empty if
            the model is not an ensemble.
        """
        return self.members.copy()

    def top_words(self, n_words: int = 5) -> pd.DataFrame:
        """Return the words with the largest contributions to each sample.

        Parameters
        ----------
        n_words : int, default=5
            Number of words of each sample.

        Returns
        -------
        words : DataFrame
            Rows of :meth:`frame`, of each sample the largest contribution first.
        """
        ordered = self.words.sort_values(
            ["row", "contribution"], ascending=[True, False], kind="stable"
        )
        return ordered.groupby("row").head(n_words).reset_index(drop=True)

    def plot(self, row: int = 0, *, ax: Any = None) -> Any:
        """Plot the words, or the heat map, of a sample.

        Parameters
        ----------
        row : int, default=0
            Position of the sample.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TextExplanationDisplay or ImageExplanationDisplay
            The display of the words or, if the sample has none, of its image.

        Raises
        ------
        ValueError
            If there is no such sample, or it has neither words nor an image.
        """
        check_row(self, row)
        if any(sample == row for sample, _ in self.heat_maps) and not (
            self.words["row"].eq(row).any()
        ):
            return ImageExplanationDisplay.from_explanation(self, row=row, ax=ax)
        return TextExplanationDisplay.from_explanation(self, row=row, ax=ax)

    def _repr_html_(self) -> str:
        return explanation_as_html(self)
