# The service's image: Kowal in an environment of its own, git, and what keeps copies of a Postgres database.
# `docker/build-service-image` lays out what is copied here: the wheels that requirements.lock names, checked by their
# hashes, and Kowal's own. So nothing is fetched from a package index in here, and where BASE has git already, nothing
# at all. It builds with BuildKit and without.
ARG BASE=python:3.13-slim

FROM ${BASE} AS system
LABEL kowal.stage=system
RUN set -eu; \
    if ! command -v git >/dev/null; then \
        apt-get update; \
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
            ca-certificates git openssh-client postgresql-client; \
        rm -rf /var/lib/apt/lists/*; \
    fi; \
    groupadd --gid 10001 kowal; \
    useradd --uid 10001 --gid 10001 --home-dir /var/lib/kowal --no-create-home --shell /usr/sbin/nologin kowal; \
    install -d -o 10001 -g 10001 -m 700 /var/lib/kowal /var/cache/kowal; \
    install -d /etc/kowal

FROM ${BASE} AS installed
LABEL kowal.stage=installed
COPY wheels/ /wheels/
# uv is one of the wheels. What it compiles need not be compiled at each start, where the root is read-only.
RUN set -eu; \
    mkdir /uv; \
    python3 -I -m zipfile -e /wheels/uv-*.whl /uv; \
    chmod 755 /uv/uv-*.data/scripts/uv; \
    mv /uv/uv-*.data/scripts/uv /usr/local/bin/uv; \
    uv venv --quiet --no-config --offline --no-cache --python "$(command -v python3)" /opt/kowal; \
    uv pip install --quiet --no-config --offline --no-cache --no-index --find-links /wheels --link-mode copy \
        --compile-bytecode --require-hashes --python /opt/kowal/bin/python --requirement /wheels/requirements.txt
COPY kowal/ /kowal/
RUN uv pip install --quiet --no-config --offline --no-cache --no-index --no-deps --link-mode copy \
        --compile-bytecode --python /opt/kowal/bin/python /kowal/*.whl

FROM system
ARG VERSION=unknown
ARG BASE
LABEL kowal.stage= \
      org.opencontainers.image.title="Kowal" \
      org.opencontainers.image.description="An agent that forges its own tools: verified, versioned, reversible." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=installed /opt/kowal/ /opt/kowal/
ENV PATH=/opt/kowal/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/var/lib/kowal \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    KOWAL_SETTINGS=/etc/kowal/kowal.toml \
    KOWAL_REGISTRY=/var/lib/kowal/registry.git \
    KOWAL_CACHE=/var/cache/kowal \
    KOWAL_HTTP__ON=true \
    KOWAL_HTTP__HOST=0.0.0.0
VOLUME ["/var/lib/kowal", "/var/cache/kowal"]
WORKDIR /var/lib/kowal
USER 10001:10001
EXPOSE 8420
STOPSIGNAL SIGTERM
# Long enough for the first start, which lets the built-in functions in through the gate.
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=3 \
    CMD ["python", "-I", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8420/healthz', timeout=4)"]
ENTRYPOINT ["kowal"]
CMD ["serve"]
