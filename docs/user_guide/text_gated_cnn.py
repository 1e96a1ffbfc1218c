"""A gated convolutional network for product texts."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils._param_validation import Interval

from amzest.text import BaseTextClassifier, estimator_dataclass

if TYPE_CHECKING:
    from amzest.text.networks import TextNetwork


@estimator_dataclass
class TextGatedCNNClassifier(BaseTextClassifier):
    """Classify products by text with a gated convolutional network.

    One convolution over neighbouring words, half of whose outputs are gates for the
    other half [1]_, followed by max pooling over the text.

    Parameters
    ----------
    n_filters : int
        Number of filters; each has a gate of its own.

    kernel_size : int
        Size of the convolution, in words.

    See Also
    --------
    TextCNNClassifier : Convolutions of several sizes, without gates.

    References
    ----------
    .. [1] Dauphin et al. (2017), Language Modeling with Gated Convolutional Networks,
       https://arxiv.org/abs/1612.08083.

    Examples
    --------
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextGatedCNNClassifier(random_state=0)
    >>> classifier.fit(titles * 8, categories * 8).predict(["runing shoes"]).tolist()
    ['shoes']
    """

    n_filters: int = 64
    kernel_size: int = 3

    _test_params: ClassVar[dict[str, Any]] = {"n_filters": 8}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTextClassifier._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        n_filters = int(self.n_filters)
        return {
            "n_filters": n_filters,
            "kernel_size": int(self.kernel_size),
            **self._common_architecture(n_classes, width=n_filters),
        }

    @staticmethod
    def _build_network(
        *, n_filters: int, kernel_size: int, **common: Any
    ) -> TextNetwork:
        from torch import Tensor, nn  # here: importing amzest must not load torch
        from torch.nn import functional

        from amzest.text.networks import TextNetwork, masked_max

        class GatedCNN(TextNetwork):
            def __init__(self) -> None:
                super().__init__(**common)
                self.convolution = nn.Conv1d(
                    common["embedding_size"],
                    2 * n_filters,
                    kernel_size,
                    padding=kernel_size // 2,
                )

            def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
                convolved = self.convolution(x.mT)[..., : x.shape[1]]
                gated = functional.glu(convolved, dim=1).mT
                return masked_max(gated, mask)  # (batch, n_filters)

        return GatedCNN()
