"""Short texts that come again and again (models, arms, attributes, schemas), scrubbed once each."""

from typing import Any, NamedTuple

import orjson
from msgspec import structs

from flywheel_stream.events import Call, Finding, Scalar, encode
from flywheel_stream.scrubbing import Scrubbed, Scrubs, counts

LONG_NUMBER = 10_000_000
"""Shorter numbers in attributes are amounts and ages; longer ones are scrubbed as their text."""

REMEMBERED = 10_000
"""Scrubbed labels of each sort that are remembered."""


class Labels(NamedTuple):
    """The labels of a call, scrubbed, with counts of what was found in them, by type."""

    app: str
    model: str
    variant: str
    prompt_version: str
    finish_reason: str
    attributes: dict[str, Scalar]
    pii: dict[str, int]
    schema: str = ""  # in canonical form, and not yet scrubbed


class Labeller:
    """Scrubs labels and remembers them; all it does may raise ``ScrubError``.

    Args:
        scrubber: replaces personal data.
    """

    def __init__(self, scrubber: Scrubs) -> None:
        self._scrubber = scrubber
        self._calls: dict[tuple[str, str, str, str, str, bytes], Labels] = {}
        self._texts: dict[str, Scrubbed] = {}
        self._schemas: dict[str, dict[str, Any]] = {}

    def of_call(self, call: Call) -> Labels:
        """The labels of a call; its schema is not yet scrubbed, but can be."""
        key = (
            call.app,
            call.model,
            call.variant,
            call.prompt_version,
            call.finish_reason,
            encode(call.attributes),  # 1, 1.0 and True are equal, and not the same
        )
        known = self._calls.get(key)
        if known is None:
            if len(self._calls) >= REMEMBERED:
                self._calls.clear()
            known = self._calls[key] = self._scrubbed(call)
        if call.expect is not None and call.expect.schema is not None:
            schema = orjson.dumps(call.expect.schema, option=orjson.OPT_SORT_KEYS).decode()
            self.text(schema)  # what fails fails here, before anything of the call is passed on
            return known._replace(schema=schema)
        return known

    def schema(self, canonical: str, pii: dict[str, int]) -> dict[str, Any]:
        """The scrubbed form of a schema; nobody changes it, so that calls may share it."""
        scrubbed = self.text(canonical, pii)
        known = self._schemas.get(scrubbed)
        if known is None:
            if len(self._schemas) >= REMEMBERED:
                self._schemas.clear()
            known = self._schemas[scrubbed] = orjson.loads(scrubbed)
        return known

    def finding(self, finding: Finding) -> Finding:
        """What a check of raw text found: names in a schema are its author's, and may be anything."""
        evidence = self.text(finding.evidence)
        return (
            finding if evidence == finding.evidence else structs.replace(finding, evidence=evidence)
        )

    def text(self, text: str, pii: dict[str, int] | None = None) -> str:
        """The scrubbed form of a short text; what was found is added to ``pii``."""
        if not text:
            return text
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= REMEMBERED:
                self._texts.clear()
            known = self._texts[text] = self._scrubber.scrub([text])[0]
        if known.entities and pii is not None:
            for name, number in counts([known.entities]).items():
                pii[name] = pii.get(name, 0) + number
        return known.text

    def _scrubbed(self, call: Call) -> Labels:
        pii: dict[str, int] = {}
        names = (call.app, call.model, call.variant, call.prompt_version, call.finish_reason)
        app, model, variant, prompt_version, finish_reason = (self.text(x, pii) for x in names)
        attributes = {
            self.text(name, pii): self._scalar(value, pii)
            for name, value in call.attributes.items()
        }
        return Labels(app, model, variant, prompt_version, finish_reason, attributes, pii)

    def _scalar(self, value: Scalar, pii: dict[str, int]) -> Scalar:
        """The scrubbed form of an attribute: a number may be that of a card."""
        if isinstance(value, str):
            return self.text(value, pii)
        if abs(value) < LONG_NUMBER:
            return value
        whole = int(value) if value == value // 1 else value
        text = str(whole)
        scrubbed = self.text(text, pii)
        return value if scrubbed == text else scrubbed
