"""River's clusterers as ``flywheel cluster`` takes them, and the worker that refuses them."""

from typing import get_args

import pytest

from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import ConfigError
from stream.app import Worker
from stream.filters import TimedLine, cluster_lines
from stream.river_clusterers import CLUSTERERS, RiverClusters
from stream.settings import Settings, load_settings

SUBJECTS = "my card was declined at shop {}", "what is the weather in town {}"
LINES = [TimedLine(f"r{n}", SUBJECTS[n % 2].format(n), float(n)) for n in range(30)]


@pytest.mark.parametrize("name", CLUSTERERS)
def test_each_answers_every_line_on_arrival_and_at_the_end_and_alike_each_time(name: str) -> None:
    answers = []
    for _ in range(2):
        clusters = RiverClusters(name, 2)
        work, at_end = cluster_lines(HashingEmbedder(), 10, final=True, clusters=clusters)
        found = work(LINES)
        assert at_end is not None
        at_end(found)
        answers.append(found)
    assert answers[0] == answers[1]
    assert [answer["id"] for answer in answers[0]] == [line.id for line in LINES]
    assert all(a[key].startswith(f"{name}_") for a in answers[0] for key in ("cluster", "final"))


def test_dbstream_tells_two_subjects_apart() -> None:
    clusters = RiverClusters("dbstream", 0)
    vectors = list(HashingEmbedder().embed([line.text for line in LINES]))
    arrived = [clusters.assign("", vector, 0.0).cluster for vector in vectors]
    final = clusters.settle(vectors, arrived)
    assert len(set(final[::2])) == len(set(final[1::2])) == 1
    assert final[0] != final[1]


def test_the_setting_names_those_that_there_are() -> None:
    named = set(get_args(Settings.model_fields["clusterer"].annotation))
    assert named == {"ours", *CLUSTERERS}


async def test_the_worker_refuses_what_cannot_be_saved() -> None:
    with pytest.raises(ConfigError, match="set clusterer to 'ours'"):
        await Worker(load_settings(clusterer="dbstream")).start()
