# Each target does its own set-up: a Rust toolchain is all it takes to begin with.
.DEFAULT_GOAL := help
.PHONY: consumers docs docs-open protocol crash-matrix fuzz gap give-over help demo invoke test check infra-check advisories bench build deploy deploy-demo fleet many transcript try-zips clean-tools

# Where scripts/setup keeps what it installs.
KEYWHEEL_TOOLS ?= $(shell [ "$$(id -u)" = 0 ] && echo /var/cache/keywheel || echo "$${XDG_CACHE_HOME:-$$HOME/.cache}/keywheel")
export KEYWHEEL_TOOLS

# The functions that make bench measures.
BENCHED = $(or $(FUNCTIONS),rotate-postgres-single-user rotate-postgres-alternating-users rotate-api-key)

# The build that a mode measures, where it is not the release.
BENCH_BUILD_OF_round-trips = debug
BENCH_BUILD_OF_instructions = profiling

# The calls that the tests saw the functions make: what infra/ must allow.
CALLS = $(abspath $(or $(CARGO_TARGET_DIR),target))/calls.txt

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: ## rotate real PostgreSQL passwords and an API key of a real server in front of you; leaves nothing running; DEMO=postgres or DEMO=api-key for one, WATCH=1 to look at it in a browser
	@scripts/setup demo
	@$(if $(filter postgres,$(DEMO)),,scripts/setup keys || { echo 'demo: no server that issues keys; `make demo DEMO=postgres` does without it' >&2; exit 1; })
	@echo 'demo: building (3 to 5 minutes the first time, seconds after that)'
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin demo -- $(DEMO); status=$$?; scripts/settle && exit $$status

invoke: EVENT ?= $(if $(FUNCTION),$(foreach step,create set test finish,events/$(FUNCTION)/$(step)-secret.json))
invoke: ## send the sample events to a function under cargo-lambda, against a local Secrets Manager; FUNCTION=name for another, EVENT=file for one event, RAW=1 for the log as it is
	@scripts/check-events $(if $(FUNCTION),--function '$(FUNCTION)') $(EVENT)
	@scripts/setup demo
	@$(if $(findstring rotate-api-key,$(EVENT)),scripts/setup keys)
	@scripts/setup lambda
	@echo 'invoke: building (3 to 5 minutes the first time, seconds after that)'
	@cargo build --locked --workspace --bins
	@# As cargo-lambda will build it, which says nothing meanwhile.
	@cargo build --locked --package $(if $(findstring rotate-api-key,$(EVENT)),rotate-api-key,rotate-postgres)
	@cargo run --quiet --locked --package keywheel-tests --bin invoke -- $(EVENT); status=$$?; scripts/settle && exit $$status

test: ## run every test against real servers; ARGS=name runs those whose name contains it
	@scripts/setup test
	@echo 'test: building (3 to 5 minutes the first time, seconds after that)'
	@cargo build --locked --workspace --bins --tests
	@rm -f "$(CALLS)"; KEYWHEEL_RECORD_CALLS="$(CALLS)" cargo test --locked --workspace --no-fail-fast $(ARGS); status=$$?; scripts/settle && exit $$status
	@if [ -e "$(CALLS)" ]; then $(KEYWHEEL_TOOLS)/venv/bin/python scripts/infra/calls.py "$(CALLS)"; fi

check: ## formatting, lints, documentation, words and links, who may import what, licences; changes nothing
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps --quiet
	scripts/check-arrows
	scripts/layout check
	scripts/figures --check
	@scripts/setup docs
	scripts/check-docs $(KEYWHEEL_TOOLS)/npm-docs
	scripts/check-workflows $(KEYWHEEL_TOOLS)/npm-docs
	@scripts/setup shellcheck
	scripts/check-text $(KEYWHEEL_TOOLS)/venv/bin/shellcheck
	@PATH="$$PATH:$(KEYWHEEL_TOOLS)/cargo/bin"; if cargo deny --version >/dev/null 2>&1; then \
		echo 'cargo deny check bans licenses sources'; cargo deny --locked check bans licenses sources; \
	else echo 'check: licences not checked, as cargo-deny is missing; scripts/setup deny brings it (3 minutes)'; fi

