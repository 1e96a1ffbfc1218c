"""Integrated gradients of text networks with respect to the vectors of their words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural import Inputs
from amzest.utils import require

Floats = NDArray[np.float64]

#: Number of texts, times steps, that are computed at a time.
_TEXTS, _STEPS_TOGETHER = 32, 512


def integrated_gradients(
    net: Any,
    inputs: Inputs,
    rows: NDArray[np.intp],
    targets: NDArray[np.intp],
    n_steps: int,
) -> tuple[list[Floats], Floats, Floats]:
    """Return attributions to the words of texts, and the scores without and with them.

    The gradient of the logit of the target, less the mean logit, is integrated from
    zero vectors, by which padding and words hidden in training are represented, to the
    vectors of the words (Sundararajan et al., 2017). `net` is a skorch object.

    Returns
    -------
    attributions : list of ndarray of shape (n_words,)
        One value per word of each text.
    baselines : ndarray of shape (n_rows,)
        Scores of zero vectors.
    scores : ndarray of shape (n_rows,)
        Scores of the texts.
    """
    require("captum", extra="explain", purpose="method='integrated_gradients'")
    import torch
    from captum.attr import IntegratedGradients

    module = net.module_.eval()

    def score(vectors: Any, lengths: Any) -> Any:
        logits = module.logits(module.features_of_vectors(vectors, lengths)).float()
        return logits - logits.mean(1, keepdim=True)

    attributions: list[Floats] = []
    baselines, scores = np.empty(len(rows)), np.empty(len(rows))
    method = IntegratedGradients(score)
    for start in range(0, len(rows), _TEXTS):
        part = slice(start, start + _TEXTS)
        batch = {k: v.to(net.device) for k, v in inputs.batch(rows[part]).items()}
        target = torch.from_numpy(targets[part].astype(np.int64)).to(net.device)
        lengths = batch["lengths"]
        with torch.no_grad():
            vectors = module.vectors_of_words(batch)
            for of, values in (
                (vectors, scores),
                (torch.zeros_like(vectors), baselines),
            ):
                of_target = score(of, lengths).gather(1, target[:, None])
                values[part] = of_target[:, 0].cpu().numpy()
        # cuDNN computes gradients of recurrent layers only in training.
        with torch.backends.cudnn.flags(enabled=False):
            found = method.attribute(
                vectors,
                target=target,
                additional_forward_args=(lengths,),
                n_steps=n_steps,
                internal_batch_size=max(_STEPS_TOGETHER, len(target)),
            )
        summed = found.sum(2).detach().cpu().numpy().astype(np.float64)
        counts = lengths.cpu().tolist()
        attributions += [row[:n] for row, n in zip(summed, counts, strict=True)]
    return attributions, baselines, scores
