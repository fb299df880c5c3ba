"""The words of an alert: what fails, how sure that is, and what else spikes for the same reason."""

from collections.abc import Callable, Collection

from flywheel_stream.alerts import Hit, Spike
from flywheel_stream.events import Affected, Deployment
from flywheel_stream.margins import UNSATISFIED, described, is_margin

NEARLY_ALL = 0.8
"""Share of an incident's failures that one arm has, from which on that is said."""

NAMED = 3
"""Other subjects that are named; the rest is counted."""


def what(subject: str, name: Callable[[str], str]) -> str:
    """A subject in words.

    Args:
        subject: a cluster or a margin.
        name: words for a cluster.
    """
    if not is_margin(subject):
        return name(subject)
    known = described(subject)
    metric = "unsatisfied users" if known.pop("metric") == UNSATISFIED else "failures"
    if not known:
        return f"{metric} of the whole app"
    if "kind" in known:
        return f"{known['kind']}, over several clusters"
    if "model" in known:
        rest = [known["model"]]
        rest += [f"arm {known['variant']}"] if "variant" in known else []
        rest += [f"prompt {known['prompt_version']}"] if "prompt_version" in known else []
        return f"{metric} on {', '.join(rest)}"
    return f"{metric} where " + ", ".join(f"{field} is {value}" for field, value in known.items())


def why(
    spike: Spike,
    name: Callable[[str], str],
    arms: Collection[tuple[str, str]],
    suspect: Deployment | None,
) -> str:
    """The alert in a few sentences, for somebody who has just been woken.

    Args:
        spike: what happened.
        name: words for a cluster.
        arms: models and variants that the app has.
        suspect: what went live shortly before.
    """
    if spike.state == "resolved":
        were = "was" if spike.users == 1 else "were"
        hit = f" {_users(spike.users)} {were} hit since it began." if spike.users else ""
        return f"Back to {_rate(spike.rate)} (usual: {_number(spike.baseline)}).{hit}"
    begin = {"regressed": "It is back: ", "escalated": "More of it: "}.get(spike.state, "")
    usual = f"usual: {_number(spike.baseline)}"
    if spike.new:
        usual = "never seen before"
    elif spike.rate >= 2 * spike.baseline > 0:
        usual += f", {spike.rate / spike.baseline:.0f} times as many"
    stake = f", {spike.at_stake:,.0f} at stake" if spike.at_stake else ""
    chance = f"{sure(spike.confidence)} sure that this is no chance"
    sentences = [
        f"{begin}{_rate(spike.rate)} ({usual}), {_users(spike.users)} hit{stake}; {chance}.",
        _where(spike, arms),
        _before(spike, suspect),
        _also([hit for hit in spike.others if hit.active], name),
    ]
    return " ".join(filter(None, sentences))


def also(spike: Spike, name: Callable[[str], str]) -> list[Affected]:
    """What else an incident is about."""
    return [
        Affected(
            subject=described(hit.subject),
            title=what(hit.subject, name),
            since=hit.since,
            active=hit.active,
            rate=hit.rate,
            baseline=hit.baseline,
        )
        for hit in spike.others
    ]


def _where(spike: Spike, arms: Collection[tuple[str, str]]) -> str:
    """Which arm has nearly all of it, where there are others and the title does not say so."""
    total = sum(row.rate for row in spike.models)
    if not total or len(arms) < 2 or "model" in described(spike.subject):
        return ""
    most = max(spike.models, key=lambda row: (row.rate, row.model, row.variant))
    if most.rate < NEARLY_ALL * total:
        return ""
    arm = f"{most.model}, arm {most.variant}" if most.variant else most.model
    share = 100 * most.rate / total
    return f"{'All' if share > 99.5 else f'{share:.0f} %'} of them are on {arm}."


def _before(spike: Spike, suspect: Deployment | None) -> str:
    if suspect is None:
        return ""
    arm = f" in arm {suspect.variant}" if suspect.variant else ""
    minutes = round((spike.since - suspect.at) / 60)
    ago = "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{suspect.what.capitalize()} {suspect.version} went live{arm} {ago} before it began."


def _also(hits: Collection[Hit], name: Callable[[str], str]) -> str:
    """The other subjects: one cause, not as many incidents."""
    if not hits:
        return ""
    rows = list(hits)
    named = [f"{what(hit.subject, name)} ({_number(hit.rate)}/h)" for hit in rows[:NAMED]]
    more = len(rows) - len(named)
    tail = f" and {more} more" if more else ""
    return f"The same cause, by the calls that they share: {'; '.join(named)}{tail}."


def _rate(rate: float) -> str:
    return f"{_number(rate)} failures an hour"


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _users(users: int) -> str:
    return "1 user" if users == 1 else f"{users:,} users"


def sure(confidence: float) -> str:
    """A probability in words, which never are certainty."""
    percent = 100 * confidence
    return "more than 99.9 %" if percent > 99.9 else f"{percent:.1f} %"
