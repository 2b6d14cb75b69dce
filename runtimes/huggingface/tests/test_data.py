import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from apus_huggingface.columns import find_columns
from apus_huggingface.dataset import Split, load_data, stratified_split
from apus_huggingface.errors import UserError
from apus_huggingface.hyperparameters import Hyperparameters
from apus_huggingface.tables import Table, read_channel
from conftest import sentences, write_csv

ROWS = [("first, with a comma", "a"), ('second "quoted"', "b"), ("third\nin two lines", "a"), ("naïve 😀", "b")]


def _write(path: Path, kind: str) -> Path:
    if kind == "csv":
        import csv

        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([("text", "label"), *ROWS])
    elif kind == "semicolon":
        import csv

        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows([("text", "label"), *ROWS])
    elif kind == "tsv":
        import csv

        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t").writerows([("text", "label"), *ROWS])
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS) + "\n\n")
    elif kind == "array":
        path.write_text(json.dumps([{"text": text, "label": label} for text, label in ROWS]))
    else:
        columns = {"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("csv", "a.csv"),
        ("semicolon", "a.csv"),
        ("tsv", "a.tsv"),
        ("jsonl", "a.jsonl"),
        ("array", "a.json"),
        ("parquet", "a.parquet"),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str, name: str) -> None:
    table = read_channel(_write(tmp_path / name, kind), "training")
    assert list(zip(table.columns["text"], table.columns["label"])) == ROWS


def test_a_directory_is_read_in_order_and_hidden_files_are_not(tmp_path: Path) -> None:
    write_csv(tmp_path / "b" / "2.csv", [("two", "b")])
    write_csv(tmp_path / "a" / "1.csv", [("one", "a")])
    write_csv(tmp_path / ".hidden" / "0.csv", [("no", "a")])
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "README.md").write_text("about")
    table = read_channel(tmp_path, "training")
    assert table.columns["text"] == ["one", "two"]
    assert [file.name for file in table.files] == ["a/1.csv", "b/2.csv"]
    assert all(len(file.sha256) == 64 for file in table.files)


def test_quotation_marks_in_tab_separated_text_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('text\tlabel\nsay "hi\ta\n5" wide\tb\n')
    assert read_channel(path, "training").columns["text"] == ['say "hi', '5" wide']


def _table(**columns: list[object]) -> Table:
    rows = len(next(iter(columns.values())))
    from apus_huggingface.tables import SourceFile

    return Table(columns, [("x.csv", row + 2) for row in range(rows)], [SourceFile("x.csv", "0", 0, rows)], {})


@pytest.mark.parametrize(
    ("columns", "named", "expected"),
    [
        ({"id": [1, 2], "Text": ["a", "b"], "Label": ["x", "y"]}, ("", ""), ("Text", "Label")),
        ({"sentence": ["a", "b"], "label": ["x", "y"], "label_text": ["x", "y"]}, ("", ""), ("sentence", "label")),
        ({"text": ["a", "b"], "label": ["x", "y"], "kind": ["p", "q"]}, ("", "kind"), ("text", "kind")),
        ({"text": ["a", "b"], "category": ["x", "y"], "body": ["c", "d"]}, ("BODY", ""), ("body", "category")),
        (
            {
                "was": ["it is late", "all is well", "where is it", "so good"],
                "art": ["x", "y", "x", "x"],
                "nr": [1, 2, 3, 4],
            },
            ("", ""),
            ("was", "art"),
        ),
    ],
)
def test_columns_are_found(columns: dict, named: tuple[str, str], expected: tuple[str, str]) -> None:
    found = find_columns(_table(**columns), "training", *named)
    assert (found.text, found.label) == expected


def test_columns_that_cannot_be_told_apart_are_asked_for() -> None:
    table = _table(foo=["a b", "c d", "e f", "g h"], bar=["i j", "k l", "m n", "o p"], label=[1, 2, 1, 2])
    with pytest.raises(UserError, match=r"'foo', 'bar' and 'label'.*'text_column'"):
        find_columns(table, "training", "", "")


