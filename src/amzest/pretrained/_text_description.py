"""How a text encoder is used: pooling, prompt and length, from the files of its folder.

The files are those of sentence-transformers, of all its versions
(https://sbert.net/docs/sentence_transformer/usage/custom_models.html). Vectors that are
computed in another way than in the training of the model are worse without any error:
what is not implemented here is therefore refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amzest.pretrained._model_folder import CONFIG, read_config, read_json
from amzest.utils import shown, shown_list

#: Ways to compute the vector of a text from those of its tokens.
POOLINGS = ("mean", "cls", "max", "mean_sqrt_len", "last")

#: Their names in the files of sentence-transformers 5, and the flags of older ones.
_POOLING_NAMES = {
    "mean": "mean",
    "cls": "cls",
    "max": "max",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "lasttoken": "last",
}
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}

#: Architectures whose first position is not 0, but that of the padding token plus 1.
_OFFSET_POSITIONS = {
    *("camembert", "data2vec-text", "ibert", "longformer", "luke", "mpnet", "roberta"),
    *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
}

#: Models that need a prompt which none of their files contains.
_NEEDS_PROMPT = re.compile(r"(?:models--.*--)?(?:multilingual-)?e5-\w+.*", re.I)

#: Number of tokens if neither the tokenizer nor the network sets a limit.
_DEFAULT_LENGTH = 512


@dataclass(frozen=True)
class TextModelDescription:
    """How texts are encoded, in plain values."""

    n_features: int
    pooling: str
    normalize: bool  # to length 1
    prompts: dict[str, str]  # those in the folder, by name
    prompt: str  # the one that is put before each text, or ""
    include_prompt: bool  # whether its tokens take part in the pooling
    max_length: int  # in tokens, with the special ones
    lower_case: bool
    subfolder: str  # of the network and the tokenizer

    @property
    def key(self) -> str:
        """All that vectors depend on beside the weights, as text."""
        parts = (
            self.pooling,
            self.normalize,
            self.prompt,
            self.include_prompt,
            self.max_length,
            self.lower_case,
        )
        return repr(parts)


def read_text_description(
    folder: Path,
    *,
    pooling: str = "auto",
    prompt: str = "auto",
    max_length: int | str = "auto",
) -> TextModelDescription:
    """Read how a model encodes texts; parameters other than "auto" take precedence."""
    modules = _read_modules(folder)
    subfolder = modules.get("Transformer", "")
    config = read_config(folder / subfolder)
    check_architecture(folder / subfolder, config)
    settings = _read_settings(folder / subfolder)
    found, include_prompt = _read_pooling(folder, modules, pooling)
    prompts, text = _choose_prompt(folder, prompt)
    return TextModelDescription(
        n_features=n_features(folder / subfolder, config),
        pooling=found,
        normalize="Normalize" in modules,
        prompts=prompts,
        prompt=text,
        include_prompt=include_prompt or not text,
        max_length=_choose_length(folder / subfolder, config, settings, max_length),
        lower_case=bool(settings.get("do_lower_case")),
        subfolder=subfolder,
    )


def transformer_folder(folder: Path) -> str:
    """Return the relative folder of the network and the tokenizer."""
    return _read_modules(folder).get("Transformer", "")


def _read_modules(folder: Path) -> dict[str, str]:
    """Return the folders of the modules by their kind; raise for unknown kinds."""
    modules: dict[str, str] = {}
    for module in read_json(folder, "modules.json", list) or []:
        described = module if isinstance(module, dict) else {}
        name, path = str(described.get("type")), str(described.get("path", ""))
        kind = name.rpartition(".")[2]
        known = {"Transformer", "Pooling", "Normalize", "Dropout"}
        if not name.startswith("sentence_transformers.") or kind not in known:
            raise ValueError(
                f"{folder / 'modules.json'}: the model has a module of type "
                f"{shown(name)}, which is not implemented. Use a model that consists "
                "of Transformer, Pooling and Normalize."
            )
        # A path that leaves the folder would read files that are not the model's.
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise ValueError(
                f"{folder / 'modules.json'}: a module has the path {shown(path)}, "
                "outside of the folder."
            )
        modules[kind] = path
    order = [kind for kind in modules if kind != "Dropout"]
    if order != ["Transformer", "Pooling", "Normalize"][: len(order)]:
        raise ValueError(
            f"{folder / 'modules.json'}: the modules are {', '.join(order)}; expected "
            "Transformer, Pooling and, where vectors have length 1, Normalize."
        )
    return modules


def check_architecture(folder: Path, config: dict[str, Any]) -> None:
    """Raise if the network is not a single encoder of texts."""
    kind = config.get("model_type")
    if not kind:
        raise ValueError(f'{folder / CONFIG} has no "model_type". Fetch it again.')
    reason = ""
    if config.get("is_encoder_decoder"):
        reason = "has a decoder"
    elif "vision_config" in config or "text_config" in config:
        reason = "encodes images and texts"
    elif "image_size" in config or "num_channels" in config:
        reason = "encodes images"
    if reason:
        raise ValueError(
            f"{folder}: the model ({kind}) {reason}; expected an encoder of texts, "
            "such as BERT, MPNet or XLM-RoBERTa."
        )


def n_features(folder: Path, config: dict[str, Any]) -> int:
    """Return the number of features of a vector."""
    for name in ("hidden_size", "dim", "d_model", "n_embd"):
        if isinstance(config.get(name), int):
            return int(config[name])
    raise ValueError(f'{folder / CONFIG} has no "hidden_size". Fetch it again.')


def _read_settings(folder: Path) -> dict[str, Any]:
    """Return sentence_bert_config.json, or sentence_roberta_config.json and so on."""
    for path in sorted(folder.glob("sentence_*_config.json")):
        settings = read_json(folder, path.name) or {}
        ways = settings.get("modality_config")
        output = ways.get("text") if isinstance(ways, dict) else None
        usual = {"method": "forward", "method_output_name": "last_hidden_state"}
        if isinstance(output, dict) and {**usual, **output} != {**output, **usual}:
            raise ValueError(
                f"{path}: texts are encoded by {shown(output)}, which is not "
                "implemented; expected the last hidden state."
            )
        return settings
    return {}


def _read_pooling(
    folder: Path, modules: dict[str, str], pooling: str
) -> tuple[str, bool]:
    """Return the pooling, and whether the tokens of the prompt take part in it."""
    if "Pooling" not in modules:
        if pooling == "auto":
            raise ValueError(
                f"{folder} does not define how the vectors of the tokens are pooled "
                "(there is no modules.json of sentence-transformers). Pass `pooling` "
                'as the model was trained: "mean" for most models, "cls" for others '
                f"such as bge. One of {shown_list(POOLINGS)} is possible."
            )
        return pooling, True
    name = f"{modules['Pooling']}/config.json"
    settings = read_json(folder, name)
    if settings is None:
        raise ValueError(f"{folder / name} is missing. Fetch the model again.")
    include_prompt = bool(settings.get("include_prompt", True))
    if pooling != "auto":
        return pooling, include_prompt
    modes = settings.get("pooling_mode")
    if modes is None:
        flags = {"pooling_mode_mean_tokens": True, **settings}
        modes = [mode for flag, mode in _POOLING_FLAGS.items() if flags.get(flag)]
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) != 1 or modes[0] not in _POOLING_NAMES:
        raise ValueError(
            f"{folder / name}: the pooling {' and '.join(map(str, modes))} is not "
            f"implemented. One of {shown_list(_POOLING_NAMES)} is."
        )
    return _POOLING_NAMES[modes[0]], include_prompt


def needs_prompt(folder: Path) -> bool:
    """Return whether a model, by its name, needs a prompt that its files lack."""
    parts = {folder.name, *folder.parts[-3:-2]}
    return any(map(_NEEDS_PROMPT.fullmatch, parts))


def _choose_prompt(folder: Path, prompt: str) -> tuple[dict[str, str], str]:
    """Return the prompts in the folder, and the text that is put before each text."""
    settings = read_json(folder, "config_sentence_transformers.json") or {}
    prompts = {str(k): str(v) for k, v in (settings.get("prompts") or {}).items() if v}
    if prompt != "auto":
        return prompts, prompts.get(prompt, prompt)
    default = settings.get("default_prompt_name")
    if default:
        return prompts, prompts.get(default, "")
    if prompts:
        listed = "; ".join(f"{name}: {shown(text)}" for name, text in prompts.items())
        raise ValueError(
            f"{folder} has several prompts, and none of them is the default ({listed})."
            ' Pass the name of one as `prompt`, or "" to use none.'
        )
    if needs_prompt(folder):
        raise ValueError(
            f"{folder}: e5 models need a prompt, which their files do not contain. Pass"
            ' prompt="query: " as the model card says, or "" to use none.'
        )
    return prompts, ""


def _choose_length(
    folder: Path,
    config: dict[str, Any],
    settings: dict[str, Any],
    max_length: int | str,
) -> int:
    """Return the number of tokens kept of a text, at most what the network can take."""
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and config["model_type"] in _OFFSET_POSITIONS:
        positions -= 1 + int(config.get("pad_token_id") or 0)
    limit = positions if isinstance(positions, int) and positions > 0 else None
    if max_length != "auto":
        if limit is not None and int(max_length) > limit:
            raise ValueError(
                f"`max_length` is {max_length}, but the network in {folder} takes at "
                f"most {limit} tokens."
            )
        return int(max_length)
    tokenizer = read_json(folder, "tokenizer_config.json") or {}
    limits = [limit, tokenizer.get("model_max_length"), settings.get("max_seq_length")]
    # A tokenizer without a limit has the number 1e30.
    known = [int(n) for n in limits if isinstance(n, int | float) and 0 < n < 10**9]
    return min(known, default=_DEFAULT_LENGTH)
