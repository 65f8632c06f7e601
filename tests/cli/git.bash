# SPDX-License-Identifier: MIT
# For tests of the commands that work in a git repository.

# git that knows nothing of the caller's configuration.
git_setup() {
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$BATS_TEST_TMPDIR/gitconfig"
	export XDG_CACHE_HOME="$BATS_TEST_TMPDIR/cache"
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
	git config --global user.name "Test Person"
	git config --global user.email test@example.org
	git config --global init.defaultBranch main
	git config --global protocol.file.allow always
	git config --global advice.detachedHead false
}

# commit MESSAGE: everything that lies in the work tree.
commit() {
	git add -A
	git commit -q -m "$1"
}

# pauses_repository [TEXT...]: in the current directory, a repository with a program whose region
# takes 10 x `pause` milliseconds, and how to check it. A check takes some seconds, needs no
# counters, and finds pauses that got longer. TEXT: lines to add to the configuration.
pauses_repository() {
	git init -q .
	cat >pauses.c <<-'END'
		#include <unistd.h>
		#include "pause.h"
		#include "perfpoint.h"
		static void rest(void)
		{
			PERFPOINT_SCOPE("rest");
			usleep(PAUSE_MS * 1000);
		}
		int main(void)
		{
			for (int i = 0; i < 10; i++)
				rest();
			return 0;
		}
	END
	echo "#define PAUSE_MS 4" >pause.h
	printf 'pauses\nruns.log\n' >.gitignore
	mkdir .autoperf
	cat >.autoperf/config.ini <<-'END'
		[build]
		cmd = cc -O1 -o pauses pauses.c
		[workload]
		cmd = ./pauses
		[git]
		main = main
		[check]
		source = none
		runs = 5
	END
	commit "Rest for 4 ms"
}

# pause MILLISECONDS: a commit that rests for so long.
pause() {
	echo "#define PAUSE_MS $1" >pause.h
	commit "Rest for $1 ms"
}

# Everything that is in a directory: names, kinds, modes, targets, contents.
fingerprint() {
	(cd "$1" && find . -printf '%p %y %m %l\n' | sort &&
		find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}

# branch_of_pauses MILLISECONDS: a branch `mine` of such a repository that rests for so long. The
# machine need not be quiet: pauses take at least their time.
branch_of_pauses() {
	pauses_repository
	git checkout -q -b mine
	pause "$1"
}

# For tests in which libgit2 leaks: see leaks.txt.
libgit2_leaks() {
	[ -n "$SANITIZED" ] || return 0
	ASAN_OPTIONS="$ASAN_OPTIONS:fast_unwind_on_malloc=0"
	export LSAN_OPTIONS="suppressions=$SOURCES/tests/cli/leaks.txt:print_suppressions=0"
}
