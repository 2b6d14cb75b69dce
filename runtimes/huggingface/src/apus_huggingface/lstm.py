"""A bidirectional LSTM over word pieces, trained from nothing: the baseline that a pre-trained encoder has to beat.

It is a `PreTrainedModel` so that saving, loading and everything that measures a model treats it like any encoder.
"""

from __future__ import annotations

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput


class ApusLstmConfig(PreTrainedConfig):
    """Sizes of the baseline."""

    model_type = "apus_lstm"

    def __init__(
        self,
        vocab_size: int = 8_000,
        embedding_size: int = 128,
        hidden_size: int = 128,
        num_hidden_layers: int = 1,
        hidden_dropout_prob: float = 0.3,
        pad_token_id: int = 0,
        **others,
    ) -> None:
        self.vocab_size = vocab_size
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.hidden_dropout_prob = hidden_dropout_prob
        self.pad_token_id = pad_token_id
        super().__init__(**others)


class ApusLstmEncoder(nn.Module):
    """Word pieces to one vector for each token."""

    def __init__(self, config: ApusLstmConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.lstm = nn.LSTM(
            config.embedding_size,
            config.hidden_size,
            num_layers=config.num_hidden_layers,
            bidirectional=True,
            batch_first=True,
            dropout=config.hidden_dropout_prob if config.num_hidden_layers > 1 else 0.0,
        )

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> BaseModelOutput:
        # Packed, so that the backward direction starts at the last token and not in the padding.
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.word_embeddings(input_ids)),
            attention_mask.sum(1).clamp(min=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=input_ids.shape[1]
        )
        return BaseModelOutput(last_hidden_state=states)


class ApusLstmForSequenceClassification(PreTrainedModel):
    """The encoder under a linear layer over the largest activation of each feature."""

    config_class = ApusLstmConfig
    base_model_prefix = "encoder"

    def __init__(self, config: ApusLstmConfig) -> None:
        super().__init__(config)
        self.encoder = ApusLstmEncoder(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(2 * config.hidden_size, config.num_labels)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Torch's own initialisation of each module is what this model wants."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_others) -> SequenceClassifierOutput:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        masked = states.masked_fill(attention_mask.unsqueeze(-1) == 0, torch.finfo(states.dtype).min)
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(masked.amax(dim=1))))


AutoConfig.register(ApusLstmConfig.model_type, ApusLstmConfig, exist_ok=True)
AutoModelForSequenceClassification.register(ApusLstmConfig, ApusLstmForSequenceClassification, exist_ok=True)


def train_tokenizer(texts: list[str], vocabulary_size: int) -> PreTrainedTokenizerBase:
    """A lower-casing WordPiece tokenizer learned from the training texts, for a job without a base model."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=vocabulary_size, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    )
