"""The ordered worker: one prediction per image reference, in the same order, exactly once."""
