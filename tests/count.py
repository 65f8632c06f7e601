# SPDX-License-Identifier: MIT
"""count.py TESTLOG FAILURES: counts the tests of a meson testlog.json, prints "passed failed skipped".

cmocka and bats programs count by their cases where their output tells, else as one. Cases that wait
for a feature ("# TODO") count as skipped. What failed, and what it said, is added to the file
FAILURES, so that the runner can repeat it at its end.
"""
import json
import re
import sys

SAID_LINES = 12  # of a failed case, in FAILURES


def failures(test, output):
    """The lines for FAILURES: each failed case and what was printed about it."""
    lines = output.splitlines()
    told = []
    for number, line in enumerate(lines):
        if re.match(r"not ok \d+", line):
            said = [text for text in lines[number + 1:number + 1 + SAID_LINES] if text.startswith("#")]
        elif re.match(r"\[  FAILED  \] [a-z]\w+", line):
            said = [text for text in lines[max(0, number - SAID_LINES):number]
                    if re.match(r"\[ +(ERROR|LINE)|[^\[]", text)]
        else:
            continue
        if line not in told:
            told += [line] + ["    " + text for text in said]
    if not told:
        told = ["    " + text for text in lines[-SAID_LINES:]]
    return [f"failed: {test['name']} ({test['result']})"] + told


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
        with open(sys.argv[2], "a", encoding="utf-8") as file:
            print(*failures(test, output), sep="\n", file=file)
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
