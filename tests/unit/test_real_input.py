"""The truth about the real input agrees with the lines that were written, and with the contract."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from flywheel_stream import events
from flywheel_stream.dedup import fingerprint
from flywheel_stream.detecting import find
from flywheel_stream.events import Call, Rejected
from tests.real_input import INPUTS, Truth, build, main

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
LIMIT = 120

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not there")


class Built:
    """The files of one build, read again."""

    def __init__(self, out: Path) -> None:
        self.truth = build(out, DATA, limit=LIMIT)
        self.lines = {name: (out / f"{name}.jsonl").read_bytes().split(b"\n") for name in INPUTS}

    def valid(self, name: str) -> list[dict[str, object]]:
        records = [line for line in self.lines[name] if line.strip().startswith(b"{")]
        return [orjson.loads(line) for line in records if self.accepts(name, line)]

    def accepts(self, name: str, line: bytes) -> bool:
        decoder = {
            "logs": events.calls,
            "feedback": events.signals,
            "deployments": events.deployments,
        }
        found, _ = decoder[name].decode(line)  # type: ignore[attr-defined]  # a union of decoders
        return not isinstance(found, Rejected) and found.at < 2_000_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def truth(built: Built) -> Truth:
    return built.truth


def test_the_same_seed_writes_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = build(tmp_path, DATA, limit=LIMIT)
    assert again == built.truth
    for name in INPUTS:
        assert (tmp_path / f"{name}.jsonl").read_bytes().split(b"\n") == built.lines[name]


def test_another_seed_writes_other_bytes(built: Built, tmp_path: Path) -> None:
    build(tmp_path, DATA, limit=LIMIT, seed=8)
    assert (tmp_path / "logs.jsonl").read_bytes().split(b"\n") != built.lines["logs"]


def test_every_line_has_exactly_one_outcome(built: Built, truth: Truth) -> None:
    for name in INPUTS:
        lines = sum(bool(line.strip()) for line in built.lines[name])
        assert truth.read[name] == lines == sum(truth.outcomes[name].values())


def test_what_was_planted_is_what_the_reading_counts(truth: Truth) -> None:
    planted, logs, feedback = truth.planted, truth.outcomes["logs"], truth.outcomes["feedback"]
    assert logs["repeated"] == planted.repeated_calls > 0
    assert logs["conflict"] == planted.conflicts > 0
    assert feedback["repeated"] == planted.repeated_signals > 0
    assert feedback["orphan"] == planted.orphans > 0
    assert truth.outcomes["deployments"]["repeated"] == planted.repeated_deployments > 0
    for name in INPUTS:
        assert truth.outcomes[name]["dead_letter"] == planted.dead_letters(name)
    copies = [name for name in truth.duplicates if name.startswith("copy-")]
    assert len(copies) == planted.duplicates
    assert logs["duplicate"] == len(truth.duplicates) > planted.duplicates  # natural ones on top


def test_the_decoders_refuse_the_same_lines_as_the_reading(built: Built, truth: Truth) -> None:
    for name in INPUTS:
        refused = [
            line for line in built.lines[name] if line.strip() and not built.accepts(name, line)
        ]
        assert len(refused) == truth.planted.dead_letters(name)


def test_the_fingerprint_finds_the_same_duplicates_as_the_reading(
    built: Built, truth: Truth
) -> None:
    found: dict[str, str] = {}
    for record in built.valid("logs"):
        decoded, _ = events.calls.decode(orjson.dumps(record))
        assert not isinstance(decoded, Rejected)
        call: Call = decoded
        if not (call.response or "").startswith("Another answer, number"):
            found[call.trace_id] = fingerprint(
                call.app, call.model, call.variant, call.turns(), call.response
            )
    copies = sum(count - 1 for count in Counter(found.values()).values())
    assert copies == len(truth.duplicates)
    assert all(found[copy] == found[first] for copy, first in truth.duplicates.items())


def test_signals_are_early_and_late_as_planted(built: Built, truth: Truth) -> None:
    calls = {str(r["trace_id"]): events.parse_ts(r["ts"]) for r in built.valid("logs")}  # type: ignore[arg-type]  # a valid one
    waits = [
        events.parse_ts(signal["ts"]) - calls[str(signal["trace_id"])]  # type: ignore[arg-type]  # a valid one
        for signal in built.valid("feedback")
        if signal["trace_id"] in calls
    ]
    assert sum(wait < 0 for wait in waits) >= truth.planted.early > 0
    assert sum(wait > 2.5 * 3_600 for wait in waits) >= truth.planted.late > 0
    assert max(map(abs, waits)) < 86_400  # within the join window


def test_known_pairs_are_two_voted_answers_to_one_prompt(built: Built, truth: Truth) -> None:
    calls = {r["trace_id"]: r for r in built.valid("logs")}
    assert len(truth.preferences) > 50
    assert truth.ties
    for winner, loser in truth.preferences:
        assert calls[winner]["messages"] == calls[loser]["messages"]
        assert (loser, winner) not in truth.preferences
    assert {True, False} == set(truth.labels.values())
    assert {call["app"] for call in calls.values()} >= {"expertqa", "llmfao", "feedbackqa"}


def test_corrections_differ_from_the_answer(built: Built, truth: Truth) -> None:
    calls = {r["trace_id"]: r for r in built.valid("logs")}
    assert len(truth.corrections) > 20
    for trace_id, correction in truth.corrections.items():
        assert calls[trace_id]["response"] != correction


def test_every_canary_is_in_the_input_and_can_be_found(built: Built, truth: Truth) -> None:
    text = b"\n".join(built.lines["logs"] + built.lines["feedback"]).decode("utf-8", "replace")
    assert len(set(truth.canaries)) == len(truth.canaries) > 100
    for canary in truth.canaries:
        assert canary in text
    for trace in (r for r in built.valid("logs") if str(r["trace_id"]).startswith("canary-")):
        assert find(str(trace["response"]))


def test_large_records_stand_on_both_sides_of_the_limit(built: Built) -> None:
    sizes = sorted(len(line) for line in built.lines["logs"])[-4:]
    assert sizes == [pytest.approx(size, rel=0.01) for size in (1e6, 1e6, 3e6, 3e6)]
    assert sizes[1] < events.MAX_RECORD_BYTES < sizes[2]


def test_as_a_script_it_writes_the_truth_beside_the_input(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([str(tmp_path), "--data", str(DATA), "--limit", "20"]) == 0
    truth = orjson.loads((tmp_path / "truth.json").read_bytes())
    assert orjson.loads(capfdbinary.readouterr().out)["read"] == truth["read"]
