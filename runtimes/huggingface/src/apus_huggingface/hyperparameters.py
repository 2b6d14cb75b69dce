"""What a job may ask for: names, types, ranges and defaults of all hyperparameters.

Values arrive as strings, as SageMaker passes them; JSON-quoted strings, which its SDK writes, are understood too.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import asdict, dataclass, field, fields

from apus_huggingface.errors import UserError, quoted_list


def _integer(default: int, minimum: int, maximum: int, doc: str):
    return field(default=default, metadata={"kind": "integer", "min": minimum, "max": maximum, "doc": doc})


def _number(default: float, minimum: float, maximum: float, doc: str, above: bool = False):
    return field(
        default=default, metadata={"kind": "number", "min": minimum, "max": maximum, "above": above, "doc": doc}
    )


def _flag(default: bool, doc: str):
    return field(default=default, metadata={"kind": "flag", "doc": doc})


def _choice(default: str, choices: tuple[str, ...], doc: str):
    return field(default=default, metadata={"kind": "choice", "choices": choices, "doc": doc})


def _text(doc: str):
    return field(default="", metadata={"kind": "text", "doc": doc})


@dataclass(frozen=True)
class Hyperparameters:
    """One job's settings. Every field is a hyperparameter of the same name."""

    epochs: int = _integer(3, 1, 10_000, "passes over the training rows")
    learning_rate: float = _number(5e-5, 0, 10, "peak learning rate of AdamW", above=True)
    batch_size: int = _integer(16, 1, 65_536, "rows in a batch, for each replica")
    eval_batch_size: int = _integer(64, 1, 65_536, "rows in a batch during evaluation")
    max_length: int = _integer(128, 4, 131_072, "tokens kept of a text, special tokens included")
    weight_decay: float = _number(0.01, 0, 10, "AdamW's weight decay; biases and layer norms have none")
    warmup_ratio: float = _number(0.1, 0, 1, "share of all steps in which the learning rate rises from zero")
    max_grad_norm: float = _number(1.0, 0, 1e6, "gradients are clipped to this norm; 0 does not clip")
    gradient_accumulation_steps: int = _integer(1, 1, 65_536, "batches whose gradients are added up to one step")
    gradient_checkpointing: bool = _flag(False, "recompute activations in the backward pass: less memory, slower")
    early_stopping_patience: int = _integer(0, 0, 10_000, "stop after so many epochs without a better one; 0 never")
    metric_for_best_model: str = _choice(
        "macro_f1", ("macro_f1", "accuracy", "loss"), "what the epoch that is kept is best at, on validation"
    )
    seed: int = _integer(42, 0, 2**31 - 1, "of initial weights, dropout, data order and the validation split")
    text_column: str = _text("column of the texts; found by its name or content when not given")
    label_column: str = _text("column of the labels; found by its name or content when not given")
    validation_fraction: float = _number(
        0.1, 0, 0.9, "share of the training rows that validate when no channel does", above=True
    )
    mixed_precision: str = _choice(
        "auto",
        ("auto", "no", "bf16", "fp16"),
        "auto is bf16 or fp16 on a GPU and none on a CPU; bf16 helps on CPUs that have it",
    )
    label_smoothing: float = _number(0.0, 0, 0.9, "share of the target spread over all labels")
    architecture: str = _choice("transformer", ("transformer", "lstm"), "lstm is a small baseline trained from nothing")
    compare_to_base: bool = _flag(True, "also report the base encoder, frozen, under a logistic regression")
    labels: str = _text("the labels in order, as a JSON list or separated by commas; names for integer labels")
    save_steps: int = _integer(0, 0, 10**9, "also write a checkpoint every so many steps; 0: after epochs only")
    base_model: str = _text("directory or hub name, where the job has no channel `model`")
    lr_scheduler: str = _choice("linear", ("linear", "cosine", "constant"), "the learning rate after the warm-up")
    layerwise_lr_decay: float = _number(1.0, 0, 1, "each layer's learning rate relative to the layer above", above=True)
    head_lr_multiplier: float = _number(
        1.0, 0, 1_000, "learning rate of the classification head relative to the rest", above=True
    )
    class_weights: str = _choice(
        "none", ("none", "sqrt", "balanced"), "a label with n rows weighs 1, n^-½ or n^-1 in the loss"
    )
    ema_decay: float = _number(
        0.0, 0, 0.99999, "evaluate and keep an exponential moving average of the weights; 0: none"
    )
    adversarial_epsilon: float = _number(0.0, 0, 100, "norm of the adversarial step on word embeddings (FGM); 0: none")
    dropout: float = _number(-1.0, -1, 0.9, "dropout everywhere in the model; -1: as the base model says")
    extend_vocabulary: str = _choice(
        "none",
        ("none", "training", "symbols"),
        "characters that a WordPiece vocabulary lacks get a token: those of the training texts, or also all emoji",
    )
    pooler_init: str = _choice("keep", ("keep", "identity"), "identity starts BERT's pooler as tanh of the first token")
    head_init: str = _choice(
        "probe",
        ("random", "probe"),
        "probe starts a new head as a logistic regression over what the untrained model feeds it",
    )
    group_by_length: bool = _flag(True, "batches of texts of like length: less padding")
    lstm_embedding_size: int = _integer(128, 1, 8_192, "width of the LSTM's embeddings")
    lstm_hidden_size: int = _integer(128, 1, 8_192, "width of the LSTM in each direction")
    lstm_layers: int = _integer(1, 1, 16, "layers of the LSTM")
    lstm_vocabulary_size: int = _integer(
        8_000, 100, 1_000_000, "word pieces that the LSTM learns, without a base model to lend its tokenizer"
    )

    @staticmethod
    def parse(raw: dict[str, object]) -> Hyperparameters:
        """Reads a job's hyperparameters; raises `UserError` for the first that is unknown or out of range."""
        known = {item.name: item for item in fields(Hyperparameters)}
        values: dict[str, object] = {}
        for name, value in raw.items():
            if name.startswith("sagemaker_") or name.startswith("_"):
                continue  # SageMaker's SDK passes its own settings along.
            if name not in known:
                raise UserError(_unknown(name, list(known)))
            parsed = _parse(name, value, known[name].metadata)
            if parsed is not None:
                values[name] = parsed
        return Hyperparameters(**values)

    def label_list(self) -> list[str] | None:
        """The labels in the order asked for, or ``None`` when the data decides."""
        text = self.labels.strip()
        if not text:
            return None
        if text.startswith("["):
            try:
                listed = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"Hyperparameter 'labels' is not a valid JSON list: {error}.") from error
            if not isinstance(listed, list) or not all(isinstance(item, (str, int)) for item in listed):
                raise UserError("Hyperparameter 'labels' has to be a JSON list of strings.")
            labels = [str(item).strip() for item in listed]
        else:
            labels = [item.strip() for item in text.split(",")]
        if any(not label for label in labels):
            raise UserError("Hyperparameter 'labels' holds an empty label.")
        repeated = sorted({label for label in labels if labels.count(label) > 1})
        if repeated:
            raise UserError(f"Hyperparameter 'labels' lists {quoted_list(repeated)} more than once.")
        if len(labels) < 2:
            raise UserError("Hyperparameter 'labels' has to list at least two labels.")
        return labels

    def as_dictionary(self) -> dict[str, object]:
        return asdict(self)


