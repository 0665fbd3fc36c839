"""Other ways to put a model behind Kafka, measured beside ours: ``vigie bench --peers``.

Each peer has an environment of its own, built from its own lock: their Kafka clients exclude each
other, and pip, held to one client, silently chooses versions of years ago. So there is no optional
extra of this project for them. What runs there is in :mod:`vigie.peers.programs`.
"""
