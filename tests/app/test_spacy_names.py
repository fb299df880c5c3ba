"""Names by a spaCy model: a pipeline of spaCy itself, whose recogniser knows two names by heart."""

from pathlib import Path

import pytest

from flywheel_stream.errors import ConfigError
from stream.scrubbers import build_scrubber
from stream.settings import load_settings
from stream.spacy_names import PIECE, SpacyNames, _pieces

spacy = pytest.importorskip("spacy")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": "zorvan quillbrook"},
            {"label": "EMAIL", "pattern": "reach-me-there"},
            {"label": "PRODUCT", "pattern": "Teapot"},
        ]
    )
    folder = tmp_path_factory.mktemp("model")
    nlp.to_disk(folder)
    return str(folder)


def test_the_model_finds_what_the_table_cannot_know(model: str) -> None:
    settings = load_settings(None)
    text = "ask zorvan quillbrook (jo@example.com, reach-me-there) about the Teapot"
    without = build_scrubber(settings, b"k")
    assert without.scrub([text])[0].text == text.replace("jo@example.com", "<EMAIL>")
    with_it = build_scrubber(settings.model_copy(update={"spacy_model": model}), b"k")
    assert with_it.scrub([text])[0].text == "ask <PERSON> (<EMAIL>, <EMAIL>) about the Teapot"
    assert f"spacy-{spacy.__version__}-en_pipeline" in with_it.version
    assert with_it.version != without.version


def test_scrubbed_text_stays_as_it_is(model: str) -> None:
    settings = load_settings(None).model_copy(update={"spacy_model": model})
    scrubber = build_scrubber(settings, b"k")
    (once,) = scrubber.scrub(["zorvan quillbrook says \\nzorvan quillbrook"])
    assert once.text == "<PERSON> says \\n<PERSON>"
    assert scrubber.scrub([once.text])[0] == (once.text, ())


def test_long_texts_are_read_in_pieces(model: str) -> None:
    text = "ä word. " * 3_000 + "zorvan quillbrook\n" + "x" * 20_000 + " zorvan quillbrook"
    found = list(SpacyNames(model).iter_filth(text))
    assert [text[one.beg : one.end] for one in found] == ["zorvan quillbrook"] * 2


@pytest.mark.parametrize(
    "text", ["", "a", "x" * 3 * PIECE, "word " * PIECE, "line\n" * PIECE, "\n" + "x " * PIECE]
)
def test_pieces_are_the_text(text: str) -> None:
    pieces = list(_pieces(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= PIECE for piece in pieces)


def test_a_model_that_is_not_there_or_knows_no_persons_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'en_no_such_model' does not load"):
        SpacyNames("en_no_such_model")
    spacy.blank("en").to_disk(tmp_path / "empty")
    with pytest.raises(ConfigError, match="knows no persons"):
        SpacyNames(str(tmp_path / "empty"))


def test_spacy_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(ConfigError, match=r"flywheel-stream\[spacy\]"):
        SpacyNames("en_core_web_sm")
