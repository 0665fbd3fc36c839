"""The door of ``vigie`` and ``python -m vigie``: errors become one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from schemas.errors import EXIT_ERROR, RefusedError, VigieError
from vigie.lifeline import follow_parent
from vigie.output import error_object, exit_code, say_json, tell


def main() -> None:
    """Run one command and end the process with its exit code."""
    follow_parent()
    # The command line reads this before any command does: errors of parsing settings count too.
    json_wanted = "--json" in sys.argv
    from vigie.app import app  # noqa: PLC0415 - after the parent is followed: it takes 0.1 s

    try:
        app()
    except (VigieError, RefusedError) as error:
        if json_wanted:
            say_json(error_object(error))
        else:
            tell(f"vigie: {error}")
        sys.exit(exit_code(error))
    # The last door: whatever went wrong, a person gets a sentence and a file, not a wall of text.
    except Exception as error:  # noqa: BLE001
        tell(f"vigie: unexpected {type(error).__name__}: {error}. {_keep_traceback()}")
        sys.exit(EXIT_ERROR)


def _keep_traceback() -> str:
    """Write the present error's traceback to the log folder; say where it is."""
    home = os.environ.get("VIGIE_HOME")
    text = traceback.format_exc()
    try:
        from vigie.settings import default_home  # noqa: PLC0415

        logs = (Path(home) if home else default_home()) / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        path = logs / f"crash-{os.getpid()}.log"
        path.write_text(text, encoding="utf-8")
    except OSError:
        return f"It could not be kept: {text}"
    return f"The details are in {path}; please report them."


if __name__ == "__main__":
    main()
