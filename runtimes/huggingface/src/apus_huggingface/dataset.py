"""Turns the channels into labelled splits: label order, stratified validation split, provenance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from apus_huggingface.columns import Columns, find_columns
from apus_huggingface.errors import UserError, quoted_list
from apus_huggingface.hyperparameters import Hyperparameters
from apus_huggingface.tables import SourceFile, Table, read_channel

TRAINING = "training"
VALIDATION = "validation"
# Channels that are nothing but rows to measure on: without labels they are a mistake, not something to skip.
EVALUATION_CHANNELS = {VALIDATION, "test", "fresh", "old"}


@dataclass
class Split:
    """Texts with the indices of their labels."""

    name: str
    texts: list[str]
    targets: list[int]
    files: list[SourceFile] = field(default_factory=list)
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.texts)


@dataclass
class Data:
    """All that a job trains and measures on."""

    labels: list[str]
    training: Split
    validation: Split
    further: list[Split]
    validation_split_from_training: bool
    notes: list[str]


@dataclass
class _Rows:
    texts: list[str]
    labels: list[str]
    origins: list[str]
    table: Table
    columns: Columns
    dropped: int
    label_names: list[str] | None


def load_data(channels: dict[str, Path], settings: Hyperparameters) -> Data:
    """Reads and checks every channel. All mistakes in data end here, before a model is loaded."""
    if TRAINING not in channels:
        found = f"there is only {quoted_list(list(channels))}" if channels else "there are no channels at all"
        raise UserError(f"The job has no channel 'training' ({found}); add an input of that name with labelled rows.")
    notes: list[str] = []
    training = _read_rows(channels[TRAINING], TRAINING, settings, None)
    asked = settings.label_list() or training.label_names
    training_labels = _names_of_integers(training.labels, asked)
    labels = _label_order(training_labels, asked)
    index = {label: position for position, label in enumerate(labels)}
    whole = Split(
        TRAINING,
        training.texts,
        [_index(label, index, training, row) for row, label in enumerate(training_labels)],
        training.table.files,
        training.dropped,
    )
    if training.dropped:
        notes.append(f"{training.dropped} training rows without a text were left out.")

    others: list[Split] = []
    for name, path in channels.items():
        if name == TRAINING:
            continue
        split = _evaluation_split(path, name, settings, training.columns, asked, index, notes)
        if split is not None:
            others.append(split)
    validation = next((split for split in others if split.name == VALIDATION), None)
    if validation is None:
        whole, validation = stratified_split(whole, settings.validation_fraction, settings.seed)
    seen = set(whole.texts)
    for split in [validation, *(split for split in others if split.name != VALIDATION)]:
        repeated = sum(text in seen for text in split.texts)
        if repeated:
            notes.append(f"{repeated} of {len(split)} texts of '{split.name}' occur in the training rows too.")
    return Data(
        labels=labels,
        training=whole,
        validation=validation,
        further=[split for split in others if split.name != VALIDATION],
        validation_split_from_training=VALIDATION not in channels,
        notes=notes,
    )


def load_split(path: Path, name: str, labels: list[str], settings: Hyperparameters) -> Split:
    """One labelled file or directory, for a model whose labels are already known."""
    rows = _read_rows(path, name, settings, None)
    index = {label: position for position, label in enumerate(labels)}
    named = _names_of_integers(rows.labels, settings.label_list() or rows.label_names or labels)
    targets = [_index(label, index, rows, row) for row, label in enumerate(named)]
    return Split(name, rows.texts, targets, rows.table.files, rows.dropped)


def _evaluation_split(
    path: Path,
    name: str,
    settings: Hyperparameters,
    columns: Columns,
    asked: list[str] | None,
    index: dict[str, int],
    notes: list[str],
) -> Split | None:
    try:
        rows = _read_rows(path, name, settings, columns)
    except UserError as error:
        if name in EVALUATION_CHANNELS or "column" not in str(error):
            raise
        notes.append(f"Channel '{name}' was not evaluated: {error}")
        return None
    labels = _names_of_integers(rows.labels, asked or rows.label_names)
    unseen = [row for row, label in enumerate(labels) if label not in index]
    if unseen:
        names = sorted({labels[row] for row in unseen})
        raise UserError(
            f"Channel '{name}' has {len(unseen)} {'row' if len(unseen) == 1 else 'rows'} with the label "
            f"{quoted_list(names)} (first: {rows.origins[unseen[0]]}), which no training row has; training has "
            f"{quoted_list(list(index))}: add training rows or leave these out."
        )
    if rows.dropped:
        notes.append(f"{rows.dropped} rows of '{name}' without a text were left out.")
    return Split(name, rows.texts, [index[label] for label in labels], rows.table.files, rows.dropped)


def _read_rows(path: Path, channel: str, settings: Hyperparameters, usual: Columns | None) -> _Rows:
    """`usual` are the columns of the training rows: where a channel has both, those are meant."""
    table = read_channel(path, channel)
    if usual is not None and usual.text in table.columns and usual.label in table.columns:
        columns = usual
    else:
        columns = find_columns(table, channel, settings.text_column, settings.label_column)
    rows = _Rows([], [], [], table, columns, 0, table.label_names.get(columns.label))
    for row, (text, label) in enumerate(zip(table.columns[columns.text], table.columns[columns.label])):
        if text is None or not str(text).strip():
            rows.dropped += 1
            continue
        if isinstance(label, (list, dict)):
            raise UserError(
                f"{table.origin(row)} has several labels in column '{columns.label}'; give each row exactly one."
            )
        label_text = _label_text(label)
        if not label_text:
            raise UserError(
                f"{table.origin(row)} has no label in column '{columns.label}'; label the row or remove it."
            )
        if not isinstance(text, (str, int, float)):
            raise UserError(f"{table.origin(row)} has a {type(text).__name__} in column '{columns.text}', not a text.")
        rows.texts.append(str(text))
        rows.labels.append(label_text)
        rows.origins.append(table.origin(row))
    if not rows.texts:
        raise UserError(f"Channel '{channel}' has {len(table)} rows, but none has a text in column '{columns.text}'.")
    return rows


def _label_text(value: object) -> str:
    """One spelling for what is the same label in CSV, JSON and Parquet."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return ""
        if value.is_integer():
            return str(int(value))
    return str(value).strip()


