#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf init: guesses, questions, refusals, what the file holds.

load common
load git

setup() {
	common_setup
	git_setup
	git init -q .
	git commit -q --allow-empty -m "Begin"
}

config_is() {
	diff <(grep -v '^#' .autoperf/config.ini | sed '/./,$!d') -
}

@test "options are written to the file, and nothing is asked" {
	autoperf 0 init --no-input --build "make all" --build-dir src --clean "make clean" \
		--workload "./bench 'a b'" --workload-dir out --base develop --source sim
	config_is <<-'END'
		[build]
		cmd = make all
		dir = src

		[clean]
		cmd = make clean

		[workload]
		cmd = ./bench 'a b'
		dir = out

		[git]
		main = develop

		[check]
		source = sim
	END
	stdout_has "cmd = make all"
	stderr_has "wrote" "autoperf check"
}

@test "a makefile tells how to build, clean and measure" {
	printf 'all: x\nclean:\n\trm -f x\nbench := no\nbench: x\n\t./x\n' >Makefile
	autoperf 0 init --no-input
	stderr_has "guessing by 'Makefile'"
	config_is <<-'END'
		[build]
		cmd = make -j$(nproc)

		[clean]
		cmd = make clean

		[workload]
		cmd = make bench

		[git]
		main = main
	END
}

@test "what generates makefiles is believed before makefiles" {
	printf 'all:\n' >Makefile
	touch configure
	autoperf 0 init --no-input --workload ./x
	stdout_has "cmd = ./configure && make -j\$(nproc)"
	touch CMakeLists.txt
	autoperf 0 init --no-input --force --workload ./x
	stdout_has "cmd = cmake -S . -B build"
	touch meson.build
	autoperf 0 init --no-input --force --workload ./x
	stdout_has "cmd = meson setup build"
}

@test "questions are answered by lines; an empty one takes the guess" {
	printf 'all:\n' >Makefile
	run --separate-stderr "$AUTOPERF" init <<-'END'

		rm -f x
		./x 1 2
		trunk
	END
	[ "$status" -eq 0 ]
	stderr_has "Command that builds the program" "[make -j\$(nproc)]" "Branch to compare with"
	config_is <<-'END'
		[build]
		cmd = make -j$(nproc)

		[clean]
		cmd = rm -f x

		[workload]
		cmd = ./x 1 2

		[git]
		main = trunk
	END
}

@test "without a workload there is nothing to measure" {
	autoperf 2 init --no-input
	stderr_has "nothing to measure" "--workload"
	[ ! -e .autoperf/config.ini ]
	run --separate-stderr "$AUTOPERF" init </dev/null
	[ "$status" -eq 2 ]
}

@test "an existing file is replaced only with --force" {
	autoperf 0 init --no-input --workload ./one
	autoperf 1 init --no-input --workload ./two
	stderr_has "is there already" "--force"
	grep -q ./one .autoperf/config.ini
	autoperf 0 init --no-input --workload ./two --force
	grep -q ./two .autoperf/config.ini
}

@test "the file is at the top of the repository, from wherever init is run" {
	mkdir -p "a b/ü"
	cd "a b/ü"
	autoperf 0 init --no-input --workload ./x
	[ -f ../../.autoperf/config.ini ]
}

@test "the branch that origin calls its HEAD is the base" {
	git branch -m trunk
	git clone -q . copy
	cd copy
	git checkout -q -b mine
	autoperf 0 init --no-input --workload ./x
	stdout_has "main = origin/trunk"
}

@test "outside of a repository init says so" {
	cd "$BATS_TEST_TMPDIR"
	GIT_CEILING_DIRECTORIES=/ autoperf 1 init --no-input --workload ./x
	stderr_has "is in no git repository"
	git init -q --bare bare
	cd bare
	autoperf 1 init --no-input --workload ./x
	stderr_has "is bare"
}

@test "a file that cannot be written is an error that names it" {
	touch .autoperf
	autoperf 1 init --no-input --workload ./x
	stderr_has "config.ini"
}

@test "wrong usage is refused" {
	autoperf 2 init --source magic
	stderr_has "auto, perf, papi, sim or none, not 'magic'"
	autoperf 2 init extra
	stderr_has "takes no argument"
	autoperf 2 init --build
	stderr_has "needs a value"
}

@test "--json prints what was written" {
	autoperf 0 init --no-input --workload "./x \"q\"" --json
	[ "$(json 'd["workload.cmd"]')" = './x "q"' ]
	[ "$(json 'd["path"].endswith("/.autoperf/config.ini")')" = True ]
}
