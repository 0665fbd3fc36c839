# One image for every process of Vigie; docker-compose.cluster.yml shows them together.
#
#   docker build -t vigie .
#   docker run --rm vigie infer --help
#
# Not for simulated cameras (`vigie simulate`, `vigie bench`), which draw with libraries of a desktop.
# Not tried on a Docker engine so far.

FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/vigie

# The locked versions, and of the larger lock what PostgreSQL and object stores need.
COPY requirements.txt requirements-dev.txt ./
RUN awk '/^[^ ]/ { keep = /^(obstore|psycopg|psycopg-binary)==/ } keep' requirements-dev.txt > extras.txt \
 && pip install --require-hashes --no-deps -r requirements.txt -r extras.txt

COPY pyproject.toml README.md LICENSE main.py ./
COPY schemas schemas
COPY transport transport
COPY storage storage
COPY model model
COPY producers producers
COPY consumers consumers
COPY dashboard dashboard
COPY vigie vigie
RUN pip install --no-deps --no-build-isolation .

# Nobody's rights: what is kept is in this folder alone.
RUN useradd --uid 10001 --home-dir /var/lib/vigie --create-home vigie
ENV VIGIE_HOME=/var/lib/vigie
WORKDIR /var/lib/vigie
USER vigie
VOLUME /var/lib/vigie

ENTRYPOINT ["vigie"]
CMD ["--help"]
