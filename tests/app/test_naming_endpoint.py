"""Names of clusters by a language model, against a small server that speaks its protocol."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from flywheel_stream.errors import ConfigError, ScrubError, UnavailableError
from flywheel_stream.naming import Unnamed
from stream.embedded import free_port
from stream.naming_endpoint import EndpointNamer, load_namer
from stream.settings import Settings, load_settings
from tests.embedding_server import Answer, Server, serving

CLUSTER = Unnamed("c_1", "late parcel, courier", "outdated_knowledge", ["Where is it? " * 50])


class Model(Server):
    """Answers every question with what it says at the time."""

    def __init__(self, says: object = "Parcels that come late") -> None:
        super().__init__()
        self.says = says

    def plain(self, body: dict[str, Any]) -> Answer:
        return 200, {"choices": [{"message": {"role": "assistant", "content": self.says}}]}


def naming(given: Settings, **more: Any) -> Settings:
    return load_settings(
        naming_url=given.embedding_url, naming_model="namer", naming_key=SecretStr("sk-1"), **more
    )


@pytest.fixture
def model() -> Iterator[tuple[Model, Settings]]:
    known = Model()
    with serving(known) as (_, given):
        yield known, naming(given)


def asked(settings: Settings, clean: Callable[[str], str] = str) -> str | None:
    return asyncio.run(EndpointNamer(settings, clean).title(CLUSTER))


def test_a_model_is_shown_words_kind_and_questions_and_names_the_cluster(
    model: tuple[Model, Settings],
) -> None:
    known, settings = model
    assert asked(settings) == "Parcels that come late"
    ((path, key, body),) = known.requests
    assert (path, key) == ("/v1/chat/completions", "Bearer sk-1")
    assert (body["model"], body["temperature"]) == ("namer", 0)
    shown = json.loads(body["messages"][1]["content"])
    assert (shown["words"], shown["kind"]) == (CLUSTER.words, CLUSTER.kind)
    assert [len(question) for question in shown["questions"]] == [300]


@pytest.mark.parametrize(
    ("says", "name"),
    [
        (' "Late parcels."\n', "Late parcels"),
        ("Späte Pakete & Kuriere", "Späte Pakete & Kuriere"),
        ("Calls of <PERSON>", "Calls of <PERSON>"),
        ("", None),
        ("Late\nparcels", None),
        ("word " * 9, None),
        ("x" * 61, None),
        ("<script>alert(1)</script>", None),
        (None, None),
        (["Late parcels"], None),
    ],
)
def test_an_answer_that_is_no_short_name_is_not_taken(
    model: tuple[Model, Settings], says: object, name: str | None
) -> None:
    known, settings = model
    known.says = says
    assert asked(settings) == name


def test_an_answer_is_scrubbed_and_without_scrubbing_it_is_none(
    model: tuple[Model, Settings],
) -> None:
    _, settings = model

    def fails(text: str) -> str:
        raise ScrubError

    assert asked(settings, str.upper) == "PARCELS THAT COME LATE"
    assert asked(settings, fails) is None


def test_an_odd_server_names_nothing_and_one_that_is_away_says_so(
    model: tuple[Model, Settings],
) -> None:
    known, settings = model
    known.answers = [lambda _: (200, b"<html>"), lambda _: (200, {"choices": []})]
    assert asked(settings) is None
    assert asked(settings) is None
    known.answers = [lambda _: (503, {}), lambda _: (401, {})]
    with pytest.raises(UnavailableError, match="naming endpoint does not answer"):
        asked(settings)
    with pytest.raises(ConfigError, match="naming_key"):
        asked(settings)
    away = settings.model_copy(update={"naming_url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(UnavailableError, match="naming endpoint does not answer"):
        asked(away)


def test_names_by_a_model_are_off_unless_url_and_model_are_set() -> None:
    assert load_namer(load_settings(), str) is None
    with pytest.raises(ConfigError, match="naming_url"):
        load_namer(load_settings(naming_model="namer"), str)
    with pytest.raises(ConfigError, match="naming_model"):
        load_namer(load_settings(naming_url="http://127.0.0.1:1"), str)
