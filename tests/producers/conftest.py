import itertools
import os
from pathlib import Path

import pytest

from tests.producers.support import Bench
from transport.broker import Running
from transport.clients import Cluster

_jobs = itertools.count(1)


@pytest.fixture
def bench(kafka: Running, tmp_path: Path) -> Bench:
    return Bench(Cluster(kafka.bootstrap_servers), f"p{os.getpid()}-{next(_jobs)}", tmp_path)
