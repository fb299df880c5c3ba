"""The table of curation rules: each of its scenes, and the fields of what it justifies."""

import pytest
from msgspec import UNSET

from flywheel_stream.curation.cases import Rule, Scene, compare
from flywheel_stream.curation.rules import RULES
from flywheel_stream.events import decode_example, encode
from tests.curating import play, rules_of


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        pytest.param(rule, hit, id=f"{rule.name}-{n}")
        for rule in RULES
        for n, hit in enumerate(rule.hits)
    ],
)
def test_each_hit_of_a_rule_justifies_an_example(rule: Rule, made: Scene) -> None:
    rows = [row for row in play(made()).rows.values() if row.reason["rule"] == rule.name]
    assert [row.type for row in rows] == [rule.type]


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        pytest.param(rule, miss, id=f"{rule.name}-{n}")
        for rule in RULES
        for n, miss in enumerate(rule.misses)
    ],
)
def test_no_miss_of_a_rule_justifies_its_example(rule: Rule, made: Scene) -> None:
    assert rule.name not in rules_of(list(play(made()).rows.values()))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_has_hits_misses_a_sentence_and_a_name_of_its_own(rule: Rule) -> None:
    assert rule.hits
    assert rule.misses
    assert rule.sentence.endswith(".")
    assert [other.name for other in RULES].count(rule.name) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_examples_of_each_rule_have_the_fields_of_their_type_and_survive_json(rule: Rule) -> None:
    fields = {
        "sft": {"completion"},
        "preference": {"chosen", "rejected"},
        "unpaired": {"completion", "label"},
        "prompt": {"verifier"},
    }
    for made in rule.hits:
        for row in play(made()).rows.values():
            given = {
                name
                for name in ("completion", "chosen", "rejected", "label", "verifier")
                if getattr(row, name) is not UNSET
            }
            assert given == fields[row.type]
            assert 0 < row.confidence <= 1
            assert row.prompt[-1].role == "user"
            assert row.lineage.trace_ids == sorted(row.lineage.trace_ids)
            assert decode_example(encode(row)) == row


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"u1": 1.0}, {"u1": -1.0}, (1, 0)),
        ({"u1": 0.5, "u2": 0.0}, {"u1": 0.0, "u2": 0.5}, (1, 1)),
        ({"u1": 1.0, "u9": -1.0}, {"u1": 0.5, "u8": 1.0}, (1, 0)),
        ({"u1": 1.0, "u2": 0.5}, {"u3": -1.0}, (3, 0)),
        ({"u1": -1.0}, {"u2": 1.0}, (0, 2)),
        ({"u1": 1.0}, {"u2": 0.5}, (0, 0)),
        ({"u1": 1.0}, {}, (0, 0)),
    ],
)
def test_preference_is_each_users_own_or_else_needs_opposite_means(
    left: dict[str, float], right: dict[str, float], expected: tuple[int, int]
) -> None:
    assert compare(left, right) == expected
    assert compare(right, left) == expected[::-1]
