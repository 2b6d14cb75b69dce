"""Finds, checks and loads what a job starts from: a Hugging Face directory or hub name, or nothing for the LSTM."""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from apus_huggingface import lstm, vocabulary
from apus_huggingface.errors import UserError
from apus_huggingface.hyperparameters import Hyperparameters

_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass
class Classifier:
    """A model with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    base: str
    added_characters: int = 0
    has_new_head: bool = True


def find_base_model(channel: Path | None, settings: Hyperparameters) -> Path | None:
    """The directory that training starts from; ``None`` for an LSTM that starts from nothing."""
    if channel is not None:
        return _checked_directory(_unwrapped(channel), "Channel 'model'")
    name = settings.base_model
    if not name:
        if settings.architecture == "lstm":
            return None
        raise UserError(
            "The job names no base model; give it a channel 'model' with a Hugging Face directory, "
            "or the hyperparameter 'base_model'."
        )
    name = name.removeprefix("file://")
    path = Path(name)
    if path.is_dir():
        return _checked_directory(path, f"Base model '{name}'")
    name = name.removeprefix("hf://")
    if name.startswith(("/", ".", "~")) or not _HUB_NAME.fullmatch(name):
        raise UserError(f"Base model '{name}' is unknown: there is no such directory and it is no hub name.")
    return _from_hub(name)


def _unwrapped(path: Path) -> Path:
    """The directory itself, or the only one in it: what unpacking an archive leaves behind."""
    if path.is_dir() and not (path / "config.json").exists():
        inner = [item for item in path.iterdir() if item.is_dir() and (item / "config.json").exists()]
        if len(inner) == 1:
            return inner[0]
    return path


def _checked_directory(path: Path, what: str) -> Path:
    def incomplete(reason: str) -> UserError:
        return UserError(f"{what} is not a Hugging Face model directory: {reason}.")

    if not path.is_dir():
        raise incomplete(f"{path} is not a directory")
    try:
        description = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = ", ".join(sorted(item.name for item in path.iterdir())[:8]) or "nothing"
        raise incomplete(f"it has no config.json (found: {found})") from None
    except (OSError, ValueError, RecursionError) as error:
        raise incomplete(f"its config.json cannot be read ({error})") from error
    if not isinstance(description, dict) or not description.get("model_type"):
        raise incomplete("its config.json names no model_type")
    kind = str(description["model_type"])
    if kind not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES and kind != lstm.ApusLstmConfig.model_type:
        raise UserError(
            f"{what} is of type '{kind}', which cannot classify sequences; use an encoder such as BERT or DistilBERT."
        )
    if not any((path / name).exists() for name in _WEIGHTS):
        raise incomplete(f"it has no weights ({_WEIGHTS[0]} or {_WEIGHTS[2]})")
    if not any((path / name).exists() for name in _TOKENIZERS):
        raise incomplete("it has no tokenizer (tokenizer.json or a vocabulary)")
    return path


def _from_hub(name: str) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
    if not _hub_answers():
        # What was downloaded earlier serves without a network.
        try:
            return _checked_directory(
                Path(huggingface_hub.snapshot_download(name, local_files_only=True)), f"Base model '{name}'"
            )
        except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError):
            raise _hub_unreachable(name) from None
    try:
        huggingface_hub.hf_hub_download(name, "config.json", etag_timeout=10)
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=patterns, etag_timeout=10))
        if not any((folder / item).exists() for item in _WEIGHTS):
            folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=[*patterns, "*.bin"], etag_timeout=10))
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError, errors.HFValidationError) as error:
        if isinstance(error, errors.LocalEntryNotFoundError):
            raise _hub_unreachable(name) from error
        raise UserError(
            f"Base model '{name}' is unknown: it is neither a directory nor a model on the Hugging Face hub "
            "(or a private one, which needs HF_TOKEN)."
        ) from error
    except Exception as error:  # The hub's client lets through whatever its transport raises.
        raise _hub_unreachable(name) from error
    return _checked_directory(folder, f"Base model '{name}'")


def _hub_answers() -> bool:
    """Whether a connection can be made at all: the hub's own client would try again for half a minute."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY")):
        return True  # Only the proxy knows.
    endpoint = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = endpoint.port or (80 if endpoint.scheme == "http" else 443)
    try:
        socket.create_connection((endpoint.hostname or "", port), timeout=5).close()
    except OSError:
        return False
    return True


def _hub_unreachable(name: str) -> UserError:
    return UserError(
        f"Base model '{name}' is unknown: it is no directory, and the Hugging Face hub cannot be reached from here; "
        "check the name, or give the model as a channel 'model'."
    )


