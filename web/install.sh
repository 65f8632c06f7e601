#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes web/node_modules what package-lock.json says. Exit status 77, with the reason on stdout,
# where node or npm are missing or the packages cannot be had.
set -eu
cd "$(dirname "$0")"
NODE_MAJOR_MIN=18

give_up()
{
	echo "web: $1"
	exit 77
}

command -v node >/dev/null || give_up "node is missing (apt-get install nodejs)"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge "$NODE_MAJOR_MIN" ] || give_up "node $major is too old, $NODE_MAJOR_MIN is needed"
# Several tests may want the packages at once.
exec 9<package-lock.json
flock 9
if ! cmp -s package-lock.json node_modules/.installed; then
	command -v npm >/dev/null || give_up "npm is missing (apt-get install npm)"
	npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 >node_modules.log 2>&1 ||
		give_up "npm cannot install its packages: $(tail -n 3 node_modules.log | tr '\n' ' ')"
	rm -f node_modules.log
	cp package-lock.json node_modules/.installed
fi
