"""Feature vectors from the outputs of networks of any kind."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from amzest.pretrained._image_network import (  # noqa: E402
    ImageNetwork,
    check_network,
    find_submodule,
)


class Returning(nn.Module):
    """Return a given output, whatever the image."""

    def __init__(self, output, *, cls_token=False, n_registers=0):
        super().__init__()
        self.output = output
        self.config = SimpleNamespace(num_register_tokens=n_registers)
        if cls_token:
            self.cls_token = nn.Parameter(torch.zeros(1))

    def forward(self, pixels):
        return self.output


def features(network, **options):
    with torch.no_grad():
        return ImageNetwork(network, **options)(torch.zeros(2, 3, 4, 4))


def test_shapes_of_outputs():
    values = torch.arange(48.0)
    flat = values.reshape(2, 24)
    assert features(Returning(flat)).equal(flat)
    maps = values.reshape(2, 3, 2, 4)
    assert features(Returning(maps)).equal(maps.mean((2, 3)))
    tokens = values.reshape(2, 4, 6)
    assert features(Returning(tokens)).equal(tokens.mean(1))
    with pytest.raises(ValueError, match=r"shape \(48,\); expected \(batch, features"):
        features(Returning(values))


def test_class_tokens_and_registers():
    tokens = torch.arange(48.0).reshape(2, 4, 6)
    network = Returning(tokens, cls_token=True, n_registers=1)
    assert features(network).equal(tokens[:, 0])
    assert features(network, pooling="cls").equal(tokens[:, 0])
    assert features(network, pooling="mean").equal(tokens[:, 2:].mean(1))


def test_outputs_of_transformers():
    pooled, hidden = torch.ones(2, 6, 1, 1), torch.arange(48.0).reshape(2, 4, 6)
    both = SimpleNamespace(pooler_output=pooled, last_hidden_state=hidden)
    assert features(Returning(both)).equal(pooled.flatten(1))
    assert features(Returning(both), trained_pooler=False).equal(hidden.mean(1))
    assert features(Returning(both), pooling="cls").equal(hidden[:, 0])
    without = {"last_hidden_state": hidden}
    assert features(Returning(without)).equal(hidden.mean(1))
    with pytest.raises(ValueError, match='`pooling` is "pooler", but the network has'):
        features(Returning(without), pooling="pooler")
    with pytest.raises(ValueError, match=r"returns the outputs 'logits'.*Pass layer="):
        features(Returning({"logits": hidden}))
    with pytest.raises(ValueError, match="returns a tuple"):
        features(Returning((hidden, pooled)))


def test_a_layer_ends_the_computation():
    def fail(module, args):
        raise AssertionError("a later layer was computed")

    network = nn.Sequential(nn.Conv2d(3, 5, 2), nn.ReLU(), nn.Flatten())
    network[2].register_forward_pre_hook(fail)
    pixels = torch.randn(2, 3, 4, 4)
    expected = network[:2](pixels).mean((2, 3))
    torch.testing.assert_close(ImageNetwork(network, layer="1")(pixels), expected)


def test_unknown_submodules_are_named():
    network = nn.Sequential(nn.Conv2d(3, 5, 2), nn.ReLU())
    with pytest.raises(ValueError, match=r"`layer` is 'pool'.*submodules are '0', '1'"):
        ImageNetwork(network, layer="pool")
    assert find_submodule(network, "1", "layer") is network[1]


def test_networks_are_checked():
    assert check_network(ImageNetwork(nn.Conv2d(3, 7, 2)), 8) == 7
    with pytest.raises(ValueError, match="fails on an image of 2 by 2 pixels"):
        check_network(ImageNetwork(nn.Conv2d(3, 7, 3)), 2)
    with pytest.raises(ValueError, match="not finite"):
        check_network(ImageNetwork(Returning(torch.full((1, 2), torch.nan))), 8)

    class Noise(nn.Module):
        def forward(self, pixels):
            return torch.randn(len(pixels), 4)

    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="other features of the same image"):
        check_network(ImageNetwork(Noise()), 8)
    assert torch.get_rng_state().equal(before)
