"""Every component id that a callback names, in one place."""

URL = "url"
LANGUAGE = "language"
LANGUAGE_CHOICE = "language-choice"
ZONE = "zone"
SCHEME = "scheme"
TEXTS = "texts"
ROOT = "root"

WIRE_BATCH = "wire-batch"
WIRE_PULSE = "wire-pulse"
PAGE = "page"  # what the page says of itself; read by the push, an Input of nothing
PAUSED = "paused"

FILTER_URL = "filter-url"
FILTER_SEVERITY = "filter-severity"
FILTER_BEHAVIOURS = "filter-behaviours"
FILTER_SOURCE = "filter-source"

STATISTICS_BEAT = "statistics-beat"
STATISTICS_PERIOD = "statistics-period"
