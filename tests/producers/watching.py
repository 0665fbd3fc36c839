"""A watching process that a test can kill anywhere, also by itself at a marked place.

Arguments: bootstrap servers, job, the test's folder, and `place:times` or `-`.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from producers.folder import FolderEvents, Place, watch_folder
from producers.settings import FolderSettings
from storage.images import ImageStore
from transport.clients import Cluster

MAX_BYTES = 1_000_000


def main(servers: str, job: str, folder: str, mark: str) -> None:
    place, _, times = mark.partition(":")
    left = int(times or 0)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def reached(here: Place) -> None:
        nonlocal left
        sys.stdout.write(f"{here}\n")
        sys.stdout.flush()
        if here == place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    watch_folder(
        Path(folder) / "cameras",
        cluster=Cluster(servers),
        job=job,
        store=ImageStore(Path(folder) / "images", MAX_BYTES),
        state=Path(folder) / "state",
        settings=FolderSettings(),
        stop=stop,
        events=FolderEvents(reached=reached),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
