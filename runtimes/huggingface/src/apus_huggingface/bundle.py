"""Writes the model part of a bundle in Hugging Face's layout, and JSON the way all of the bundle has it."""

from __future__ import annotations

import json
from pathlib import Path

from apus_huggingface.models import Classifier


def write_model(folder: Path, classifier: Classifier, max_length: int) -> None:
    """Weights, configuration and tokenizer, such that whoever loads them truncates as training did."""
    model, tokenizer = classifier.model, classifier.tokenizer
    folder.mkdir(parents=True, exist_ok=True)
    model.config.use_cache = False
    # One file: a bundle is for one server, and the shards' index would be one more thing to check.
    model.save_pretrained(folder, max_shard_size="1000GB")
    tokenizer.model_max_length = max_length
    tokenizer.init_kwargs.pop("max_length", None)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.no_padding()
        backend.enable_truncation(max_length, direction=tokenizer.truncation_side)
    tokenizer.save_pretrained(folder)
    special = folder / "special_tokens_map.json"
    if not special.exists():
        names = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
        write_json(special, names)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def make_readable(folder: Path) -> None:
    """Weights are saved for their owner only; the server is another user in another pod."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
