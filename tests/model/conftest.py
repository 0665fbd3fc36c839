"""Hypothesis without its stop-watch: time per example measures the machine, not the code."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
