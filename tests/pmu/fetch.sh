#!/bin/sh
# SPDX-License-Identifier: MIT
# Downloads what the guest is made of: Debian's arm64 kernel and the libraries that AutoPerf links,
# as packages of the host's own sources, with apt's state kept apart: the host's is left alone.
#
# usage: fetch.sh DIRECTORY
#
#	DIRECTORY/vmlinuz    the kernel
#	DIRECTORY/sysroot/   headers and libraries, unpacked
#
# Nothing is done when both are there. Exit status 77 with a sentence on stdout: cannot be had here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
list=$here/../../packaging/packages.txt
mkdir -p "$1"
cd "$1"
wanted=$(awk '/^# \[/ { inside = $2 == "[guest-arm64]"; next }
	/^#/ || /^$/ { next } inside { print $1 }' "$list")
[ -e complete ] && [ "$(cat complete)" = "$wanted" ] && exit 0

unavailable()
{
	echo "$1"
	exit 77
}

first_error()
{
	grep -m 1 '^[EW]:' apt/log || echo "see $PWD/apt/log"
}

for tool in apt-get apt-cache dpkg-deb; do
	command -v "$tool" >/dev/null ||
		unavailable "no $tool here: the guest is made of Debian's packages"
done

rm -rf apt packages sysroot vmlinuz complete
mkdir -p apt/state/lists/partial apt/cache/archives/partial packages sysroot
: >apt/status
cat >apt/apt.conf <<X
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$PWD/apt/state";
Dir::State::status "$PWD/apt/status";
Dir::Cache "$PWD/apt/cache";
X
APT_CONFIG=$PWD/apt/apt.conf
export APT_CONFIG
apt-get -qq -o APT::Update::Error-Mode=any update >apt/log 2>&1 ||
	unavailable "apt-get cannot fetch the lists of arm64 packages: $(first_error)"
kernel=$(apt-cache depends linux-image-cloud-arm64 2>>apt/log |
	awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
[ -n "$kernel" ] || unavailable "apt knows no linux-image-cloud-arm64: not Debian's sources"
libraries=$(echo "$wanted" | grep -vx linux-image-cloud-arm64)
# A list of words.
# shellcheck disable=SC2086
(cd packages && apt-get -qq download "$kernel" $libraries) >>apt/log 2>&1 ||
	unavailable "apt-get cannot download the guest's packages: $(first_error)"
dpkg-deb --fsys-tarfile packages/"$kernel"_*.deb | tar -xO --wildcards './boot/vmlinuz-*' >vmlinuz
rm packages/"$kernel"_*.deb
for package in packages/*.deb; do
	dpkg-deb -x "$package" sysroot
done
rm -rf apt packages
echo "$wanted" >complete
