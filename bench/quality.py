"""Prints how well failures are recognised: recall, precision and false alarms by check and kind.

Run ``python -m bench.quality`` in the repository; it reads ``../shared/data/real``. Every set is cut
into halves by its split key: rules were written looking at one, the other was only ever counted.
The figures are of the half that was not looked at; ``--half seen`` or ``all`` prints the others.
The table is Markdown, as in ``docs/quality.md``.
"""

import argparse
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from flywheel_stream import events
from flywheel_stream.checks import TABLE, Check, check_raw, check_scrubbed
from flywheel_stream.classifying import KindClassifier
from flywheel_stream.embedding import Embedder
from flywheel_stream.events import Call, Expect, Finding, Interaction, Origin
from flywheel_stream.failures import FROM_CHECKS, named_kinds
from flywheel_stream.topics import Topics
from stream.embedders import load_embedder
from stream.settings import load_settings
from stream.simulator import bench_calls

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
_LABELS = Path(__file__).with_name("comment_kinds.json")
_NONE, _OTHER = "none", "other"  # labels of comments without complaint, or with one of no kind

_FACTS = tuple(name for name, cause in FROM_CHECKS.items() if cause.kind == "factual_error")
"""Checks that tell a wrong fact: none does, so the answers of HaluEval show what is missed."""

Row = dict[str, Any]


class Judged(NamedTuple):
    """One case: whether it is of the kind, whether we say so."""

    true: bool
    said: bool


class Line(NamedTuple):
    """A line of the table."""

    data: str
    what: str
    cases: list[Judged]
    told: bool = False
    """Whether the cases that are not of the kind are those that were told wrongly."""

    def markdown(self) -> str:
        """Recall over what is of the kind, false alarms over what is not, precision."""
        yes = [case.said for case in self.cases if case.true]
        no = [case.said for case in self.cases if not case.true]
        said = sum(yes) + sum(no)
        return (
            f"| {self.data} | {self.what} | {_share(sum(yes), len(yes))} | {_share(sum(yes), said)} "
            f"| {'-' if self.told else _share(sum(no), len(no))} |"
        )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,} of {whole:,})" if whole else "-"


def rows_of(name: str, key: str, half: str) -> list[Row]:
    """The rows of a set whose split key falls into the half: ``seen``, ``unseen`` or ``all``."""
    with gzip.open(_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if half in {"all", _half(row[key])}]


def _half(key: str) -> str:
    return "unseen" if crc32(key.encode("utf-8", "surrogatepass")) & 1 else "seen"


def findings(prompt: str, response: str, **fields: Any) -> list[Finding]:
    """What all checks find on a call."""
    call = {
        "trace_id": "t",
        "ts": 0.0,
        "model": "m",
        "prompt": prompt,
        "response": response,
        **fields,
    }
    return check_raw(Call(**call)) + check_scrubbed(Interaction(app="a", **call, **_ADDED))


_ADDED: Row = {
    "pii": {},
    "checks": [],
    "fingerprint": "",
    "seen": 1,
    "origin": Origin("t", 0, 0),
}


def _fires(found: Iterable[Finding], *names: str) -> bool:
    return any(finding.kind in names for finding in found)


# ---------------------------------------------------------------- checks


def json_lines(half: str) -> Iterator[Line]:
    """Broken JSON that users of a repair tool reported, and what whole models answered."""
    json_wanted = Expect(format="json")
    cases = [
        Judged(
            not row["json_strict_valid"],
            _fires(
                findings("Give me JSON.", row["response"], expect=json_wanted),
                "invalid_json",
                "empty_response",
            ),
        )
        for row in rows_of("E_json_repair_cases", "response", half)
    ]
    yield Line("json_repair", "format_error (JSON promised)", cases)


def llmfao_lines(half: str) -> Iterator[Line]:
    """Answers of 70 models to 19 prompts: the empty ones, and those that should have been JSON.

    The few prompts are not cut into halves: no rule was written by looking at these answers.
    """
    rows = rows_of("E_llmfao_outputs", "prompt_slug", "all")
    wanted = [row for row in rows if row.get("json_strict_valid") is not None]
    yield Line(
        "llmfao (all)",
        "format_error (JSON promised)",
        [
            Judged(
                not row["json_strict_valid"],
                _fires(
                    findings(row["prompt"], row["response"], expect=Expect(format="json")),
                    "invalid_json",
                    "empty_response",
                ),
            )
            for row in wanted
        ],
    )
    yield Line(
        "llmfao (all)",
        "empty answer",
        [
            Judged(
                row["failure_kind"] == "empty",
                _fires(findings(row["prompt"], row["response"]), "empty_response"),
            )
            for row in rows
        ],
    )


