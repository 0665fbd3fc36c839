"""One server that test processes fork from: a process has one, whoever asks first sets it up."""

import multiprocessing

SERVER = multiprocessing.get_context("forkserver")
# What it has imported, its children need not: a page starts in a tenth of a second instead of
# three. pytest, because children look at their main module.
SERVER.set_forkserver_preload(
    [
        "pytest",
        "tests.consumers.kit_forked",
        "tests.consumers.archive_kit",
        "tests.dashboard.page_process",
    ]
)
