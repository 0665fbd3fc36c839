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
FILTER_BEHAVIOURS = "filter-behaviours"
FILTER_SOURCE = "filter-source"
FILTER_CONFIDENCE = "filter-confidence"
FILTERS = "filters"
JUMP = "jump"

STATISTICS_BEAT = "statistics-beat"
STATISTICS_PERIODS = "statistics-periods"
STATISTICS_TABLES = "statistics-tables"  # the charts whose table is open
STATISTICS_DRAWN = "statistics-drawn"  # digests of what each panel shows