def documentation() -> str:
    """All hyperparameters as a Markdown table; the README holds a copy, which a test compares."""
    lines = ["| hyperparameter | default | meaning |", "|---|---|---|"]
    for item in fields(Hyperparameters):
        default = str(item.default).lower() if isinstance(item.default, bool) else item.default
        choices = item.metadata.get("choices")
        meaning = item.metadata["doc"]
        if choices:
            meaning = f"one of {', '.join(f'`{choice}`' for choice in choices)}: {meaning}"
        lines.append(f"| `{item.name}` | {f'`{default}`' if default != '' else ''} | {meaning} |")
    return "\n".join(lines)


# What other trainers call the same thing; no closeness of spelling would find these.
_FOREIGN_NAMES = {
    "lr": "learning_rate",
    "num_train_epochs": "epochs",
    "num_epochs": "epochs",
    "max_epochs": "epochs",
    "train_batch_size": "batch_size",
    "per_device_train_batch_size": "batch_size",
    "per_device_eval_batch_size": "eval_batch_size",
    "max_seq_length": "max_length",
    "max_seq_len": "max_length",
    "model_name": "base_model",
    "model_name_or_path": "base_model",
    "model_id": "base_model",
    "gradient_clipping": "max_grad_norm",
    "fp16": "mixed_precision",
    "bf16": "mixed_precision",
    "lr_scheduler_type": "lr_scheduler",
    "early_stopping": "early_stopping_patience",
    "patience": "early_stopping_patience",
    "random_seed": "seed",
    "target": "label_column",
    "target_column": "label_column",
}


