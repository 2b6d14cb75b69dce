"""Reads CSV, TSV, JSON lines and Parquet into columns, remembering where each row came from.

Every complaint names file and line: data is written by people and exported by programs, and "invalid input" helps
neither.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

from apus_huggingface.errors import UserError, quoted_list

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
# Beyond this a row is a mistake in the export (a missing quotation mark swallows the rest of the file), not a text.
MAXIMUM_FIELD_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class SourceFile:
    """One file that rows came from; what the model card needs to identify it for good."""

    name: str
    sha256: str
    size: int
    rows: int


@dataclass
class Table:
    """Columns of equal length. A missing value is ``None``."""

    columns: dict[str, list[object]]
    origins: list[tuple[str, int]]
    files: list[SourceFile]
    # Names of integer labels, where the file carries them (Parquet written by `datasets`).
    label_names: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.origins)

    def origin(self, row: int) -> str:
        name, line = self.origins[row]
        return f"{name} line {line}" if not name.endswith((".parquet", ".pq")) else f"{name} row {line}"


def read_channel(path: Path, channel: str) -> Table:
    """All rows of a channel: one file, or a directory of files with the same columns."""
    files = _data_files(path, channel)
    table = Table({}, [], [], {})
    for file in files:
        relative = str(file.relative_to(path)) if path.is_dir() else file.name
        _append(table, _read_file(file, relative), channel)
    if len(table) == 0:
        names = quoted_list([file.name for file in files])
        raise UserError(
            f"Channel '{channel}' has no rows ({names}); give it a file with a header and at least one row."
        )
    return table


def _data_files(path: Path, channel: str) -> list[Path]:
    if path.is_file():
        candidates = [path]
    else:
        candidates = sorted(
            item
            for item in path.rglob("*")
            if item.is_file() and not any(part.startswith((".", "_")) for part in item.relative_to(path).parts)
        )
    supported = [item for item in candidates if item.suffix.lower() in FORMATS]
    if supported:
        return supported
    if not candidates:
        raise UserError(f"Channel '{channel}' is empty; give it a CSV, TSV, JSONL or Parquet file.")
    raise UserError(
        f"Channel '{channel}' has no file that can be read: found {quoted_list([item.name for item in candidates])}, "
        "supported are .csv, .tsv, .jsonl and .parquet."
    )


def _append(table: Table, other: Table, channel: str) -> None:
    if table.columns and set(table.columns) != set(other.columns):
        raise UserError(
            f"The files of channel '{channel}' have different columns: {table.files[0].name} has "
            f"{quoted_list(list(table.columns))}, {other.files[0].name} has {quoted_list(list(other.columns))}."
        )
    for name, values in other.columns.items():
        table.columns.setdefault(name, []).extend(values)
    table.origins.extend(other.origins)
    table.files.extend(other.files)
    table.label_names.update(other.label_names)


def _read_file(path: Path, name: str) -> Table:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror or error}.") from error
    if not data.strip():
        raise UserError(f"{name} is empty; give it a header and at least one row.")
    kind = FORMATS[path.suffix.lower()]
    label_names: dict[str, list[str]] = {}
    if kind == "parquet":
        columns, lines, label_names = _read_parquet(data, name)
    elif kind == "jsonl":
        columns, lines = _read_json_lines(_decode(data, name), name)
    else:
        columns, lines = _read_delimited(_decode(data, name), name, "\t" if kind == "tsv" else None)
    source = SourceFile(name, hashlib.sha256(data).hexdigest(), len(data), len(lines))
    return Table(columns, [(name, line) for line in lines], [source], label_names)


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark.
        at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, at) + 1
        raise UserError(
            f"{name} line {line} is not valid UTF-8 (byte 0x{data[at]:02x}); save the file as UTF-8."
        ) from None
    return text


def _read_delimited(text: str, name: str, delimiter: str | None) -> tuple[dict[str, list[object]], list[int]]:
    if delimiter is None:
        header = text.splitlines()[0] if text else ""
        # Spreadsheets in half of the world write semicolons under the name .csv.
        delimiter = max([",", ";", "\t"], key=header.count)
    csv.field_size_limit(MAXIMUM_FIELD_CHARACTERS * 2)
    # Without quotation marks at a field's start, tab-separated exports use the mark as an ordinary character.
    quoting = csv.QUOTE_NONE if delimiter == "\t" and '\t"' not in text and '\n"' not in text else csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=False)
    names: list[str] = []
    values: list[list[object]] = []
    lines: list[int] = []
    line_before = 0
    try:
        for row in reader:
            line, line_before = line_before + 1, reader.line_num
            if not names:
                names = _header([cell.strip() for cell in row], name)
                values = [[] for _ in names]
                continue
            if not row:
                continue
            if len(row) != len(names):
                raise UserError(
                    f"{name} line {line} has {len(row)} fields where the header has {len(names)}; "
                    "put fields that hold the separator in quotation marks."
                )
            for column, cell in zip(values, row):
                _check_length(cell, name, line)
                column.append(cell if cell != "" else None)
            lines.append(line)
    except csv.Error as error:
        if "field limit" in str(error):
            raise _too_long(f"more than {MAXIMUM_FIELD_CHARACTERS * 2:,}", name, line_before + 1) from error
        raise UserError(f"{name} line {line_before + 1} cannot be read as CSV: {error}.") from error
    return dict(zip(names, values)), lines


def _header(names: list[str], file: str) -> list[str]:
    repeated = sorted({item for item in names if names.count(item) > 1})
    if repeated:
        raise UserError(f"{file} has the column {quoted_list(repeated)} more than once in its header.")
    return names


def _read_json_lines(text: str, name: str) -> tuple[dict[str, list[object]], list[int]]:
    rows: list[dict[str, object]] = []
    lines: list[int] = []
    whole = text.lstrip()
    if whole.startswith("["):
        # A JSON array of objects under .json: common enough to be worth reading.
        parsed = _parse_json(whole, name, 1)
        for index, item in enumerate(parsed if isinstance(parsed, list) else [], start=1):
            rows.append(_json_row(item, name, index, "element"))
            lines.append(index)
    else:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                rows.append(_json_row(_parse_json(line, name, number), name, number, "line"))
                lines.append(number)
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    if len(names) > 1_000:
        raise UserError(f"{name} has {len(names)} different keys; one object a line with the same keys is expected.")
    return {key: [row.get(key) for row in rows] for key in names}, lines


def _parse_json(text: str, name: str, line: int) -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise UserError(f"{name} line {line} is nested too deeply; one flat JSON object a line is expected.") from None
    except ValueError as error:
        reason = getattr(error, "msg", "a number is too long")
        raise UserError(f"{name} line {line} is not valid JSON ({reason}); write one JSON object a line.") from None


def _json_row(item: object, name: str, line: int, unit: str) -> dict[str, object]:
    if not isinstance(item, dict):
        raise UserError(f"{name} {unit} {line} is not a JSON object; write one object with a text and a label a line.")
    for value in item.values():
        if isinstance(value, str):
            _check_length(value, name, line)
            if not value.isprintable() and any("\ud800" <= character <= "\udfff" for character in value):
                raise UserError(
                    f"{name} line {line} holds half of a surrogate pair (\\ud800 to \\udfff), which is no text."
                )
    return item


def _check_length(value: str, name: str, line: int) -> None:
    if len(value) > MAXIMUM_FIELD_CHARACTERS:
        raise _too_long(f"{len(value):,}", name, line)


def _too_long(length: str, name: str, line: int) -> UserError:
    return UserError(
        f"{name} line {line} has a field of {length} characters (at most {MAXIMUM_FIELD_CHARACTERS:,}); "
        "look for a quotation mark that is never closed, or cut the text."
    )


def _read_parquet(data: bytes, name: str) -> tuple[dict[str, list[object]], list[int], dict[str, list[str]]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(data))
        columns = {field: table.column(field).to_pylist() for field in table.column_names}
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).split(". ")[0].rstrip(".")
        raise UserError(f"{name} is not a whole Parquet file ({reason}); write or upload it again.") from error
    for values in columns.values():
        for row, value in enumerate(values, start=1):
            if isinstance(value, str):
                _check_length(value, name, row)
    return columns, list(range(1, table.num_rows + 1)), _label_names(table.schema.metadata or {})


def _label_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Names of integer classes, which `datasets` keeps in the schema's metadata."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            column: [str(item) for item in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
