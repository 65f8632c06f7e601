# SPDX-License-Identifier: MIT
"""Counts the tests of a meson testlog.json: prints "passed failed skipped".

cmocka and bats programs count by their cases where their output tells, else as one. Cases that wait
for a feature ("# TODO") count as skipped.
"""
import json
import re
import sys

passed = failed = skipped = 0
for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    cmocka = [int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M)]
    cmocka_skipped = [int(n) for n in re.findall(r"^\[  SKIPPED \] (\d+) test", output, re.M)]
    tap = re.findall(r"^(not ok|ok) \d+([^\n]*)", output, re.M)
    if test["result"] == "SKIP":
        skipped += 1
        print(f"skipped: {test['name']}", file=sys.stderr)
    elif test["result"] not in ("OK", "EXPECTEDFAIL"):
        bad = sum(1 for status, _ in tap if status == "not ok")
        good = sum(1 for status, _ in tap if status == "ok")
        failed += max(1, bad + sum(int(n) for n in re.findall(
            r"^\[  FAILED  \] (\d+) test", output, re.M)))
        passed += good + sum(cmocka)
    elif tap:
        skips = [text for status, text in tap if re.search("# (skip|todo)", text, re.I)]
        for text in skips:
            print(f"skipped: {test['name']}:{text}", file=sys.stderr)
        skipped += len(skips)
        passed += len(tap) - len(skips)
    elif cmocka:
        passed += sum(cmocka)
        skipped += sum(cmocka_skipped)
        for name in re.findall(r"^\[  SKIPPED \] ([a-z]\w+)", output, re.M):
            print(f"skipped: {test['name']}: {name}", file=sys.stderr)
    else:
        passed += 1
print(passed, failed, skipped)
