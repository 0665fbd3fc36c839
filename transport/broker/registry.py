"""A schema registry that knows only the packaged schemas, for tools that want to ask one.

Kafka UI and others decode our messages when somebody answers `GET /schemas/ids/ID`. The ids
travel with the project, so a registry of its own would be one more state to keep equal; this
one reads the files, keeps nothing and refuses every change. It needs the standard library only:
docker-compose.yml runs this file as it is (``python registry.py FOLDER HOST PORT``).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True)
class Entry:
    """One version of one subject."""

    subject: str
    version: int
    id: int
    schema: str


class NotKnownError(Exception):
    """There is no such subject, version or id."""


class Registry:
    """The answers of Confluent's registry interface to reading requests.

    Args:
        folder: holds `ids.json` ({subject: {version: id}}) and `SUBJECT.vVERSION.avsc`.
    """

    def __init__(self, folder: Path) -> None:
        ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        self.entries = [
            Entry(
                subject,
                int(version),
                schema_id,
                (folder / f"{subject}.v{version}.avsc").read_text(encoding="utf-8"),
            )
            for subject, versions in ids.items()
            for version, schema_id in versions.items()
        ]

    def answer(self, path: str) -> Any:
        """What to answer, as JSON, to `GET path`.

        Raises:
            NotKnownError: nothing is known under this path.
        """
        for pattern, handler in self._routes():
            if match := re.fullmatch(pattern, path):
                return handler(*match.groups())
        raise NotKnownError(path)

    def _routes(self) -> list[tuple[str, Callable[..., Any]]]:
        return [
            (r"/schemas/ids/(\d+)", lambda number: {"schema": self._by_id(int(number)).schema}),
            (r"/schemas/types", lambda: ["AVRO"]),
            (r"/subjects", lambda: sorted({entry.subject for entry in self.entries})),
            (r"/subjects/([^/]+)/versions", self._versions),
            (r"/subjects/([^/]+)/versions/(\d+|latest)", self._version),
            (r"/config(?:/[^/]+)?", lambda: {"compatibilityLevel": "FULL_TRANSITIVE"}),
            (r"/mode(?:/[^/]+)?", lambda: {"mode": "READONLY"}),
        ]

    def _by_id(self, schema_id: int) -> Entry:
        for entry in self.entries:
            if entry.id == schema_id:
                return entry
        raise NotKnownError(f"schema {schema_id}")

    def _versions(self, subject: str) -> list[int]:
        versions = sorted(entry.version for entry in self.entries if entry.subject == subject)
        if not versions:
            raise NotKnownError(f"subject {subject}")
        return versions

    def _version(self, subject: str, version: str) -> dict[str, Any]:
        wanted = self._versions(subject)[-1] if version == "latest" else int(version)
        for entry in self.entries:
            if (entry.subject, entry.version) == (subject, wanted):
                return {**vars(entry), "schemaType": "AVRO"}
        raise NotKnownError(f"version {version} of {subject}")


def make_server(registry: Registry, host: str, port: int) -> ThreadingHTTPServer:
    """A server that answers for `registry`; start it by `serve_forever()`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                status, body = HTTPStatus.OK, registry.answer(self.path.partition("?")[0])
            except NotKnownError as error:
                status = HTTPStatus.NOT_FOUND
                body = {"error_code": 40403, "message": f"Not known: {error}"}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing: a person who looks at a topic makes dozens of requests."""

    return ThreadingHTTPServer((host, port), Handler)


if __name__ == "__main__":
    _, folder, host, port = sys.argv
    make_server(Registry(Path(folder)), host, int(port)).serve_forever()
