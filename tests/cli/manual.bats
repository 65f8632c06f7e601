#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The manual pages say what the program says. $SOURCES is the top of the source tree.
load common
setup() {
	common_setup
	[ -n "$SOURCES" ] || { echo "\$SOURCES is not set: run through 'meson test'"; return 1; }
}

# Commands that `autoperf help` lists.
commands() {
	"$AUTOPERF" help | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

# Those with a page of their own: autoperf(1) is enough for the others.
paged_commands() {
	commands | grep -vxE 'help|version'
}

# agree MODE: compares each command's page with its --help.
agree() {
	local command count=0
	for command in $(paged_commands); do
		echo "# autoperf $command"
		"$AUTOPERF" "$command" --help |
			python3 "$SOURCES/tests/cli/manual.py" "$1" "$SOURCES/doc/man/autoperf-$command.1"
		count=$((count + 1))
	done
	[ "$count" -ge 9 ]
}

@test "every command has a manual page, and every page a command" {
	local pages
	pages=$(cd "$SOURCES/doc/man" && printf '%s\n' autoperf-*.1 | sed 's/autoperf-//; s/\.1$//' | sort)
	[ "$(paged_commands | sort)" = "$pages" ]
}

@test "autoperf(1) lists the commands that autoperf help lists, in its order" {
	local page
	page=$(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z]*\)$/\1/p' "$SOURCES/doc/man/autoperf.1")
	[ "$page" = "$(commands)" ]
}

@test "a page's NAME says what autoperf help says of the command" {
	local command summary
	for command in $(paged_commands); do
		summary=$("$AUTOPERF" help | sed -nE "s/^  $command +//p")
		grep -qxF ".Nd $summary" "$SOURCES/doc/man/autoperf-$command.1" ||
			{ echo "autoperf-$command(1): .Nd is not: $summary"; return 1; }
	done
}

@test "the long options of a page are those of --help" {
	agree options
}

@test "no option of a page is unknown to its command" {
	local command option
	for command in $(paged_commands); do
		for option in $(sed -nE 's/^\.It Fl (. , Fl )?Fl ([a-z-]+).*/--\2/p' \
			"$SOURCES/doc/man/autoperf-$command.1"); do
			run --separate-stderr "$AUTOPERF" "$command" "$option"
			stderr_lacks "unknown option"
		done
	done
}

@test "numbers in an option's --help, its default among them, are in its page" {
	agree numbers
}

@test "the exit statuses of a page are those of --help" {
	agree statuses
}

@test "every page renders without a warning" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	local page
	for page in "$SOURCES"/doc/man/*; do
		run mandoc -T lint -W warning "$page"
		[ -z "$output" ] || { echo "$output"; return 1; }
	done
}

@test "pages refer to pages that exist, and all are installed" {
	python3 "$SOURCES/tests/cli/manual.py" references "$SOURCES/doc/man"
	local page
	for page in "$SOURCES"/doc/man/*; do
		grep -qF "'man/$(basename "$page")'" "$SOURCES/doc/meson.build" ||
			{ echo "doc/meson.build does not install $page"; return 1; }
	done
}

@test "perfpoint(7) explains every message of the runtime and every kind of loss" {
	python3 "$SOURCES/tests/cli/manual.py" messages "$SOURCES/doc/man/perfpoint.7" \
		"$SOURCES"/src/perfpoint/*.c
	python3 "$SOURCES/tests/cli/manual.py" losses "$SOURCES/doc/man/perfpoint.7" \
		"$SOURCES/src/recording/reader.c"
}

@test "every link from one document to another leads to a file" {
	python3 "$SOURCES/tests/cli/manual.py" links "$SOURCES"/README.md "$SOURCES"/doc/*.md \
		"$SOURCES"/doc/formats/*.md
}
