"""The weights of a former fit in a network with other words and classes."""

from types import SimpleNamespace

import numpy as np

from amzest.text._former_network import former_weights


def network(words, classes, pretrained, first):
    """Return fitted attributes with tables of distinct numbers."""
    n_rows, numbers = len(words) + 2, iter(range(first, first + 1000))

    def table(*shape):
        values = [next(numbers) for _ in range(int(np.prod(shape)))]
        return np.array(values, dtype=np.float32).reshape(shape)

    return {
        "architecture_": {"embedding_size": 1, "train_pretrained": True},
        "classes_": np.array(classes),
        "embedding_rows_": {word: row for row, word in enumerate(pretrained, 1)},
        "n_buckets_": 2,
        "vocabulary_": {word: row for row, word in enumerate(words)},
        "weights_": {
            "table": table(n_rows, 1),
            "pretrained": table(1 + len(pretrained), 1),
            "convolutions.0.weight": table(2),
            "logits.weight": table(len(classes), 2),
            "logits.bias": table(len(classes)),
        },
    }


def test_rows_follow_their_words_and_classes():
    old = network(["b", "d"], ["garden", "shoes"], ["b", "x"], 100)
    new = network(["a", "b", "c"], ["books", "garden", "shoes"], ["c", "x"], 500)
    untrained = {name: array.copy() for name, array in new["weights_"].items()}
    weights = former_weights(SimpleNamespace(**new), untrained, old)
    assert weights["table"].ravel().tolist() == [0, 100, 0, 102, 103]
    assert weights["pretrained"].ravel().tolist() == [505, 506, 106]
    assert weights["convolutions.0.weight"].tolist() == [107, 108]
    assert weights["logits.weight"].tolist() == [[510, 511], [109, 110], [111, 112]]
    assert weights["logits.bias"].tolist() == [516, 113, 114]
    for name, array in untrained.items():
        np.testing.assert_array_equal(array, new["weights_"][name])
