# mapguard in an image: docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/src:ro" mapguard
FROM python:3.14-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY analyzer analyzer
COPY rules rules
COPY reports reports
COPY docs/mapguard.1 docs/mapguard.1
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.14-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index /wheels/*.whl \
    && useradd --create-home --uid 1000 mapguard
USER 1000
WORKDIR /src
# a container is gone after the run, and so would be its cache
ENV MAPGUARD_NO_CACHE=1
ENTRYPOINT ["mapguard"]
CMD ["scan", "."]
