"""Why a classifier predicts a category."""

from __future__ import annotations

from typing import Any

from amzest.inspection._compute import CONSTRAINTS, Method, compute_explanation
from amzest.inspection._explanation import Explanation
from amzest.utils import validate_params


@validate_params(CONSTRAINTS)
def explain(
    model: Any,
    X: Any,
    *,
    y: Any = None,
    method: Method = "auto",
    columns: Any = None,
    shares: bool = True,
    grid_size: int = 8,
    max_parts: int = 100,
    n_steps: int = 32,
    batch_size: int = 2048,
) -> Explanation:
    """Explain why a classifier predicts a category, sample by sample.

    For texts the contribution of each word is computed, for images that of each part,
    and in addition the shares of the columns and, for ensembles, of the members.

    Parameters
    ----------
    model : classifier
        Fitted, with `predict_proba`: a classifier of amzest or of scikit-learn, a
        pipeline, an ensemble or a wrapper.

    X : array-like of shape (n_samples,) or (n_samples, n_columns)
        Samples in the form accepted by `model`. A missing cell has no contributions.

    y : label or array-like of shape (n_samples,), default=None
        Category to explain: one for all samples, or one per sample. None explains the
        category with the highest probability.

    method : {"auto", "exact", "integrated_gradients", "occlusion"}, default="auto"
        How contributions of words are computed:

        - "exact" divides the decision score of :class:`~amzest.TextLinearClassifier`
          among the words that its features come from.
        - "integrated_gradients" attributes the score of a text network of amzest to the
          vectors of words [1]_, and that of its linear part exactly. It needs captum.
        - "occlusion" leaves out each word, wherever it occurs in the sample, and
          measures how much lower the probability is [2]_. It works for any model.
        - "auto" is "exact" if possible and otherwise "occlusion".

        Images are always explained by occlusion.

    columns : str, int or list of these, default=None
        Names or positions of the columns to explain. None explains all columns of texts
        and images that the model reads.

    shares : bool, default=True
        Whether to compute the shares of columns and members, which needs predictions
        for samples with missing cells.

    grid_size : int, default=8
        Number of rows and of columns of the heat map of an image.

    max_parts : int, default=100
        Largest number of parts of the text of a sample that "occlusion" leaves out one
        by one. In longer samples neighbouring words are left out together.

    n_steps : int, default=32
        Number of steps of the integral of "integrated_gradients".

    batch_size : int, default=2048
        Largest number of changed samples that are predicted at a time.

    Returns
    -------
    explanation : Explanation
        Contributions, with a table, a plot and HTML.

    Raises
    ------
    TypeError
        If `model` has no `predict_proba`.
    ValueError
        If a parameter is invalid, `method` does not support `model`, a label is not a
        class of `model`, or `X` has no column of texts or images.
    ImportError
        If captum is needed and not installed.

    See Also
    --------
    deletion_test : Tests whether the words that are named affect the prediction.
    sklearn.inspection.permutation_importance : Importance of whole columns for the
        accuracy.

    Notes
    -----
    For two models with the same predictions, explanations may differ: they describe the
    model, not the product. Of several words that say the same, occlusion gives each a
    small contribution, because the others remain.

    References
    ----------
    .. [1] Sundararajan et al. (2017), Axiomatic Attribution for Deep Networks,
       https://arxiv.org/abs/1703.01365.
    .. [2] Zeiler and Fergus (2014), Visualizing and Understanding Convolutional
       Networks, https://arxiv.org/abs/1311.2901.

    Examples
    --------
    >>> from amzest import TextLinearClassifier
    >>> from amzest.inspection import explain
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> clf = TextLinearClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> explain(clf, ["red garden hose"]).top_words(2)["word"].tolist()
    ['garden', 'hose']
    >>> explain(clf, ["red garden hose"], y="shoes").top_words(1)["word"].tolist()
    ['red']
    """
    explained = compute_explanation(
        model,
        X,
        y=y,
        method=method,
        columns=columns,
        shares=shares,
        grid_size=grid_size,
        max_parts=max_parts,
        n_steps=n_steps,
        batch_size=batch_size,
    )
    return Explanation(**vars(explained))
