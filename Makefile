# SPDX-License-Identifier: MIT
# Front door. Meson and Ninja build everything in build/; the targets here install what is
# missing (Debian packages of packaging/packages.txt) and call them.
#
#	make            build the tool and the runtime
#	make demo       the main job on a bundled program, with the report at its end; on the
#	                simulated machine where there are no hardware counters
#	make demo-gate  the same for the branches of a git repository
#	make test       all tests, also under sanitizers, and the linters
#	make quick      the tests of the plain build only
#	make test-pmu   the tests with hardware counters, in an emulated machine (tests/pmu)
#	make bench      benchmarks against named peers
#	make bench-accuracy
#	                how often the verdict is right, on the simulated machine
#	make bench-annotate
#	                annotate on sources of Debian's that nobody wrote for it
#	make bench-gate what check costs beyond builds and runs
#	make install    into PREFIX (default /usr/local), DESTDIR respected
#	make clean      removes build directories and the demo's results
BUILD ?= build
PREFIX ?= /usr/local
PACKAGES = packaging/install-packages.sh

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@$(PACKAGES) build test
	meson setup $(BUILD) --prefix=$(PREFIX) --libdir=lib/$$(cc -print-multiarch) >$(BUILD).log || { cat $(BUILD).log; exit 1; }
	@mv $(BUILD).log $(BUILD)/setup.log

demo: all
	@sh examples/demo.sh $(BUILD) demo

demo-gate: all
	@sh examples/gate-demo/demo.sh $(BUILD) demo-gate

# Without the packages of the groups guest, web and node, the tests that need them are skipped and
# say so.
test:
	@$(PACKAGES) build test lint
	@$(PACKAGES) guest || true
	@$(PACKAGES) web || true
	@command -v npm >/dev/null || $(PACKAGES) node || true
	@sh tests/run.sh

quick: all
	meson test -C $(BUILD) --print-errorlogs

test-pmu: $(BUILD)/build.ninja
	@$(PACKAGES) guest || true
	@ninja -C $(BUILD) build.ninja
	meson test -C $(BUILD) --no-rebuild --suite pmu --verbose

bench: $(BUILD)/build.ninja
	@$(PACKAGES) bench
	ninja -C $(BUILD)
	@sh bench/run.sh $(BUILD)

bench-accuracy: all
	/usr/bin/python3 bench/accuracy/run.py $(BUILD)

bench-annotate: all
	@$(PACKAGES) bench-annotate
	/usr/bin/python3 bench/annotate/run.py $(BUILD)

bench-gate: all
	/usr/bin/python3 bench/gate.py $(BUILD)

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build build-* demo demo-gate

.PHONY: all demo demo-gate test quick test-pmu bench bench-accuracy bench-annotate bench-gate install clean
