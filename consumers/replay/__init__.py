"""Replay: old references through another model, in their order, exactly once, beside the live."""
