"""A convolutional network for product texts."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils._param_validation import Interval

from amzest.neural import estimator_dataclass
from amzest.text._base import BaseTextClassifier
from amzest.utils import Counts

if TYPE_CHECKING:
    from amzest.text.networks import TextNetwork


@estimator_dataclass
class TextCNNClassifier(BaseTextClassifier):
    """Classify products by text with a convolutional network.

    Convolutions of several sizes over neighbouring words, each followed by max pooling
    over the text [1]_.

    Parameters
    ----------
    n_filters : int
        Number of filters of each size.

    kernel_sizes : sequence of int
        Sizes of the convolutions, in words.

    See Also
    --------
    TextLSTMClassifier : A recurrent network; reads words in order.
    TextTransformerClassifier : Self-attention between all words.

    References
    ----------
    .. [1] Kim (2014), Convolutional Neural Networks for Sentence Classification,
       https://arxiv.org/abs/1408.5882.

    Examples
    --------
    >>> from amzest.text import TextCNNClassifier
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextCNNClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> classifier.predict(["runing shoes", "spade", None]).tolist()[:2]
    ['shoes', 'garden']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    n_filters: int = 64
    kernel_sizes: Sequence[int] = (1, 2, 3)

    _test_params: ClassVar[dict[str, Any]] = {"n_filters": 8, "kernel_sizes": (2, 3)}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTextClassifier._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_sizes": [Counts()],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        kernel_sizes = [int(size) for size in self.kernel_sizes]
        n_filters = int(self.n_filters)
        return {
            "network": "cnn",
            "n_filters": n_filters,
            "kernel_sizes": kernel_sizes,
            **self._common_architecture(n_classes, n_filters * len(kernel_sizes)),
        }

    @staticmethod
    def _build_network(**architecture: Any) -> TextNetwork:
        from amzest.text.networks import TextCNN

        return TextCNN(**architecture)
