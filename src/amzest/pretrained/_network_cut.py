"""A network cut before its last blocks: the frozen part, and the part that is trained.

The forward pass of a network is code, of which only its submodules are visible. The
frozen part runs that code up to the block, where a hook ends it. The trained part runs
the same code, but the submodules before the block return at once what they have
returned for one image (these outputs only have the right shapes, they are not used),
and a hook passes the block the feature maps that the frozen part has computed. The code
is not traced, so that any network works whose blocks follow each other.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from amzest.pretrained._image_network import (
    ImageNetwork,
    Stop,
    find_submodule,
)
from amzest.utils import shown, shown_list

#: Largest difference of features, relative to their size, between the network and its
#: parts: they do the same in the same order, on batches of another size.
_TOLERANCE = 1e-3


def find_blocks(network: nn.Module, blocks: str | Sequence[str]) -> list[str]:
    """Return the names of the blocks of a network, in the order of computation.

    `blocks` is the name of a list of blocks, the names of all blocks, or "auto" for the
    outermost list with the most parameters.
    """
    if not isinstance(blocks, str):
        for name in blocks:
            find_submodule(network, name, "blocks")
        return list(blocks)
    name = _find_longest_list(network) if blocks == "auto" else blocks
    module = find_submodule(network, name, "blocks")
    if not isinstance(module, nn.ModuleList | nn.Sequential) or len(module) < 1:
        raise ValueError(
            f"`blocks` is {shown(name)}, a {type(module).__name__}; expected the name "
            "of a ModuleList or Sequential of blocks, or a list of names of blocks."
        )
    return [f"{name}.{child}" for child, _ in module.named_children()]


def _find_longest_list(network: nn.Module) -> str:
    """Return the name of the outermost list of blocks with the most parameters."""
    found: dict[str, int] = {}
    for name, module in network.named_modules():
        nested = any(name.startswith(f"{outer}.") for outer in found)
        is_list = isinstance(module, nn.ModuleList | nn.Sequential)
        if name and is_list and len(module) > 1 and not nested:
            found[name] = sum(p.numel() for p in module.parameters())
    if not found:
        children = [name for name, _ in network.named_children()]
        raise ValueError(
            "The network has no list of blocks. Pass blocks= the names of its blocks "
            "in the order of computation; its submodules are "
            f"{shown_list(children, 20)}."
        )
    return max(found, key=lambda name: found[name])


def block_input(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the name or position of the feature maps among the arguments."""
    for place, value in (*enumerate(args), *kwargs.items()):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return place
    raise ValueError(
        "The network cannot be cut: its block takes no tensor of feature maps. Pass "
        'other `blocks`, or trainable="head".'
    )


