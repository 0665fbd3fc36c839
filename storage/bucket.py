"""An image store behind a URL: a bucket of S3 or of what speaks its protocol, GCS or Azure.

Keys and addresses come from the environment variables of those services, never from a setting.
"""

from __future__ import annotations

import errno
import os
import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
import structlog
from obstore import exceptions
from obstore.store import from_url

from schemas.errors import ConfigurationError, RefusedError
from schemas.events import ImageReference
from storage.images import (
    StoredImage,
    check_hash,
    check_path,
    check_size,
    image_missing,
    path_refused,
    place_of,
)

if TYPE_CHECKING:  # obstore has them for type checkers only
    from obstore.store import ClientConfig, RetryConfig

SCHEMES = ("s3", "gs", "az")

CONNECT_S = 1.0
"""A store in the same site connects in a millisecond, one across a continent in a tenth of a
second."""

SILENCE_S = 2.0
"""A reader is told that the store is silent after this time. Four such tries of the worker, and the
waits between them, end within the 10 s in which a stop is promised."""

READ_S = 10.0
"""An image of the largest size in this time is 16 Mbit/s: a slower line is no line for a worker."""

WRITE_S = 30.0
"""The same image over a camera's slow line of 5 Mbit/s."""

RETRY_S = 1.0
"""A connection that was refused or cut, or a 5xx answer, is tried again this long: what a balancer
takes to leave out a server that has died. Whoever called waits longer, if at all."""

BACKOFF_S = 0.1
"""Before the first of these; then up to four times as long, by chance, so that not all workers come
at once."""

START_RETRY_S = 10.0
"""A store that is just being started with the rest."""

MOST_KEY_BYTES = 1024
"""Longest name of an object: S3 and GCS take 1,024 bytes, Azure as many characters."""

PROBE = "probe"
"""What is listed to see whether the bucket answers: nothing lies there."""

SAID_CHARACTERS = 200
"""Of what a store says, in a sentence of ours: two lines."""

log = structlog.get_logger()


class ImageBucket:
    """Objects under ``url``, each at the place its hash gives: the same image is kept once.

    Args:
        url: ``s3://bucket/prefix``, or with ``gs`` or ``az``.
        max_bytes: of the largest image taken.

    Raises:
        ConfigurationError: the URL is none of these, or what it names cannot be used.
    """

    read_ahead = 8
    """Eight at 30 ms each, which is slow for an object store, come every 4 ms: sooner than a
    thread judges them."""

    def __init__(self, url: str, max_bytes: int) -> None:
        _check_url(url)
        self.where = url
        self.max_bytes = max_bytes
        self._prefix_bytes = len(urlsplit(url).path.encode())
        try:
            probing, self._reading, self._writing = (
                from_url(url, client_options=_client(*seconds), retry_config=_retry(again_s))
                for seconds, again_s in (
                    ((READ_S, SILENCE_S), START_RETRY_S),
                    ((READ_S, SILENCE_S), RETRY_S),
                    ((WRITE_S, WRITE_S), RETRY_S),
                )
            )
            obstore.list(probing, PROBE).collect()
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise ConfigurationError(_cannot_be_used(url, error)) from None  # see _said
        if _is_plain(url):
            log.warning("images travel unencrypted: AWS_ALLOW_HTTP is set", store=url)

    def put(self, data: bytes) -> StoredImage:
        """Keep an image: see `storage.images.Images`."""
        stored = StoredImage.of(data, self.max_bytes)
        try:
            # One request, which the store takes as a whole; it refuses where something lies.
            obstore.put(self._writing, stored.path, data, mode="create", use_multipart=False)
        except exceptions.AlreadyExistsError:
            pass  # the same image: its name says so
        except (exceptions.BaseError, FileNotFoundError) as error:  # not found: the bucket
            raise _trouble(error) from None
        return stored

    def write_trouble(self, error: OSError) -> str:
        """What a person is told when `put` raised this error."""
        return (
            f"The image store {self.where} cannot be written: {error.strerror}. Is it running, and"
            " may its key write there?"
        )

    def read(self, reference: ImageReference) -> bytes:
        """The bytes that a reference means: see `storage.images.Images`."""
        path = self._checked(reference.path)
        try:
            found = obstore.get(self._reading, path)
            # What the answer's head says, before its body is read.
            check_size(found.meta["size"], self.max_bytes, f"The image {path!r}")
            data = bytes(found.bytes())
        except FileNotFoundError as error:
            raise image_missing(path) from error
        except ValueError as error:  # a segment such as ".", or a control character
            raise path_refused(path) from error
        except exceptions.BaseError as error:
            raise _trouble(error) from None
        check_hash(data, reference)
        return data

    def holds(self, reference: ImageReference) -> bool:
        """Whether an object lies where a reference says: see `storage.images.Images`."""
        try:
            obstore.head(self._reading, self._checked(reference.path))
        except (FileNotFoundError, ValueError, RefusedError):
            return False
        except exceptions.BaseError as error:
            raise _trouble(error) from None
        return True

    def load(self, sha256: str) -> bytes | None:
        """The image with this hash, or ``None``: see `storage.images.Images`."""
        path = place_of(sha256)
        if path is None:
            return None
        try:
            found = obstore.get(self._reading, path)
            return bytes(found.bytes()) if found.meta["size"] <= self.max_bytes else None
        except FileNotFoundError:
            return None
        except exceptions.BaseError as error:
            raise _trouble(error) from None

    def _checked(self, path: str) -> str:
        check_path(path)
        try:
            length = len(path.encode())
        except UnicodeEncodeError as error:
            raise path_refused(path) from error
        if ".." in PurePosixPath(path).parts or length + self._prefix_bytes > MOST_KEY_BYTES:
            raise path_refused(path)
        return path


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    # The URL itself is not repeated: it may hold a key.
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            "VIGIE_STORAGE__IMAGES names more than a bucket and a prefix. Keys belong into the"
            " environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for example); set it to"
            f" {parts.scheme}://BUCKET/PREFIX."
        )
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ConfigurationError(
            f"VIGIE_STORAGE__IMAGES is {url!r}, which is no image store: set it to a folder, or to"
            " a URL s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX."
        )