def _unknown(name: str, known: list[str]) -> str:
    guess = _FOREIGN_NAMES.get(name.lower())
    if guess is None:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.6)
        guess = near[0] if near else None
    if guess is not None:
        return f"Hyperparameter '{name}' is not known; did you mean '{guess}'?"
    return f"Hyperparameter '{name}' is not known; known are {', '.join(sorted(known))}."


def _parse(name: str, value: object, rule) -> object | None:
    """The value in its type, or ``None`` for an empty one, which leaves the default."""
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.strip()
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        try:
            unquoted = json.loads(text)
        except ValueError:
            unquoted = text
        text = unquoted.strip() if isinstance(unquoted, str) else text
    if text in ("", "null"):
        return None
    kind = rule["kind"]
    if kind == "text":
        return text
    if kind == "flag":
        lowered = text.lower()
        if lowered in ("true", "1", "yes", "on"):
            return True
        if lowered in ("false", "0", "no", "off"):
            return False
        raise UserError(f"Hyperparameter '{name}' has to be true or false, not '{_short(text)}'.")
    if kind == "choice":
        lowered = text.lower()
        if lowered in rule["choices"]:
            return lowered
        if name == "mixed_precision" and lowered in ("true", "false"):
            return "auto" if lowered == "true" else "no"
        near = difflib.get_close_matches(lowered, rule["choices"], n=1)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        raise UserError(
            f"Hyperparameter '{name}' has to be one of {', '.join(rule['choices'])}, not '{_short(text)}'{hint}"
        )
    return _parse_number(name, text, rule)


def _parse_number(name: str, text: str, rule) -> int | float:
    whole = rule["kind"] == "integer"
    kind = "a whole number" if whole else "a number"
    try:
        number = float(text)
        # Exact where it is written without a point: a seed of nine digits must not pass through a float.
        value: int | float = int(text) if whole and "." not in text and "e" not in text.lower() else number
    except ValueError:
        raise UserError(f"Hyperparameter '{name}' has to be {kind}, not '{_short(text)}'.") from None
    if not math.isfinite(number) or (whole and number != int(number)):
        raise UserError(f"Hyperparameter '{name}' has to be {kind}, not '{_short(text)}'.")
    value = int(value) if whole else number
    low, high = rule["min"], rule["max"]
    if rule.get("above") and not value > low:
        raise UserError(f"Hyperparameter '{name}' has to be greater than {low:g}, not {_short(text)}.")
    if value < low:
        raise UserError(f"Hyperparameter '{name}' has to be at least {low:g}, not {_short(text)}.")
    if value > high:
        raise UserError(f"Hyperparameter '{name}' has to be at most {high:g}, not {_short(text)}.")
    return value


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
