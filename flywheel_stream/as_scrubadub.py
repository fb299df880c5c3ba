"""Our table as a detector of scrubadub, for programs that are built on that framework.

``scrubadub.Scrubber(detector_list=[FlywheelDetector()])``; importing this takes as long as
importing scrubadub does, about two seconds.
"""

from collections.abc import Iterator

from scrubadub.detectors import Detector
from scrubadub.filth import Filth

from flywheel_stream.detecting import find
from flywheel_stream.pii import TYPES

FILTH: dict[str, type[Filth]] = {
    name: type(f"{name.title().replace('_', '')}Filth", (Filth,), {"type": name.lower()})
    for name in TYPES
}
"""A kind of filth for each type of the table; its ``type`` is the name in lower case."""


class FlywheelDetector(Detector):  # type: ignore[misc]  # scrubadub has no types
    """Finds all that the table finds."""

    name = "flywheel"

    def iter_filth(self, text: str, document_name: str | None = None) -> Iterator[Filth]:
        """Yields what is found, in order, not overlapping."""
        for kind, start, end in find(text):
            yield FILTH[kind](
                beg=start,
                end=end,
                text=text[start:end],
                detector_name=self.name,
                document_name=document_name,
                locale=self.locale,
            )
