from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import torch
from safetensors.torch import load_file

from apus_huggingface import job as job_module
from apus_huggingface import training
from apus_huggingface.progress import Progress
from apus_huggingface.signals import EXIT_CODE, Terminated, Termination
from conftest import Job, sentences

BUNDLE = {
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "metrics.json",
    "confusion_matrix.png",
    "training_history.png",
    "model_card.md",
    "reference.json",
}


def test_a_job_learns_and_writes_the_whole_bundle(make_job: Callable[..., Job]) -> None:
    channels = {"training": sentences(160), "fresh": sentences(40, seed=1), "old": sentences(30, seed=2)}
    job = make_job(channels, epochs="5", learning_rate="4e-3", pooler_init="identity")
    assert job.train() == 0
    assert {path.name for path in job.layout.model.iterdir()} == BUNDLE
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in job.layout.model.iterdir())

    metrics = job.metrics()
    assert metrics["labels"] == ["billing", "delivery", "praise"]
    assert set(metrics["splits"]) == {"validation", "fresh", "old"}
    fresh = metrics["splits"]["fresh"]
    assert fresh["samples"] == 40 and sum(map(sum, fresh["confusion_matrix"])) == 40
    assert fresh["macro_f1"] > 0.8, "five epochs are enough for words that give the label away"
    assert set(fresh["per_class"]["praise"]) == {"precision", "recall", "f1", "support"}
    assert metrics["train"]["epochs"] == 5 and metrics["train"]["steps"] == 5 * 18
    assert 0 <= metrics["base"]["validation"]["macro_f1"] <= 1 and "logistic" in metrics["base"]["method"]

    config = json.loads((job.layout.model / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert config["id2label"] == {"0": "billing", "1": "delivery", "2": "praise"}
    tokenizer = json.loads((job.layout.model / "tokenizer.json").read_text())
    assert tokenizer["truncation"]["max_length"] == 32 and tokenizer["padding"] is None
    assert json.loads((job.layout.model / "tokenizer_config.json").read_text())["model_max_length"] == 32

    card = (job.layout.model / "model_card.md").read_text()
    from hashlib import sha256

    digest = sha256((job.layout.data / "training" / "training.csv").read_bytes()).hexdigest()
    for text in (digest, "billing, delivery, praise", "learning_rate", f"{fresh['macro_f1']:.4f}", "## Limits"):
        assert text in card
    for picture in ("confusion_matrix.png", "training_history.png"):
        assert (job.layout.model / picture).read_bytes().startswith(b"\x89PNG")


def test_progress_lines_follow_the_contract(make_job: Callable[..., Job]) -> None:
    job = make_job(epochs="2")
    assert job.train() == 0
    lines = job.progress()
    steps = [line for line in lines if "loss" in line]
    assert {"step", "totalSteps", "epoch", "totalEpochs", "loss", "time"} <= set(steps[0])
    assert steps[-1]["step"] == steps[-1]["totalSteps"] == 22 and steps[-1]["epoch"] == 2.0
    evaluations = [line for line in lines if "eval_loss" in line]
    assert [line["epoch"] for line in evaluations] == [1.0, 2.0]
    assert {"step", "epoch", "eval_loss", "eval_accuracy", "eval_macro_f1"} <= set(evaluations[0])


def test_progress_lines_come_at_a_bounded_rate(tmp_path: Path) -> None:
    now = 0.0
    progress = Progress(tmp_path / "metrics.jsonl", seconds_between_lines=1.0, clock=lambda: now)
    for step in range(100):
        now = step * 0.1
        progress.step({"step": step}, loss=float(step), last=step == 99)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert 10 <= len(lines) <= 12 and lines[-1]["step"] == 99
    assert lines[1]["loss"] == pytest.approx(5.5), "the mean of steps 1 to 10"


def _weights(job: Job) -> dict[str, torch.Tensor]:
    return load_file(job.layout.model / "model.safetensors")


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _interrupt_after(monkeypatch: pytest.MonkeyPatch, termination: Termination, step: int) -> None:
    """A SIGTERM while the given step is being reported."""
    original = Progress.step

    def reporting(self: Progress, values: dict, loss: float, last: bool = False) -> None:
        original(self, values, loss, last)
        if values["step"] == step:
            termination.requested = True

    monkeypatch.setattr(Progress, "step", reporting)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"gradient_accumulation_steps": "3", "group_by_length": "false", "head_init": "random"},
        {"ema_decay": "0.9", "adversarial_epsilon": "0.5", "label_smoothing": "0.1", "class_weights": "sqrt"},
        {"gradient_checkpointing": "true", "layerwise_lr_decay": "0.8", "lr_scheduler": "cosine"},
        {"architecture": "lstm"},
    ],
    ids=["plain", "accumulation", "average and adversary", "checkpointing", "lstm"],
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    whole = make_job(epochs="2", compare_to_base="false", **settings)
    assert whole.train() == 0
    resumed = make_job(epochs="2", compare_to_base="false", **settings)
    # Twice: in the middle of the first epoch, and of the second.
    for step in (2, 6):
        with monkeypatch.context() as patch:
            termination = Termination()
            _interrupt_after(patch, termination, step)
            with pytest.raises(Terminated) as stopped:
                job_module.run(resumed.layout, termination)
        assert stopped.value.code == EXIT_CODE == 143
        assert (resumed.layout.checkpoints / f"checkpoint-{step}").is_dir()
        assert not (resumed.layout.model / "model.safetensors").exists()
        torch.manual_seed(999)  # As a new process would have other random numbers.
    assert resumed.train() == 0
    assert _same(_weights(whole), _weights(resumed))
    assert whole.metrics()["splits"] == resumed.metrics()["splits"]
    first = [line["step"] for line in resumed.progress() if "eval_loss" in line]
    assert first == [line["step"] for line in whole.progress() if "eval_loss" in line]


