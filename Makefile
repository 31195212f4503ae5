# Everything a contributor runs. `make demo` and `make test` install what is missing themselves.

SHELL := /bin/bash
SECONDS_EACH := $(or $(SECONDS),60)
MINUTES := $(or $(MINUTES),10)
# The stories of `make test`: so many of each kind, from this seed on, the same in every run.
SEEDS := 300
FIRST_SEED := 1000
JOBS := 2
# So many tests at a time: hundreds at once on two cores only wait for each other. A test that hangs
# ends the run, and the log's last lines name those that had begun.
UNIT_TESTS := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 \
  timeout --kill-after=10 900 Scripts/unit-tests stdbuf --output=L swift test
SIMULATIONS := timeout --kill-after=10 900 \
  swift run simulate --count $(SEEDS) --from $(FIRST_SEED) --jobs $(JOBS)
SWIFT_FOLDERS := Package.swift Sources Tests Fuzz/Driver.swift Fuzz/Package.swift \
  Fuzz/Sources/FuzzTargets

# $(call step,NAME,COMMAND): says what it is doing and how long it took.
define step
	@began=$$SECONDS; printf '==> %s\n' '$(1)'; $(2) || { code=$$?; \
	  printf '==> FAILED after %d s: %s\n' $$((SECONDS - began)) '$(1)'; exit $$code; }; \
	  printf '==> done in %d s: %s\n' $$((SECONDS - began)) '$(1)'
endef

.DEFAULT_GOAL := help
.PHONY: help demo up build test test-unit test-service test-console test-interop soak mutants bench fuzz format \
  check-format clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' Makefile | expand -t 16

demo:  ## sets up, builds and shows the product at work
	$(call step,set-up,Scripts/setup)
	$(call step,build,swift build --product drawbridge)
	@.build/debug/drawbridge demo

up:  ## a broker with its console and a gateway on this host, until Ctrl-C
	$(call step,set-up for the build,Scripts/setup build)
	$(call step,build,swift build --product drawbridge)
	@.build/debug/drawbridge up

build:  ## the debug build
	$(call step,set-up for the build,Scripts/setup build)
	$(call step,build,swift build)

test: test-unit test-service test-console test-interop  ## all tests

test-unit:  ## unit tests and simulations
	$(call step,set-up,Scripts/setup)
	$(call step,format,$(MAKE) --no-print-directory check-format)
	$(call step,build,swift build --build-tests)
	$(call step,unit tests,$(UNIT_TESTS))
	$(call step,simulations,$(SIMULATIONS))

test-service:  ## brokers, agents and databases as processes, killed and asked nonsense
	$(call step,set-up,Scripts/setup)
	$(call step,build,swift build --product drawbridge)
	$(call step,service tests,Tests/Service/run)

test-console:  ## the console in a headless Chromium
	$(call step,set-up,Scripts/setup)
	$(call step,build,swift build --product drawbridge)
	$(call step,console in a browser,Tests/Console/run)

test-interop:  ## scenarios with strongSwan, Libreswan, xl2tpd and a kernel's own ESP
	$(call step,set-up,Scripts/setup)
	$(call step,build,swift build --product drawbridge)
	$(call step,the laboratory itself,python3 Interop/tests/test_lab.py)
	$(call step,interop with real peers,Interop/run --jobs $(JOBS))

soak:  ## fresh simulations for MINUTES=10; names each seed that fails
	$(call step,set-up for the build,Scripts/setup build)
	$(call step,build,swift build --product simulate)
	$(call step,fresh simulations,.build/debug/simulate --minutes $(MINUTES) --jobs $(JOBS))

mutants:  ## plants one-line faults and says which share the tests notice
	$(call step,set-up,Scripts/setup)
	$(call step,planted faults,Tests/Mutants/run --jobs $(JOBS))

bench:  ## every figure beside its reference
	$(call step,set-up for the benchmarks,Scripts/setup bench)
	$(call step,release build and figures,Scripts/bench)

fuzz:  ## each fuzz target for SECONDS=60
	$(call step,set-up for the build,Scripts/setup build)
	$(call step,fuzzing,Scripts/fuzz $(SECONDS_EACH))

format:  ## rewrites all Swift sources as swift format wants them
	@swift format format --in-place --recursive --parallel $(SWIFT_FOLDERS)

check-format:  ## fails when a source is not formatted
	@swift format lint --strict --recursive --parallel $(SWIFT_FOLDERS)

clean:  ## removes what was built
	@rm -rf .build .build-fuzz .build-mutants .build-venv Interop/.cache
