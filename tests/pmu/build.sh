#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the guest: autoperf, the runtime and the programs of guest/ for arm64, and from them and
# the libraries that they need its file system.
#
# usage: build.sh DIRECTORY
#
#	DIRECTORY/vmlinuz, sysroot/   what fetch.sh downloads
#	DIRECTORY/arm64/              the build
#	DIRECTORY/initramfs           the guest's files
#	DIRECTORY/unavailable         there instead, with a sentence, where the guest cannot be had
#
# Fails only for mistakes in the sources: what is missing here skips the tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
mkdir -p "$1"
cd "$1"
directory=$PWD
rm -f unavailable

unavailable()
{
	echo "$1" >unavailable
	exit 0
}

for tool in qemu-system-aarch64 aarch64-linux-gnu-gcc cpio; do
	command -v "$tool" >/dev/null ||
		unavailable "no $tool here (packaging/install-packages.sh guest installs it)"
done
[ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] ||
	unavailable "no C library for arm64 here (packaging/install-packages.sh guest installs it)"
reason=$("$here/fetch.sh" "$directory") || {
	[ $? -eq 77 ] || exit 1
	unavailable "$reason"
}

libraries=$directory/sysroot/usr/lib/aarch64-linux-gnu
if [ ! -e arm64/build.ninja ]; then
	cat >arm64.ini <<X
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
[properties]
pkg_config_libdir = '$libraries/pkgconfig'
sys_root = '$directory/sysroot'
[built-in options]
c_args = ['-isystem', '$directory/sysroot/usr/include']
c_link_args = ['-L$libraries', '-Wl,-rpath-link,$libraries']
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
X
	rm -rf arm64
	meson setup arm64 "$source" --cross-file arm64.ini -Dguest=true -Dsim=disabled \
		-Ddebug=false -Doptimization=2 \
		-Dpapi=disabled >arm64.log 2>&1 || { cat arm64.log; exit 1; }
	mv arm64.log arm64/setup.log
fi
ninja -C arm64 >arm64/ninja.log 2>&1 || { cat arm64/ninja.log; exit 1; }

up_to_date()
{
	[ -e initramfs ] && [ -z "$(find "$here/build.sh" complete -newer initramfs)" ] &&
		[ -z "$(find arm64/src arm64/tests -type f -perm /111 -newer initramfs)" ]
}

up_to_date && exit 0
# Programs in /guest, libraries in /lib; there is nothing else, and no shell.
root=$directory/root
rm -rf "$root"
mkdir -p "$root/guest" "$root/lib" "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
for program in arm64/tests/pmu/guest/* arm64/src/cli/autoperf arm64/src/perfpoint/libperfpoint.so.0; do
	if [ -f "$program" ] && [ -x "$program" ]; then
		aarch64-linux-gnu-strip -o "$root/guest/${program##*/}" "$program"
	fi
done
mv "$root/guest/init" "$root/init"
for library in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libgcc_s.so.1; do
	cp -L "/usr/aarch64-linux-gnu/lib/$library" "$root/lib/"
done
for library in "$libraries"/*.so.[0-9]*; do
	cp -L "$library" "$root/lib/${library##*/}"
done
rm -f "$root"/lib/*.so.*.*.*
(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >initramfs.new
mv initramfs.new initramfs
rm -rf "$root"
