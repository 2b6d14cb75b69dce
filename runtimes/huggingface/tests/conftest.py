"""A tiny BERT and DistilBERT with random weights, and jobs laid out as a pod would find them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from apus_huggingface.cli import main
from apus_huggingface.contract import Layout

MINILM = Path(os.environ.get("APUS_MINILM", "/opt/apus/models/all-MiniLM-L6-v2"))

WORDS = {
    "billing": "invoice charge refund payment money card twice amount bank receipt",
    "delivery": "parcel late courier box address tracking shipped lost door waiting",
    "praise": "great thanks lovely happy perfect wonderful quick kind best pleased",
}
FILLER = "the a my your this was is it and but we they very today again please order".split()  # noqa: SIM905


def sentences(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts whose label follows from their words, so that even a tiny model can learn it."""
    generator = random.Random(seed)
    rows = []
    for _ in range(count):
        label = generator.choice(list(WORDS))
        words = generator.choices(WORDS[label].split(), k=3) + generator.choices(FILLER, k=generator.randint(1, 9))
        generator.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write_csv(path: Path, rows: list[tuple[str, str]], header: str = "text,label") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header, *(f'"{text}",{label}' for text, label in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session", autouse=True)
def libraries() -> None:
    from apus_huggingface.job import prepare_libraries

    prepare_libraries()


def _tiny(folder: Path, kind: str) -> Path:
    import torch
    from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

    from apus_huggingface.lstm import train_tokenizer

    texts = [text for text, _ in sentences(300, seed=99)]
    tokenizer = train_tokenizer(texts, 400)
    if kind == "bert":
        tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    torch.manual_seed(7)
    sizes = {"vocab_size": len(tokenizer), "pad_token_id": 0, "max_position_embeddings": 64}
    if kind == "bert":
        model = BertModel(
            BertConfig(**sizes, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
        )
    else:
        model = DistilBertModel(DistilBertConfig(**sizes, dim=32, n_layers=2, n_heads=2, hidden_dim=64))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny(tmp_path_factory.mktemp("tiny-bert"), "bert")


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny(tmp_path_factory.mktemp("tiny-distilbert"), "distilbert")


@dataclass
class Job:
    """One training job in a folder of its own."""

    layout: Layout
    hyperparameters: dict[str, str]

    def write(self) -> None:
        folder = self.layout.root / "input" / "config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hyperparameters.json").write_text(json.dumps(self.hyperparameters))

    def train(self) -> int:
        self.write()
        return main(["train"])

    def failure(self) -> str:
        return self.layout.failure.read_text() if self.layout.failure.exists() else ""

    def metrics(self) -> dict:
        return json.loads((self.layout.model / "metrics.json").read_text())

    def progress(self) -> list[dict]:
        return [json.loads(line) for line in self.layout.progress.read_text().splitlines()]


@pytest.fixture
def make_job(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Job]:
    """Builds a job; the last one built is the one that ``train`` runs."""
    count = 0

    def make(
        channels: dict[str, list[tuple[str, str]]] | None = None, base: Path | None = tiny_bert, **settings: str
    ) -> Job:
        nonlocal count
        count += 1
        layout = Layout(tmp_path / f"ml{count}")
        layout.data.mkdir(parents=True)
        for name, rows in ({"training": sentences(96)} if channels is None else channels).items():
            write_csv(layout.data / name / f"{name}.csv", rows)
        if base is not None:
            (layout.data / "model").symlink_to(base)
        job = Job(layout, {"epochs": "1", "max_length": "32", "batch_size": "8", "learning_rate": "2e-3", **settings})
        monkeypatch.setenv("APUS_ML_ROOT", str(layout.root))
        job.write()
        return job

    return make
