# `make` shows the targets: ## those of every day, #: the others. `check` compares
# and never edits.
LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# No call speaks msgpack, and its codec takes 3 MiB of memory.
RELEASE := -trimpath -tags nomsgpack -ldflags '-s -w'
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# The port of `class`, or the next free one; and that of nginx in `branches`, where the instances have
# the three ports after it.
PORT = 8080

# How long `load` and `growth` take: make load ROUNDS=1 SECONDS=2 is a quick look.
ROUNDS = 5
SECONDS = 3
# An older program that `load` measures in the same rounds: make load BEFORE=dist/old
BEFORE =
# PocketBase in the same rounds, with this pragma synchronous: make load POCKETBASE=FULL, or NORMAL
# as it comes. It is downloaded and built first; if that fails, its lines are skipped.
POCKETBASE =
CALLS = 300
ORDERS = 1000000
GUESTS = 100000
# What `cluster-load` fills the instances with.
ENDED = 1000000
STREAMS = 10000
# In web: install what checks the page, without the scripts of its packages.
WEB_TOOLS = { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund; }
SWAGGER_UI = node_modules/swagger-ui-dist
# Which tests of `e2e` and `contract`, and which not: make e2e RUN=Menu, make e2e SKIP=Speed
RUN = .
SKIP =
# How `film` begins: make film FILM=-cold
FILM =
# How long `class` goes on, and how much faster than people its learners are.
MINUTES = 20
SPEED = 1
# How long the clients of `chaos` order.
CHAOS = 60s
# How often `failover` kills the primary.
KILLS = 10

.PHONY: help run demo class class-proof branches test check docs build release clean e2e contract \
	fmt-check vet lint tidy-check web-check swagger-ui workflow-check shell-check module-path image \
	test-postgres chaos failover test-failover screenshots film bench load growth crowd readers class-load cluster-load branches-load bench-postgres

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nMore:\n'
	@awk -F ':.*#: ' '/^[a-z0-9-]+:.*#: / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the server at http://localhost:8080
	go run .

demo: ## Start it and watch a guest order a pizza
	go run . demo

class: ## Start a class with five pretend learners, to see a lesson before the day: make class MINUTES=5
	@go run ./e2e/class -port $(PORT) -for $(MINUTES)m -speed $(SPEED)

branches: ## Start three instances over one PostgreSQL, with nginx in front (installs both if missing, as root on Debian)
	@PORT=$(PORT) deploy/cluster.sh

test: ## Run the tests with the race detector (needs cgo and a C compiler)
	CGO_ENABLED=1 go test -race ./...
	CGO_ENABLED=1 go test -C e2e/load -race ./...

check: fmt-check vet lint tidy-check web-check workflow-check shell-check test ## Everything that must hold before a change lands; docs freshness is one of the tests

docs: ## Generate docs/ from the comments on the handlers
	go run -C docs/generate .

build: ## Build the program for all platforms into dist/
	@for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; ext=; [ $$os = windows ] && ext=.exe; \
		echo "dist/restaurant-$$os-$$arch$$ext"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build $(RELEASE) -o dist/restaurant-$$os-$$arch$$ext . || exit 1; \
	done

release: ## Build the archives of all platforms, with checksums, licences and the list of parts, into dist/release (docs/releasing.md)
	@$(MAKE) build RELEASE="$(RELEASE) -buildvcs=true"
	go run ./deploy/release $(foreach p,$(PLATFORMS),dist/restaurant-$(subst /,-,$(p))$(if $(findstring windows,$(p)),.exe))

image: #: Build the container image, with its version (needs Docker; docs/containers.md)
	docker build --build-arg VERSION="$$(git describe --tags --always --dirty)" -t restaurant .

module-path: #: Give the module the path of where it is hosted: make module-path MODULE=github.com/you/restaurant
	@deploy/module-path.sh $(MODULE)

clean: ## Remove what build made
	rm -rf dist

