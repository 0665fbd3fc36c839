"""Statistics: predictions counted per window of time, each exactly once. Faust hosts it."""
