"""The text networks: padding, unseen words, sparse gradients."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from product_checks import small
from sklearn.base import clone
from text_inputs import KINDS, TITLES, Reader
from torch.nn import functional

from amzest.neural import all_networks
from amzest.text.networks import TextCNN, _sum_of_rows

CLASSIFIERS = all_networks("text")
N_CLASSES = 3


@pytest.fixture
def reader():
    return Reader(TITLES)


def describe(name, reader, **options):
    """Return the architecture of a classifier, and the size of its own features."""
    model = small(CLASSIFIERS[name])
    model.n_features_in_, model.network_length_ = 1, 64
    model.n_buckets_, model.vocabulary_ = reader.table.n_buckets, reader.vocabulary
    model.embedding_rows_ = {}
    model.set_params(embedding_size=options.pop("embedding_size", 8))
    architecture = {**model._architecture(N_CLASSES), **options}
    size = architecture["embedding_size"]
    return architecture, architecture["n_features_out"] - size


def network(name, reader, **options):
    architecture, _ = describe(name, reader, **options)
    architecture.pop("network", None)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = CLASSIFIERS[name]._build_network(**architecture)
        if n_pretrained := architecture["n_pretrained"]:
            size = architecture["embedding_size"]
            with torch.no_grad():
                module.pretrained[1:] = torch.randn(n_pretrained - 1, size)
    return module.eval()


def of(array):
    return array.detach().numpy()


each_network = pytest.mark.parametrize("name", CLASSIFIERS)


@each_network
def test_features_and_logits_have_their_shapes(name, reader):
    module = network(name, reader)
    batch = reader.batch(TITLES[:5])
    features = module.features(**batch)
    assert features.shape == (5, describe(name, reader)[1] + 8)
    logits = module(**batch)
    assert logits.shape == (5, N_CLASSES)
    torch.testing.assert_close(logits, module.logits(features))


@each_network
def test_training_in_bfloat16_is_close_on_any_processor(name):
    model = small(CLASSIFIERS[name]).set_params(random_state=0)
    exact, short = (
        clone(model).set_params(precision=precision).fit(TITLES, KINDS)
        for precision in ("float32", "bfloat16")
    )
    assert exact.loss_curve_ != short.loss_curve_
    np.testing.assert_allclose(exact.loss_curve_, short.loss_curve_, rtol=0.05)
    assert {weight.dtype for weight in short.weights_.values()} == {np.dtype("float32")}


@each_network
@pytest.mark.parametrize("which", ["dropout", "embedding_dropout"])
def test_dropout_changes_the_logits_in_training_only(name, reader, which):
    module = network(name, reader)
    batch = reader.batch(TITLES[:5])
    expected = module(**batch)
    module.training = True  # but not the blocks inside
    module.dropout = module.embedding_dropout = 0.0
    torch.testing.assert_close(module(**batch), expected)
    setattr(module, which, 0.5)
    assert (module(**batch) - expected).abs().max() > 1e-3
    module.eval()
    torch.testing.assert_close(module(**batch), expected)


@each_network
@pytest.mark.parametrize("long", [2, 7, 60])
def test_padding_does_not_affect_the_features(name, reader, long):
    module = network(name, reader)
    texts = ["rake", "red shoe", "long green garden hose"]
    longer = " ".join(["boot shoe spade hose"] * 15).split()[:long]
    together = module.features(**reader.batch([*texts, " ".join(longer)]))
    for i, text in enumerate(texts):
        alone = module.features(**reader.batch([text]))
        np.testing.assert_allclose(of(together[i]), of(alone[0]), atol=1e-5)


@each_network
def test_word_order_matters_as_declared(name, reader):
    module = network(name, reader)
    width = describe(name, reader)[1]
    one, two = of(
        module.features(**reader.batch(["red garden hose", "hose garden red"]))
    )
    differs = np.abs(one[:width] - two[:width]).max() > 1e-4
    assert differs == CLASSIFIERS[name].order_sensitive
    np.testing.assert_allclose(one[width:], two[width:], atol=1e-6)


@pytest.mark.parametrize(
    ("known", "misspelt"),
    [("running", "runing"), ("leather", "lether"), ("garden", "gardens")],
)
def test_a_misspelt_word_is_near(known, misspelt):
    reader = Reader(TITLES, n_buckets=4096)
    module = network("TextCNNClassifier", reader, embedding_size=256)
    texts = [misspelt, *sorted(reader.vocabulary)]
    # A text of one word: the mean of its word vectors is that word's.
    features = of(module.features(**reader.batch(texts)))
    vectors = features[:, -256:]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nearness = dict(zip(texts[1:], vectors[1:] @ vectors[0], strict=True))
    assert max(nearness, key=nearness.get) == known
    assert nearness.pop(known) > max(0.25, 1.5 * max(nearness.values()))


@each_network
def test_an_unseen_word_has_a_vector(name, reader):
    module = network(name, reader)
    one, two = of(module.features(**reader.batch(["zqxv", "wjfg"])))
    assert np.abs(one).max() > 1e-3
    assert np.abs(one - two).max() > 1e-3


@each_network
@pytest.mark.parametrize("train_pretrained", [False, True])
def test_gradients_of_tables_are_sparse(name, train_pretrained):
    reader = Reader(TITLES, pretrained={"red": 1, "hose": 2, "spade": 3})
    module = network(name, reader, n_pretrained=4, train_pretrained=train_pretrained)
    module.train()
    batch = reader.batch(["red boot", "garden hose"], rng=np.random.default_rng(0))
    module(**batch).sum().backward()
    rows = {"table": "word_rows"}
    if train_pretrained:
        rows["pretrained"] = "pretrained_rows"
    for table, key in rows.items():
        gradient = getattr(module, table).grad
        assert gradient.is_sparse
        touched = set(gradient.coalesce().indices()[0].tolist())
        assert touched == set(batch[key].tolist()) - ({0} if "pre" in key else set())
        assert len(touched) < len(getattr(module, table))
    names = {name for name, _ in module.named_parameters()}
    assert names & set(module.sparse_parameters) == set(rows)
    for parameter_name, parameter in module.named_parameters():
        if parameter_name not in rows:
            assert not parameter.grad.is_sparse


@each_network
def test_frozen_vectors_are_not_parameters(name):
    reader = Reader(TITLES, pretrained={"red": 1})
    frozen = network(name, reader, n_pretrained=2)
    assert "pretrained" not in dict(frozen.named_parameters())
    assert "pretrained" in frozen.state_dict()
    with_vector, without = (
        of(frozen.features(**r.batch(["red hose"]))) for r in (reader, Reader(TITLES))
    )
    assert np.abs(with_vector - without).max() > 1e-2


@each_network
def test_a_text_whose_words_are_all_hidden_is_finite(name, reader):
    inputs = reader.encode(["red shoe", "hose"], token_dropout=1 - 1e-12)
    batch = inputs.batch(np.arange(2), np.random.default_rng(0))
    module = network(name, reader)
    assert np.isfinite(of(module.features(**batch))).all()
    module.train()
    module(**batch).sum().backward()
    for parameter_name, parameter in module.named_parameters():
        if parameter.grad is not None and not parameter.grad.is_sparse:
            assert torch.isfinite(parameter.grad).all(), parameter_name


def test_lstm_directions_are_symmetric(reader):
    module = network("TextLSTMClassifier", reader)
    with torch.no_grad():
        for onward, back in zip(
            module.onward.parameters(), module.backward_.parameters(), strict=True
        ):
            back.copy_(onward)
    texts = ["red leather boot", "boot leather red", "a much longer text of rakes"]
    ahead, reverse, _ = of(module.features(**reader.batch(texts)))
    size = CLASSIFIERS["TextLSTMClassifier"]._test_params["hidden_size"]
    for block in (0, 2 * size):  # maximum, mean
        np.testing.assert_allclose(
            ahead[block : block + size],
            reverse[block + size : block + 2 * size],
            atol=1e-6,
        )


def test_convolutions_wider_than_the_text_work(reader):
    module = network("TextCNNClassifier", reader)
    features = of(module.features(**reader.batch(["rake"])))
    assert features.shape == (1, 2 * 8 + 8)
    assert np.isfinite(features).all()


def test_gradients_of_a_sum_of_rows_are_those_of_plain_indexing():
    reader = Reader(TITLES)
    batch = reader.batch(TITLES[:5], rng=np.random.default_rng(0))
    n_words = len(batch["word_starts"])
    table = torch.randn(len(reader.vocabulary) + 512, 3, requires_grad=True)
    target = torch.randn(n_words, 3)
    (_sum_of_rows(table, batch, "word") * target).sum().backward()
    ours = table.grad.to_dense()
    table.grad = None
    ends = [*batch["word_starts"].tolist(), len(batch["word_rows"])]
    rows, weights = batch["word_rows"].long(), batch["word_weights"][:, None]
    sums = [
        (table[rows[start:end]] * weights[start:end]).sum(0)
        for start, end in pairwise(ends)
    ]
    (torch.stack(sums) * target).sum().backward()
    torch.testing.assert_close(ours, table.grad)


@pytest.mark.parametrize("sizes", [(1,), (2, 3), (5, 4, 1)])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_filters_equal_convolutions(sizes, length):
    torch.manual_seed(0)
    module = TextCNN(
        n_filters=6, kernel_sizes=sizes, n_rows=1, n_classes=2,
        n_features_out=6 * len(sizes) + 4, embedding_size=4, dropout=0.0,
        embedding_dropout=0.0,
    )  # fmt: skip
    x = torch.randn(3, length, 4)
    mask = torch.ones(3, length, dtype=torch.bool)
    expected = []
    for size, convolution in zip(sizes, module.convolutions, strict=True):
        padded = functional.pad(x.mT, (size // 2, size - 1 - size // 2))
        expected.append(functional.relu(convolution(padded)).amax(2))
    found = module.encode(x, mask, mask.sum(1))
    torch.testing.assert_close(found, torch.cat(expected, 1))


@pytest.mark.parametrize("sizes", [(1, 2, 3), (3,), (4, 1), (5, 2), (9,)])
def test_predictions_of_the_cnn_equal_its_outputs_in_training(reader, sizes):
    module = network(
        "TextCNNClassifier",
        reader,
        kernel_sizes=sizes,
        n_features_out=8 * len(sizes) + 8,
    )
    batch = reader.batch(["red", "garden hose of steel and leather", "blue", "zzz"])
    with torch.inference_mode():
        found = module.features(**batch)
        module.train()
        module.embedding_dropout = 0.0
        expected = module.features(**batch)
    np.testing.assert_allclose(of(found), of(expected), rtol=1e-5, atol=1e-6)
