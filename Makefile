# SenseCF. `make run` starts the app, `make test` runs every check; the rest is below.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup test lint data train bench bench-peers fuzz soak gpu-check check-wheel clean

help:   ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+): .*##/  make \1\t/' | expand -t 20

run: setup  ## set up what is missing, then start the app on 127.0.0.1:8501 (PORT=8502 for another port)
	@tools/serve.sh

setup:  ## .venv, pinned packages, the default language model, missing classifiers
	@tools/setup.sh models

test: setup  ## set up for tests, then format, lint, types, unit, page and browser tests
	@tools/setup.sh tests
	@tools/check.sh

lint:   ## format, lint and types only
	@tools/setup.sh tests
	@tools/check.sh lint

data:   ## build the cohorts again (two from their packages, checksums included), and for whom there are options
	@tools/setup.sh app
	@.venv/bin/python -m sensecf_core.datasets.build
	@.venv/bin/python -m sensecf_core feasibility --cohort nhanes
	@.venv/bin/python -m sensecf_core feasibility --cohort heart
	@.venv/bin/python -m sensecf_core feasibility --cohort aireadi

train:  ## train the built-in classifiers again
	@tools/setup.sh app
	@.venv/bin/python -m sensecf_core train --cohort nhanes
	@.venv/bin/python -m sensecf_core train --cohort heart
	@.venv/bin/python -m sensecf_core train --cohort aireadi

bench:  setup  ## measure: start, answers, candidates per second, checks, feasibility map, sensors, pages, memory
	@tools/setup.sh tests
	@.venv/bin/python -m tools.bench

bench-peers: setup  ## the language model's speed beside llama.cpp's, which is built from source for it alone
	@tools/setup.sh peers
	@.venv/bin/python -m tools.peers.bench $(ARGS)

fuzz:   setup  ## 10,000 damaged inputs: each ends in an answer or one sentence, within 5 s (ARGS="--seed 7")
	@tools/setup.sh tests
	@.venv/bin/python -m tools.fuzz $(ARGS)

soak:   setup  ## 20 visitors ask at once through kills, then 200 page loads: what is lost, what is held
	@tools/setup.sh tests
	@.venv/bin/python -m tools.soak $(ARGS)

gpu-check: setup  ## load, ask and fine-tune a language model here, and measure it (MODEL=biomistral-7b)
	@.venv/bin/python -m tools.gpu.check --model $(or $(MODEL),smollm2-135m) $(ARGS)

check-wheel: ## pip install this checkout in an empty environment and use it from another folder (FOLDER=/tmp/kept)
	@tools/setup.sh app
	@.venv/bin/python -m tools.check_wheel $(FOLDER)

clean:  ## remove .venv, the fetched model and caches (never var/)
	@tools/setup.sh clean
