#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""annotate on large programs that nobody wrote for it: Debian's sources of zstd, SQLite and
LevelDB are annotated whole, built, used, and erased again. Tells the share of functions that got
a marker, files a minute, and whether all files are as they were.

The sources come by `apt-get source` from where the machine's packages come from; SQLite needs
tclsh, LevelDB cmake.
"""

import argparse
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAMS = [
    {
        "package": "libzstd",
        "prepare": None,
        "paths": ["lib", "programs"],
        "flags": ["-Ilib", "-Ilib/common", "-Ilib/legacy", "-DZSTD_MULTITHREAD",
                  "-DXXH_NAMESPACE=ZSTD_", "-DZSTD_LEGACY_SUPPORT=5"],
        "build": "make -s -j2 -C programs zstd",
        "use": "head -c 20000000 /dev/zero >in && cat programs/*.c >>in && "
               "programs/zstd -q -T2 in -o out && programs/zstd -q -d out -o back && cmp in back",
    },
    {
        "package": "sqlite3",
        "prepare": "./configure -q --disable-shared --disable-tcl && make -s sqlite3.c shell.c",
        "paths": ["sqlite3.c", "shell.c"],
        "flags": ["-DSQLITE_THREADSAFE=1", "-I."],
        "build": "cc -O1 -w -I. sqlite3.c shell.c -o sql -lpthread -ldl -lm",
        "use": "test $(echo 'with recursive c(x) as (select 1 union all select x+1 from c where "
               "x<1000) select sum(x) from c;' | ./sql) = 500500",
    },
    {
        "package": "leveldb",
        "prepare": "cmake -B build -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DLEVELDB_BUILD_TESTS=OFF "
                   "-DLEVELDB_BUILD_BENCHMARKS=OFF . && cp benchmarks/db_bench.cc bench.cc",
        "paths": ["."],
        "flags": None,
        "build": "make -s -j2 -C build && c++ -O1 -w -DLEVELDB_PLATFORM_POSIX=1 -Iinclude "
                 "-Ibuild/include -I. -c db/version_set.cc -o again.o",
        "use": "build/leveldbutil dump /nonexistent; test $? = 1",
    },
]


def apt(scratch):
    """Options by which apt-get knows where sources are, without changing the machine's lists."""
    lists = scratch / "lists"
    (lists / "partial").mkdir(parents=True)
    text, ending = "", "sources"
    for path in sorted(pathlib.Path("/etc/apt").glob("sources.list.d/*.sources")):
        text += re.sub(r"(?m)^Types:.*", "Types: deb-src", path.read_text()) + "\n\n"
    if "deb-src" not in text:
        ending = "list"
        text = re.sub(r"(?m)^deb ", "deb-src ", pathlib.Path("/etc/apt/sources.list").read_text())
    (scratch / f"sources.{ending}").write_text(text)
    options = ["-qq", "-o", f"Dir::Etc::sourcelist={scratch}/sources.{ending}",
               "-o", "Dir::Etc::sourceparts=/dev/null", "-o", f"Dir::State::lists={lists}"]
    subprocess.run(["apt-get", *options, "update"], check=True)
    return options


def shell(command, directory, environment=None):
    done = subprocess.run(["sh", "-c", command], cwd=directory, env=environment,
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{directory}: {command}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def sources(directory):
    """What could have been annotated: all but what the build has made."""
    return {path.relative_to(directory): path for path in directory.rglob("*")
            if path.is_file() and path.suffix in (".c", ".cc", ".h", ".hpp", ".cpp")}


def measure(program, build, options, scratch):
    subprocess.run(["apt-get", *options, "source", program["package"]], check=True, cwd=scratch,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    top = next(path for path in scratch.iterdir()
               if path.is_dir() and path.name.startswith(program["package"] + "-"))
    if program["prepare"]:
        shell(program["prepare"], top)
    before = scratch / (program["package"] + ".before")
    shutil.copytree(top, before, symlinks=True)
    autoperf = [build / "src/cli/autoperf", "annotate"]
    flags = ["--", *program["flags"]] if program["flags"] else []
    started = time.monotonic()
    done = subprocess.run([*autoperf, "--quiet", "--json", *program["paths"], *flags], cwd=top,
                          capture_output=True, text=True, check=True)
    took = time.monotonic() - started
    report = json.loads(done.stdout)
    files = sum(any(f["annotated"] for f in file["functions"]) for file in report["files"])
    macros = sum(f["reason"] == "comes from a macro" for file in report["files"]
                 for f in file["functions"])
    environment = dict(os.environ, CPATH=str(build / "include"))
    warnings = shell(program["build"], top, environment).count("perfpoint.h")
    shell(program["use"], top)
    subprocess.run([*autoperf, "--quiet", "--erase", "."], cwd=top, check=True)
    now = sources(top)
    changed = [str(name) for name, path in sources(before).items()
               if name not in now or not filecmp.cmp(path, now[name], shallow=False)]
    share = report["annotated"] / max(1, report["functions"] - macros)
    print(f"{program['package']:10} {report['annotated']:6} of {report['functions']:6} functions "
          f"({macros} from macros), {100 * share:5.1f} % of the others; {files:4} files in "
          f"{took:5.1f} s, {60 * files / took:6.0f} a minute; "
          f"{'identical when erased' if not changed else 'CHANGED: ' + ' '.join(changed)}"
          f"{f'; {warnings} warnings' if warnings else ''}", flush=True)
    return share >= 0.95 and not changed and not warnings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="build directory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        scratch.chmod(0o755)
        options = apt(scratch)
        held = [measure(program, arguments.build.resolve(), options, scratch)
                for program in PROGRAMS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