def refusal_lines(half: str) -> Iterator[Line]:
    """XSTest: what full refusals of safe prompts are found, and what else is called one."""
    rows = rows_of("E_xstest_refusals", "prompt", half)
    said = [_fires(findings(row["prompt"], row["response"]), "refusal") for row in rows]
    pairs = [
        (row["prompt_is_unsafe"], row["label"][0], fired)
        for row, fired in zip(rows, said, strict=True)
    ]
    yield Line(
        "xstest, safe prompts",
        "refusal: full, against full compliance",
        [
            Judged(label == "2", fired)
            for unsafe, label, fired in pairs
            if not unsafe and label != "3"
        ],
    )
    yield Line(
        "xstest, safe prompts",
        "refusal: full or partial, against full compliance",
        [Judged(label != "1", fired) for unsafe, label, fired in pairs if not unsafe],
    )
    yield Line(
        "xstest, all prompts",
        "refusal of a safe prompt, against all else, rightful refusals included",
        [
            Judged(not unsafe and label == "2", fired)
            for unsafe, label, fired in pairs
            if unsafe or label != "3"
        ],
    )


def hallucination_lines(half: str) -> Iterator[Line]:
    """HaluEval: facts are beyond a check without sources; how often do checks cry wolf?"""
    rows = rows_of("E_halueval_general", "prompt", half)
    fired = [findings(row["prompt"], row["response"]) for row in rows]
    wrong = [row["failure_kind"] is not None for row in rows]
    yield Line(
        "halueval",
        "factual_error (hallucination)",
        [Judged(true, _fires(found, *_FACTS)) for true, found in zip(wrong, fired, strict=True)],
    )
    yield Line(
        "halueval",
        "any check, against answers labelled as free of hallucination",
        [Judged(true, bool(found)) for true, found in zip(wrong, fired, strict=True)],
    )
    for name in sorted({finding.kind for found in fired for finding in found}):
        alarms = [
            Judged(true, _fires(found, name))
            for true, found in zip(wrong, fired, strict=True)
            if not true
        ]
        yield Line("halueval", f"`{name}` on those answers", alarms)


def sycophancy_lines(half: str) -> Iterator[Line]:
    """Multiple choice in which one option echoes the persona of the prompt."""
    rows = rows_of("E_sycophancy_anthropic", "prompt", half)
    yield Line(
        "sycophancy",
        "sycophancy",
        [
            Judged(true, _fires(findings(row["prompt"], row[field]), "capitulation"))
            for row in rows
            for field, true in (("response_sycophantic", True), ("response_other", False))
        ],
    )


# ---------------------------------------------------------------- comments


def comments_of(half: str) -> Iterator[tuple[str, str, str]]:
    """(data set, key of the comment, its text), of all comments that say something."""
    for row in rows_of("B_feedbackqa_ratings", "prompt", half):
        for n, comment in enumerate(row["comments"]):
            if comment.strip():
                yield "feedbackqa", _key(row["id"], n), comment
    for row in rows_of("B_squality_reviews", "doc_id", half):
        spans = [said["comment"] for review in row["reviews"] for said in review["comments"]]
        for n, comment in enumerate(spans):
            if comment.strip():
                yield "squality", _key(row["id"], n), comment


def _key(row_id: str, n: int) -> str:
    return blake2b(f"{row_id}/{n}".encode(), digest_size=6).hexdigest()


def comment_lines(half: str) -> Iterator[Line]:
    """Comments whose kinds were read off them by hand, never by a rule; only the keys are kept."""
    labels: dict[str, list[str]] = json.loads(_LABELS.read_text())
    read: dict[str, list[tuple[list[str], list[str]]]] = {}
    for data, key, comment in comments_of(half):
        if key in labels:
            said = [finding.kind for finding in named_kinds(comment)]
            read.setdefault(data, []).append((labels[key], said))
    for data, pairs in sorted(read.items()):
        kinds = Counter(kind for truth, said in pairs for kind in {*truth, *said})
        for kind in sorted(kinds, key=lambda kind: (-kinds[kind], kind)):
            if kind not in {_NONE, _OTHER}:
                cases = [Judged(kind in truth, kind in said) for truth, said in pairs]
                yield Line(f"{data} comments", kind, cases)
        yield Line(
            f"{data} comments",
            "any kind, against comments without complaint",
            [Judged(truth != [_NONE], bool(said)) for truth, said in pairs],
        )


# ---------------------------------------------------------------- what memory tells


