"""One address of an OpenAI-compatible server: asked in JSON, tried again, no redirect followed."""

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from flywheel_stream.errors import ConfigError, UnavailableError

PAUSES = 0.5, 2.0
"""Seconds between tries; who calls may try again."""
_PASSING = frozenset({408, 409, 425, 429})  # and 5xx: answers that another try may change


class _StayHere(HTTPRedirectHandler):
    """Texts and key go where the settings say and nowhere else: a redirect is an error."""

    def redirect_request(self, *_args: Any) -> None:
        """Follow none."""


_OPENER = build_opener(_StayHere)


class Endpoint:
    """Posts bodies to one address, for one model. Calls block.

    Args:
        what: The endpoint in errors, as in "embedding".
        base: Base URL of the server, as in https://models.example/v1.
        path: Of the address below it.
        model: Who is asked.
        key: Sent as bearer token; empty: none is.
        needs: What is said where there is no such URL or no model.
        settings: Names of the settings to look at when a request is refused.
        pauses: Seconds between tries; ``None``: those of ``PAUSES``.
        timeout: Seconds of one request.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: URL or model is missing.
    """

    def __init__(
        self,
        *,
        what: str,
        base: str,
        path: str,
        model: str,
        key: str,
        needs: str,
        settings: str,
        pauses: Sequence[float] | None = None,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not base.startswith(("http://", "https://")) or not model:
            raise ConfigError(needs)
        self._what = what
        self._url = f"{base.rstrip('/')}/{path}"
        self._model = model
        self._key = key
        self._settings = settings
        self._pauses = PAUSES if pauses is None else pauses
        self._timeout = timeout
        self._sleep = sleep

    def ask(self, body: Mapping[str, Any]) -> bytes:
        """Return what the server answers.

        Raises:
            ConfigError: It refuses what it is sent.
            UnavailableError: It does not answer.
        """
        content = json.dumps({"model": self._model, **body}).encode()
        problem = ""
        for pause in (*self._pauses, None):
            try:
                return self._post(content)
            except HTTPError as error:
                error.close()
                problem = f"status {error.code}"
                if error.code < 500 and error.code not in _PASSING:
                    raise ConfigError(
                        f"The {self._what} endpoint refuses our request ({problem}): look at "
                        f"{self._settings}."
                    ) from None
            except (OSError, http.client.HTTPException) as error:
                problem = type(error).__name__
            if pause is not None:
                self._sleep(pause)
        raise UnavailableError(
            f"The {self._what} endpoint does not answer ({problem}): look at it."
        )

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = Request(self._url, body, headers)  # noqa: S310 - http or https, checked above
        with _OPENER.open(request, timeout=self._timeout) as response:
            content: bytes = response.read()
        return content
