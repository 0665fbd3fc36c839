"""What runs in a peer's environment: that peer, and of ours only what judges an image.

Each program takes one argument, the :class:`vigie.peers.task.Task` as JSON, and works until it
gets SIGTERM. ``tuned`` says which of its two forms: as its documentation has it, or at its best.
"""
