"""The generated schemas and the page are those of the records."""

import json
from pathlib import Path

import jsonschema
import pytest

from stream.schemas import page, schemas
from stream.settings import load_settings
from stream.topics import Topics

ROOT = Path(__file__).resolve().parents[2]


def test_every_topic_but_the_state_has_a_schema() -> None:
    topics = {spec.name for spec in Topics(load_settings()).specs()}
    assert set(schemas()) == topics - {"flywheel.state"}


@pytest.mark.parametrize("topic", sorted(schemas()))
def test_the_written_schema_is_up_to_date_and_a_schema(topic: str) -> None:
    written = json.loads((ROOT / "docs" / "schemas" / f"{topic}.json").read_text())
    assert written == schemas()[topic], "run `python -m stream.schemas`"
    jsonschema.Draft202012Validator.check_schema(written)


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "records.md").read_text() == page(), "run `python -m stream.schemas`"


def test_a_record_of_the_readme_fits_its_schema() -> None:
    record = {"trace_id": "t1", "ts": "2026-01-05T09:00:00Z", "model": "m", "prompt": "x"}
    jsonschema.validate(record, schemas()["llm.logs"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"trace_id": "t1"}, schemas()["llm.logs"])