e2e: ## Test the page in a real browser (needs Chromium); pictures in dist/e2e
	@mkdir -p dist/e2e
	. ./deploy/install.sh && need chromium chromium && go test -C e2e/browser -count=1 -timeout 15m -parallel 4 -artifacts -outputdir "$(CURDIR)/dist/e2e" -run '$(RUN)' -skip '$(SKIP)' .

contract: ## Hold the documents against the program, and try the clients and generators that people bring along (installs them into e2e/contract)
	@if ! command -v npm >/dev/null; then echo "contract: without npm, the tests of its tools are skipped."; exit 0; fi; \
	cd e2e/contract && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts; }
	@e2e/contract/hurl.sh || echo "contract: Hurl (https://hurl.dev) cannot be downloaded, so the tests of .hurl files are skipped."
	PATH="$$PATH:/usr/sbin" go test -C e2e/contract -count=1 -timeout 10m -run '$(RUN)' -skip '$(SKIP)' ./...

fmt-check: #: Is everything formatted?
	@files="$$(gofmt -l .)"; if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi

vet: #: go vet, in all six modules
	go vet ./...
	go vet -C e2e/browser ./...
	go vet -C e2e/load ./...
	go vet -C e2e/load/pocketbase ./...
	go vet -C e2e/contract ./...
	go vet -C docs/generate ./...

lint: #: golangci-lint with the checks of .golangci.yml
	CGO_ENABLED=0 go run $(LINT) run
	cd e2e/browser && CGO_ENABLED=0 go run $(LINT) run -c ../../.golangci.yml
	cd e2e/load && CGO_ENABLED=0 go run $(LINT) run -c ../../.golangci.yml
	cd e2e/load/pocketbase && CGO_ENABLED=0 go run $(LINT) run -c ../../../.golangci.yml
	cd e2e/contract && CGO_ENABLED=0 go run $(LINT) run -c ../../.golangci.yml
	cd docs/generate && CGO_ENABLED=0 go run $(LINT) run -c ../../.golangci.yml

tidy-check: #: Are go.mod and go.sum tidy?
	go mod tidy -diff
	cd e2e/browser && go mod tidy -diff
	cd e2e/load && go mod tidy -diff
	cd e2e/load/pocketbase && go mod tidy -diff
	cd e2e/contract && go mod tidy -diff
	cd docs/generate && go mod tidy -diff

