# `make` lists the targets. Go alone is enough for run and test.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
UV ?= uv
CARGO ?= cargo
NPM ?= npm

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
RUFF := $(UV) tool run ruff@0.17.6
RUST_WALKER := fixtures/walkers/rust
FUZZTIME ?= 1m

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## check the built-in Go losses against the fixtures
	@CGO_ENABLED=0 $(GO) run ./cmd/lossproof run

.PHONY: vet
vet: export CGO_ENABLED = 0
vet: # format and vet
	@unformatted=$$(gofmt -l $$($(GO) list -f '{{.Dir}}' ./...)); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...

# A test that takes seconds is left out where testing.Short() says so: make test is for a person who waits. Garbage that is
# collected less often takes a seventh less CPU time, and twice the memory.
.PHONY: test
test: export CGO_ENABLED = 0
test: export GOGC = 400
test: vet ## format, vet, the tests that take seconds (two minutes of CPU time), fuzz seeds, conformance (Go alone)
	$(GO) test -short ./...

# A busy machine of two cores takes longer than the ten minutes that go test allows a package.
.PHONY: test-long
test-long: export CGO_ENABLED = 0
test-long: vet ## make test, and the tests that take minutes: whole corpora, the kill matrix, damaged files, ports over the wire
	$(GO) test -timeout 40m ./...

# What runs goroutines, and the command, which runs all of it.
CONCURRENT := ./cmd/... ./fixtures ./judge ./internal/baseline ./internal/diagnosis ./loss ./lab/sweep ./ports/process ./ports/wire

.PHONY: race
race: ## the Go tests of what runs at once, but the longest, under the race detector (needs a C compiler)
	@command -v $${CC:-gcc} >/dev/null || { \
	echo "make race: found no C compiler ($${CC:-gcc}), which the race detector needs: install gcc, or set CC" >&2; exit 2; }
	CGO_ENABLED=1 $(GO) test -race -short $(CONCURRENT)

.PHONY: lint
lint: ## golangci-lint for Go, ruff for Python
	$(GO) run $(GOLANGCI) run
	$(RUFF) check generators benchmarks ports
	$(RUFF) format --check generators benchmarks ports

.PHONY: fixtures
fixtures: ## make the fixtures anew from PyTorch
	cd generators && $(UV) sync --locked && ATEN_CPU_CAPABILITY=avx2 $(UV) run --locked python -m lossproof_fixtures --out ../fixtures/data

.PHONY: fixtures-check
fixtures-check: ## make them anew and compare with the committed ones, byte for byte
	cd generators && $(UV) sync --locked && \
	{ ATEN_CPU_CAPABILITY=avx2 $(UV) run --locked python -m lossproof_fixtures --check ../fixtures/data || \
	{ status=$$?; [ $$status -eq 3 ] && echo "#### ONLY LAST BITS OF THE REFERENCE MOVED: this machine rounds as the one that made the fixtures did not ####"; }; }

.PHONY: docs
docs: ## fill the figures of README.md and docs anew, and write the site into dist/docs
	rm -rf dist/docs && mkdir -p dist/docs
	$(GO) run ./docs/pages/generate -site dist/docs

.PHONY: python
python: export LOSSPROOF_BINARY = $(CURDIR)/dist/lossproof
python: export PYTHONPATH = $(CURDIR)/python/src
python: ## the Python package: ruff, mypy, and its tests with NumPy
	CGO_ENABLED=0 $(GO) build -o dist/lossproof ./cmd/lossproof
	$(RUFF) check python && $(RUFF) format --check python
	cd python && $(UV) sync --locked --no-install-project && $(UV) run --no-sync mypy && $(UV) run --no-sync pytest -q -n 2

