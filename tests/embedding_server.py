"""A small server that speaks the protocol of an embedding endpoint."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flywheel_stream.embedding import Embedder, HashingEmbedder
from stream.settings import Settings, load_settings

Answer = tuple[int, Any]


class Server:
    """Notes requests and answers them with vectors, or as it is told."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.requests: list[tuple[str, str | None, dict[str, Any]]] = []
        self.answers: list[Callable[[dict[str, Any]], Answer]] = []  # the next ones, if not plain
        self.headers: dict[str, str] = {}
        self._embedder = embedder

    def plain(self, body: dict[str, Any]) -> Answer:
        """Answer with vectors, in another order than that of the texts."""
        embedder = self._embedder or HashingEmbedder(body.get("dimensions", 32))
        rows = embedder.embed(body["input"])
        data = [{"index": n, "embedding": (4 * row).tolist()} for n, row in enumerate(rows)]
        return 200, {"data": data[::-1]}

    def answer(self, path: str, key: str | None, body: dict[str, Any]) -> Answer:
        """Note a request and answer it."""
        self.requests.append((path, key, body))
        return self.answers.pop(0)(body) if self.answers else self.plain(body)


@contextmanager
def serving(known: Server, **settings: Any) -> Iterator[tuple[Server, Settings]]:
    """Serve until the block ends; give the settings that lead to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = known.answer(self.path, self.headers["Authorization"], body)
            self.send_response(status)
            for name, value in known.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(
                content if isinstance(content, bytes) else json.dumps(content).encode()
            )

        def log_message(self, *_args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield (
            known,
            load_settings(
                embedder="openai",
                embedding_url=f"http://127.0.0.1:{http.server_port}/v1/",
                embedding_model="small",
                **settings,
            ),
        )
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
