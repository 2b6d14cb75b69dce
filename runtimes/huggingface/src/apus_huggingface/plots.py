"""Pictures of a training run: the confusion matrix and how the figures moved."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def _pyplot():
    # Building the font cache takes seconds; hack/python-environment does it once and leaves it beside the interpreter.
    prepared = Path(sys.prefix) / "share" / "matplotlib"
    usable = prepared.is_dir() and os.access(prepared, os.W_OK)
    os.environ.setdefault("MPLCONFIGDIR", str(prepared) if usable else tempfile.mkdtemp(prefix="matplotlib-"))
    import matplotlib

    matplotlib.use("Agg")
    # Labels are people's words, not formulas.
    matplotlib.rcParams["text.parse_math"] = False
    from matplotlib import pyplot

    return pyplot


def draw_confusion_matrix(path: Path, matrix: list[list[int]], labels: list[str], title: str) -> None:
    """Rows are true labels, columns predicted ones, both in label order; shades are shares of the row."""
    pyplot = _pyplot()
    size = min(30.0, max(4.0, 1.6 + 0.75 * len(labels)))
    figure, axes = pyplot.subplots(figsize=(size + 1, size))
    shares = [[count / max(1, sum(row)) for count in row] for row in matrix]
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    names = [label if len(label) <= 24 else label[:23] + "…" for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    if len(labels) <= 30:
        for row, counts in enumerate(matrix):
            for column, count in enumerate(counts):
                shade = "white" if shares[row][column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=shade)
    figure.colorbar(image, ax=axes, label="share of the true label", fraction=0.046)
    _save(pyplot, figure, path)


def draw_history(path: Path, losses: list[list[float]], evaluations: list[dict[str, float]]) -> None:
    """Training and validation loss on the left, accuracy and macro-F1 on the right, over epochs."""
    pyplot = _pyplot()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    if losses:
        left.plot([epoch for epoch, _ in losses], [loss for _, loss in losses], alpha=0.6, label="training")
    epochs = [item["epoch"] for item in evaluations]
    left.plot(epochs, [item["eval_loss"] for item in evaluations], marker="o", label="validation")
    left.set_xlabel("epoch")
    left.set_ylabel("loss")
    left.legend()
    right.plot(epochs, [item["eval_accuracy"] for item in evaluations], marker="o", label="accuracy")
    right.plot(epochs, [item["eval_macro_f1"] for item in evaluations], marker="o", label="macro-F1")
    right.set_xlabel("epoch")
    right.set_ylim(0, 1)
    right.legend()
    _save(pyplot, figure, path)


def _save(pyplot, figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
