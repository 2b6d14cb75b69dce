"""Every mistake that a person can make ends in one sentence that says what to do, and in exit code 1."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from conftest import Job, sentences, write_csv


def _put(channel: str, name: str, data: bytes) -> Callable[[Job], None]:
    def apply(job: Job) -> None:
        path = job.layout.data / channel / name
        for other in path.parent.glob("*") if path.parent.exists() else []:
            other.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return apply


def _set(**settings: str) -> Callable[[Job], None]:
    return lambda job: job.hyperparameters.update(settings)


def _without_channel(name: str) -> Callable[[Job], None]:
    def apply(job: Job) -> None:
        path = job.layout.data / name
        if path.is_symlink():
            path.unlink()
        else:
            path.rename(job.layout.root / name)

    return apply


def _base(job: Job, **files: str) -> None:
    (job.layout.data / "model").unlink()
    folder = job.layout.data / "model"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_json", ".json").replace("_safetensors", ".safetensors")).write_text(text)


def _broken_baseline(job: Job) -> None:
    folder = job.layout.data / "baseline"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((job.layout.data / "model" / name).read_bytes())
    (folder / "model.safetensors").write_bytes(b"junk")


def _truncated_parquet(job: Job) -> None:
    path = job.layout.data / "training" / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["x"] * 500, "label": ["a", "b"] * 250}), path)
    (path.parent / "training.csv").unlink()
    path.write_bytes(path.read_bytes()[:-20])


def _unseen_label(channel: str) -> Callable[[Job], None]:
    rows = [*sentences(20, seed=5), ("who knows", "mystery")]

    def apply(job: Job) -> None:
        write_csv(job.layout.data / channel / "x.csv", rows)

    return apply


def _base_model(name: str) -> Callable[[Job], None]:
    def apply(job: Job) -> None:
        _without_channel("model")(job)
        job.hyperparameters["base_model"] = name

    return apply


JSON_ROW = b'{"text": "fine", "label": "a"}\n'

# A mistake, how a good job is changed to have it, and what the sentence has to say. One line each, so that it is a table.
# ruff: noqa: E501
CASES: list[tuple[str, Callable[[Job], None], list[str]]] = [
    ("no training channel", _without_channel("training"), ["no channel 'training'"]),
    ("no base model", _without_channel("model"), ["names no base model", "'base_model'"]),
    ("base model that is no directory", _base_model("/no/such/dir"), ["'/no/such/dir' is unknown"]),
    ("base model that nobody has", _base_model("hf://nobody/nothing-at-all"), ["'nobody/nothing-at-all' is unknown"]),
    ("base model without config", lambda job: _base(job, notes_json="{}"), ["no config.json (found: notes.json)"]),
    ("base model with broken config", lambda job: _base(job, config_json="{"), ["config.json cannot be read"]),
    ("base model of another trade", lambda job: _base(job, config_json='{"model_type": "resnet"}'), ["of type 'resnet'", "BERT"]),
    ("base model without weights", lambda job: _base(job, config_json='{"model_type": "bert"}'), ["no weights"]),
    ("base model with broken weights", lambda job: _base(job, config_json='{"model_type": "bert"}', model_safetensors="junk", tokenizer_json="junk"), ["cannot be loaded"]),
    ("baseline that is no bundle", _put("baseline", "notes.txt", b"hello"), ["Channel 'baseline' is not a Hugging Face model directory"]),
    ("baseline with broken weights", _broken_baseline, ["Channel 'baseline' cannot be loaded"]),
    ("missing text column", _set(text_column="body"), ["no column 'body'", "'text' and 'label'"]),
    ("missing label column", _set(label_column="klass"), ["no column 'klass'", "'text' and 'label'"]),
    ("columns without usual names", _put("training", "a.csv", b"foo,bar\n1,2\n3,4\n"), ["no column that is clearly the text", "'foo' and 'bar'"]),
    ("one class only", _put("training", "a.csv", b"text,label\n" + b"x y,a\n" * 9), ["same label 'a'", "at least two"]),
    ("empty file", _put("training", "a.csv", b""), ["a.csv is empty"]),
    ("header only", _put("training", "a.csv", b"text,label\n"), ["has no rows"]),
    ("empty channel", _put("training", ".keep", b""), ["Channel 'training' is empty"]),
    ("unsupported file", _put("training", "a.xlsx", b"PK"), ["a.xlsx", ".parquet"]),
    ("label unseen in validation", _unseen_label("validation"), ["Channel 'validation' has 1 row with the label 'mystery'", "x.csv line 22"]),
    ("label unseen in test", _unseen_label("test"), ["Channel 'test'", "'mystery'"]),
    ("label unseen in fresh", _unseen_label("fresh"), ["Channel 'fresh'", "'mystery'"]),
    ("listed label without rows", _set(labels="billing,delivery,praise,other"), ["'other' is listed but no training row has it"]),
    ("label that is not listed", _set(labels="billing,delivery"), ["'praise'", "not among 'billing' and 'delivery'"]),
    ("row without label", _put("training", "a.csv", b"text,label\nx,a\ny,\nz,b\n"), ["a.csv line 3 has no label"]),
    ("broken UTF-8", _put("training", "a.csv", b"text,label\nfine,a\nM\xfcll,b\n"), ["a.csv line 3 is not valid UTF-8", "0xfc"]),
    ("broken UTF-8 in JSON lines", _put("training", "a.jsonl", JSON_ROW * 4 + b'{"text": "\xff"}'), ["a.jsonl line 5 is not valid UTF-8"]),
    ("UTF-16", _put("training", "a.csv", "text,label\nx,a\n".encode("utf-16")), ["line 1 is not valid UTF-8"]),
    ("too many fields", _put("training", "a.csv", b"text,label\nfine,a\none, two, three,b\n"), ["a.csv line 3 has 4 fields", "quotation marks"]),
    ("same column twice", _put("training", "a.csv", b"text,text,label\na,b,c\n"), ["'text' more than once"]),
    ("quotation mark never closed", _put("training", "a.csv", b'text,label\n"x' + b"y,a\n" * 400_000), ["line 2", "quotation mark"]),
    ("CSV text of three megabytes", _put("training", "a.csv", b"text,label\n" + b"x" * 3_000_000 + b",a\n"), ["line 2 has a field of more than 2,000,000 characters"]),
    ("0 epochs", _set(epochs="0"), ["'epochs' has to be at least 1"]),
    ("epochs that are no number", _set(epochs="many"), ["'epochs' has to be a whole number, not 'many'"]),
    ("unknown hyperparameter", _set(learning_rat="1"), ["did you mean 'learning_rate'?"]),
    ("max_length beyond the model's", _set(max_length="512"), ["'max_length' is 512", "at most 64"]),
    ("fp16 without a GPU", _set(mixed_precision="fp16"), ["needs a GPU"]),
    ("truncated Parquet", _truncated_parquet, ["a.parquet is not a whole Parquet file"]),
    ("Parquet that is none", _put("training", "a.parquet", b"hello"), ["a.parquet is not a whole Parquet file"]),
    ("JSON line that is none", _put("training", "a.jsonl", JSON_ROW + b"{oops\n"), ["a.jsonl line 2 is not valid JSON"]),
    ("JSON line that is a list", _put("training", "a.jsonl", JSON_ROW + b"[1]\n"), ["a.jsonl line 2 is not a JSON object"]),
    ("JSON nested without end", _put("training", "a.jsonl", JSON_ROW + b'{"text":' + b"[" * 200_000), ["a.jsonl line 2 is nested too deeply"]),
    ("JSON number without end", _put("training", "a.jsonl", JSON_ROW + b'{"text": ' + b"9" * 9_000 + b"}\n"), ["a.jsonl line 2 is not valid JSON"]),
    ("half a surrogate pair", _put("training", "a.jsonl", JSON_ROW + b'{"text": "\\ud800", "label": "b"}\n'), ["a.jsonl line 2", "surrogate"]),
    ("text that is a list", _put("training", "a.jsonl", JSON_ROW + b'{"text": ["x"], "label": "b"}\n'), ["a.jsonl line 2 has a list"]),
    ("several labels", _put("training", "a.jsonl", JSON_ROW + b'{"text": "x", "label": ["a", "b"]}\n'), ["line 2 has several labels"]),
    ("text of two megabytes", _put("training", "a.jsonl", JSON_ROW + b'{"text": "' + b"x" * 2_000_000 + b'", "label": "b"}\n'), ["line 2 has a field of 2,000,000 characters"]),
    ("label column that is an id", _put("training", "a.csv", b"text,label\n" + b"".join(b"t,%d\n" % i for i in range(90))), ["looks like the wrong column"]),
    ("NaN loss", _set(learning_rate="10", max_grad_norm="0", warmup_ratio="0", epochs="40", head_init="random", weight_decay="10"), ["The loss became", "lower learning_rate"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_mistakes_end_in_a_sentence(
    make_job: Callable[..., Job],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Job], None],
    expected: list[str],
) -> None:
    # Nobody listens there: the tests are the same with a network and without.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    job = make_job()
    change(job)
    started = time.monotonic()
    assert job.train() == 1
    assert time.monotonic() - started < 20
    failure = job.failure()
    assert failure.count("\n") == 1 and failure.endswith("\n"), failure
    for text in expected:
        assert text in failure, failure
    assert f"error: {failure}" in capfd.readouterr().err
    assert not (job.layout.model / "model.safetensors").exists()


def test_hyperparameters_that_are_no_json(make_job: Callable[..., Job]) -> None:
    from apus_huggingface.cli import main

    job = make_job()
    (job.layout.root / "input" / "config" / "hyperparameters.json").write_text("{epochs: 3}")
    assert main(["train"]) == 1
    assert "hyperparameters.json is not valid JSON" in job.failure()


def test_a_failure_that_cannot_be_written_is_still_said(
    make_job: Callable[..., Job], capfd: pytest.CaptureFixture[str]
) -> None:
    job = make_job(epochs="0")
    Path(job.layout.output).write_text("a file where the folder should be")
    assert job.train() == 1
    assert "'epochs' has to be at least 1" in capfd.readouterr().err
