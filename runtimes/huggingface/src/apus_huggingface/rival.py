"""Measures the model in production on the new one's rows, so that whoever judges compares like with like."""

from __future__ import annotations

import numpy
from transformers import PreTrainedTokenizerBase

from apus_huggingface.dataset import Split
from apus_huggingface.encoding import Collator, encode
from apus_huggingface.evaluation import infer, measure
from apus_huggingface.models import Classifier, label_list
from apus_huggingface.progress import say


def rival_metrics(rival: Classifier, splits: list[Split], labels: list[str], batch_size: int) -> dict[str, object]:
    """Figures over `labels`, the new model's. A row whose label the rival does not know is one that it gets wrong."""
    tokenizer = rival.tokenizer
    position = {label: index for index, label in enumerate(labels)}
    # A label that only the rival knows is one past the end: never right, and no row of the table.
    translation = numpy.array([position.get(label, len(labels)) for label in label_list(rival.model)])
    figures = {}
    for split in splits:
        encoded = encode(tokenizer, split.texts, _longest(tokenizer))
        inference = infer(rival.model, encoded, Collator.of(tokenizer), batch_size)
        figures[split.name] = measure(translation[inference.predictions()], split.targets, labels)
        say(f"baseline on {split.name}: macro_f1={figures[split.name]['macro_f1']:.4f}")
    return {"splits": figures}


def _longest(tokenizer: PreTrainedTokenizerBase) -> int:
    # Bundles say where training cut texts; other models may say a number beyond all reason, meaning "no limit".
    return min(tokenizer.model_max_length, 512)