def topic_lines(_half: str) -> Iterator[Line]:
    """Questions of another set as those that nobody asked before; texts of three sets, all of them."""
    embedder = load_embedder(load_settings(embedder="wordllama"))
    banking, clinc, hwu = (_questions(name) for name in ("banking77", "clinc150", "hwu64"))
    ordinary = [text for text, label in clinc if label != _OUT_OF_SCOPE]
    strange = [text for text, label in clinc if label == _OUT_OF_SCOPE]
    for title, asked, other in (
        ("banking77 asked, hwu64 new", [text for text, _ in banking], [text for text, _ in hwu]),
        ("hwu64 asked, banking77 new", [text for text, _ in hwu], [text for text, _ in banking]),
        ("clinc150 asked, its out-of-scope new", ordinary, strange),
    ):
        known = Topics(embedder.dims)
        for n, vector in enumerate(embedder.embed(asked[:_SAMPLE])):
            known.learn(f"r{n}", vector, float(n))
        cases = [(text, False) for text in asked[_SAMPLE : _SAMPLE + _TRIED]]
        cases += [(text, True) for text in other[:_TRIED]]
        vectors = embedder.embed([text for text, _ in cases])
        yield Line(
            title,
            "unseen_topic",
            [
                Judged(new, known.unseen(vector) is not None)
                for (_, new), vector in zip(cases, vectors, strict=True)
            ],
        )


def decision_lines(_half: str) -> Iterator[Line]:
    """A stand-in, as there are no decisions to be had: eight domains of hwu64 are the kinds.

    A decision is about three questions of one intent; asked is about others, of all intents.
    """
    embedder = load_embedder(load_settings(embedder="wordllama"))
    rows = rows_of("A_hwu64", "text", "all")
    for number in (20, 40, 80, 200):
        cases: list[Judged] = []
        for seed in range(3):
            cases += _decided(rows, number, random.Random(seed), embedder)
        yield Line("hwu64 (stand-in)", f"kind told after {number} decisions", cases, told=True)


def _decided(
    rows: Sequence[Row], number: int, rng: random.Random, embedder: Embedder
) -> Iterator[Judged]:
    kinds = sorted({row["domain"] for row in rows})
    kinds = rng.sample(kinds, 8)
    intents: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["domain"] in kinds:
            intents.setdefault((row["domain"], row["label"]), []).append(row["text"])
    classifier = KindClassifier()
    for _ in range(number):
        kind, intent = rng.choice(sorted(intents))
        texts = rng.sample(intents[kind, intent][8:], 3)
        classifier.learn(list(embedder.embed(texts)), kind)
    asked = [(kind, text) for (kind, _), texts in sorted(intents.items()) for text in texts[:8]]
    vectors = embedder.embed([text for _, text in asked])
    for (kind, _), vector in zip(asked, vectors, strict=True):
        told = classifier.predict(vector)
        yield Judged(True, told is not None and told.kind == kind)  # noqa: FBT003 - see Judged
        if told is not None and told.kind != kind:
            yield Judged(False, True)  # noqa: FBT003 - see Judged


def _questions(name: str) -> list[tuple[str, str]]:
    rows = rows_of(f"A_{name}", "text", "all")
    return [(row["text"], row["label"]) for row in rows]


_OUT_OF_SCOPE = "oos"
_SAMPLE, _TRIED = 2_000, 1_500  # texts that are learnt, and asked about

LINES: tuple[Callable[[str], Iterator[Line]], ...] = (
    json_lines,
    llmfao_lines,
    refusal_lines,
    hallucination_lines,
    sycophancy_lines,
    comment_lines,
    topic_lines,
    decision_lines,
)


def speed() -> None:
    """Print what each check costs on an ordinary call, in CPU time: the best of five runs."""
    calls: list[Interaction] = []
    for value in bench_calls(_CALLS):
        record, _ = events.calls.decode(value)
        if isinstance(record, Call):
            fields = {name: getattr(record, name) for name in Call.__struct_fields__ if name != "v"}
            calls.append(Interaction(**fields, **_ADDED))
    for check in TABLE:
        print(f"{check.name:20} {_cost(check, calls):6.2f} us")
    print(f"{'all of them':20} {sum(_cost(check, calls) for check in TABLE):6.2f} us")


def _cost(check: Check, calls: Sequence[Interaction]) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for call in calls:
            if check.gate(call):
                check.evidence(call)
        best = min(best, time.process_time() - start)
    return best / len(calls) * 1e6


_CALLS = 3_000  # of the bench, about 1 KB each


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("unseen", "seen", "all"), default="unseen")
    parser.add_argument(
        "--speed", action="store_true", help="what the checks cost, and nothing else"
    )
    arguments = parser.parse_args()
    if arguments.speed:
        speed()
        return
    half = arguments.half
    print("| data | kind or check | recall | precision | false alarms |")
    print("|---|---|---|---|---|")
    for lines in LINES:
        for line in lines(half):
            if line.cases:
                print(line.markdown(), flush=True)


if __name__ == "__main__":
    main()
