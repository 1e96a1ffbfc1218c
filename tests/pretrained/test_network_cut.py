"""Networks cut before their last blocks compute what they compute as a whole."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402

from amzest.pretrained._image_network import ImageNetwork  # noqa: E402
from amzest.pretrained._network_cut import (  # noqa: E402
    TrainedPart,
    cut_network,
    find_blocks,
)

VIT = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}
CONVOLUTIONAL = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}
ARCHITECTURES = {
    "ViT": VIT,
    "Dinov2": VIT,
    "DINOv3ViT": VIT,
    "SiglipVision": VIT,
    "CLIPVision": VIT,
    "ConvNext": CONVOLUTIONAL,
    "ResNet": {**CONVOLUTIONAL, "embedding_size": 8},
    "MobileNetV2": {"image_size": 32, "depth_multiplier": 0.25},
    "Swin": {
        "image_size": 32,
        "patch_size": 2,
        "embed_dim": 8,
        "depths": [1, 1, 1],
        "num_heads": [1, 1, 2],
        "window_size": 4,
    },
}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, maps):
        return maps + self.norm(self.convolution(maps))


class Shared(nn.Module):
    """As EfficientNet, it uses one activation before, between and after the blocks."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.activation = nn.ReLU()
        self.norm = nn.BatchNorm2d(4)
        self.blocks = nn.ModuleList([Residual() for _ in range(3)])
        self.head = nn.Conv2d(4, 6, 1)

    def forward(self, pixels):
        maps = self.activation(self.norm(self.stem(pixels)))
        for block in self.blocks:
            maps = self.activation(block(maps))
        return self.activation(self.head(maps))


class Dense(nn.Module):
    """A later layer uses what an earlier one has computed."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)])

    def forward(self, pixels):
        maps = [pixels]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return torch.cat(maps, dim=1)


def network_of(name):
    if name == "own":
        return Shared()
    kind = "ViT" if name == "ViT without pooler" else name
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**ARCHITECTURES[kind])
        return getattr(transformers, f"{kind}Model")(config)


@pytest.fixture(params=[*ARCHITECTURES, "own"])
def network(request):
    whole = network_of(request.param)
    arguments = {} if request.param == "own" else {"pixel_values": None}
    return ImageNetwork(whole, arguments=arguments)


def pixels(n=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 32, 32, generator=generator)


def test_parts_compute_the_features_of_the_whole(network):
    blocks = find_blocks(network.network, "auto")
    assert len(blocks) > 1
    for block in (blocks[-1], blocks[0]):
        frozen = cut_network(network, block, 32)
        part = TrainedPart(network, block, pixels(1))
        with torch.inference_mode():
            torch.testing.assert_close(part(frozen(pixels())), network(pixels()))


def test_only_the_last_blocks_are_trained(network):
    blocks = find_blocks(network.network, "auto")
    frozen = cut_network(network, blocks[-1], 32)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    part = TrainedPart(network, blocks[-1], pixels(1)).train()
    trained = [n for n, p in part.named_parameters() if p.requires_grad]
    assert any(f".{blocks[-1]}." in name for name in trained)
    assert not any(f".{name}." in f"{n}." for n in trained for name in blocks[:-1])
    part(frozen(pixels())).square().sum().backward()
    with torch.no_grad():
        for parameter in part.parameters():
            if parameter.grad is not None:
                parameter -= parameter.grad
    for name, tensor in network.state_dict().items():
        assert tensor.equal(before[name]), f"{name} of the shared network has changed"
    assert not torch.equal(part(frozen(pixels())), network(pixels()))


def test_statistics_of_batch_normalisation_are_kept():
    network = ImageNetwork(Shared())
    part = TrainedPart(network, "blocks.2", pixels(1)).train()
    norm = part.network.network.blocks[2].norm
    assert part.training
    assert not norm.training
    frozen = cut_network(network, "blocks.2", 32)
    part(frozen(pixels()))
    assert norm.running_mean.equal(torch.zeros(4))


def test_blocks_by_name():
    network = nn.Sequential()
    for name in ("stem", "layer1", "layer2"):
        network.add_module(name, nn.Conv2d(3, 3, 3, padding=1))
    assert find_blocks(network, ["layer1", "layer2"]) == ["layer1", "layer2"]
    assert find_blocks(Shared(), "blocks") == ["blocks.0", "blocks.1", "blocks.2"]
    with pytest.raises(ValueError, match="`blocks` is 'layer3'"):
        find_blocks(network, ["layer2", "layer3"])
    with pytest.raises(ValueError, match=r"`blocks` is 'stem', a Conv2d; expected"):
        find_blocks(Shared(), "stem")
    with pytest.raises(ValueError, match="has no list of blocks"):
        find_blocks(nn.Conv2d(3, 3, 3), "auto")


def test_networks_that_cannot_be_cut():
    with pytest.raises(ValueError, match="later layers use what earlier ones computed"):
        cut_network(ImageNetwork(Dense()), "blocks.2", 32)
    unused = Shared()
    unused.other = nn.ModuleList([nn.Conv2d(4, 4, 3) for _ in range(9)])
    with pytest.raises(ValueError, match="its blocks are not used"):
        cut_network(ImageNetwork(unused), "other.5", 32)


def test_threads_do_not_mix_their_feature_maps():
    from concurrent.futures import ThreadPoolExecutor

    network = ImageNetwork(Shared())
    frozen = cut_network(network, "blocks.1", 32)
    part = TrainedPart(network, "blocks.1", pixels(1))

    def compute(seed):
        with torch.inference_mode():
            return part(frozen(pixels(2, seed)))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(compute, range(16)))
    for seed, features in enumerate(found):
        with torch.inference_mode():
            torch.testing.assert_close(features, network(pixels(2, seed)))
