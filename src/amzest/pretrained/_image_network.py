"""Feature vectors from any torch network of images: outputs, hooks and pooling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import nn

from amzest.neural._torch import GENERATOR_LOCK
from amzest.utils import shown, shown_list

Pooling = Literal["auto", "pooler", "cls", "mean"]

#: Names under which vision transformers keep the token that stands for the image.
_CLS_TOKENS = ("cls_token", "class_embedding", "class_token")


class Stop(Exception):
    """Ends a forward pass at a submodule, with what is wanted from it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def find_submodule(network: nn.Module, name: str, parameter: str) -> nn.Module:
    """Return the submodule of a name; raise if there is none."""
    modules = dict(network.named_modules())
    if name not in modules or not name:
        last = name.rpartition(".")[2]
        near = [n for n in modules if n and (last in n or n.count(".") == 0)]
        raise ValueError(
            f"`{parameter}` is {shown(name)}, but the network has no submodule of this "
            f"name. Its submodules are {shown_list(near, 20)}; see "
            "network.named_modules()."
        )
    return modules[name]


class ImageNetwork(nn.Module):
    """A network of images that returns one feature vector for each image.

    It owns `network`, a copy in evaluation mode. `trained_pooler` is whether the
    weights of a pooling layer, if there is one, are trained ones.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        pooling: Pooling = "auto",
        layer: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        trained_pooler: bool = True,
    ) -> None:
        super().__init__()
        self.network = network
        self.pooling = pooling
        self.layer = layer
        self.arguments = dict(arguments or {})
        self.trained_pooler = trained_pooler
        self.n_prefix_tokens = _count_prefix_tokens(network)
        if layer is not None:
            target = find_submodule(network, layer, "layer")
            target.register_forward_hook(_stop_with_output)
        self.eval()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return features, (batch, n_features), of (batch, 3, height, width)."""
        return self.pool(run_to_stop(self.run_network, pixels))

    def run_network(self, pixels: torch.Tensor) -> Any:
        """Return the output of the network itself, unless a hook stops it."""
        if "pixel_values" in self.arguments:  # of transformers: passed by name
            return self.network(**{**self.arguments, "pixel_values": pixels})
        return self.network(pixels, **self.arguments)

    def pool(self, output: Any) -> torch.Tensor:
        """Return one vector for each image from the output of a network or layer."""
        if isinstance(output, torch.Tensor):
            return self._pool_tensor(output)
        pooled = _item(output, "pooler_output")
        hidden = _item(output, "last_hidden_state")
        if self.pooling == "pooler" or (
            self.pooling == "auto" and pooled is not None and self.trained_pooler
        ):
            if pooled is None:
                raise ValueError(
                    '`pooling` is "pooler", but the network has no pooling layer. Pass '
                    '"cls", "mean" or "auto".'
                )
            return pooled.flatten(1)
        if hidden is None:
            raise ValueError(
                f"The network returns {_describe(output)}, not a tensor of features. "
                "Pass layer= the name of the submodule whose output is the features."
            )
        return self._pool_tensor(hidden)

    def _pool_tensor(self, output: torch.Tensor) -> torch.Tensor:
        if output.ndim == 2:
            return output
        if output.ndim == 4:  # (batch, channels, height, width)
            return output.mean((2, 3))
        if output.ndim != 3:
            raise ValueError(
                f"The features have the shape {tuple(output.shape)}; expected (batch, "
                "features), (batch, tokens, features) or (batch, channels, height, "
                "width). Pass layer= the name of a submodule with such an output."
            )
        has_cls = self.n_prefix_tokens > 0
        if self.pooling == "cls" or (self.pooling == "auto" and has_cls):
            return output[:, 0]
        return output[:, self.n_prefix_tokens :].mean(1)


def run_to_stop(function: Callable[..., Any], *args: Any) -> Any:
    """Return the output of a function, or the value of the `Stop` that ends it."""
    try:
        return function(*args)
    except Stop as stop:
        return stop.value


def _stop_with_output(module: nn.Module, args: Any, output: Any) -> None:
    raise Stop(output)


def _item(output: Any, name: str) -> torch.Tensor | None:
    """Return an output by its name, of a mapping or of an output of transformers."""
    value = output.get(name) if isinstance(output, Mapping) else None
    value = getattr(output, name, None) if value is None else value
    return value if isinstance(value, torch.Tensor) else None


def _describe(output: Any) -> str:
    if isinstance(output, Mapping):
        return f"the outputs {shown_list([str(key) for key in output], 5)}"
    return f"a {type(output).__name__}"


def _count_prefix_tokens(network: nn.Module) -> int:
    """Return the number of tokens before the patches; 0 without a class token."""
    names = [name.rpartition(".")[2] for name, _ in network.named_parameters()]
    if not any(name in names for name in _CLS_TOKENS):
        return 0
    n_registers = getattr(getattr(network, "config", None), "num_register_tokens", 0)
    return 1 + int(n_registers or 0)


def check_network(network: ImageNetwork, image_size: int) -> int:
    """Return the number of features; raise if the network cannot give them.

    It is run twice on one image: features must not depend on random numbers.
    """
    ramp = torch.linspace(-1, 1, image_size)
    pixels = (ramp[:, None] * ramp).expand(1, 3, image_size, image_size).contiguous()
    try:
        with (
            GENERATOR_LOCK,
            torch.inference_mode(),
            torch.random.fork_rng(devices=[]),
        ):
            first, second = network(pixels), network(pixels)
    except (RuntimeError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"The network fails on an image of {image_size} by {image_size} pixels "
            f"({shown(str(error), 300)}). Pass another `image_size` or `layer`."
        ) from error
    if first.ndim != 2 or not torch.isfinite(first).all():
        raise ValueError(
            f"The features of an image have the shape {tuple(first.shape)}"
            + (
                "; expected (1, n_features)."
                if first.ndim != 2
                else ", but they are not finite. Check weights, `mean` and `std`."
            )
        )
    if not torch.equal(first, second):
        raise ValueError(
            "The network gives other features of the same image each time, even in "
            "evaluation mode. Only deterministic networks can be used."
        )
    return int(first.shape[1])