def _names_of_integers(labels: list[str], names: list[str] | None) -> list[str]:
    """Integer labels as their names, where a list of names is given."""
    if names is None or all(label in names for label in labels):
        return labels
    if all(label.isascii() and label.isdigit() and int(label) < len(names) for label in labels):
        return [names[int(label)] for label in labels]
    return labels


def _label_order(labels: list[str], asked: list[str] | None) -> list[str]:
    present = set(labels)
    if len(present) < 2:
        raise UserError(
            f"All {len(labels)} training rows have the same label {quoted_list(sorted(present))}; "
            "a classifier needs rows of at least two."
        )
    if asked is not None:
        absent = [label for label in asked if label not in present]
        if absent:
            raise UserError(
                f"The label {quoted_list(absent)} is listed but no training row has it; "
                "add such rows or remove it from the hyperparameter 'labels'."
            )
        return asked
    if len(present) > max(20, len(labels) // 2):
        raise UserError(
            f"The label column has {len(present)} different values in {len(labels)} rows, which looks like the wrong "
            "column; name the right one with the hyperparameter 'label_column'."
        )
    if all(label.lstrip("-").isascii() and label.lstrip("-").isdigit() for label in present):
        return sorted(present, key=int)
    return sorted(present)


def _index(label: str, index: dict[str, int], rows: _Rows, row: int) -> int:
    position = index.get(label)
    if position is None:
        raise UserError(
            f"{rows.origins[row]} has the label '{label[:60]}', which is not among {quoted_list(list(index))}."
        )
    return position


def stratified_split(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Takes about `fraction` of each label's rows for validation.

    Rows with the same text stay on one side, as otherwise the model would be measured on what it was trained on.
    """
    generator = random.Random(seed)
    chosen: set[int] = set()
    groups: dict[str, list[int]] = {}
    for row, text in enumerate(split.texts):
        groups.setdefault(text, []).append(row)
    by_label: dict[int, list[list[int]]] = {}
    for rows in groups.values():
        by_label.setdefault(split.targets[rows[0]], []).append(rows)
    for label in sorted(by_label):
        members = by_label[label]
        generator.shuffle(members)
        # At least one, so that every label is measured, but never all.
        wanted = min(max(1, round(fraction * sum(map(len, members)))), sum(map(len, members)) - 1)
        taken = 0
        for rows in members[:-1]:
            if taken >= wanted:
                break
            chosen.update(rows)
            taken += len(rows)
    if not chosen:
        raise UserError(
            f"The {len(split)} training rows are too few to set some aside for validation; "
            "add rows (at least two of a label) or give a channel 'validation'."
        )

    def part(name: str, keep: bool) -> Split:
        rows = [row for row in range(len(split)) if (row in chosen) == keep]
        return Split(
            name, [split.texts[row] for row in rows], [split.targets[row] for row in rows], split.files, split.dropped
        )

    return part(TRAINING, False), part(VALIDATION, True)
