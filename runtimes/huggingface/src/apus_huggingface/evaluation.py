"""Runs a model over texts and measures what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy
import torch
from torch import nn
from transformers import PreTrainedModel

from apus_huggingface.encoding import Collator, Encoded
from apus_huggingface.inputs import accepted_inputs


@dataclass
class Inference:
    """One row a text, in the order of the texts."""

    logits: numpy.ndarray
    pooled: numpy.ndarray
    """Mean of the encoder's last hidden state over the text's tokens."""
    head_inputs: numpy.ndarray | None = None
    """What the output layer was fed, where that was asked for."""

    def probabilities(self) -> numpy.ndarray:
        shifted = numpy.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    def predictions(self) -> numpy.ndarray:
        return self.logits.argmax(axis=1)


def infer(
    model: PreTrainedModel,
    encoded: Encoded,
    collator: Collator,
    batch_size: int,
    between_batches: Callable[[], None] = lambda: None,
    head: nn.Module | None = None,
) -> Inference:
    """Logits and pooled hidden states of all rows, in single precision and without dropout."""
    device = next(model.parameters()).device
    names = accepted_inputs(model)
    lengths = encoded.lengths()
    order = sorted(range(len(encoded)), key=lengths.__getitem__)
    hidden: list[torch.Tensor] = []
    # The encoder's own output, whatever the head above does with it.
    hooks = [model.base_model.register_forward_hook(lambda _module, _inputs, output: hidden.append(output[0]))]
    fed: list[torch.Tensor] = []
    if head is not None:
        hooks.append(head.register_forward_pre_hook(lambda _module, inputs: fed.append(inputs[0])))
    training = model.training
    model.eval()
    columns: list[numpy.ndarray] = []
    try:
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                between_batches()
                rows = order[start : start + batch_size]
                batch = collator.batch(encoded, rows, device)
                hidden.clear()
                fed.clear()
                output = model(**{name: batch[name] for name in names if name in batch}).logits
                parts = [output, _masked_mean(hidden[-1].float(), batch["attention_mask"])]
                # Heads that see every token (and choose one later) have no one input a row.
                if fed and fed[-1].ndim == 2:
                    parts.append(fed[-1])
                if not columns:
                    columns = [numpy.zeros((len(order), part.shape[1]), dtype=numpy.float32) for part in parts]
                for column, part in zip(columns, parts):
                    column[rows] = part.float().cpu().numpy()
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    return Inference(columns[0], columns[1], columns[2] if len(columns) > 2 else None)


def _masked_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    if states.shape[1] != mask.shape[1]:
        return states.mean(dim=1)  # Encoders that shorten their input have no token for each mask position.
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def cross_entropy(logits: numpy.ndarray, targets: list[int]) -> float:
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.tensor(targets)))


def measure(predictions: numpy.ndarray, targets: list[int], labels: list[str]) -> dict[str, object]:
    """The figures of one split as they stand in ``metrics.json``."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    indices = list(range(len(labels)))
    precision, recall, f1, support = precision_recall_fscore_support(
        targets, predictions, labels=indices, zero_division=0
    )
    present = [index for index in indices if support[index] > 0 or (predictions == index).any()]
    return {
        "samples": len(targets),
        "accuracy": float((predictions == numpy.array(targets)).mean()),
        # As sklearn does: a label that is neither in the data nor predicted does not pull the mean down.
        "macro_f1": float(numpy.mean([f1[index] for index in present])),
        "per_class": {
            label: {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "support": int(support[index]),
            }
            for index, label in enumerate(labels)
        },
        "confusion_matrix": confusion_matrix(targets, predictions, labels=indices).tolist(),
    }
