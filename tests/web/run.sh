#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of the page in Debian's Chromium, as TAP. Exit status 77, with the reason, where node,
# its packages or Chromium are missing.
set -eu
cd "$(dirname "$0")"
../../web/install.sh
CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
if [ -z "$CHROMIUM" ]; then
	echo "web: chromium is missing (apt-get install chromium)"
	exit 77
fi
export CHROMIUM
exec node --test-reporter=tap all.mjs
