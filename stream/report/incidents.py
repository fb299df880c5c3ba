"""Incidents: when each was on, what it was, and what to do about it."""

from collections.abc import Sequence

from flywheel_stream.events import Advice, Alert
from flywheel_stream.telling import sure
from stream.report import plots, words
from stream.report.limits import MOST_KEYS, MOST_ROWS
from stream.report.markup import Html, el, figure, join, more, quote, soft, table
from stream.report.rows import HOUR, Row
from stream.report.run import Incident, Run


def section(run: Run) -> Html:
    """A time line, and a card of each incident with its advice."""
    incidents = run.incidents
    if not incidents:
        return soft("No cluster of failures and no metric rose above its usual rate.")
    shown = incidents[:MOST_ROWS]
    cards = (_incident(number, incident) for number, incident in enumerate(shown, 1))
    return join(
        (_timeline(shown, run.hours), *cards, more(len(incidents) - MOST_ROWS, "more incidents"))
    )


def _timeline(incidents: Sequence[Incident], hours: Sequence[Row]) -> Html:
    """One row an incident: its name, and below it when it was on."""
    moments = [at for i in incidents for span in i.spans for at in span if at is not None]
    moments += [at for row in hours for at in (row["hour"], row["hour"] + HOUR)]
    last = max(*moments, *(i.last.ts for i in incidents))
    frame = plots.Frame(
        min(moments), max(last, min(moments) + HOUR), height=plots.ROW_HEIGHT * len(incidents)
    )
    parts, rows = [plots.time_axis(frame)], []
    for place, incident in enumerate(incidents):
        y = plots.TOP + plots.ROW_HEIGHT * place
        name = f"{place + 1} · {words.cut(incident.last.title, 88)}"
        text = plots.label(plots.LEFT, y + 12, name, css="name")
        parts.append(el("a", text, href=f"#incident-{place + 1}"))
        for start, end in incident.spans:
            css, until = ("goes-on", "") if end is None else ("resolved", words.moment(end))
            x = frame.x(start)
            title = f"from {words.moment(start)} to {until or 'the end'} UTC"
            parts.append(
                plots.rect(
                    css, title, x=x, y=y + 18, width=frame.x(end or frame.last) - x, height=9
                )
            )
            rows.append((name, words.moment(start), until or "goes on"))
    chart = plots.svg(frame, "When incidents began and ended", *parts)
    legend = [("goes-on", "goes on"), ("resolved", "resolved")]
    caption = "When each incident was on; times are UTC. It is shown from the moment it began, which is before it was noticed."
    numbers = table(("incident", "from", "to"), rows, MOST_KEYS)
    return figure(chart, caption, legend, numbers)


def _incident(number: int, incident: Incident) -> Html:
    last, told = incident.last, incident.told
    facts = [
        f"urgency {words.percent(incident.urgency)}",
        f"began {words.moment(incident.spans[-1][0])} UTC",
        words.count(max(last.users, told.users), "user"),
        f"up to {incident.peak:,.1f} failures an hour, usual {told.baseline:,.1f}",
        f"{sure(told.confidence)} sure".replace(" %", "\N{NO-BREAK SPACE}%"),
    ]
    models = ", ".join(
        f"{words.arm(m.model, m.variant)}: {m.rate:,.1f} an hour" for m in told.models
    )
    return el(
        "article",
        el("h3", f"{number} · {last.title} ", el("span", last.state, class_="badge")),
        soft(" · ".join(facts)),
        el("p", told.why),
        soft(f"Hit: {models}") if models else "",
        _advice(told.advice, still=incident.open),
        _exemplars(told),
        _history(incident.history),
        id=f"incident-{number}",
        class_="incident open" if incident.open else "incident closed",
    )


def _advice(advice: Sequence[Advice], *, still: bool) -> Html:
    """What fits, best first; once the incident is over nothing is to be done now."""
    rows = (
        el(
            "li",
            *((el("span", "NOW", class_="now"), " ") if row.now and still else ()),
            el("b", words.spaced(row.intervention)),
            f" ({_price(row)}): {row.why}",
        )
        for row in advice
    )
    title = "What to do" if still else "What was advised"
    return join((el("h4", title), el("ul", *rows))) if advice else Html()


def _price(advice: Advice) -> str:
    cost = f"${advice.cost:,.0f}" if advice.cost else "no cost"
    return f"{words.duration(advice.days)}, {cost}" if advice.days else cost


def _exemplars(alert: Alert) -> Html:
    if not alert.exemplars:
        return Html()
    shown = (quote(row.excerpt) for row in alert.exemplars[:3])
    return join((el("h4", "For example"), *shown, more(len(alert.exemplars) - 3)))


def _history(history: Sequence[tuple[float, str, str]]) -> Html:
    rows = (el("li", f"{words.moment(ts)} UTC, {state}: {why}") for ts, state, why in history[-8:])
    earlier = more(len(history) - 8, "earlier changes")
    return el("details", el("summary", "How it went"), el("ol", *rows), earlier)