docs: ## the book, in target/book/book
	@scripts/setup book
	@scripts/book target/book
	@PATH="$$PATH:$(KEYWHEEL_TOOLS)/cargo/bin" mdbook build target/book

docs-open: docs ## the same, in a browser
	@xdg-open target/book/book/index.html 2>/dev/null || echo "open target/book/book/index.html"

protocol: ## the whole model of the protocol, with every fault and every variant that was not taken (about 15 minutes); ONLY=switch for some
	TABLE=all cargo test --locked --package staging-labels --lib -- --nocapture the_whole_table

crash-matrix: ## everything that a function does in a rotation, killed or cut there, and what happens then (hours); ONLY=text, CELL=name, SLICE=n/m for some, AT_ONCE=8
	@scripts/setup test
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin crash_matrix -- 'only=$(ONLY)' 'cell=$(CELL)' 'slice=$(SLICE)' 'at_once=$(AT_ONCE)'; \
		status=$$?; scripts/settle && exit $$status

infra-check: ## infra/: CloudFormation, Terraform and the CDK linted, deployed into an account of moto's, every policy evaluated
	@scripts/setup infra
	@scripts/setup lambda
	$(KEYWHEEL_TOOLS)/venv/bin/python scripts/infra/all.py

many: ## what keywheel status, its page and keywheel rotate-all take with many secrets; SECRETS=2000 PAGE=file
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin many -- $(or $(SECRETS),2000) $(PAGE)

advisories: ## known vulnerabilities among the dependencies (asks the RustSec database, online)
	@scripts/setup deny
	@PATH="$$PATH:$(KEYWHEEL_TOOLS)/cargo/bin" cargo deny --locked check advisories

bench: BENCH_BUILD = $(or $(BENCH_BUILD_OF_$(MODE)),release)
bench: ## measure each function: time, processor time, memory, size; MODE=round-trips counts those that follow one another; MODE=instructions counts instructions beside the table in tests/data, UPDATE=1 writes it; MODE=growth is of 500 at once, 2,000 versions, 1,000 roles (ONLY=roles for some); LATENCY_SM=5 LATENCY_DB=1 (ms) CPU=0.072 JSON=file COMPARE=file FUNCTIONS=name; AWS_TEMPLATES=path runs AWS's own beside
	@scripts/setup demo
	@$(if $(filter rotate-api-key,$(BENCHED)),scripts/setup keys)
	@$(if $(AWS_TEMPLATES),scripts/setup templates)
	@$(if $(filter instructions,$(MODE)),scripts/setup valgrind)
	@# Round trips do not depend on the build. Release builds one by one, as make build does: together they would get each other's features.
	@$(if $(filter debug,$(BENCH_BUILD)),cargo build --locked --workspace --bins, \
		echo 'bench: a $(BENCH_BUILD) build with link-time optimisation (about 5 minutes the first time)'; \
		cargo build --locked --profile $(BENCH_BUILD) --package rotate-postgres $(if $(filter rotate-api-key,$(BENCHED)),&& cargo build --locked --profile $(BENCH_BUILD) --package rotate-api-key))
	@cargo build --locked --package keywheel-tests --bin bench
	@cargo run --quiet --locked --package keywheel-tests --bin bench -- \
		$(foreach function,$(BENCHED),"$${CARGO_TARGET_DIR:-target}/$(BENCH_BUILD)/$(function)"); \
		status=$$?; scripts/settle && exit $$status

