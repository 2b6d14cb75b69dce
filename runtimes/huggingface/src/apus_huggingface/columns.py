"""Finds which column holds the texts and which the labels."""

from __future__ import annotations

from dataclasses import dataclass

from apus_huggingface.errors import UserError, quoted_list
from apus_huggingface.tables import Table

# In the order in which they are believed.
TEXT_NAMES = (
    "text", "texts", "sentence", "message", "content", "body", "tweet", "review", "comment_text", "comment",
    "utterance", "description", "document", "query", "question", "title", "input", "inputs", "x",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "class", "category", "target", "intent", "topic", "sentiment", "emotion", "tag", "type",
    "label_text", "label_name", "output", "y",
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """The names of the two columns that matter."""

    text: str
    label: str


def find_columns(table: Table, channel: str, text_column: str, label_column: str) -> Columns:
    """The columns as named by the job, else by their usual names, else by what they hold."""
    text = _named(table, channel, "text", text_column) or _usual(table, TEXT_NAMES, label_column)
    label = _named(table, channel, "label", label_column) or _usual(table, LABEL_NAMES, text or "")
    text = text or _by_content(table, label, texts=True)
    label = label or _by_content(table, text, texts=False)
    for kind, found in (("text", text), ("label", label)):
        if found is None:
            raise UserError(
                f"Channel '{channel}' ({table.files[0].name}) has no column that is clearly the {kind}; it has "
                f"{quoted_list(list(table.columns))}: name one with the hyperparameter '{kind}_column'."
            )
    if text == label:
        raise UserError(f"Hyperparameters 'text_column' and 'label_column' both name '{text}'.")
    return Columns(text, label)


def _named(table: Table, channel: str, kind: str, name: str) -> str | None:
    if not name:
        return None
    if name in table.columns:
        return name
    folded = [column for column in table.columns if column.strip().lower() == name.lower()]
    if len(folded) == 1:
        return folded[0]
    raise UserError(
        f"Channel '{channel}' ({table.files[0].name}) has no column '{name}' ({kind}_column); "
        f"it has {quoted_list(list(table.columns))}."
    )


def _usual(table: Table, usual: tuple[str, ...], taken: str) -> str | None:
    by_folded_name = {column.strip().lower(): column for column in table.columns if column != taken}
    for name in usual:
        if name in by_folded_name:
            return by_folded_name[name]
    return None


def _by_content(table: Table, taken: str | None, texts: bool) -> str | None:
    """The only column that looks like texts (long, mostly different) or like labels (short, few, repeated)."""
    fits = []
    for name, values in table.columns.items():
        present = [str(value) for value in values if value is not None]
        if name == taken or not present:
            continue
        different = len(set(present)) / len(present)
        spaces = sum(" " in value.strip() for value in present) / len(present)
        if texts and different > 0.5 and spaces > 0.5:
            fits.append(name)
        if not texts and len(present) >= 4 and different <= 0.5 and max(map(len, present)) <= 80:
            fits.append(name)
    return fits[0] if len(fits) == 1 else None
