# The sandbox's image: a Python, pytest, and the guest runner, which waits for requests on its standard input.
# The build needs no network. Give BASE any image whose `python3` is a Python 3.12 or newer.
ARG BASE=python:3.14-slim

# The file system is read-only later: what Python would compile at each start is compiled here, once. The one command
# of the build runs as the user of the sandbox, who owns no file of the image that is made.
FROM ${BASE} AS compiled
LABEL kowal.stage=compiled
COPY --chown=65532:65532 kowal/ /kowal/
USER 65532:65532
RUN ["python3", "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/kowal"]

FROM ${BASE}
COPY etc/ /etc/
COPY --from=compiled --chown=0:0 /kowal/ /kowal/
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["python3", "-I", "/kowal"]