# The versions of Python that pyenv has are on PATH only where they are selected.
EMPTY :=
PYENV := $(subst $(EMPTY) $(EMPTY),:,$(wildcard $(HOME)/.pyenv/versions/*/bin))
python-frameworks wheels-check: export PATH := $(PATH):$(PYENV)

# The versions whose results docs/python.md shows.
FRAMEWORKS := numpy==2.4.6 jax==0.12.0.1 optax==0.2.8 keras==3.15.1 tinygrad==0.14.0 mlx[cpu]==0.32.4
PYTEST := python -m pytest -q -n 2 --dist loadfile --durations 5
# What of the tests of make python runs in full alone.
IN_FULL := "tests/test_check.py::test_the_same_as_over_the_wire[CrossEntropyLoss-cross_entropy]"
.PHONY: python-frameworks
python-frameworks: export LOSSPROOF_BINARY = $(CURDIR)/dist/lossproof
python-frameworks: export LOSSPROOF_FULL = 1
python-frameworks: export KERAS_BACKEND = jax
python-frameworks: export PYTHONPATH = $(CURDIR)/python/src
python-frameworks: ## the package with PyTorch, JAX, Keras, tinygrad (needs clang) and MLX: the examples of docs/python.md
	CGO_ENABLED=0 $(GO) build -o dist/lossproof ./cmd/lossproof
	cd python && $(UV) run --project ../ports/pytorch --locked --with pytest==9.2.0 --with pytest-xdist==3.8.0 --with ml-dtypes==0.6.0 $(PYTEST) tests/test_torch.py tests/test_examples.py tests/test_frameworks.py
	cd python && $(UV) run --no-project --python 3.12 $(addprefix --with ,$(FRAMEWORKS)) --with pytest==9.2.0 --with pytest-xdist==3.8.0 $(PYTEST) tests/test_examples.py tests/test_frameworks.py $(IN_FULL)

WHEELS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
.PHONY: wheels
wheels: ## the sdist and the wheels of the Python package, in dist/wheels (PLATFORM: one alone)
	rm -rf dist/wheels
	$(UV) build --quiet --sdist --out-dir dist/wheels python
	@for platform in $(or $(PLATFORM),$(WHEELS)); do echo "$$platform"; \
	LOSSPROOF_PLATFORM=$$platform $(UV) build --quiet --wheel --out-dir dist/wheels dist/wheels/*.tar.gz; done
	$(UV) tool run twine@7.0.0 check --strict dist/wheels/*.whl dist/wheels/*.tar.gz
	@large=$$(find dist/wheels -name '*.whl' -size +14000k); if [ -n "$$large" ]; then echo "above 14 MB: $$large" >&2; exit 1; fi

.PHONY: wheels-check
wheels-check: wheels ## make the wheels again and compare byte for byte; install this platform's in clean environments
	GO="$(GO)" UV="$(UV)" python/tests/wheels.sh dist/wheels

.PHONY: walker-rust
walker-rust: ## judge with the Rust walker: the verdict vectors and a small Rust port
	cd $(RUST_WALKER) && $(CARGO) test --locked --quiet
	@tree=$$(mktemp -d); trap 'rm -rf "$$tree"' EXIT; \
	$(GO) run ./cmd/lossproof fixtures extract "$$tree/fixtures"; \
	cd $(RUST_WALKER); $(CARGO) run --locked --quiet --release -- "$$tree/fixtures"

# The losses may have changed where the state's fingerprint does not see it, so only an interrupted sweep
# is gone on with.
SWEEP_STATE := dist/sweep-state
.PHONY: exhaustive
exhaustive: export CGO_ENABLED = 0
exhaustive: ## every float32 logit and probability, random rows, long sums, by the processor's kernels and by those in Go; writes docs/accuracy.md (an hour of two cores, resumable)
	$(GO) build -o dist/lossproof ./cmd/lossproof
	@status=0; for kernel in "" purego; do \
	code=0; LOSSPROOF_KERNEL=$$kernel dist/lossproof sweep --state $(SWEEP_STATE)$$kernel.json --sums 100000000 --page docs/accuracy.md \
	--plot docs/plots/errors-lossproof$${kernel:+-}$$kernel.svg || code=$$?; \
	if [ $$code -gt 1 ]; then exit $$code; fi; \
	rm -f $(SWEEP_STATE)$$kernel.json; if [ $$code -ne 0 ]; then status=$$code; fi; done; exit $$status

.PHONY: bench
bench: export CGO_ENABLED = 0
bench: ## time the losses side by side with PyTorch; writes docs/performance.md (BENCH=--avx2 for its tables, BENCH=--quick for a few rows)
	$(GO) build -o dist/lossproof ./cmd/lossproof
	cd benchmarks && $(UV) sync --locked && $(UV) run --locked python -m unittest && \
	$(UV) run --locked python -m lossproof_bench --lossproof ../dist/lossproof --page ../docs/performance.md $(BENCH)

KERNEL := loss/internal/kernel
MPMATH := mpmath==1.4.1
define GENERATE
$(UV) run --no-project --quiet --with $(MPMATH) python coefficients.py && \
$(GO) run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel && gofmt -w ../kernels_other.go
endef

.PHONY: generate
generate: ## write the polynomials and the assembly of the kernels anew
	cd $(KERNEL)/asm && $(GENERATE)

.PHONY: generate-check
generate-check: ## generate them elsewhere and compare with the committed ones
	@copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	cp -r $(KERNEL) "$$copy/kernel"; \
	cd "$$copy/kernel/asm" && $(GO) vet . && $(GENERATE) && cd "$(CURDIR)/$(KERNEL)" && \
	for file in coefficients.go kernels_amd64.s kernels_amd64.go kernels_other.go; do diff -u $$file "$$copy/kernel/$$file" || { \
	echo "make generate-check: $(KERNEL)/$$file is not what make generate writes" >&2; exit 1; }; done

# The cache of tests does not see the variable, which the kernels read when the program starts.
.PHONY: test-purego
test-purego: export CGO_ENABLED = 0
test-purego: ## the losses and the suites with the kernels in Go, as on other processors, and the losses with those of AVX2
	$(GO) test -tags purego -short ./loss/... ./lab/... ./suites/...
	LOSSPROOF_KERNEL=avx2 $(GO) test -count=1 -short ./loss/...
	LOSSPROOF_KERNEL=purego $(GO) test -count=1 -short ./loss/...

CROSS ?= linux/arm64 darwin/arm64 windows/amd64 linux/386 js/wasm

# Ginkgo does not build for js/wasm (its 2.34.0 needs SIGUSR1): there, what imports it is left out.
.PHONY: cross
cross: ## build and vet for other platforms (CROSS: which)
	@for platform in $(CROSS); do \
	echo "$$platform"; \
	export CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/}; \
	packages=./...; \
	if [ $$platform = js/wasm ]; then \
	packages=$$($(GO) list -f '{{.ImportPath}} {{.Imports}} {{.TestImports}} {{.XTestImports}}' ./... | grep -Ev 'onsi/|/suites' | cut -d ' ' -f 1); fi; \
	$(GO) build $$packages && $(GO) vet $$packages || exit; \
	done

.PHONY: ports
ports: port-pytorch port-tfjs port-candle ## check the ports of real libraries against their known failures

.PHONY: port-pytorch
port-pytorch: PORT = ports/pytorch/.venv/bin/python ports/pytorch/port.py
port-pytorch: ## check PyTorch, at parity and at exact
	cd ports/pytorch && $(UV) sync --locked
	$(GO) run ./cmd/lossproof run --baseline ports/pytorch/baseline.json -- $(PORT)
	$(GO) run ./cmd/lossproof run --level exact --baseline ports/pytorch/baseline-exact.json -- $(PORT)

.PHONY: port-tfjs
port-tfjs: ## check TensorFlow.js (needs Node.js)
	cd ports/tfjs && $(NPM) ci --no-audit --no-fund
	$(GO) run ./cmd/lossproof run --baseline ports/tfjs/baseline.json -- node ports/tfjs/port.mjs

.PHONY: port-candle
port-candle: ## check candle (needs Rust)
	cd ports/candle && $(CARGO) build --release --locked
	$(GO) run ./cmd/lossproof run --baseline ports/candle/baseline.json -- ports/candle/target/release/lossproof-port-candle

.PHONY: reasons
reasons: ## check the reasons of the ports' known failures, and write them into the baselines
	cd python && $(UV) sync --locked --no-install-project
	@tree=$$(mktemp -d); trap 'rm -rf "$$tree"' EXIT; \
	$(GO) run ./cmd/lossproof fixtures extract "$$tree/fixtures"; \
	python/.venv/bin/python ports/reasons.py "$$tree/fixtures"

.PHONY: skeletons
skeletons: ## write, build and check the ports that init writes, and follow docs/writing-a-port.md (needs uv, Node.js and Rust)
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(GO) build -o "$$dir/lossproof" ./cmd/lossproof; \
	for language in python javascript rust; do \
	"$$dir/lossproof" init $$language "$$dir/$$language" | sed -n 's/^  //p' >"$$dir/steps"; \
	PATH="$$dir:$$PATH" bash -eux "$$dir/steps"; \
	done
	LOSSPROOF_TEST_UV=1 $(GO) test -count=1 -run TestWritingAPort ./cmd/lossproof

.PHONY: examples
examples: export CGO_ENABLED = 0
examples: ## build and run the modules under examples/ as a consumer would
	@unformatted=$$(gofmt -l examples); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	@for module in examples/*/go.mod; do \
	cd "$$(dirname "$$module")"; echo "$$module"; \
	$(GO) mod tidy -diff; $(GO) vet ./...; $(GO) test ./...; \
	cd - >/dev/null; done

.PHONY: matrix
matrix: export CGO_ENABLED = 0
matrix: ## run every port of ports/ and keep what it does in its matrix.json, and docs/findings.md (M=NAME: that one; FLAGS=-anew)
	$(GO) build -o dist/lossproof ./cmd/lossproof
	$(GO) run ./internal/matrix/make $(FLAGS) $(M)

ROWS ?= ports/*/matrix.json
.PHONY: site
site: export CGO_ENABLED = 0
site: ## write the rows of the matrix as a site into dist/site (ROWS: which)
	$(GO) run ./internal/site/wasm/pack -o dist/curves-data.js
	$(GO) run ./cmd/lossproof report $(ROWS) --curves dist/curves-data.js -o dist/site

.PHONY: site-check
site-check: export CGO_ENABLED = 0
site-check: export LOSSPROOF_SITE = $(CURDIR)/dist/site
site-check: site ## open the site in headless Chromium: links, filters, curves, contrast, widths
	cd internal/site/browser && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test -count=1 ./...

.PHONY: deploy-check
deploy-check: export CGO_ENABLED = 0
deploy-check: export LOSSPROOF_FULL = 1
deploy-check: ## hold deploy/ against the types of Kubernetes and actionlint; shards of a sweep as processes, one of them killed
	cd deploy/check && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test -count=1 ./...
	$(GO) test -count=1 -timeout 60m -run TestShards ./cmd/lossproof

.PHONY: dist
dist: ## binaries for six platforms, their licences, the fixtures archive and SHA256SUMS, in dist/release
	GO="$(GO)" $(GO) run ./internal/dist -o dist/release
	cd dist/release && sha256sum -c --quiet SHA256SUMS

.PHONY: dist-check
dist-check: dist ## make it again elsewhere, without a cache, and compare byte for byte
	@elsewhere=$$(mktemp -d); trap 'rm -rf "$$elsewhere"' EXIT; \
	mkdir "$$elsewhere/tree"; git ls-files -z | tar c --null -T - | tar x -C "$$elsewhere/tree"; \
	cd "$$elsewhere/tree"; \
	GO="$(GO)" GOCACHE="$$elsewhere/cache" $(GO) run ./internal/dist -o "$$elsewhere/release" >/dev/null; \
	cd - >/dev/null; diff -r dist/release "$$elsewhere/release" && echo "dist-check: the same bytes twice"

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (1m)
	@for package in $$($(GO) list ./...); do \
	for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	echo "$$package $$target"; \
	$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package; \
	done; done

# gremlins changes every operator that it finds. Some mutants are equivalent, and so live: a boundary that no number
# lies on. The tests of the laws and of package judge take too long for as many: their mutations are the list of
# internal/mutants (go run ./internal/mutants --only PART tries some), and all of them have to die.
GREMLINS := github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
.PHONY: mutation
mutation: export CGO_ENABLED = 0
mutation: ## change what judges in small ways, one at a time: a test has to fail (a quarter of an hour)
	$(GO) run $(GREMLINS) unleash --timeout-coefficient 10 --threshold-efficacy 95 ./judge/verdict
	GOFLAGS=-short $(GO) run $(GREMLINS) unleash --timeout-coefficient 10 --threshold-efficacy 85 ./internal/claim
	GOFLAGS=-short $(GO) run $(GREMLINS) unleash --timeout-coefficient 10 --threshold-efficacy 90 ./internal/baseline
	$(GO) run ./internal/mutants

.PHONY: divergences
divergences: export CGO_ENABLED = 0
divergences: export LOSSPROOF_FULL = 1
divergences: ## run the whole catalogue of divergences as ports: 99 of 100 have to be diagnosed right, and each report that it cites; and wrong and right ports of 16 bits
	$(GO) test -count=1 -v -timeout 90m -run 'TestOverTheWire|TestCitedReports' ./internal/diagnosis
	$(GO) test -count=1 ./internal/halves

.PHONY: diagnosis
diagnosis: export CGO_ENABLED = 0
diagnosis: ## diagnose ports with one, two and three mistakes and with faults in no catalogue; writes docs/diagnosis.md (half an hour)
	$(GO) run ./internal/diagnosis/measure -singles 1 -pairs 100 -triples 50 -faults -everything -page docs/diagnosis.md

.PHONY: sizes
sizes: export CGO_ENABLED = 0
sizes: export LOSSPROOF_FULL = 1
sizes: ## find every loss of the catalogue that is wrong by position and size
	$(GO) test -count=1 -v -timeout 60m -run TestFaultsAreFound ./internal/generated/...

.PHONY: seeds
seeds: export CGO_ENABLED = 0
seeds: ## ask right ports with many seeds, PyTorch among them: none may fail; writes docs/evidence.md (half an hour)
	cd ports/pytorch && $(UV) sync --locked
	$(GO) run ./internal/seeds -page docs/evidence.md -- ports/pytorch/.venv/bin/python ports/pytorch/port.py

.PHONY: full
full: test test-long test-purego cross examples race lint python python-frameworks wheels-check generate-check fixtures-check walker-rust ports skeletons deploy-check site-check dist-check divergences diagnosis sizes seeds mutation fuzz ## everything, also what takes long

# Imports stand alone on a line in Go files and in the Go examples of pages. The imports of a file
# sort differently under another path, so gofmt comes last. Without a host, pages and the action name a clone; with
# one on GitHub, the action of the version that is released next.
.PHONY: module-path
module-path: ## set the module path, and what pages and the action name: make module-path P=host/owner/lossproof
	@if ! grep -Eq '^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/[A-Za-z0-9._~-]+)+$$' <<<"$(P)"; then \
	echo "make module-path: P is '$(P)', want a path such as P=example.org/owner/lossproof" >&2; exit 2; fi
	@old=$$($(GO) list -m); pattern=$${old//./\\.}; was=$${old/github.com\//}; \
	action=./lossproof; if [[ "$(P)" == github.com/*/* ]]; then \
	action=$(patsubst github.com/%,%,$(P))@v$$(sed -n 's/^const Tool = "\([0-9.]*\).*"$$/\1/p' internal/version/version.go); fi; \
	find . \( -name '.?*' -o -name target -o -name node_modules -o -path ./fixtures/data \) -prune -o -type f \( -name '*.go' -o -name '*.md' -o -name action.yml \) -print0 | \
	xargs -0 sed -E -i.module-path \
	-e "s#^([[:space:]]*(import[[:space:]]+)?([A-Za-z0-9_.]+[[:space:]]+)?\")$$pattern(/[^\"]*)?(\"[[:space:]]*(//.*)?)\$$#\1$(P)\4\5#" \
	-e "s#^(([[:space:]]*|\\\$$ )go (get|install|run|get -tool) )$$pattern(/|@|\$$)#\1$(P)\4#" \
	-e "s!^(#? *- uses: )(\./lossproof|$$was@v[0-9.]*)\$$!\1$$action!" \
	-e "/^The module has no host yet: /d"; \
	find . -name '*.module-path' -delete; \
	$(GO) mod edit -module "$(P)"; \
	sed -E -i.module-path "s#^(require |replace |[[:space:]]+)$$pattern #\1$(P) #" examples/*/go.mod ports/*/go.mod; rm examples/*/go.mod.module-path ports/*/go.mod.module-path; \
	gofmt -w examples ports/gomlx $$($(GO) list -f '{{.Dir}}' ./...); \
	echo "module path: $$old -> $(P)"
