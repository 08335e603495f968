# The chores of the project. 'make help' lists them.

PKG ?= ./...
RUN ?=
ONLY ?=
BENCH ?= .
COUNT ?= 6
FUZZTIME ?= 30s
DURATION ?= 10m
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

SERVERS := build/testservers -only "$(ONLY)"

.DEFAULT_GOAL := help
.PHONY: help test race parity lint fuzz soak bench bench-compare servers clean programs compiler

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "PKG=./source/... narrows a chore to packages, RUN=Name to tests, BENCH=Name to benchmarks,"
	@echo "ONLY=mysql,kafka to those servers, or ONLY=none. TAILRACE_MYSQL, TAILRACE_MARIADB, TAILRACE_MARIADB11,"
	@echo "TAILRACE_POSTGRES, TAILRACE_POSTGRES18, TAILRACE_KAFKA and TAILRACE_REGISTRY each name a server that runs already, TAILRACE_CACHE"
	@echo "the directory of what is downloaded."

test: programs compiler ## Bring and start the servers, run every test under the race detector, stop the servers
	@exec $(SERVERS) -- build/gotest -race -timeout 20m -run '$(RUN)' $(PKG)

race: programs compiler ## Hunt races: every test COUNT times (6), on 1, 2 and 4 processors
	@exec $(SERVERS) -- build/gotest -race -timeout 60m -count $(COUNT) -cpu 1,2,4 -run '$(RUN)' $(PKG)

parity: programs compiler ## Have the Debezium of TAILRACE_ORACLE answer every parity scenario anew, and compare with it
	@[ -n "$$TAILRACE_ORACLE" ] || { echo "TAILRACE_ORACLE names no command that runs Debezium: '\$$TAILRACE_ORACLE debezium FILE.properties dump IDLE_MS' must print its events"; exit 2; }
	@exec $(SERVERS) -- go test -count=1 -timeout 120m ./source/mysql ./source/postgres -run 'TestEventsAreThoseOfDebezium/$(RUN)' -record

lint: ## Check format, go vet and staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }
	@go vet $(PKG)
	@go run $(STATICCHECK) $(PKG)

fuzz: ## Run each fuzz target for FUZZTIME (30s)
	@set -e; for pkg in $$(go list $(PKG)); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

soak: programs ## Read MySQL under load with a slow sink for DURATION (10m), and see that memory stays flat
	@exec build/testservers -only mysql -- go test -count=1 -v -timeout 0 ./internal/soak -duration $(DURATION)

bench: programs ## Run the benchmarks, with their allocations
	@exec $(SERVERS) -- go test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

bench-compare: programs ## Compare the benchmarks of the commit REF with those of the work tree, COUNT runs (6) in turn
	@[ -n "$(REF)" ] || { echo "say which commit to compare with: make bench-compare REF=main"; exit 2; }
	@set -e; dir=$$(mktemp -d); trap 'git worktree remove --force $$dir/base; rm -rf $$dir' EXIT; \
	git worktree add --quiet --detach $$dir/base $(REF); \
	$(SERVERS) -- sh -c 'for i in $$(seq $(COUNT)); do \
		echo "run $$i of $(COUNT)"; \
		(cd '$$dir'/base && go test -run "^$$" -bench "$(BENCH)" -benchmem $(PKG)) >> '$$dir'/base.txt || true; \
		go test -run "^$$" -bench "$(BENCH)" -benchmem $(PKG) >> '$$dir'/worktree.txt || exit 1; \
	done'; \
	go run $(BENCHSTAT) $(REF)=$$dir/base.txt worktree=$$dir/worktree.txt

servers: programs ## Start the servers, print the environment that tells where they are, keep them until Ctrl-C
	@exec $(SERVERS)

clean: ## Remove what was built
	@rm -rf build

# The commands of the chores. They are run as programs, since 'go run' does not pass on that it was told to end.
programs:
	@go build -o build/ ./internal/testserver/cmd/...

# The race detector needs a C compiler.
compiler:
	@command -v $$(go env CC) > /dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
