from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from apus_huggingface.cli import main
from apus_huggingface.reference import numeric_feature, sketch_matrix, unknown_token_ratios
from conftest import MINILM, Job, sentences, write_csv


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 20,
        [0.0, 1.0],
        [1.0],
        list(range(1000)),
        [0.0] * 99 + [1.0],
        [1 / 3] * 5 + [1 / 3 + 1e-16] * 5,
        numpy.random.default_rng(0).standard_normal(374).tolist(),
    ],
)
def test_edges_increase_strictly_and_counts_follow_le(values: list[float]) -> None:
    feature = numeric_feature(values)
    edges, counts = feature["edges"], feature["counts"]
    assert edges and all(one < two for one, two in itertools.pairwise(edges))
    assert len(counts) == len(edges) + 1 and sum(counts) == len(values)
    bounds = [-numpy.inf, *edges, numpy.inf]
    for bucket, count in enumerate(counts):
        assert count == sum(bounds[bucket] < value <= bounds[bucket + 1] for value in values)


def test_many_different_values_fill_ten_even_buckets() -> None:
    assert numeric_feature(list(range(1000)))["counts"] == [100] * 10


def test_the_sketch_is_orthonormal_and_always_the_same() -> None:
    matrix = sketch_matrix(384)
    assert matrix.shape == (8, 384)
    assert numpy.allclose(matrix @ matrix.T, numpy.eye(8), atol=1e-6)
    assert (matrix == sketch_matrix(384)).all()
    assert sketch_matrix(4).shape == (4, 4)


def test_unknown_tokens_are_counted_among_ordinary_ones() -> None:
    from apus_huggingface.encoding import Encoded

    encoded = Encoded([[2, 7, 1, 1, 3], [2, 3]], None, [[1, 0, 1, 1, 1], [1, 1]])
    assert unknown_token_ratios(encoded, unknown_token=1) == [pytest.approx(2 / 3), 0.0]


