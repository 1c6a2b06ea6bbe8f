# The sandbox's image: a Python, pytest, and the guest runner, which waits for requests on its standard input.
# The build needs no network. Give BASE any image whose `python3` is a Python 3.12 or newer.
ARG BASE=python:3.14-slim
FROM ${BASE}
COPY etc/ /etc/
COPY kowal/ /kowal/
# The file system is read-only later: what Python would compile at each start is compiled here, once.
RUN ["python3", "-I", "-m", "compileall", "-q", "/kowal"]
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["python3", "-I", "/kowal"]