class FrozenPart(nn.Module):
    """The network up to a block: from pixels to the feature maps that the block takes.

    It is a copy of the network that shares all its weights.
    """

    def __init__(self, network: ImageNetwork, block: str) -> None:
        super().__init__()
        self.network = _copy_with_tensors_of(network, network)
        module = find_submodule(self.network.network, block, "blocks")
        module.register_forward_pre_hook(_stop_with_input, with_kwargs=True)
        self.eval()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the feature maps, (batch, ...), of (batch, 3, height, width)."""
        try:
            self.network.run_network(pixels)
        except Stop as stop:
            maps: torch.Tensor = stop.value
            return maps
        raise ValueError(
            "The network cannot be cut: its blocks are not used before the features. "
            'Pass other `blocks`, or trainable="head".'
        )


def _stop_with_input(module: nn.Module, args: Any, kwargs: Any) -> None:
    place = block_input(args, kwargs)
    raise Stop(args[place] if isinstance(place, int) else kwargs[place])


def _copy_with_tensors_of(network: ImageNetwork, *shared: nn.Module) -> ImageNetwork:
    """Return a copy of a network that shares the weights of some of its modules."""
    tensors = [t for m in shared for t in (*m.parameters(), *m.buffers())]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})


class TrainedPart(nn.Module):
    """The network from a block on: from feature maps to features.

    It is a copy of the network, of which the part before the block is shared with it
    and never trained. Batch normalisation keeps the statistics of the pretraining,
    which are better than those of a small table
    (https://keras.io/guides/transfer_learning/).
    """

    def __init__(self, network: ImageNetwork, block: str, pixels: torch.Tensor) -> None:
        super().__init__()
        record = _record_calls(network, block, pixels)
        names = {id(module): name for name, module in network.named_modules()}
        self.network = _copy_with_tensors_of(network, *record.before)
        copies = dict(self.network.named_modules())
        for module, output in record.before.items():
            _skip(copies[names[id(module)]], output)
        target = find_submodule(self.network.network, block, "blocks")
        target.register_forward_pre_hook(self._replace_input, with_kwargs=True)
        self.register_buffer("pixels", pixels, persistent=False)
        self._local = threading.local()
        used = [copies[names[id(module)]] for module in record.after]
        trained = {id(p) for module in used for p in module.parameters(recurse=False)}
        for parameter in self.network.parameters():
            if id(parameter) in trained:  # the others are shared
                parameter.requires_grad_(True)
        self.eval()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features, (batch, n_features), of feature maps, (batch, ...)."""
        self._local.maps = maps
        pixels = self.pixels.expand(len(maps), *self.pixels.shape[1:])
        try:
            return self.network(pixels)
        finally:
            self._local.maps = None

    def train(self, mode: bool = True) -> TrainedPart:
        """Set the mode of all modules but batch normalisation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase):
                module.eval()
        return self

    def _replace_input(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        place, maps = block_input(args, kwargs), self._local.maps
        if isinstance(place, int):
            return (*args[:place], maps, *args[place + 1 :]), kwargs
        return args, {**kwargs, place: maps}


class _Record:
    """The modules that run before a block only, with their outputs, and the others."""

    def __init__(self) -> None:
        self.before: dict[nn.Module, Any] = {}
        self.after: list[nn.Module] = []


def _record_calls(network: ImageNetwork, block: str, pixels: torch.Tensor) -> _Record:
    """Run the network on one image, and note what runs before and after a block."""
    target = find_submodule(network.network, block, "blocks")
    calls: dict[nn.Module, list[tuple[bool, Any]]] = {}
    reached, started = False, set[nn.Module]()

    def enter(module: nn.Module, args: Any) -> None:
        nonlocal reached
        reached = reached or module is target
        if reached:
            started.add(module)

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        calls.setdefault(module, []).append((reached, output))

    handles = []
    for module in network.network.modules():
        handles.append(module.register_forward_pre_hook(enter, prepend=True))
        handles.append(module.register_forward_hook(leave, prepend=True))
    try:
        with torch.no_grad():  # tensors of inference_mode cannot be used in training
            network(pixels)
    finally:
        for handle in handles:
            handle.remove()
    record = _Record()
    record.after = [m for m in network.network.modules() if m in started]
    containing = {m for m in network.network.modules() if target in m.modules()}

    def skip_below(module: nn.Module) -> None:
        for child in module.children():
            used_later = any(m in started for m in child.modules())
            if child in containing or used_later or len(calls.get(child, ())) != 1:
                skip_below(child)
            else:
                record.before[child] = calls[child][0][1]

    skip_below(network.network)
    return record


def _skip(module: nn.Module, output: Any) -> None:
    """Let a module return a recorded output, repeated for each image of the batch."""

    def forward(*args: Any, **kwargs: Any) -> Any:
        tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)]
        return _repeated(output, tensors[0]) if tensors else output

    module.forward = forward


def _repeated(output: Any, batch: torch.Tensor) -> Any:
    """Return what was recorded of one image as of each of a batch, without a copy."""
    if isinstance(output, torch.Tensor):
        output = output.to(batch.device)
        if output.ndim == 0 or len(output) != 1:
            return output
        return output.expand(len(batch), *output.shape[1:])
    if isinstance(output, tuple) and not hasattr(output, "_fields"):
        return tuple(_repeated(part, batch) for part in output)
    return output


def cut_network(network: ImageNetwork, block: str, image_size: int) -> FrozenPart:
    """Return the part of a network before a block; raise if it cannot be cut.

    It cannot if the two parts do not give the features of the whole.
    """
    network.requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(2, 3, image_size, image_size, generator=generator)
    pixels = pixels.to(next(network.parameters()).device)
    try:
        trained = TrainedPart(network, block, pixels[:1])
        frozen = FrozenPart(network, block)
        with torch.inference_mode():
            wanted, found = network(pixels), trained(frozen(pixels))
        agree = wanted.shape == found.shape and bool(
            (wanted - found).abs().max() <= _TOLERANCE * wanted.abs().max()
        )
    except (RuntimeError, AttributeError, TypeError, IndexError) as error:
        raise ValueError(_refusal(block, str(error))) from error
    if not agree:
        raise ValueError(_refusal(block, "later layers use what earlier ones computed"))
    return frozen


def _refusal(block: str, reason: str) -> str:
    return (
        f"The network cannot be cut before its block {block} ({shown(reason, 200)}). "
        'Pass other `blocks`, or trainable="head", which needs no cut.'
    )
