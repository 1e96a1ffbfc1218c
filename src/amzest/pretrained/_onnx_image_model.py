"""Networks of images in ONNX files, computed by ONNX Runtime without torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural import map_in_threads
from amzest.pretrained._image_preprocessing import Preprocessing
from amzest.pretrained._image_source import ImageSource
from amzest.pretrained._model_folder import opened
from amzest.utils import available_threads, require, shown, shown_list

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
#: Names of the outputs of networks of transformers, the preferred one first.
_POOLED, _HIDDEN = "pooler_output", "last_hidden_state"


class OnnxImageModel:
    """Encodes images with a session of ONNX Runtime, one image at a time.

    The features of an image then do not depend on the others, and files that were
    exported for one image can be used.
    """

    def __init__(
        self,
        session: Any,
        preprocessing: Preprocessing,
        *,
        output: str | None,
        pooling: str,
        n_bytes: int,
    ) -> None:
        self.session = session
        self.preprocessing = preprocessing
        self.pooling = pooling
        self.n_bytes = n_bytes
        self.input, self.channels_last = find_input(session)
        self.dtype = _DTYPES[self.input.type]
        self.output = _find_output(session, output, pooling)
        size = preprocessing.image_size
        blank = np.full((1, size, size, 3), 255, dtype=np.uint8)
        self.n_features = self._encode_one(blank).shape[1]

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features, (n, n_features), of images of shape (n, size, size, 3)."""
        batches = (pixels[row : row + 1] for row in range(len(pixels)))
        parts = map_in_threads(self._encode_one, batches, available_threads())
        return np.concatenate(list(parts))

    def _encode_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = self.preprocessing.apply(pixels)
        if self.channels_last:
            values = values.transpose(0, 2, 3, 1)
        feed = {self.input.name: np.ascontiguousarray(values, dtype=self.dtype)}
        (output,) = self.session.run([self.output], feed)
        return _pool(output.astype(np.float32), self.pooling)


def load_onnx_image_model(
    source: ImageSource,
    preprocessing: Preprocessing,
    *,
    pooling: str,
    output: str | None,
    device: str,
) -> OnnxImageModel:
    """Load a network, and check that it encodes images of the size."""
    size = preprocessing.image_size
    with opened(source.files) as folder:
        path = folder / source.name
        n_bytes = path.stat().st_size
        session = open_session(str(path), device)
    try:
        return OnnxImageModel(
            session, preprocessing, output=output, pooling=pooling, n_bytes=n_bytes
        )
    except errors() as error:
        raise ValueError(
            f"{source.reference}: the network fails on an image of {size} by {size} "
            f"pixels ({shown(str(error), 300)}). Pass another `image_size`."
        ) from error


def open_session(path: str, device: str) -> Any:
    """Open an ONNX file; each run computes in the thread that calls it."""
    onnxruntime = require(
        "onnxruntime", extra="onnx", purpose="A pretrained network in an ONNX file"
    )
    available = onnxruntime.get_available_providers()
    providers = ["CPUExecutionProvider"]
    if device.partition(":")[0] in ("cuda", "gpu", "auto"):
        cuda = [name for name in available if name.startswith("CUDA")]
        if not cuda and device != "auto":
            raise ValueError(
                f"`device` is {shown(device)}, but this ONNX Runtime computes on the "
                'CPU only. Pass device="auto" or install onnxruntime-gpu.'
            )
        providers = cuda + providers
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers)
    except errors() as error:
        raise ValueError(
            f"{path}: cannot be read as an ONNX file ({shown(str(error), 300)})."
        ) from error


def errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime, which have no common base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = [v for v in vars(state).values() if isinstance(v, type)]
    return tuple(kind for kind in kinds if issubclass(kind, Exception))


def find_input(session: Any) -> tuple[Any, bool]:
    """Return the input of a network, and whether its channels come last."""
    inputs = session.get_inputs()
    if len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].type in _DTYPES:
        shape = inputs[0].shape
        return inputs[0], shape[3] == 3 and shape[1] != 3
    found = [f"{i.name} {i.shape} {i.type}" for i in inputs]
    raise ValueError(
        f"The ONNX network has the inputs {shown_list(found, 5)}; expected one input "
        "of floats, of shape (batch, 3, height, width) or (batch, height, width, 3)."
    )


def input_size(source: ImageSource) -> int | None:
    """Return the height and width that an ONNX file is made for; None if free."""
    with opened(source.files) as folder:
        found, channels_last = find_input(
            open_session(str(folder / source.name), "cpu")
        )
    sides = found.shape[1:3] if channels_last else found.shape[2:]
    fixed = isinstance(sides[0], int) and sides[0] == sides[1]
    return int(sides[0]) if fixed else None


def _find_output(session: Any, name: str | None, pooling: str) -> str:
    names = [output.name for output in session.get_outputs()]
    if name is not None:
        if name not in names:
            raise ValueError(
                f"`layer` is {shown(name)}, but the outputs of the ONNX network are "
                f"{shown_list(names, 10)}."
            )
        return name
    if _POOLED in names and pooling in ("auto", "pooler"):
        return _POOLED
    if _HIDDEN in names and pooling != "pooler":
        return _HIDDEN
    if len(names) == 1:
        return names[0]
    raise ValueError(
        f"The ONNX network has the outputs {shown_list(names, 10)}. Pass layer= the "
        "name of the one that is the features."
    )


def _pool(output: NDArray[np.float32], pooling: str) -> NDArray[np.float32]:
    """Return one vector for each image."""
    if output.ndim == 4:  # (batch, channels, height, width)
        return output.mean((2, 3))
    if output.ndim == 3:  # (batch, tokens, features)
        return output[:, 0] if pooling == "cls" else output.mean(1)
    if output.ndim == 2:
        return output
    raise ValueError(
        f"The features have the shape {output.shape}; expected (batch, features), "
        "(batch, tokens, features) or (batch, channels, height, width). Pass layer= "
        "the name of another output."
    )
