"""Image files as the producers meet them: their order, their kind, and reading them safely."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import RefusedError
from schemas.events import FailureReason

HEAD_BYTES = 16
"""Every signature below ends within this many bytes."""

PARTIAL_SUFFIXES = (".part", ".partial", ".filepart", ".crdownload", ".tmp")
"""What browsers and copying programs call a file that they will rename when it is complete."""

_LAST_MOMENT_S = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that a datetime can hold
_DIGITS = re.compile(r"(\d+)")
_ISO_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")


@dataclass(frozen=True, slots=True)
class FileStamp:
    """One state of one file: ``path`` is relative to the folder, with ``/`` between its parts."""

    path: str
    mtime_ns: int
    size: int


class FileChangedError(Exception):
    """The file is no longer what its stamp says; look at it again."""


def is_image(head: bytes) -> bool:
    """Whether a file that begins so claims to be an image; its end may still be missing."""
    return (
        head.startswith(
            (
                b"\xff\xd8\xff",  # JPEG
                b"\x89PNG\r\n\x1a\n",
                b"GIF8",
                b"II*\0",  # TIFF, little-endian
                b"MM\0*",  # TIFF, big-endian
                b"\0\0\0\x0cjP  ",  # JPEG 2000
            )
        )
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and head[6:10] == b"\0\0\0\0")  # the reserved field of a BMP
        or (head[4:8] == b"ftyp" and head[8:12] in _ISO_BRANDS)
    )


def ends_whole(head: bytes, tail: bytes) -> bool:
    """Whether head and tail are those of a complete JPEG or PNG.

    ``False`` means unknown: other formats, and bytes that cameras add after the end marker.
    """
    return (head.startswith(b"\xff\xd8\xff") and tail.endswith(b"\xff\xd9")) or (
        head.startswith(b"\x89PNG") and tail.endswith(b"IEND\xaeB`\x82")
    )


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts ``frame9`` before ``frame10``; equal only for equal texts."""
    parts = (
        (0, int(part), part) if part.isdecimal() else (1, 0, part)
        for part in _DIGITS.split(text)
        if part
    )
    return tuple(parts)


def is_ignored(path: str) -> bool:
    """Whether a relative path is hidden or a temporary name: not ours to look at, nor to report."""
    return any(part.startswith(".") for part in path.split("/")) or path.lower().endswith(
        PARTIAL_SUFFIXES
    )


def walk(root: Path) -> Iterator[FileStamp]:
    """Every regular file below a folder, in no order; links are not followed.

    Raises:
        OSError: the folder itself cannot be listed. What vanishes meanwhile is left out.
    """
    with os.scandir(root):
        folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if is_ignored(path):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield _stamp(path, entry.stat(follow_symlinks=False))
        except OSError:
            # Deleted or closed to us between its listing and this: the next scan sees it again.
            continue


def stamp_of(root: Path, path: str) -> FileStamp | None:
    """The present state of a regular file; ``None`` when there is none at that path."""
    try:
        found = (root / path).lstat()
    except (OSError, ValueError):
        return None
    return _stamp(path, found) if stat.S_ISREG(found.st_mode) else None


def _stamp(path: str, found: os.stat_result) -> FileStamp:
    return FileStamp(path, found.st_mtime_ns, found.st_size)


def read_file(path: Path, max_bytes: int) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file, bounded, and its state before and after the reading.

    Raises:
        RefusedError: it is empty, too large, or no image by its first bytes.
        FileChangedError: it was written to while it was read.
        OSError: it cannot be read.
    """
    # Not through a link, which may lead anywhere, and not waiting for the writer of a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        _check(path, before, max_bytes, file.read(HEAD_BYTES))
        file.seek(0)
        data = file.read(max_bytes + 1)
        after = os.fstat(descriptor)
    if len(data) != before.st_size or _state(before) != _state(after):
        raise FileChangedError(str(path))
    return data, after


def _check(path: Path, found: os.stat_result, max_bytes: int, head: bytes) -> None:
    name = printable(path.name)
    if found.st_size == 0:
        raise RefusedError(FailureReason.IMAGE_EMPTY, f"{name} has 0 bytes: nothing to send.")
    if not stat.S_ISREG(found.st_mode) or not is_image(head):
        raise RefusedError(
            FailureReason.IMAGE_NOT_DECODABLE,
            f"{name} does not begin like an image (JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC or"
            " JPEG 2000). Move it away, or save it as one of these.",
        )
    if found.st_size > max_bytes:
        raise RefusedError(
            FailureReason.IMAGE_TOO_LARGE,
            f"{name} has {found.st_size:,} bytes; the limit is {max_bytes:,}. Send it smaller, or"
            " raise VIGIE_STORAGE__MAX_IMAGE_BYTES.",
        )


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size


def moment(mtime_ns: int) -> datetime:
    """A file's time as UTC, to the microsecond; what no calendar holds is moved to its edge."""
    seconds = min(max(mtime_ns / 1e9, 0.0), _LAST_MOMENT_S)
    return datetime.fromtimestamp(seconds, UTC)


def printable(text: str, limit: int = 300) -> str:
    """A file's or camera's name made fit to show and to encode: one line, bounded, valid Unicode.

    Bytes that are no text and control signs become ``\N{REPLACEMENT CHARACTER}``; of a text that
    is too long the end is kept, which tells files apart.
    """
    text = "".join(sign if sign.isprintable() else _stand_in(sign) for sign in text)
    return text if len(text) <= limit else "…" + text[1 - limit :]


def _stand_in(sign: str) -> str:
    return " " if unicodedata.category(sign) == "Zs" else "\N{REPLACEMENT CHARACTER}"