build: ## the functions as zip files for Lambda, in target/lambda, and the command line, target/release/keywheel; ARCH=arm64 or ARCH=x86_64 for one processor, FUNCTIONS=name for some
	@scripts/setup lambda
	@echo 'build: release builds with link-time optimisation (about 5 minutes a processor for the first function, 1 for each other)'
	scripts/build-zips $(ARCH)
	@# After the functions, and by itself: they are built crate by crate and never get its features.
	RUSTFLAGS="$$(scripts/rustflags)" cargo build --locked --release --package keywheel
	@echo 'build: target/release/keywheel, the command line for this machine'

try-zips: ## rotate secrets with the programs of make build, out of their zip files, arm64 under qemu; ARCH=x86_64 or ARCH=arm64 for one processor, FUNCTIONS=name for some
	@scripts/setup test
	@$(if $(filter x86_64,$(ARCH)),,scripts/setup arm64)
	@cargo build --locked --workspace --bins --tests
	@$(foreach architecture,$(or $(ARCH),x86_64 arm64),scripts/try-zips $(architecture) $(FUNCTIONS) &&) true; status=$$?; scripts/settle && exit $$status

fuzz: ## fuzz what reads events, secrets, definitions, templates, answers and certificates; SECONDS=60 for each, TARGET=name for one
	@scripts/setup fuzz
	@scripts/fuzz $(or $(SECONDS),60) $(TARGET)

gap: ## count the logins that are refused while a password is rotated, in both orders; ROTATIONS=50 SM=5 DB=1 STEPS=500 EVERY=20 (ms)
	@scripts/setup demo
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin gap -- $(or $(ROTATIONS),50) $(or $(SM),5) $(or $(DB),1) $(or $(STEPS),500) $(or $(EVERY),20); \
		status=$$?; scripts/settle && exit $$status

give-over: ## give thousands of tables to another owner while applications read them; TABLES=12000
	@scripts/setup demo
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin give_over -- $(or $(TABLES),12000); \
		status=$$?; scripts/settle && exit $$status

consumers: ## rotate the secrets of those who read them, in their own languages, while they log in; count reads and refused logins; ROTATIONS=12, ONLY=consumers or ONLY=cache for one table
	@scripts/setup consumers
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin consumers -- $(or $(ROTATIONS),12) $(ONLY); \
		status=$$?; scripts/settle && exit $$status

fleet: ## rotate many secrets at once against a quota of writes; SECRETS=100 WRITES=10 AT_ONCE=10
	@scripts/setup demo
	@cargo build --locked --workspace --bins
	@cargo run --quiet --locked --package keywheel-tests --bin fleet -- $(or $(SECRETS),100) $(or $(WRITES),10) $(or $(AT_ONCE),10) $(PROGRAM); \
		status=$$?; scripts/settle && exit $$status

deploy: ## FUNCTION=name ROLE=arn: one function by cargo lambda deploy, as make build made it; ARCH=x86_64 if not arm64, ARGS for more of its options
	@scripts/setup lambda
	scripts/deploy "$(FUNCTION)" "$(ROLE)" $(or $(ARCH),arm64) $(ARGS)

deploy-demo: ## from an empty account of moto's to a stack with every function, a secret with a schedule, and cargo lambda deploy; after make build
	@for function in $(or $(FUNCTIONS),$$(python3 scripts/infra/functions.py)); do \
		[ -f "target/lambda/$(or $(ARCH),arm64)/$$function.zip" ] || { echo "deploy-demo: $$function.zip is not there; run: make build ARCH=$(or $(ARCH),arm64)" >&2; exit 1; }; done
	@scripts/setup infra
	@scripts/setup lambda
	@$(KEYWHEEL_TOOLS)/venv/bin/python scripts/infra/deploy_demo.py $(or $(ARCH),arm64) $(foreach function,$(FUNCTIONS),--only $(function))

transcript: ## write docs/install/transcript.md again: what make deploy-demo prints
	@scripts/setup infra
	@scripts/setup lambda
	@$(KEYWHEEL_TOOLS)/venv/bin/python scripts/infra/transcript.py --update

clean-tools: ## remove what scripts/setup installed outside the system's own packages
	rm -rf "$(KEYWHEEL_TOOLS)"
