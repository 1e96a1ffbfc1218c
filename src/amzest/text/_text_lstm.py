"""A recurrent network for product texts."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils._param_validation import Interval

from amzest.neural import estimator_dataclass
from amzest.text._base import BaseTextClassifier

if TYPE_CHECKING:
    from amzest.text.networks import TextNetwork


@estimator_dataclass
class TextLSTMClassifier(BaseTextClassifier):
    """Classify products by text with a bidirectional LSTM.

    A long short-term memory network [1]_ reads the words of each text in both
    directions [2]_; its states are max-pooled and averaged over the text.

    Parameters
    ----------
    hidden_size : int
        Size of the state of each direction.

    See Also
    --------
    TextCNNClassifier : Patterns of neighbouring words; the fastest.
    TextTransformerClassifier : Self-attention between all words.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long Short-Term Memory, Neural
       Computation 9(8).
    .. [2] Graves and Schmidhuber (2005), Framewise Phoneme Classification with
       Bidirectional LSTM and Other Neural Network Architectures, Neural Networks 18.

    Examples
    --------
    >>> from amzest.text import TextLSTMClassifier
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextLSTMClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> classifier.predict(["runing shoes", "spade", None]).tolist()[:2]
    ['shoes', 'garden']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    hidden_size: int = 64

    _test_params: ClassVar[dict[str, Any]] = {"hidden_size": 8}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTextClassifier._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        hidden_size = int(self.hidden_size)
        return {
            "network": "lstm",
            "hidden_size": hidden_size,
            **self._common_architecture(n_classes, 4 * hidden_size),
        }

    @staticmethod
    def _build_network(**architecture: Any) -> TextNetwork:
        from amzest.text.networks import TextLSTM

        return TextLSTM(**architecture)
