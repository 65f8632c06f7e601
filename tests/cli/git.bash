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
