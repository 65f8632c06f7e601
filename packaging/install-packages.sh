#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the missing Debian packages of the named groups of packages.txt.
#
# usage: install-packages.sh GROUP...
set -eu
list=$(dirname "$0")/packages.txt
missing=
for group in "$@"; do
	# Words, one a package.
	# shellcheck disable=SC2013
	for package in $(awk -v group="[$group]" '
		/^# \[/ { inside = $2 == group; next }
		/^#/ || /^$/ { next }
		inside { print $1 }' "$list"); do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "install-packages: not a Debian system; these are missing:$missing" >&2
	exit 1
fi
echo "Installing$missing" >&2
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "install-packages: as root: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
# $missing is a list of words.
# shellcheck disable=SC2086
install()
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
		--no-install-recommends $missing >/dev/null
}
install 2>/dev/null || { $as_root apt-get -qq update && install; }
