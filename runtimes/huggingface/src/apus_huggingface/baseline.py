"""What the base model is worth before fine-tuning: its frozen features under a logistic regression."""

from __future__ import annotations

import random
from collections.abc import Callable

from transformers import PreTrainedModel

from apus_huggingface.encoding import Collator, Encoded
from apus_huggingface.evaluation import infer, measure

# Enough for a linear model, and it bounds the time on large data sets.
_MAXIMUM_TRAINING_ROWS = 5_000
METHOD = "frozen encoder, mean-pooled last hidden state, logistic regression on the training rows"


def base_metrics(
    model: PreTrainedModel,
    collator: Collator,
    training: tuple[Encoded, list[int]],
    validation: tuple[Encoded, list[int]],
    labels: list[str],
    batch_size: int,
    seed: int,
    between_batches: Callable[[], None],
) -> dict[str, object]:
    """Measures on validation only: this is a yardstick, not a model that anyone would serve."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    encoded, targets = training
    rows = list(range(len(encoded)))
    if len(rows) > _MAXIMUM_TRAINING_ROWS:
        rows = sorted(random.Random(seed).sample(rows, _MAXIMUM_TRAINING_ROWS))
    features = infer(model, _rows(encoded, rows), collator, batch_size, between_batches).pooled
    held_out = infer(model, validation[0], collator, batch_size, between_batches).pooled
    # Strong regularisation: there are often fewer rows than features.
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=500))
    head.fit(features, [targets[row] for row in rows])
    figures = measure(head.predict(held_out), validation[1], labels)
    return {
        "method": METHOD,
        "training_samples": len(rows),
        "validation": {name: figures[name] for name in ("samples", "accuracy", "macro_f1")},
    }


def _rows(encoded: Encoded, rows: list[int]) -> Encoded:
    def of(column: list[list[int]]) -> list[list[int]]:
        return [column[row] for row in rows]

    types = of(encoded.token_type_ids) if encoded.token_type_ids is not None else None
    return Encoded(of(encoded.input_ids), types, of(encoded.special_masks))
