from pathlib import Path

import pytest

from apus_huggingface.errors import UserError
from apus_huggingface.hyperparameters import Hyperparameters, documentation


def test_defaults_are_used_for_what_is_absent_or_empty() -> None:
    parsed = Hyperparameters.parse({"epochs": "", "seed": None})
    assert parsed == Hyperparameters()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "5", 5),
        ("epochs", '"5"', 5),  # as SageMaker's SDK quotes
        ("epochs", 5, 5),
        ("epochs", "1e1", 10),
        ("learning_rate", " 5e-5 ", 5e-5),
        ("seed", "123456789", 123456789),
        ("gradient_checkpointing", "True", True),
        ("gradient_checkpointing", "0", False),
        ("metric_for_best_model", "Accuracy", "accuracy"),
        ("mixed_precision", "false", "no"),
        ("text_column", "body", "body"),
    ],
)
def test_values_are_read_from_strings(name: str, text: object, value: object) -> None:
    assert getattr(Hyperparameters.parse({name: text}), name) == value


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"epochs": "0"}, "'epochs' has to be at least 1, not 0"),
        ({"epochs": "three"}, "'epochs' has to be a whole number, not 'three'"),
        ({"epochs": "2.5"}, "'epochs' has to be a whole number"),
        ({"epochs": "nan"}, "'epochs' has to be a whole number"),
        ({"epochs": "9" * 5000}, "'epochs' has to be"),
        ({"learning_rate": "0"}, "'learning_rate' has to be greater than 0"),
        ({"learning_rate": "inf"}, "'learning_rate' has to be a number"),
        ({"learning_rate": "fast"}, "'learning_rate' has to be a number, not 'fast'"),
        ({"lerning_rate": "1"}, "'lerning_rate' is not known; did you mean 'learning_rate'?"),
        ({"learning-rate": "1"}, "did you mean 'learning_rate'?"),
        ({"num_train_epochs": "3"}, "did you mean 'epochs'?"),
        ({"zzz": "3"}, "'zzz' is not known; known are adversarial_epsilon"),
        ({"architecture": "lstmm"}, "did you mean 'lstm'?"),
        ({"compare_to_base": "maybe"}, "'compare_to_base' has to be true or false"),
        ({"validation_fraction": "1"}, "'validation_fraction' has to be at most 0.9"),
    ],
)
def test_mistakes_are_named(raw: dict[str, object], expected: str) -> None:
    with pytest.raises(UserError) as caught:
        Hyperparameters.parse(raw)
    assert expected in str(caught.value)


def test_settings_of_sagemakers_own_are_passed_over() -> None:
    assert Hyperparameters.parse({"sagemaker_program": "train.py"}) == Hyperparameters()


@pytest.mark.parametrize(
    ("text", "labels"),
    [('["a, b", "c"]', ["a, b", "c"]), ("a, b ,c", ["a", "b", "c"]), ("", None), ("[0, 1]", ["0", "1"])],
)
def test_label_lists(text: str, labels: list[str] | None) -> None:
    assert Hyperparameters(labels=text).label_list() == labels


@pytest.mark.parametrize("text", ["[1,", "a,,b", "a,a", "only", '[["a"],["b"]]', '["a"'])
def test_label_lists_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match="'labels'"):
        Hyperparameters(labels=text).label_list()


def test_the_readme_lists_them_all_as_they_are() -> None:
    """To renew it: python -c 'from apus_huggingface.hyperparameters import *; print(documentation())'."""
    readme = Path(__file__).parents[1] / "README.md"
    assert documentation() in readme.read_text(encoding="utf-8")
