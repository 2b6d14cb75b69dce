"""Which of a batch's tensors a model takes: DistilBERT has no token types, the LSTM neither."""

from __future__ import annotations

import inspect

from torch import nn


def accepted_inputs(model: nn.Module) -> set[str]:
    return set(inspect.signature(model.forward).parameters) & {"input_ids", "attention_mask", "token_type_ids"}