def test_the_reference_describes_the_validation_split(make_job: Callable[..., Job]) -> None:
    """Computed once more from the bundle alone, the way a server would."""
    rows = [*sentences(48, seed=8), ("late 😀 été " * 30, "delivery")]
    job = make_job({"training": sentences(96), "validation": rows}, epochs="2")
    assert job.train() == 0
    reference = json.loads((job.layout.model / "reference.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(job.layout.model)
    model = AutoModelForSequenceClassification.from_pretrained(job.layout.model).eval()
    matrix = numpy.array(reference["sketch"]["matrix"])
    values: dict[str, list] = {name: [] for name in reference["features"]}
    for text, _ in rows:
        batch = tokenizer(text, truncation=True, return_tensors="pt")
        with torch.no_grad():
            output = model(**batch, output_hidden_states=True)
        values["prediction"].append(model.config.id2label[int(output.logits.argmax())])
        values["confidence"].append(float(output.logits.softmax(-1).max()))
        values["text_length"].append(len(text))
        values["token_length"].append(batch["input_ids"].shape[1])
        for index, value in enumerate(matrix @ output.hidden_states[-1].mean(1)[0].double().numpy()):
            values[f"embedding_{index}"].append(value)
    assert reference["samples"] == 49 and reference["labels"] == ["billing", "delivery", "praise"]
    assert max(values["token_length"]) == 32, "the long text is cut where training cut it"
    prediction = reference["features"]["prediction"]
    assert prediction["counts"] == [values["prediction"].count(label) for label in prediction["categories"]]
    for name, feature in reference["features"].items():
        if feature["kind"] == "numeric" and name != "unknown_token_ratio":
            counts = numpy.bincount(
                numpy.searchsorted(feature["edges"], values[name], side="left"), minlength=len(feature["counts"])
            )
            # A value that is an edge may fall on either side of it by the last bit.
            assert abs(counts - feature["counts"]).sum() <= 2 * len(feature["edges"]), name
            assert sum(feature["counts"]) == 49


def test_evaluate_and_predict_agree_with_the_metrics(
    make_job: Callable[..., Job], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = sentences(40, seed=1)
    job = make_job({"training": sentences(96), "fresh": fresh})
    assert job.train() == 0
    capsys.readouterr()
    data = write_csv(job.layout.root / "again.csv", fresh)
    assert main(["evaluate", "--bundle", str(job.layout.model), "--data", str(data)]) == 0
    assert json.loads(capsys.readouterr().out) == job.metrics()["splits"]["fresh"]

    questions = [json.dumps(text if index % 2 else {"text": text}) for index, (text, _) in enumerate(fresh)]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(questions) + "\n"))
    assert main(["predict", "--bundle", str(job.layout.model)]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    right = sum(answer["label"] == label for answer, (_, label) in zip(answers, fresh, strict=True))
    assert right / 40 == job.metrics()["splits"]["fresh"]["accuracy"]
    assert all(len(answer["logits"]) == 3 and abs(sum(answer["scores"]) - 1) < 1e-5 for answer in answers)


def test_the_model_in_production_is_measured_on_the_same_rows(make_job: Callable[..., Job]) -> None:
    def known(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [row for row in rows if row[1] != "praise"]

    production = make_job({"training": known(sentences(120)), "fresh": known(sentences(60, seed=1))})
    assert production.train() == 0
    job = make_job({"training": sentences(120), "fresh": sentences(60, seed=1), "old": known(sentences(60, seed=1))})
    (job.layout.data / "baseline").symlink_to(production.layout.model)
    assert job.train() == 0
    metrics = job.metrics()
    theirs = metrics["baseline"]["splits"]
    assert set(theirs) == set(metrics["splits"]) == {"validation", "fresh", "old"}
    assert theirs["old"]["accuracy"] == production.metrics()["splits"]["fresh"]["accuracy"]
    # It never says "praise": none of those rows is right, and the label counts into the mean with 0.
    assert theirs["fresh"]["per_class"]["praise"]["recall"] == 0
    f1 = [figures["f1"] for figures in theirs["fresh"]["per_class"].values()]
    assert theirs["fresh"]["macro_f1"] == pytest.approx(sum(f1) / 3)
    assert theirs["old"]["macro_f1"] == pytest.approx(production.metrics()["splits"]["fresh"]["macro_f1"])
    assert "The model that it was compared with" in (job.layout.model / "model_card.md").read_text()


class _Predictions(BaseHTTPRequestHandler):
    """Answers as a model server does, with a rule in place of a model."""

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        if "broken" in self.path:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"error": "no backend"}')
            return
        scores = [{"praise": float("great" in text), "billing": 0.5} for text in texts]
        answer = {"predictions": [{"label": max(score, key=score.__getitem__), "scores": score} for score in scores]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_arguments: object) -> None:
        pass


def test_a_served_model_is_measured_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("great", "praise"), ("great \U0001f600", "praise"), ("pay", "billing"), ("great pay", "billing")]
    data = write_csv(tmp_path / "data.csv", rows)
    with HTTPServer(("127.0.0.1", 0), _Predictions) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        url = f"{address}/v1/models/tickets:predict"
        assert main(["evaluate", "--endpoint", url, "--data", str(data), "--batch-size", "3"]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["accuracy"] == 0.75 and figures["confusion_matrix"] == [[1, 1], [0, 2]]
        assert main(["evaluate", "--endpoint", f"{address}/broken:predict", "--data", str(data)]) == 1
        assert "503" in (error := capsys.readouterr().err) and "no backend" in error
        server.shutdown()
    assert main(["evaluate", "--endpoint", url, "--data", str(data)]) == 1
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (["predict", "--bundle", "/nowhere"], "", "/nowhere is not a directory"),
        (["evaluate", "--bundle", "/nowhere", "--data", "/nowhere/x.csv"], "", "/nowhere/x.csv does not exist"),
    ],
)
def test_commands_say_what_is_missing(
    arguments: list[str], stdin: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert expected in capsys.readouterr().err


def test_new_characters_start_as_their_names_and_are_single_tokens(tmp_path: Path) -> None:
    if not MINILM.is_dir():
        pytest.skip("needs all-MiniLM-L6-v2 (hack/python-environment)")
    from apus_huggingface.hyperparameters import Hyperparameters
    from apus_huggingface.models import load_classifier

    settings = Hyperparameters(extend_vocabulary="training")
    classifier = load_classifier(MINILM, ["a", "b"], ["love😂 it", "ok"], settings)
    tokenizer, model = classifier.tokenizer, classifier.model
    assert classifier.added_characters == 1
    assert tokenizer.tokenize("love😂 😂") == ["love", "##😂", "😂"]
    assert tokenizer.tokenize("love🙄") == ["[UNK]"]
    assert tokenizer.tokenize("still the same") == AutoTokenizer.from_pretrained(MINILM).tokenize("still the same")
    embeddings = model.get_input_embeddings().weight
    assert embeddings.shape[0] == model.config.vocab_size == 30_524
    old = AutoModel.from_pretrained(MINILM).get_input_embeddings().weight
    name = old[tokenizer("face with tears of joy", add_special_tokens=False)["input_ids"]].mean(0)
    assert torch.allclose(embeddings[tokenizer.convert_tokens_to_ids("😂")], name, atol=1e-6)


@pytest.mark.minilm
def test_minilm_is_fine_tuned_and_its_vocabulary_extended(make_job: Callable[..., Job]) -> None:
    if not MINILM.is_dir():
        pytest.skip("needs all-MiniLM-L6-v2 (hack/python-environment)")
    rows = [(f"{text} {'😡' if label != 'praise' else '😍'}", label) for text, label in sentences(40)]
    job = make_job(
        {"training": rows, "fresh": sentences(30, seed=1)},
        base=MINILM,
        learning_rate="1e-4",
        extend_vocabulary="training",
        pooler_init="identity",
    )
    assert job.train() == 0
    assert job.metrics()["splits"]["fresh"]["macro_f1"] > 0.8
    assert json.loads((job.layout.model / "tokenizer.json").read_text())["model"]["vocab"]["##😡"] >= 30_522


def test_nothing_imports_torch_before_data_is_checked() -> None:
    code = (
        "import sys; from apus_huggingface import job, dataset, cli; "
        "sys.exit(1 if {'torch', 'transformers', 'sklearn', 'matplotlib'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