def test_other_seeds_give_other_weights(make_job: Callable[..., Job]) -> None:
    jobs = [make_job(seed="1"), make_job(seed="1"), make_job(seed="2")]
    for job in jobs:
        os.environ["APUS_ML_ROOT"] = str(job.layout.root)
        assert job.train() == 0
    assert _same(_weights(jobs[0]), _weights(jobs[1]))
    assert not _same(_weights(jobs[0]), _weights(jobs[2]))


def test_termination_during_evaluation_evaluates_again(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(compare_to_base="false", head_init="random")
    termination = Termination()
    original = training.infer

    def interrupted(*arguments, **named):
        termination.requested = True
        return original(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(training, "infer", interrupted)
        with pytest.raises(Terminated):
            job_module.run(job.layout, termination)
    assert not any("eval_loss" in line for line in job.progress())
    assert job.train() == 0
    assert [line["epoch"] for line in job.progress() if "eval_loss" in line] == [1.0]


def test_sigterm_writes_a_checkpoint_and_exits_143(make_job: Callable[..., Job]) -> None:
    job = make_job({"training": sentences(400)}, epochs="500", compare_to_base="false")
    process = subprocess.Popen(
        [sys.executable, "-m", "apus_huggingface", "train"], env=os.environ.copy(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step="):
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(30) == 143
    assert "Terminated: a checkpoint of step" in rest
    found = list(job.layout.checkpoints.glob("checkpoint-*"))
    assert found and (found[0] / "manifest.json").exists()
    assert not job.layout.failure.exists()


def test_early_stopping_keeps_the_best(make_job: Callable[..., Job]) -> None:
    job = make_job(epochs="30", early_stopping_patience="2", learning_rate="1e-15", metric_for_best_model="accuracy")
    assert job.train() == 0
    train = job.metrics()["train"]
    assert train["epochs"] == 3, "nothing changes at that rate, so the first epoch stays the best"
    assert train["best_step"] == 11 and train["best_metric_name"] == "accuracy"


def test_the_bundle_has_the_weights_of_the_best_epoch(make_job: Callable[..., Job]) -> None:
    job = make_job(epochs="4", metric_for_best_model="loss", learning_rate="2e-2", head_init="random")
    assert job.train() == 0
    evaluations = [line for line in job.progress() if "eval_loss" in line]
    best = min(evaluations, key=lambda line: line["eval_loss"])
    train = job.metrics()["train"]
    assert train["best_step"] == best["step"]
    assert job.metrics()["splits"]["validation"]["accuracy"] == pytest.approx(best["eval_accuracy"])


def test_distilbert_and_an_old_bundle_are_bases_too(make_job: Callable[..., Job], tiny_distilbert: Path) -> None:
    first = make_job(base=tiny_distilbert, dropout="0.2", mixed_precision="bf16")
    assert first.train() == 0
    config = json.loads((first.layout.model / "config.json").read_text())
    assert config["architectures"] == ["DistilBertForSequenceClassification"] and config["dropout"] == 0.2
    # The same labels in another order: the old head must not be taken for one of the new order.
    second = make_job(base=first.layout.model, labels="praise,delivery,billing")
    assert second.train() == 0
    assert json.loads((second.layout.model / "config.json").read_text())["id2label"]["0"] == "praise"


def test_the_lstm_trains_without_a_base_model(make_job: Callable[..., Job]) -> None:
    job = make_job({"training": sentences(160)}, base=None, architecture="lstm", epochs="4", learning_rate="1e-2")
    assert job.train() == 0
    config = json.loads((job.layout.model / "config.json").read_text())
    assert config["architectures"] == ["ApusLstmForSequenceClassification"]
    assert "base" not in job.metrics()
    assert job.metrics()["splits"]["validation"]["macro_f1"] > 0.7


def test_two_labels_and_a_head_from_a_regression(make_job: Callable[..., Job]) -> None:
    rows = [(text, label) for text, label in sentences(200) if label != "praise"]
    job = make_job({"training": rows}, learning_rate="1e-9")
    assert job.train() == 0
    figures = job.metrics()["splits"]["validation"]
    assert figures["macro_f1"] > 0.6, "at that rate all that is known comes from the regression"


def test_class_weights_average_to_one_over_the_rows() -> None:
    from apus_huggingface.training import class_weights

    targets = torch.tensor([0] * 90 + [1] * 10)
    weights = class_weights(targets, 2, "balanced", torch.device("cpu"))
    assert weights is not None
    assert weights[targets].mean() == pytest.approx(1.0)
    assert weights[1] / weights[0] == pytest.approx(9.0)
    assert class_weights(targets, 2, "none", torch.device("cpu")) is None


def test_the_data_order_covers_every_row_once_and_is_that_of_seed_and_epoch() -> None:
    from apus_huggingface.order import epoch_batches

    lengths = numpy.random.default_rng(0).integers(3, 60, 1003).tolist()
    batches = epoch_batches(lengths, 8, 1, seed=1, epoch=0, group_by_length=True)
    assert sorted(row for batch in batches for row in batch) == list(range(1003))
    assert batches == epoch_batches(lengths, 8, 1, seed=1, epoch=0, group_by_length=True)
    assert batches != epoch_batches(lengths, 8, 1, seed=1, epoch=1, group_by_length=True)
    grouped = sum(max(lengths[row] for row in batch) * len(batch) for batch in batches)
    plain = epoch_batches(lengths, 8, 1, seed=1, epoch=0, group_by_length=False)
    assert grouped < 0.8 * sum(max(lengths[row] for row in batch) * len(batch) for batch in plain)
    shared = epoch_batches(lengths, 8, 3, seed=1, epoch=0, group_by_length=True)
    assert all(len(batch) % 3 == 0 for batch in shared)
    assert {row for batch in shared for row in batch} == set(range(1003))
