"""The report: complete, escaped, self-contained, sensible for a busy, a huge and an empty run."""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import stream.report
from flywheel_stream import events
from flywheel_stream.events import Finding, Message, Origin, Source
from stream.report import traffic, write_report
from stream.report.markup import Html
from stream.report.page import SECTIONS, document
from stream.report.run import incidents_of

START = 1_760_000_400.0 // 3600 * 3600
HOUR = 3600.0
EVIL = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
ORIGIN = Origin("llm.logs", 0, 1)
ARMS = (("aurora-1", "a"), ("breeze-2", "b"))


# ---------------------------------------------------------------- synthetic runs


def alert(incident: str, state: events.AlertState, hour: float, **given: Any) -> events.Alert:
    fields: dict[str, Any] = {
        "id": f"{incident}-{state}-{hour}",
        "incident": incident,
        "state": state,
        "ts": START + hour * HOUR,
        "since": START + (hour - 0.4) * HOUR,
        "app": incident.partition("/")[0],
        "subject": {"cluster": "c_1"},
        "kinds": ["factual_error"],
        "title": f"{incident}: refund, window, days",
        "why": "135.0 failures an hour (usual: 3.9), 41 users hit.",
        "rate": 135.0,
        "baseline": 3.9,
        "confidence": 0.99999,
        "urgency": 0.71,
        "users": 41,
        "models": [events.ModelRate(model="breeze-2", variant="b", rate=131.0)],
        "exemplars": [
            events.Exemplar(trace_id=f"t{n}", excerpt=f"How long is the refund window, {n}?")
            for n in range(5)
        ],
        "advice": [
            events.Advice(
                intervention="rollback_model", why="It went live just before.", days=0.02, cost=0,
                now=True,
            ),
            events.Advice(intervention="rag_update", why="Documents are old.", days=2, cost=800),
        ],
    }  # fmt: skip
    if state == "resolved":
        fields |= {"advice": [], "rate": 2.0, "urgency": 0.0, "why": "Back to 2.0 an hour."}
    return events.Alert(**(fields | given))


def failure(number: int, **given: Any) -> events.Failure:
    fields: dict[str, Any] = {
        "trace_id": f"t{number}",
        "ts": START,
        "app": "support",
        "model": "breeze-2",
        "variant": "b",
        "kinds": [Finding("factual_error", 0.9), Finding("latency", 0.8)][: 1 + number % 2],
        "cluster": "c_1",
        "urgency": 0.4,
        "satisfied": 0.1,
        "excerpt": "How long is the refund window?",
        "origin": ORIGIN,
    }
    return events.Failure(**(fields | given))


def example(number: int, rule: str, **given: Any) -> events.Example:
    fields: dict[str, Any] = {
        "id": f"ex{number}",
        "type": "sft",
        "app": "support",
        "created_at": START,
        "prompt": [Message("system", "Be brief."), Message("user", "Can I return <PRODUCT>?")],
        "reason": {"rule": rule, "signals": ["thumb"]},
        "confidence": 0.75,
        "lineage": events.Lineage(
            trace_ids=["t1"], models=["aurora-1"], origins=[ORIGIN], versions={"scrubber": "4d55"}
        ),
    }
    return events.Example(**(fields | given))


def examples() -> Iterator[events.Example]:
    for n in range(40):
        yield example(n, "good_answer", completion="Yes, within 30 days, at any shop.")
        yield example(n, "thumb", type="unpaired", completion="I think so.", label=n % 4 != 0)
    for n in range(12):
        yield example(n, "correction_preferred", type="preference", chosen="30.", rejected="60.")
    yield example(1, "verifiable_prompt", type="prompt", verifier={"format": "json"})


