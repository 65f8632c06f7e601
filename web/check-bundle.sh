#!/bin/sh
# SPDX-License-Identifier: MIT
# Whether src/report/page.html is what the sources in web/ give. Exit status 77 where it cannot be
# built here.
set -eu
cd "$(dirname "$0")"
./install.sh
built=$(mktemp)
trap 'rm -f "$built"' EXIT
node_modules/.bin/tsc -p .
node build.mjs "$built" >/dev/null
if ! cmp -s "$built" ../src/report/page.html; then
	echo "src/report/page.html is not what web/ gives: run npm run build in web/ and commit it"
	exit 1
fi
echo "src/report/page.html is what web/ gives, $(wc -c <"$built") bytes"
