"""A small S3 over HTTP, as a process of its own: what the image store uses of it, and its faults.

It checks each request's signature (version 4) and its body's hash as the real one does, takes an
object whole or not at all, and answers in the real one's words. It is ours all the same, written
from the public description: what a real server does otherwise, it cannot show.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ACCESS_KEY = "vigie-test"
SECRET_KEY = "not-a-secret"  # noqa: S105 - of a server on loopback that lives for a test
REGION = "us-east-1"
ROOT = Path(__file__).parents[2]
FAULT = "fault.json"
HUGE_BYTES = 10**12

_fault_lock = threading.Lock()


@dataclass
class S3Server:
    """A running server: its address, and the folder whose files are the objects."""

    folder: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def environment(self) -> dict[str, str]:
        """What a client's environment must hold."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
        }

    def lay(self, key: str, data: bytes) -> None:
        """Make an object, past the server."""
        file = self.folder / "images" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def reset(self) -> None:
        """Remove all objects and faults."""
        shutil.rmtree(self.folder / "images")
        (self.folder / "images").mkdir()
        (self.folder / FAULT).unlink(missing_ok=True)

    def fail(self, what: str = "", **values: object) -> None:
        """From now on: see `Handler._fault`; without a word all is well."""
        part = self.folder / f"{FAULT}.part"
        part.write_text(json.dumps({"what": what, **values}), encoding="utf-8")
        part.replace(self.folder / FAULT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def s3_server(folder: Path, port: int = 0) -> Iterator[S3Server]:
    """Serve the folder on loopback, with the bucket ``images``."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.s3_server", str(folder), str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield S3Server(folder, int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class RefusedError(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    folder: Path

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            fault = self._fault()
            if fault == "unavailable":
                raise RefusedError(503, "SlowDown")
            self._check_signature(body)
            self._serve(body, fault)
        except RefusedError as refused:
            text = f'<?xml version="1.0"?><Error><Code>{refused.code}</Code></Error>'
            self._send(refused.status, text.encode(), {"Content-Type": "application/xml"})

    do_GET = do_PUT = do_HEAD = answer  # noqa: N815 - the base class calls them so

    def _fault(self) -> str:
        """What goes wrong with this request, for a time or the next ``times``.

        "unavailable" answers 503, "cut" ends in the middle of the body, "huge" states a size that
        is not there, "late" comes after some seconds.
        """
        with _fault_lock:
            try:
                fault = json.loads((self.folder / FAULT).read_text("utf-8"))
            except FileNotFoundError:
                return ""
            if "times" in fault:
                fault["times"] -= 1
                if fault["times"] < 0:
                    return ""
                (self.folder / FAULT).write_text(json.dumps(fault), encoding="utf-8")
        if fault["what"] == "late":
            time.sleep(fault["seconds"])
        return str(fault["what"])

    def _serve(self, body: bytes, fault: str) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if not (self.folder / bucket).is_dir():
            raise RefusedError(404, "NoSuchBucket")
        if not key:
            query = dict(parse_qsl(parts.query))
            self._send(200, self._listing(bucket, query.get("prefix", "")))
        elif self.command == "PUT":
            self._put(self.folder / bucket / key, body)
        else:
            try:
                found = (self.folder / bucket / key).read_bytes()
            except OSError as error:
                raise RefusedError(404, "NoSuchKey") from error
            self._send(200, found, {"Content-Type": "image/jpeg"}, fault)

    def _put(self, target: Path, body: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as part:
            part.write(body)
        try:
            if self.headers.get("If-None-Match") == "*":
                os.link(part.name, target)  # only where nothing is
            else:
                os.replace(part.name, target)  # noqa: PTH105
        except FileExistsError as error:
            raise RefusedError(412, "PreconditionFailed") from error
        finally:
            Path(part.name).unlink(missing_ok=True)
        self._send(200, b"", {"ETag": f'"{hashlib.md5(body).hexdigest()}"'})  # noqa: S324

    def _listing(self, bucket: str, prefix: str) -> bytes:
        root = self.folder / bucket
        keys = [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()]
        contents = "".join(
            f"<Contents><Key>{key}</Key><Size>1</Size>"
            "<LastModified>2026-11-21T00:00:00.000Z</LastModified></Contents>"
            for key in keys
            if key.startswith(prefix)
        )
        return f"<ListBucketResult>{contents}</ListBucketResult>".encode()

    def _send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, fault: str = ""
    ) -> None:
        cut = fault in {"cut", "huge"}
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(HUGE_BYTES if fault == "huge" else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def _check_signature(self, body: bytes) -> None:
        """As docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says."""
        given = self.headers.get("Authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            raise RefusedError(403, "AccessDenied")
        fields = dict(one.split("=", 1) for one in given.partition(" ")[2].split(", "))
        key, *scope = fields["Credential"].split("/")
        if key != ACCESS_KEY:
            raise RefusedError(403, "InvalidAccessKeyId")
        stated = self.headers["x-amz-content-sha256"]
        if stated != hashlib.sha256(body).hexdigest():
            raise RefusedError(400, "XAmzContentSHA256Mismatch")
        names = fields["SignedHeaders"].split(";")
        parts = urlsplit(self.path)
        query = sorted(parse_qsl(parts.query, keep_blank_values=True))
        canonical = [
            self.command,
            parts.path,
            "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query),
            *(f"{name}:{self.headers[name].strip()}" for name in names),
            "",
            fields["SignedHeaders"],
            stated,
        ]
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        signed = "\n".join(
            ["AWS4-HMAC-SHA256", self.headers["x-amz-date"], "/".join(scope), digest]
        )
        secret = f"AWS4{SECRET_KEY}".encode()
        for step in (*scope, signed):
            secret = hmac.digest(secret, step.encode(), "sha256")
        if not hmac.compare_digest(secret.hex(), fields["Signature"]):
            raise RefusedError(403, "SignatureDoesNotMatch")

    def log_message(self, *_: object) -> None:
        """Say nothing: what goes wrong, the tests see."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients hang up: some tests are about that."""


def main() -> None:
    """The server process itself."""
    Handler.folder = Path(sys.argv[1])
    server = Server(("127.0.0.1", int(sys.argv[2])), Handler)
    print(server.server_address[1], flush=True)  # noqa: T201 - the only thing it says
    server.serve_forever()


if __name__ == "__main__":
    main()