def hours_of(days: int, *, seed: int = 1, apps: Iterable[str] = ("support", "docs")) -> list[Any]:
    chance = random.Random(seed)
    return [
        {
            "app": app,
            "hour": START + n * HOUR,
            "model": model,
            "variant": variant,
            "prompt_version": "p-1",
            "calls": (calls := chance.randint(30, 80) * (1 + (app == "support")) + 60 * (8 <= n % 24 <= 20)),
            # Every night nobody speaks: what is not judged is a gap.
            "judged": (judged := 0 if n % 24 < 4 else calls // (12 if app == "docs" else 4)),
            "satisfied": chance.uniform(0.7, 0.8) - 0.5 * (model == "breeze-2" and n in range(30, 42))
            if judged
            else None,
            "thumbs": {"up": 3, "middle": 1, "down": 1},
        }
        for app in apps
        for n in range(24 * days)
        for model, variant in ARMS
    ]  # fmt: skip


def summary_of(**given: Any) -> dict[str, Any]:
    slices = [
        {"model": model, "variant": variant, "prompt_version": "p-1", "calls": 900,
         "duplicates": 9, "judged": 240, "satisfied": 0.7,
         "thumbs": {"up": 191 - 120 * n, "middle": 22, "down": 23 + 60 * n}}
        for n, (model, variant) in enumerate(ARMS)
    ]  # fmt: skip
    clusters = [
        {"id": f"c_{n}", "label": f"refund, window, topic {n}", "size": 300 // n, "users": 200 // n,
         "kinds": {"factual_error": 200 // n, "latency": 100 // n},
         "state": ("new", "open", "resolved", "regressed")[n % 4], "since": START}
        for n in range(1, 9)
    ]  # fmt: skip
    topic = {
        "id": "c_t",
        "name": "parcel, late",
        "share": 0.31,
        "recent": 0.55,
        "trend": "rising",
        "calls": 40,
        "users": 30,
        "since": START,
        "exemplars": ["Where is my parcel?", "Late"],
    }
    topics = {
        "sampled": 130,
        "topics": [topic],
        "rest": 0.69,
        "unseen": [topic | {"name": "drone, roof", "trend": "unseen", "share": 0.01}],
    }
    worth = {
        "signal": "edit_little",
        "table": -2.35,
        "weight": 0.41,
        "low": -0.1,
        "high": 0.92,
        "calls": 41.3,
    }
    liked = {
        "id": "c_g",
        "label": "recipe, pancakes",
        "size": 12,
        "users": 9,
        "reasons": {"solved": 8, "clear": 5},
        "comments": ["it worked!"],
        "exemplars": ["How do I make pancakes?"],
    }
    app = {
        "worths": {"verdicts": 410.0, "base": 0.8, "signals": [worth]},
        "successes": {"solved": 8, "clear": 5},
        "top_successes": [liked],
        "slices": slices,
        "topics": topics,
        "failures": {"factual_error": 300},
        "clusters": 31,
        "examples": {},
    }
    return {
        "v": 1,
        "read": 7451,
        "outcomes": {"fresh": 6167, "duplicate": 50, "joined": 1180, "repeated": 45, "dead_letter": 9},
        "outcomes_by_input": {"llm.logs": {"fresh": 6167, "duplicate": 50, "dead_letter": 9}},
        "dead_letters": {"llm.logs": {"missing_field": 9}},
        "rejected": {"dedup": {"repeated": 45}, "join": {"orphan": 1234}},
        "pii": {"EMAIL": 138, "IBAN": 44, "PERSON": 1},
        "lines": {"failures.jsonl": 60, "alerts.jsonl": 5, "curated.jsonl": 93},
        "apps": {"support": app | {"top_clusters": clusters}, "docs": app | {"top_clusters": []}},
        "late": 2,
        "unknown_fields": {"llm.logs": 3},
        "seconds": 12.5,
        "records_per_second": 596.1,
    } | given  # fmt: skip


def write(path: Path, records: Iterable[object]) -> None:
    with path.open("wb") as file:
        file.writelines(events.encode(record) + b"\n" for record in records)


def busy_run(out: Path) -> tuple[dict[str, Any], list[Any]]:
    """Five days of two apps: an incident that came back, one that was resolved, all outputs."""
    write(
        out / "alerts.jsonl",
        [
            alert("support/i_1", "opened", 30),
            alert("support/i_1", "resolved", 44),
            alert("docs/i_2", "opened", 60, urgency=0.4, title="docs: export, dashboard"),
            alert("docs/i_2", "escalated", 62, urgency=0.5, title="docs: export, dashboard"),
            alert("docs/i_2", "resolved", 71, title="docs: export, dashboard"),
            alert("support/i_1", "regressed", 100, rate=160.0, why="It is back: 160.0 an hour."),
        ],
    )
    write(out / "failures.jsonl", map(failure, range(60)))
    write(out / "curated.jsonl", examples())
    write(
        out / "dead-letters.jsonl",
        [
            events.DeadLetter(
                source=Source("llm.logs", 0, n), stage="decode", reason="missing_field", field="model"
            )
            for n in range(9)
        ],
    )  # fmt: skip
    return summary_of(), hours_of(5)


class Page(HTMLParser):
    """Elements by name, with attributes and text."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += ((name, value or "") for name, value in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def render(out: Path, summary: dict[str, Any], hours: list[Any]) -> Page:
    path = write_report(out, summary, hours)
    assert path == out / "report.html"
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def busy(tmp_path: Path) -> Page:
    return render(tmp_path, *busy_run(tmp_path))


# ---------------------------------------------------------------- what it says


def test_the_figures_and_the_account_come_first(busy: Page) -> None:
    for text in ("7,451", "6,217", "183", "Every record read is accounted for.", "2 apps: support"):
        assert text in busy.text
    assert busy.text.index("accounted for") < busy.text.index("What to do")
    assert "2 incidents, 1 open" in busy.text


def test_records_without_an_outcome_are_said_to_be_missing(tmp_path: Path) -> None:
    page = render(tmp_path, summary_of(read=7452), [])
    assert "Not accounted for: 7,452 records read, 7,451 outcomes" in page.text


def test_the_open_incident_comes_first_with_its_advice(busy: Page) -> None:
    text = busy.text
    assert text.index("1 · support/i_1: refund, window, days") < text.index("2 · docs: export")
    assert "NOW" in busy.texts
    assert "rollback model" in busy.texts
    assert " (30 min, no cost): It went live just before." in busy.texts
    assert " (2 days, $800): Documents are old." in busy.texts
    assert "It is back: 160.0 an hour." in busy.texts
    assert "and 2" in text


def test_an_incident_that_came_back_was_on_twice() -> None:
    states: tuple[tuple[events.AlertState, float], ...] = (
        ("opened", 30),
        ("escalated", 31),
        ("resolved", 44),
        ("regressed", 100),
    )
    (incident,) = incidents_of(alert("a/i", state, hour) for state, hour in states)
    hours = [[at and round((at - START) / HOUR, 1) for at in span] for span in incident.spans]
    assert hours == [[29.6, 44], [99.6, None]]
    assert incident.open
    assert [state for _, state, _ in incident.history] == [state for state, _ in states]


def test_advice_of_a_resolved_incident_is_kept() -> None:
    told = [alert("a/i", "opened", 1), alert("a/i", "resolved", 2)]
    (incident,) = incidents_of(told)
    assert not incident.open
    assert incident.told is told[0]
    assert incident.peak == 135.0


def test_every_chart_has_a_caption_and_a_table_behind_it(busy: Page) -> None:
    assert busy.names.count("figure") == busy.names.count("figcaption") == 9
    assert busy.texts.count("The numbers") == 9
    labels = [value for name, value in busy.attributes if name == "aria-label"]
    assert labels == [
        "When incidents began and ended",
        "Satisfaction over time, support",
        "Satisfaction over time, docs",
        "Calls over time",
    ]


def test_every_box_in_a_chart_has_a_colour_that_the_legend_has(tmp_path: Path) -> None:
    summary, hours = busy_run(tmp_path)
    deployed = {"what": "model", "version": "m-2", "action": "live", "variant": "b", "note": ""}
    summary["apps"]["support"]["deployments"] = [{"app": "support", "ts": START, **deployed}]
    page = write_report(tmp_path, summary, hours).read_text(encoding="utf-8")
    boxes = set(re.findall(r'<rect class="([^"]+)"', page))
    assert {"plain", "goes-on", "resolved", "band", "column c0"} <= boxes
    style = page.partition("<style>")[2].partition("</style>")[0]
    filled = {
        name
        for selectors in re.findall(r"([^{}]+)\{[^}]*\bfill:", style)
        for name in re.findall(r"svg (?:rect)?\.([\w-]+)", selectors)
    }
    assert all(filled & set(box.split()) for box in boxes)


def test_a_column_is_as_wide_as_the_time_that_it_counts(tmp_path: Path) -> None:
    page = write_report(tmp_path, *busy_run(tmp_path)).read_text(encoding="utf-8")
    columns = re.findall(r'<rect class="column c0" x="([\d.]+)"[^>]* width="([\d.]+)"', page)
    lefts = [float(left) for left, _ in columns]
    assert len(lefts) > 1
    steps = [after - left for left, after in itertools.pairwise(lefts)]
    assert all(
        width == pytest.approx(step - traffic.GAP, abs=0.2)
        for step, width in zip(steps, [float(width) for _, width in columns][:-1], strict=True)
    )


def test_failures_say_what_they_are_about_and_whom_they_hit(busy: Page) -> None:
    for text in (
        "refund, window, topic 1",
        "factual error 200, latency 100",
        "and 54 more clusters",
        "regressed",
    ):
        assert text in busy.texts
    assert "How long is the refund window?" in busy.texts


def test_topics_of_all_traffic_are_shown_with_their_trend(busy: Page) -> None:
    for text in (
        "support: 130 calls sampled",
        "parcel, late",
        "Where is my parcel?; Late",
        "31.0\N{NO-BREAK SPACE}%",
        "55.0\N{NO-BREAK SPACE}% rising",
        "All other topics: 69\N{NO-BREAK SPACE}% of calls.",
        "Nobody asked about before",
        "drone, roof",
    ):
        assert text in busy.texts


def test_what_is_good_is_shown_with_the_reasons_that_users_gave(busy: Page) -> None:
    for text in (
        "recipe, pancakes",
        "How do I make pancakes?",
        "solved 8, clear 5",
        "it worked!",
        "Really good answers by reason; one may have several.",
    ):
        assert text in busy.texts


def test_what_signals_have_been_worth_is_shown_beside_the_table(busy: Page) -> None:
    for text in ("support · edit little", "-2.35", "+0.41 (-0.10 to +0.92)"):
        assert text in busy.texts


def test_what_was_left_out_has_its_reason(busy: Page) -> None:
    for text in ("missing field", "model", "orphan", "1,234"):
        assert text in busy.texts


def test_examples_are_shown_by_type_and_rule(busy: Page) -> None:
    for text in (
        "preference · correction preferred",
        "40 examples, confidence 0.75 on average, 30 good and 10 bad",
        "Can I return <PRODUCT>?",
        "Yes, within 30 days, at any shop.",
        "chosen",
        '{"format":"json"}',
    ):
        assert text in busy.texts


def test_the_footer_names_versions_and_speed(busy: Page) -> None:
    assert "scrubber 4d55" in busy.text
    assert "7,451 records in 12.5 s (596.1 a second" in busy.text
    assert "2 records came too late" in busy.text


# ---------------------------------------------------------------- what it is


def test_it_is_one_file_without_script_or_network(busy: Page) -> None:
    assert not {"script", "link", "img", "iframe", "object"} & set(busy.names)
    assert not [name for name, _ in busy.attributes if name.startswith("on") or name == "src"]
    targets = {value for name, value in busy.attributes if name == "href"}
    ids = {f"#{value}" for name, value in busy.attributes if name == "id"}
    assert targets <= ids
    assert "url(" not in document(Html())
    assert "default-src 'none'" in document(Html())


def test_each_module_of_a_section_is_on_the_page() -> None:
    names = (f"stream.report.{found.name}" for found in iter_modules(stream.report.__path__))
    found = {module.section for name in names if hasattr(module := import_module(name), "section")}
    assert found == {section for _, section in SECTIONS}
    assert len(found) == len(dict(SECTIONS)) == len(SECTIONS)


def test_text_from_anywhere_is_escaped(tmp_path: Path) -> None:
    write(
        tmp_path / "alerts.jsonl",
        [
            alert(
                EVIL,
                "opened",
                1,
                title=EVIL,
                why=EVIL,
                models=[events.ModelRate(model=EVIL, variant=EVIL, rate=1.0)],
                exemplars=[events.Exemplar(trace_id="t", excerpt=EVIL)],
                advice=[events.Advice(intervention=EVIL, why=EVIL, days=1, cost=1, now=True)],
            )
        ],
    )
    evil = failure(1, app=EVIL, model=EVIL, variant=EVIL, kinds=[Finding(EVIL, 1)], excerpt=EVIL)
    write(tmp_path / "failures.jsonl", [evil])
    write(
        tmp_path / "curated.jsonl",
        [
            example(
                1,
                EVIL,
                prompt=[Message("user", EVIL)],
                completion=EVIL,
                chosen=EVIL,
                rejected=EVIL,
                verifier={EVIL: EVIL},
                lineage=events.Lineage(
                    trace_ids=[], models=[], origins=[], versions={EVIL: EVIL}
                ),
            )
        ],
    )  # fmt: skip
    letter = events.DeadLetter(source=Source(EVIL, 0, 0), stage=EVIL, reason=EVIL, field=EVIL)
    write(tmp_path / "dead-letters.jsonl", [letter])
    known = {
        "slices": [{"model": EVIL, "variant": EVIL, "thumbs": {"up": 1}}],
        "top_clusters": [
            {
                "id": "c_1",
                "label": EVIL,
                "size": 1,
                "users": 1,
                "kinds": {EVIL: 1},
                "state": "open",
                "since": START,
            }
        ],
    }
    summary = summary_of(
        outcomes={EVIL: 7451},
        outcomes_by_input={EVIL: {EVIL: 1}},
        rejected={EVIL: {EVIL: 1}},
        pii={EVIL: 1},
        apps={EVIL: known},
    )
    hour = {"app": EVIL, "hour": START, "model": EVIL, "variant": EVIL, "calls": 1, "judged": 1,
            "satisfied": 0.5, "thumbs": {}}  # fmt: skip
    page = render(tmp_path, summary, [hour])
    assert not {"script", "img"} & set(page.names)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 25


def test_lone_surrogates_and_control_characters_do_no_harm(tmp_path: Path) -> None:
    page = render(tmp_path, summary_of(pii={"\ud800\x00\u202e": 2}), [])
    assert "Personal data replaced" in page.text


# ---------------------------------------------------------------- how much


def test_a_run_without_anything_gives_a_sensible_report(tmp_path: Path) -> None:
    summary = {"v": 1, "read": 0, "outcomes": {}}
    page = render(tmp_path, summary, [])
    for text in (
        "Every record read is accounted for.",
        "No call was counted.",
        "No cluster of failures and no metric rose above its usual rate.",
        "Nothing was judged: no feedback joined, and no check spoke.",
        "Nobody gave a thumb or a rating.",
        "No call failed.",
        "No example: no answer was judged clearly enough.",
    ):
        assert text in page.text
    assert "figure" not in page.names


def test_traffic_without_feedback_is_still_shown(tmp_path: Path) -> None:
    hours = [row | {"judged": 0, "satisfied": None} for row in hours_of(1)]
    page = render(tmp_path, summary_of(apps={}), hours)
    assert "Nothing was judged: no feedback joined, and no check spoke." in page.text
    assert "Calls by hour (UTC) and app, duplicates included." in page.text


def test_one_hour_alone_is_drawn(tmp_path: Path) -> None:
    page = render(tmp_path, summary_of(), hours_of(1)[9:10])
    assert "circle" in page.names


def test_a_huge_run_gives_a_small_report_that_says_what_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "alerts.jsonl", (alert(f"app-{n}/i", "opened", n) for n in range(90)))
    write(
        tmp_path / "failures.jsonl",
        (failure(n, model=f"m-{n}", kinds=[Finding(f"kind_{n}", 1.0)]) for n in range(3000)),
    )
    write(tmp_path / "curated.jsonl", (example(n, f"rule-{n}") for n in range(2000)))
    (tmp_path / "interactions.jsonl").write_text("never read")
    hours = hours_of(60, apps=[f"app-{n}" for n in range(20)])
    page = render(tmp_path, summary_of(pii={f"T{n}": n for n in range(200)}), hours)
    for text in ("and 70 more incidents", "and 14 more apps", "and 180 more", "other apps"):
        assert text in page.texts
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