def _client(whole_s: float, silence_s: float) -> ClientConfig:
    return {
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "read_timeout": timedelta(seconds=silence_s),
        "timeout": timedelta(seconds=whole_s),
        # Options given here replace those of the environment.
        "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes"},
    }


def _retry(within_s: float) -> RetryConfig:
    return {
        "max_retries": round(within_s / BACKOFF_S),  # it is the time that ends them
        "retry_timeout": timedelta(seconds=within_s),
        "backoff": {
            "init_backoff": timedelta(seconds=BACKOFF_S),
            "max_backoff": timedelta(seconds=4 * BACKOFF_S),
            "base": 2,
        },
    }


def _is_plain(url: str) -> bool:
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    endpoint = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return url.startswith("s3:") and endpoint.startswith("http:")


def _cannot_be_used(url: str, error: Exception) -> str:
    text = str(error)
    if re.search("NoSuchBucket|ContainerNotFound", text):
        way_out = "There is no such bucket: make it, or correct VIGIE_STORAGE__IMAGES"
    # By 404 some stores say that they do not know the key.
    elif re.search("40[134] |Missing|Account must", text):
        way_out = (
            "Set the keys in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and"
            " AWS_REGION, or the variables of GCS or Azure), with the rights to list, read and"
            " write there"
        )
    elif _is_plain(url) and "builder error" in text:
        way_out = (
            "AWS_ENDPOINT_URL begins with http: use https, or set AWS_ALLOW_HTTP=true where the"
            " network between is your own: images then travel unencrypted"
        )
    else:
        way_out = "See that it runs, and that AWS_ENDPOINT_URL and AWS_REGION are its own"
    return f"The image store {url} cannot be used: {_said(error)}. {way_out}."


def _trouble(error: Exception) -> OSError:
    return OSError(errno.EIO, _said(error))


def _said(error: Exception) -> str:
    """The store's own words, or the cause that the library gives.

    Nothing else, and nothing is raised "from" it: it repeats addresses, which may hold a key.
    """
    text = str(error)
    line = text.partition("\n")[0].partition("<")[0].rpartition(" - ")[2]
    line = re.sub(r"^Generic \w+ error: |\w+://\S+", "", line).strip(" :.")
    code = re.search(r"<Code>(\w{1,60})</Code>", text)
    cause = code or re.search(r'(TimedOut)|message: "([^"]{1,80})"', text)
    return line[:SAID_CHARACTERS] + (f" ({cause[cause.lastindex or 0]})" if cause else "")