def load_classifier(base: Path | None, labels: list[str], texts: list[str], settings: Hyperparameters) -> Classifier:
    """The model to train, with a head for `labels`. Weights that the base lacks are drawn from torch's generator."""
    if settings.architecture == "lstm":
        return _new_lstm(base, labels, texts, settings)
    assert base is not None
    tokenizer = _load_tokenizer(base)
    added: list[str] = []
    if settings.extend_vocabulary != "none":
        with tempfile.TemporaryDirectory() as folder:
            tokenizer, added = vocabulary.extend_tokenizer(
                tokenizer, texts, settings.extend_vocabulary == "symbols", Path(folder)
            )
    names = dict(enumerate(labels))
    try:
        config = AutoConfig.from_pretrained(base)
        same_head = list((config.id2label or {}).values()) == labels
        config.id2label = names
        config.label2id = {label: index for index, label in names.items()}
        config.problem_type = "single_label_classification"
        _set_dropout(config, settings.dropout)
        if tokenizer.pad_token_id is not None:
            config.pad_token_id = tokenizer.pad_token_id
        model, report = AutoModelForSequenceClassification.from_pretrained(
            base,
            config=config,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            # On CPUs the fused kernel's backward pass is the slower one, by half in bf16; GPUs choose for themselves.
            **({} if torch.cuda.is_available() else {"attn_implementation": "eager"}),
        )
    except UserError:
        raise
    except Exception as error:  # Broken files surface as anything from OSError to KeyError.
        raise UserError(f"Base model {base} cannot be loaded: {type(error).__name__}: {error}") from error
    _check_encoder_was_found(model, report["missing_keys"], base)
    if not same_head:
        _reset_output_layer(model, len(labels))
    if settings.pooler_init == "identity":
        _reset_pooler(model)
    vocabulary.extend_embeddings(model, tokenizer, added)
    return Classifier(model, tokenizer, str(base), len(added), not same_head)


def load_bundle(path: Path, what: str) -> Classifier:
    """A trained bundle, as it would be served. `what` is how an error names it."""
    path = _checked_directory(_unwrapped(path), what)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32)
    except Exception as error:  # Broken files surface as anything from OSError to KeyError.
        raise UserError(f"{what} cannot be loaded: {type(error).__name__}: {error}") from error
    return Classifier(model, _load_tokenizer(path), str(path))


def label_list(model: PreTrainedModel) -> list[str]:
    """A model's labels in the order of its logits."""
    names = model.config.id2label
    return [names[index] for index in range(len(names))]


def _load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
    except Exception as error:
        raise UserError(f"The tokenizer of {path} cannot be loaded: {type(error).__name__}: {error}") from error
    if tokenizer.pad_token_id is None:
        # Decoders have none; their end token does as well, since the mask hides it.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _new_lstm(base: Path | None, labels: list[str], texts: list[str], settings: Hyperparameters) -> Classifier:
    if base is not None:
        tokenizer = _load_tokenizer(base)
    else:
        tokenizer = lstm.train_tokenizer(texts, settings.lstm_vocabulary_size)
    config = lstm.ApusLstmConfig(
        vocab_size=len(tokenizer),
        embedding_size=settings.lstm_embedding_size,
        hidden_size=settings.lstm_hidden_size,
        num_hidden_layers=settings.lstm_layers,
        pad_token_id=tokenizer.pad_token_id or 0,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    _set_dropout(config, settings.dropout)
    origin = f"tokenizer of {base}" if base is not None else "nothing (tokenizer learned from the training texts)"
    return Classifier(lstm.ApusLstmForSequenceClassification(config), tokenizer, origin)


def _set_dropout(config, rate: float) -> None:
    """Every family has its own names for its dropouts."""
    if rate < 0:
        return
    for name in list(vars(config)):
        if "dropout" in name and isinstance(getattr(config, name), (int, float, type(None))) and "layer" not in name:
            setattr(config, name, rate)


def _check_encoder_was_found(model: PreTrainedModel, missing: set[str], base: Path) -> None:
    """Weights under other names load without an error and leave a random encoder; better to stop than to train it."""
    prefix = model.base_model_prefix + "."
    encoder = {name for name, _ in model.named_parameters() if name.startswith(prefix) and ".pooler." not in name}
    absent = encoder & set(missing)
    if len(absent) > len(encoder) // 2:
        raise UserError(
            f"The weights of base model {base} do not fit its config.json: {len(absent)} of {len(encoder)} encoder "
            f"parameters are missing (such as '{min(absent)}')."
        )


def _reset_output_layer(model: PreTrainedModel, label_count: int) -> None:
    """A head that was trained for other labels is worse than none."""
    head = output_layer(model, label_count)
    if head is not None:
        nn.init.normal_(head.weight, std=getattr(model.config, "initializer_range", None) or 0.02)
        if head.bias is not None:
            nn.init.zeros_(head.bias)


def output_layer(model: PreTrainedModel, label_count: int) -> nn.Linear | None:
    """The layer whose outputs are the logits: the last linear one of that width."""
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return next((module for module in reversed(layers) if module.out_features == label_count), None)


def _reset_pooler(model: PreTrainedModel) -> None:
    dense = getattr(getattr(model.base_model, "pooler", None), "dense", None)
    if not isinstance(dense, nn.Linear) or dense.in_features != dense.out_features:
        raise UserError(
            "Hyperparameter 'pooler_init' is identity, but this base model has no BERT pooler; set it to keep."
        )
    with torch.no_grad():
        nn.init.eye_(dense.weight)
        nn.init.zeros_(dense.bias)
