"""Texts to token ids, and token ids to padded batches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

# Texts are tokenized in portions, so that a termination signal is never kept waiting for long.
_PORTION = 2_000


@dataclass
class Encoded:
    """Token ids of texts, not yet padded: each batch is only as wide as its longest text."""

    input_ids: list[list[int]]
    token_type_ids: list[list[int]] | None
    special_masks: list[list[int]]

    def __len__(self) -> int:
        return len(self.input_ids)

    def lengths(self) -> list[int]:
        return [len(ids) for ids in self.input_ids]


def encode(tokenizer: PreTrainedTokenizerBase, texts: list[str], max_length: int) -> Encoded:
    """Tokenizes with truncation and the tokenizer's special tokens."""
    with_types = "token_type_ids" in tokenizer.model_input_names
    encoded = Encoded([], [] if with_types else None, [])
    for start in range(0, len(texts), _PORTION):
        output = tokenizer(
            texts[start : start + _PORTION],
            truncation=True,
            max_length=max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=with_types,
            return_special_tokens_mask=True,
        )
        encoded.input_ids.extend(output["input_ids"])
        encoded.special_masks.extend(output["special_tokens_mask"])
        if encoded.token_type_ids is not None:
            encoded.token_type_ids.extend(output["token_type_ids"])
    return encoded


@dataclass(frozen=True)
class Collator:
    """Pads rows to a batch on the right or left, as the tokenizer wants it."""

    pad_id: int
    pad_type_id: int
    left: bool

    @staticmethod
    def of(tokenizer: PreTrainedTokenizerBase) -> Collator:
        return Collator(
            tokenizer.pad_token_id or 0, getattr(tokenizer, "pad_token_type_id", 0), tokenizer.padding_side == "left"
        )

    def batch(self, encoded: Encoded, rows: list[int], device: torch.device) -> dict[str, torch.Tensor]:
        width = max(len(encoded.input_ids[row]) for row in rows)
        batch = {
            "input_ids": torch.full((len(rows), width), self.pad_id, dtype=torch.long),
            "attention_mask": torch.zeros((len(rows), width), dtype=torch.long),
        }
        if encoded.token_type_ids is not None:
            batch["token_type_ids"] = torch.full((len(rows), width), self.pad_type_id, dtype=torch.long)
        for place, row in enumerate(rows):
            ids = encoded.input_ids[row]
            span = slice(width - len(ids), width) if self.left else slice(0, len(ids))
            batch["input_ids"][place, span] = torch.tensor(ids, dtype=torch.long)
            batch["attention_mask"][place, span] = 1
            if encoded.token_type_ids is not None:
                batch["token_type_ids"][place, span] = torch.tensor(encoded.token_type_ids[row], dtype=torch.long)
        return {name: tensor.to(device) for name, tensor in batch.items()}
