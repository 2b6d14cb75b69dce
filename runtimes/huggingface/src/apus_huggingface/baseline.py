"""What the base model knows before fine-tuning: a yardstick in ``metrics.json``, and where a new head starts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import PreTrainedModel

from apus_huggingface.encoding import Collator, Encoded
from apus_huggingface.evaluation import Inference, infer, measure
from apus_huggingface.models import output_layer

# Enough for a linear model, and it bounds the time on large data sets.
_MAXIMUM_TRAINING_ROWS = 5_000
# Strong regularisation: there are often fewer rows than features.
_INVERSE_REGULARISATION = 0.02
# What nearly all encoders use in front of their heads.
_DROPOUT = 0.1
METHOD = "frozen encoder, mean-pooled last hidden state, logistic regression on the training rows"


@dataclass
class BaseProbe:
    """The untrained model's view of the training rows, computed once for both uses."""

    model: PreTrainedModel
    collator: Collator
    labels: list[str]
    batch_size: int
    between_batches: Callable[[], None]

    def look(self, encoded: Encoded, targets: list[int], seed: int) -> None:
        rows = list(range(len(encoded)))
        if len(rows) > _MAXIMUM_TRAINING_ROWS:
            rows = sorted(random.Random(seed).sample(rows, _MAXIMUM_TRAINING_ROWS))
        self._targets = [targets[row] for row in rows]
        self._training = self._infer(_rows(encoded, rows))

    def metrics(self, encoded: Encoded, targets: list[int]) -> dict[str, object]:
        """Measures on validation only: this is a yardstick, not a model that anyone would serve."""
        classifier = make_pipeline(StandardScaler(), _regression())
        classifier.fit(self._training.pooled, self._targets)
        figures = measure(classifier.predict(self._infer(encoded).pooled), targets, self.labels)
        return {
            "method": METHOD,
            "training_samples": len(self._targets),
            "validation": {name: figures[name] for name in ("samples", "accuracy", "macro_f1")},
        }

    def start_head(self) -> bool:
        """Sets the output layer to a logistic regression over what it is fed, so that fine-tuning starts from there.

        A random head would first spend its gradients on distorting the encoder, which hurts most where rows are few.
        """
        layer = output_layer(self.model, len(self.labels))
        features = self._training.head_inputs
        if layer is None or features is None or len(set(self._targets)) < len(self.labels):
            return False
        features = features.astype(numpy.float64)
        targets = numpy.array(self._targets)
        # One scale for all: a weight that is blown up because its feature hardly varies drowns all the others.
        centre, scale = features.mean(axis=0), float(numpy.sqrt((features.std(axis=0) ** 2).mean())) or 1.0
        regression = _regression().fit((features - centre) / scale, targets)
        weight = regression.coef_ / scale
        bias = regression.intercept_ - weight @ centre
        if len(weight) == 1:
            # Two labels: one score for the second, none for the first. Halves of opposite sign say the same.
            weight, bias = numpy.concatenate([-weight, weight]) / 2, numpy.concatenate([-bias, bias]) / 2
        weight, bias = _tempered(weight, bias, features, targets)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(bias))
        return True

    def _infer(self, encoded: Encoded) -> Inference:
        layer = output_layer(self.model, len(self.labels))
        return infer(self.model, encoded, self.collator, self.batch_size, self.between_batches, layer)


def _regression() -> LogisticRegression:
    return LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=500)


def _tempered(
    weight: numpy.ndarray, bias: numpy.ndarray, features: numpy.ndarray, targets: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The head halved until, under dropout, it says no more than it knows.

    Training multiplies features by dropout's noise, which large means turn into large errors.
    """
    kept = numpy.random.default_rng(0).random(features.shape) >= _DROPOUT
    logits = (features * kept / (1 - _DROPOUT)) @ weight.T + bias
    for _ in range(20):
        largest = logits.max(axis=1, keepdims=True)
        right = (logits - largest)[numpy.arange(len(targets)), targets]
        loss = float((numpy.log(numpy.exp(logits - largest).sum(axis=1)) - right).mean())
        if loss < 0.95 * numpy.log(len(bias)):
            break
        weight, bias, logits = weight / 2, bias / 2, logits / 2
    return weight, bias


def _rows(encoded: Encoded, rows: list[int]) -> Encoded:
    def of(column: list[list[int]]) -> list[list[int]]:
        return [column[row] for row in rows]

    types = of(encoded.token_type_ids) if encoded.token_type_ids is not None else None
    return Encoded(of(encoded.input_ids), types, of(encoded.special_masks))
