"""What the broker said last."""

from __future__ import annotations

from pathlib import Path

TAIL_BYTES = 64 * 1024  # a stack trace with its cause is some kilobytes
TELLING = ("Exception", " ERROR ", " FATAL ", "Error: ", "No space left")
LINE_CHARACTERS = 300


def last_words(path: Path, begins: int = 0) -> str:
    """The last line from byte `begins` on that names a fault, else the last line; "" for none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0 if end < begins else begins, end - TAIL_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip() and not line.startswith("\tat ")]
    telling = [line for line in said if any(sign in line for sign in TELLING)]
    return (telling or said or [""])[-1][:LINE_CHARACTERS].rstrip(".")
