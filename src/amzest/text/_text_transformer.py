"""A Transformer encoder for product texts."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils._param_validation import Interval

from amzest.neural import estimator_dataclass
from amzest.text._base import BaseTextClassifier

if TYPE_CHECKING:
    from amzest.text.networks import TextNetwork


@estimator_dataclass
class TextTransformerClassifier(BaseTextClassifier):
    """Classify products by text with a Transformer encoder.

    Blocks of self-attention [1]_ over words with learned positions, with layer
    normalisation before each layer [2]_. The outputs are max-pooled and averaged over
    the text.

    Parameters
    ----------
    hidden_size : int
        Size of the hidden representation, a multiple of `n_heads`.

    n_layers : int
        Number of blocks.

    n_heads : int
        Number of attention heads in each block.

    block_dropout : float
        Dropout rate of the residual connections in each block.

    See Also
    --------
    TextCNNClassifier : Patterns of neighbouring words; the fastest.
    TextLSTMClassifier : A recurrent network; reads words in order.

    References
    ----------
    .. [1] Vaswani et al. (2017), Attention Is All You Need,
       https://arxiv.org/abs/1706.03762.
    .. [2] Xiong et al. (2020), On Layer Normalization in the Transformer Architecture,
       https://arxiv.org/abs/2002.04745.

    Examples
    --------
    >>> from amzest.text import TextTransformerClassifier
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextTransformerClassifier(random_state=0).fit(
    ...     titles * 8, categories * 8
    ... )
    >>> classifier.predict(["runing shoes", "spade", None]).tolist()[:2]
    ['shoes', 'garden']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    hidden_size: int = 64
    n_layers: int = 2
    n_heads: int = 4
    block_dropout: float = 0.1

    _test_params: ClassVar[dict[str, Any]] = {"hidden_size": 8, "n_heads": 2}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTextClassifier._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "block_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        hidden_size, n_heads = int(self.hidden_size), int(self.n_heads)
        if hidden_size % n_heads:
            raise ValueError(
                f"`hidden_size` is {hidden_size}, which is not a multiple of `n_heads` "
                f"({n_heads})."
            )
        return {
            "network": "transformer",
            "hidden_size": hidden_size,
            "n_layers": int(self.n_layers),
            "n_heads": n_heads,
            "block_dropout": self.block_dropout,
            # With several columns, each starts with a separator token of its own.
            "n_positions": self.n_features_in_ * (self.network_length_ + 1),
            **self._common_architecture(n_classes, 2 * hidden_size),
        }

    @staticmethod
    def _build_network(**architecture: Any) -> TextNetwork:
        from amzest.text.networks import TextTransformer

        return TextTransformer(**architecture)
