#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots the guest with one program and gives back what it says, in TAP. When something is wrong, its
# console goes to stderr; all of it is in DIRECTORY/PROGRAM.log.
#
# usage: boot.sh DIRECTORY PROGRAM [SETTING...]
#
#	DIRECTORY   where the guest is; built when that has not been done (build.sh)
#	PROGRAM     a program of guest/
#	cpu=MODEL   the processor, with its options; default cortex-a72: a cycle counter and 6 others
#	cpus=N      how many, default 1. With more, a processor's counters also count what the
#	            others execute: only for tests that need no exact numbers
#	kernel=ARG  for the kernel's command line
#	limit=S     seconds of the host, default 120; GUEST_LIMIT overrides it
#
# The guest's time is made of its instructions (-icount): no load of the host can be seen in it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
directory=$1
program=$2
shift 2
cpu=cortex-a72
cpus=1
kernel=
limit=120
for setting in "$@"; do
	case $setting in
	cpu=*) cpu=${setting#cpu=} ;;
	cpus=*) cpus=${setting#cpus=} ;;
	kernel=*) kernel="$kernel ${setting#kernel=}" ;;
	limit=*) limit=${setting#limit=} ;;
	*)
		echo "boot.sh: unknown setting '$setting'" >&2
		exit 2
		;;
	esac
done

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
if ! "$here/build.sh" "$directory" >"$directory/build.log" 2>&1; then
	cat "$directory/build.log" >&2
	echo "Bail out! the guest cannot be built"
	exit 1
fi
exec 9>&-
if [ -e "$directory/unavailable" ]; then
	echo "1..0 # SKIP $(cat "$directory/unavailable")"
	exit 0
fi
log=$directory/$program.log
timeout -k 5 "${GUEST_LIMIT:-$limit}" qemu-system-aarch64 -M virt -cpu "$cpu" -smp "$cpus" -m 512 \
	-icount shift=0 -nographic -no-reboot -nic none \
	-kernel "$directory/vmlinuz" -initrd "$directory/initramfs" \
	-append "console=ttyAMA0 quiet panic=-1 program=$program$kernel" \
	</dev/null >"$log.raw" 2>&1
ended=$?
tr -d '\r' <"$log.raw" >"$log"
rm -f "$log.raw"

# Cases and their comments; the rest only if something is wrong. What is not ok and marked "# TODO"
# waits for a feature: the program's exit status counts it, we do not.
grep -aE '^(ok|not ok|1\.\.|#|Bail out!)' "$log"
status=$(sed -n "s/^guest: $program ended with status \([0-9]*\)$/\1/p" "$log")
waiting=$(grep -acE '^not ok [0-9]+ .* # TODO' "$log")
[ "$status" = "$waiting" ] && exit 0
# Meson shows this and not the comments of TAP.
{
	echo "the guest's console ($log):"
	grep -avE '^(ok|1\.\.|# ok)' "$log" | tail -n 80
} >&2
if [ "$ended" -eq 124 ] || [ "$ended" -eq 137 ]; then
	echo "Bail out! $program did not end within ${GUEST_LIMIT:-$limit} s"
elif [ -z "$status" ]; then
	echo "Bail out! the guest ended before $program did"
else
	echo "# $program ended with status $status"
fi
exit 1