def test_integer_labels_get_their_names_and_their_order(tmp_path: Path) -> None:
    rows = [(f"text {index}", str(index % 3)) for index in range(30)]
    write_csv(tmp_path / "training" / "a.csv", rows)
    data = load_data({"training": tmp_path / "training"}, Hyperparameters(labels="low,middle,high"))
    assert data.labels == ["low", "middle", "high"]
    unnamed = load_data({"training": tmp_path / "training"}, Hyperparameters())
    assert unnamed.labels == ["0", "1", "2"]
    assert unnamed.training.targets == data.training.targets


def test_integer_labels_sort_as_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [(f"text {index}", str(index % 12)) for index in range(60)])
    assert load_data({"training": tmp_path / "a.csv"}, Hyperparameters()).labels == [str(index) for index in range(12)]


def test_names_of_classes_in_parquet_are_used(tmp_path: Path) -> None:
    features = {"label": {"_type": "ClassLabel", "names": ["no", "yes"]}, "text": {"_type": "Value", "dtype": "string"}}
    table = pyarrow.table({"text": [f"t{i}" for i in range(20)], "label": [i % 2 for i in range(20)]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert load_data({"training": tmp_path / "a.parquet"}, Hyperparameters()).labels == ["no", "yes"]


def test_the_split_is_stratified_repeatable_and_keeps_equal_texts_together() -> None:
    rows = sentences(200, seed=3)
    rows += rows[:40]
    labels = sorted({label for _, label in rows})
    whole = Split("training", [text for text, _ in rows], [labels.index(label) for _, label in rows])
    training, validation = stratified_split(whole, 0.2, seed=1)
    assert len(training) + len(validation) == 240
    assert not set(training.texts) & set(validation.texts)
    for index in range(len(labels)):
        assert abs(validation.targets.count(index) / whole.targets.count(index) - 0.2) < 0.05
    assert stratified_split(whole, 0.2, seed=1)[1].texts == validation.texts
    assert stratified_split(whole, 0.2, seed=2)[1].texts != validation.texts


def test_a_label_with_one_row_stays_in_training() -> None:
    whole = Split("training", [f"t{index}" for index in range(21)], [0] * 10 + [1] * 10 + [2])
    training, validation = stratified_split(whole, 0.1, seed=0)
    assert training.targets.count(2) == 1 and set(validation.targets) == {0, 1}


def test_rows_without_text_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [*sentences(40), ("", "billing"), ("  ", "praise")])
    data = load_data({"training": tmp_path / "a.csv"}, Hyperparameters())
    assert len(data.training) + len(data.validation) == 40
    assert data.notes == ["2 training rows without a text were left out."]


def test_repeated_texts_across_splits_are_noted(tmp_path: Path) -> None:
    rows = sentences(60)
    write_csv(tmp_path / "training.csv", rows)
    write_csv(tmp_path / "fresh.csv", [*rows[:3], ("new words", "praise")])
    data = load_data({"training": tmp_path / "training.csv", "validation": tmp_path / "fresh.csv"}, Hyperparameters())
    assert "3 of 4 texts of 'validation' occur in the training rows too." in data.notes


def test_other_channels_use_the_columns_of_training_where_they_have_them(tmp_path: Path) -> None:
    write_csv(tmp_path / "training.csv", sentences(60), header="message,label")
    write_csv(tmp_path / "test.csv", [('ticket 7","late parcel', "delivery")], header="text,message,label")
    (tmp_path / "fresh.csv").write_text("text,label\nlate parcel,delivery\n")
    data = load_data({path.stem: path for path in tmp_path.iterdir()}, Hyperparameters())
    assert {split.name: split.texts for split in data.further} == {"test": ["late parcel"], "fresh": ["late parcel"]}


def test_a_further_channel_without_labels_is_skipped_but_test_is_not(tmp_path: Path) -> None:
    write_csv(tmp_path / "training.csv", sentences(60))
    (tmp_path / "extra.csv").write_text("foo,bar\n1,2\n")
    paths = {"training": tmp_path / "training.csv", "extra": tmp_path / "extra.csv"}
    data = load_data(paths, Hyperparameters())
    assert data.further == [] and "'extra' was not evaluated" in data.notes[0]
    with pytest.raises(UserError, match="Channel 'test'"):
        load_data({"training": paths["training"], "test": paths["extra"]}, Hyperparameters())
