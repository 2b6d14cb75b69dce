"""The model card: what was trained on what, how well it does, and what it should not be trusted with."""

from __future__ import annotations

from datetime import UTC, datetime

from apus_huggingface.checkpoint import TrainingState
from apus_huggingface.dataset import Data, Split
from apus_huggingface.hyperparameters import Hyperparameters


def model_card(
    data: Data,
    settings: Hyperparameters,
    metrics: dict,
    state: TrainingState,
    base: str,
    base_digest: str | None,
    architecture: str,
    versions: dict[str, str],
) -> str:
    """Markdown, from the same figures that ``metrics.json`` holds."""
    splits = metrics["splits"]
    sections = [
        "# Model card",
        f"A text classifier with {len(data.labels)} labels ({', '.join(data.labels)}), trained by Apus on "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        "## Model",
        _table(
            ["", ""],
            [
                ["architecture", architecture],
                ["base model", base],
                ["base weights", f"`sha256:{base_digest}`" if base_digest else "none"],
                ["labels, in order", ", ".join(data.labels)],
                ["longest text", f"{settings.max_length} tokens; what follows is cut off"],
            ],
        ),
        "## Data",
        _table(
            ["split", "rows", *data.labels, "files (SHA-256)"],
            [_split_row(split, data.labels) for split in [data.training, data.validation, *data.further]],
        ),
    ]
    if data.validation_split_from_training:
        sections.append(
            f"No validation data was given: {settings.validation_fraction:g} of the training rows were set aside, "
            f"stratified by label, with seed {settings.seed}."
        )
    sections.extend(f"Note: {note}" for note in data.notes)
    sections += ["## Results", _table(["split", "rows", "accuracy", "macro-F1"], _result_rows(splits))]
    baseline = metrics.get("base")
    if baseline:
        figures = baseline["validation"]
        sections.append(
            f"For comparison, the base model without fine-tuning ({baseline['method']}): accuracy "
            f"{figures['accuracy']:.4f}, macro-F1 {figures['macro_f1']:.4f} on validation."
        )
    if "baseline" in metrics:
        sections.append("The model that it was compared with, on the same rows:")
        sections.append(_table(["split", "rows", "accuracy", "macro-F1"], _result_rows(metrics["baseline"]["splits"])))
    sections += [
        "### Per label, validation",
        _table(
            ["label", "precision", "recall", "F1", "rows"],
            [
                [label, *(f"{figures[name]:.4f}" for name in ("precision", "recall", "f1")), figures["support"]]
                for label, figures in splits["validation"]["per_class"].items()
            ],
        ),
        "![Confusion matrix](confusion_matrix.png)",
        "![Training history](training_history.png)",
        "## Training",
        f"{state.step} steps in {len(state.evaluations)} epochs took {state.runtime_seconds:.0f} s. The weights are "
        f"those of step {state.best_step}, the best by {settings.metric_for_best_model} on validation "
        f"({state.best_metric:.4f}).",
        _table(
            ["hyperparameter", "value"],
            [[name, value] for name, value in settings.as_dictionary().items() if value != ""],
        ),
        "Software: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "## Limits",
        "\n".join(f"* {limit}" for limit in _limits(data, splits)),
    ]
    return "\n\n".join(sections) + "\n"


def _split_row(split: Split, labels: list[str]) -> list[object]:
    files = ", ".join(f"{file.name} `{file.sha256}`" for file in split.files)
    return [split.name, len(split), *(split.targets.count(index) for index in range(len(labels))), files]


def _result_rows(splits: dict) -> list[list[object]]:
    return [
        [name, figures["samples"], f"{figures['accuracy']:.4f}", f"{figures['macro_f1']:.4f}"]
        for name, figures in splits.items()
    ]


def _limits(data: Data, splits: dict) -> list[str]:
    limits = [
        f"It knows the labels {', '.join(data.labels)} and nothing else: a text that fits none of them still gets one.",
        "It was measured on the data above; texts in another language, tone or period may fare worse. "
        "`reference.json` describes the validation texts so that such drift can be seen.",
    ]
    validation = splits["validation"]
    if validation["samples"] < 500:
        limits.append(
            f"Validation has {validation['samples']} rows, so differences of a few points are within chance, and the "
            "best epoch was chosen on these same rows."
        )
    rare = [label for label, figures in validation["per_class"].items() if figures["support"] < 20]
    if rare:
        limits.append(f"Fewer than 20 validation rows have the label {', '.join(rare)}; its figures mean little.")
    weak = [label for label, figures in validation["per_class"].items() if figures["support"] and figures["f1"] < 0.5]
    if weak:
        limits.append(f"It does poorly on {', '.join(weak)} (F1 below 0.5 on validation).")
    return limits


def _table(header: list[str], rows: list[list[object]]) -> str:
    def line(cells: list[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(list(header)), line(["---"] * len(header)), *(line(row) for row in rows)])
