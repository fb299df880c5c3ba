# The worker of flywheel-stream: what it needs exactly as locked, nothing that only builds, and no root.
FROM python:3.11.14-slim-bookworm AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9 && uv venv /opt/flywheel
WORKDIR /src
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY flywheel_stream flywheel_stream
COPY stream stream
# The lock also serves the tests, so it constrains: uv takes its versions, and refuses a file with another hash.
RUN uv pip install --python /opt/flywheel --no-cache --compile-bytecode --constraints requirements.lock ".[fast]"

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home flywheel
COPY --from=build /opt/flywheel /opt/flywheel
ENV PATH=/opt/flywheel/bin:$PATH PYTHONUNBUFFERED=1 FLYWHEEL_HTTP_HOST=0.0.0.0
USER flywheel
WORKDIR /home/flywheel
EXPOSE 9808
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9808/health', timeout=3)"]
ENTRYPOINT ["flywheel"]
CMD ["worker"]