web-check: #: Are the page's styles and scripts formatted, do their types fit, and is Swagger UI as published? (skipped without npm)
	@if ! command -v npm >/dev/null; then echo "web-check is skipped: it needs npm."; exit 0; fi; \
	cd web && $(WEB_TOOLS) && npm run --silent check && for f in swaggerui/*; do \
		case $$f in *.gz) gzip -dc $$f ;; *) cat $$f ;; esac | cmp - $(SWAGGER_UI)/$$(basename $$f .gz) || exit 1; \
	done

swagger-ui: #: Take Swagger UI's files from the npm package that web/package.json names (needs npm)
	@cd web && $(WEB_TOOLS) && for f in swaggerui/*; do \
		case $$f in *.gz) gzip -9 -n -c $(SWAGGER_UI)/$$(basename $$f .gz) ;; *) cat $(SWAGGER_UI)/$$(basename $$f) ;; esac >$$f || exit 1; \
	done

workflow-check: #: What actionlint says of the workflows
	CGO_ENABLED=0 go run $(ACTIONLINT)

shell-check: #: What shellcheck says of the scripts (skipped without it)
	@if ! command -v shellcheck >/dev/null; then echo "shell-check is skipped: it needs shellcheck."; exit 0; fi; \
	shellcheck deploy/*.sh e2e/contract/hurl.sh .ci/run .ci/windows

test-postgres: #: Run the tests that use PostgreSQL, beside a server of their own
	deploy/with-postgres.sh -t sh -c 'go test -count=1 -timeout 20m ./models ./kitchen ./seed ./tokens ./handlers && go test -count=1 -timeout 10m -run Postgres ./e2e'

chaos: #: Test nginx's retries, then let 32 clients order while instances are killed and PostgreSQL is restarted, and count (needs both)
	. ./deploy/install.sh && need nginx nginx-light && CHAOS=$(CHAOS) go test -count=1 -timeout 10m -v -run 'Chaos|Nginx' ./e2e

class-proof: #: Let thirty tables of a class do all lessons at once, by their own scripts: some minutes
	CLASS_PROOF=30 go test -count=1 -timeout 30m -v -run 'Class_thirtyTables' ./e2e

failover: #: Kill the primary of two PostgreSQL servers ten times while 32 clients order at three instances, and count (needs nginx and PostgreSQL; about 3 minutes)
	. ./deploy/install.sh && need nginx nginx-light && FAILOVER=$(KILLS) deploy/with-postgres.sh -t go test -count=1 -timeout 15m -v -run Failover ./e2e

test-failover: #: The same with two kills, the commands of docs/postgresql.md, an update beside the version before, and what an instance does with an old primary and a dead standby (at most 4 minutes)
	. ./deploy/install.sh && need nginx nginx-light && FAILOVER=2 deploy/with-postgres.sh -t go test -count=1 -timeout 4m -v -run 'Failover|Fence|Standby|DatabaseState|GettingBack|Upgrade' ./models ./e2e

screenshots: #: Film the README's moving picture (needs Chromium)
	. ./deploy/install.sh && need chromium chromium && go test -C e2e/browser -count=1 -timeout 5m -run TestScreenshots . -screenshots "$(CURDIR)/docs/screenshots"

film: #: Film what somebody new does, from git clone to a pizza and lesson 1 done, into dist/film (needs Chromium and port 8080; FILM=-cold compiles everything first)
	. ./deploy/install.sh && need chromium chromium && go test -C e2e/browser -count=1 -timeout 20m -v -run TestFilm . -film "$(CURDIR)/dist/film" $(FILM)

bench: #: Run all benchmarks, one package after the other, in about three minutes
	go test -p 1 -timeout 10m -run '^$$' -bench . -benchmem -benchtime 1s ./handlers ./kitchen ./tokens ./models ./middleware ./learn ./e2e

bench-postgres: #: Run the benchmarks of orders and their steps beside a PostgreSQL of their own
	deploy/with-postgres.sh go test -p 1 -timeout 10m -run '^$$' -bench 'Order|Advance' -benchmem -benchtime 1s ./models ./kitchen

load: #: Measure the program under load, beside the least that any server could do (about 5 minutes)
	go run -C e2e/load . -rounds $(ROUNDS) -for $(SECONDS)s $(if $(BEFORE),-before "$(abspath $(BEFORE))") $(if $(POCKETBASE),-pocketbase $(POCKETBASE))

growth: #: Compare an empty database with one that has taken a million orders
	go run -C e2e/load . -growth -calls $(CALLS) -orders $(ORDERS) -guests $(GUESTS)

crowd: #: Measure how guests fare while three addresses flood the server with registrations (about 2 minutes)
	go run -C e2e/load . -crowd -rounds $(ROUNDS) -for $(SECONDS)s

readers: #: Measure the memory that a thousand clients take that read nothing (Linux; about 5 minutes)
	go run -C e2e/load . -readers

class-load: #: Measure a class of thirty busy tables (about 2 minutes)
	go run -C e2e/load . -class

branches-load: cluster-load

cluster-load: #: Measure three instances over one PostgreSQL, beside pgbench and SQLite (needs nginx and PostgreSQL; about 5 minutes)
	. ./deploy/install.sh && need nginx nginx-light && deploy/with-postgres.sh go run -C e2e/load . -cluster -rounds $(ROUNDS) -for $(SECONDS)s -ended $(ENDED) -streams $(STREAMS)
