"""A claim as an example: its id, its content, its lineage, and when it is worth telling anew."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flywheel_stream.curation.cases import Case, Claim, Rule
from flywheel_stream.curation.texts import trainer_prompt
from flywheel_stream.events import Example, Interaction, Lineage
from flywheel_stream.lineage import digest, example_id


class Admitted(NamedTuple):
    """A claim that is an example, and of which rule."""

    rule: Rule
    id: str
    claim: Claim


def id_of(rule: Rule, trace_id: str, other: Interaction | None) -> str:
    """The id of the example that a rule justifies by a call, and by the other call of a pair."""
    more = [other.trace_id] if other and rule.rests_on != "call" else []
    return example_id(rule.type, rule.name, [trace_id, *more])


def stamp(rule: Rule, claim: Claim, case: Case) -> str:
    """The type of an example, and the digest of what makes it worth while to emit it again."""
    cluster = claim.cluster or case.side.cluster
    said = digest(*claim.texts, str(claim.label), repr(claim.confidence), str(cluster))
    return f"{rule.type}:{said}"


def type_of(stamped: str) -> str:
    """The type of an example, by its ``stamp``."""
    return stamped.partition(":")[0]


def example(case: Case, admitted: Admitted, versions: Mapping[str, str]) -> Example:
    """What is emitted."""
    rule, name, claim = admitted
    calls = [case.judged.interaction]
    if claim.other:
        calls = sorted([*calls, claim.other], key=lambda call: call.trace_id)
    return Example(
        id=name,
        type=rule.type,
        app=case.judged.app,
        created_at=case.judged.ts,
        prompt=trainer_prompt(calls[0]),
        completion=claim.completion,
        chosen=claim.chosen,
        rejected=claim.rejected,
        label=claim.label,
        verifier=claim.verifier,
        reason={"rule": rule.name, "signals": list(claim.kinds), **claim.detail},
        confidence=claim.confidence,
        cluster=claim.cluster or case.side.cluster,
        slices=_slices(calls),
        lineage=Lineage(
            trace_ids=[call.trace_id for call in calls],
            models=sorted({call.model for call in calls}),
            origins=[call.origin for call in calls],
            versions=dict(versions),
        ),
        pii=_pii(calls),
    )


def _pii(calls: Sequence[Interaction]) -> dict[str, int]:
    total: dict[str, int] = {}
    for call in calls:
        for kind, count in call.pii.items():
            total[kind] = total.get(kind, 0) + count
    return total


def _slices(calls: Sequence[Interaction]) -> dict[str, str]:
    """Where an example belongs; of a pair, what both calls share."""
    shared = _places(calls[0])
    for call in calls[1:]:
        other = _places(call)
        shared = {name: value for name, value in shared.items() if other.get(name) == value}
    return shared


def _places(call: Interaction) -> dict[str, str]:
    places = {name: str(value) for name, value in call.attributes.items()}
    places["model"] = call.model
    if call.variant:
        places["variant"] = call.variant
    if call.prompt_version:
        places["prompt_version"] = call.prompt_version
    return places
