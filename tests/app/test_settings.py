"""Tests of settings as people write them, and of the files that they name."""

import gzip
from pathlib import Path

import pytest

from flywheel_stream.errors import ConfigError
from stream.evaluation_sets import load_evaluation_sets
from stream.settings import load_settings

RIDDLE = "Which of the three sisters left the house first?"


@pytest.mark.parametrize("written", ["plan,country", " plan , country,", '["plan", "country"]'])
def test_a_list_in_the_environment_is_parted_by_commas_or_is_json(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_TRAFFIC_ATTRIBUTES", written)
    assert load_settings().traffic_attributes == ("plan", "country")


def test_a_list_that_is_neither_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYWHEEL_TRAFFIC_ATTRIBUTES", '["plan"')
    with pytest.raises(ConfigError, match=r"traffic_attributes.*no JSON list"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b'kafak = "x"', r"'kafak' in .* names no setting: did you mean kafka\?"),
        (b"[[rules]]\nnmae = 1", r"^Setting 'rules': Rule number 1: .*`nmae`"),
        (b"[arm_shares]\na = 'x'", r"'arm_shares\.a'.* or FLYWHEEL_ARM_SHARES\.$"),
        (b'kafka = ""', r"'kafka'.*at least 1 character"),
        (b"\xff\xfe", "no valid TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_the_remedy(
    written: bytes, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "flywheel.toml"
    file.write_bytes(written)
    with pytest.raises(ConfigError, match=told):
        load_settings(str(file))


def test_a_variable_that_names_no_setting_is_asked_for_its_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLYWHEEL_SAMPEL_RATE", "0.1")
    with pytest.raises(ConfigError, match=r"did you mean FLYWHEEL_SAMPLE_RATE\?"):
        load_settings()


def test_a_list_in_the_file_is_a_list(tmp_path: Path) -> None:
    file = tmp_path / "flywheel.toml"
    file.write_text('evaluation_sets = ["a.jsonl", "b.txt"]')
    assert load_settings(str(file)).evaluation_sets == ("a.jsonl", "b.txt")


def test_evaluation_sets_are_read_from_json_lines_and_text(tmp_path: Path) -> None:
    rows, plain = tmp_path / "rows.jsonl.gz", tmp_path / "plain.txt"
    with gzip.open(rows, "wt") as file:
        file.write(f'\n{{"id": 1, "turns": [{{"content": "{RIDDLE}"}}]}}\n')
    plain.write_text("\nHow far is it from the Earth to the Moon, in miles?\n")
    sets = load_evaluation_sets([str(rows), str(plain)])
    assert sets is not None
    assert len(sets) == 2
    assert str(sets.find(RIDDLE)) == "rows.jsonl.gz:2 (equal)"
    assert str(sets.find("How far is it from the Earth to the Moon, in miles?")) == (
        "plain.txt:2 (equal)"
    )


def test_two_evaluation_sets_of_one_name_are_both_kept(tmp_path: Path) -> None:
    files = [tmp_path / folder / "test.txt" for folder in ("a", "b")]
    for file, text in zip(files, (RIDDLE, "How far is the Moon from the Earth?"), strict=True):
        file.parent.mkdir()
        file.write_text(text)
    sets = load_evaluation_sets([str(file) for file in files])
    assert sets is not None
    assert str(sets.find(RIDDLE)) == "test.txt:1 (equal)"
    assert str(sets.find("How far is the Moon from the Earth?")) == f"{files[1]}:1 (equal)"


def test_without_files_there_is_nothing_to_compare_with() -> None:
    assert load_evaluation_sets(()) is None


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.jsonl", None, "cannot be read"),
        ("broken.jsonl", b"{not json\n", "no JSON"),
        ("binary.txt", b"\xff\xfe\x00", "cannot be read"),
        ("cut.jsonl.gz", b"\x1f\x8b\x08", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_its_text(
    name: str, content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence) as refused:
        load_evaluation_sets([str(file)])
    assert "not json" not in str(refused.value)


def test_the_path_of_a_webhook_is_its_key_and_is_not_shown() -> None:
    shown = load_settings(
        slack_webhook="https://hooks.example/services/T1/B2/very-secret",
        redis="redis://:very-secret@localhost:6379/0",
    ).masked()
    assert shown["slack_webhook"] == "https://hooks.example/********"
    assert shown["redis"] == "redis://********@localhost:6379/0"


def test_shares_of_arms_are_written_as_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYWHEEL_ARM_SHARES", "a=0.9, b=0.1")
    assert load_settings().arm_shares == {"a": 0.9, "b": 0.1}


@pytest.mark.parametrize("wrong", ["a", "a=", "a=much", "a=0"])
def test_shares_that_are_none_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("FLYWHEEL_ARM_SHARES", wrong)
    with pytest.raises(ConfigError, match="arm_shares"):
        load_settings()
