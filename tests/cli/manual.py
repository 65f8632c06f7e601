#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares manual pages with what the program says of itself; prints each difference.

usage: manual.py options|numbers|statuses PAGE <HELP    HELP is what `COMMAND --help` prints
       manual.py references DIRECTORY                   of pages to pages
       manual.py links DOCUMENT...                      of documents in Markdown to files
       manual.py messages PAGE SOURCE...                of the runtime, with the page
       manual.py losses PAGE READER.C

Exit status: 0 they agree, 1 they do not.
"""
import pathlib
import re
import sys

GLOBAL = {"--json", "--quiet", "--help", "--version"}  # told in autoperf(1)


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def help_options(text):
    """Long option -> its lines in the help text."""
    options, current = {}, None
    for line in text.split("\n"):
        match = re.match(r" {2,8}(?:-\w, +)?(--[a-z][a-z-]*)", line)
        if match:
            current = match[1]
            options[current] = line[match.end():]
        elif current and re.match(r" {10,}\S", line):
            options[current] += "\n" + line
        else:
            current = None
    return options


def page_options(text):
    """Long option -> its item in the page."""
    options = {}
    for item in re.split(r"^(?=\.It |\.S[hs] )", text, flags=re.MULTILINE):
        first = item.split("\n")[0]
        if match := re.match(r"\.It Fl .*?Fl Fl ([a-z-]+)|\.It Fl Fl ([a-z-]+)", first):
            current = "--" + (match[1] or match[2])
            options[current] = item
        elif options and not item.startswith(".S"):
            options[current] += item  # a list inside the item
    return options


def section(page, title):
    match = re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", page, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def flat(page):
    """The page's words, without macros and in one line."""
    page = re.sub(r"^\.\\\".*$", "", page, flags=re.MULTILINE)
    page = re.sub(r"^\.(?:It|Fl|Pa|Ev|Ar|Nm|Sx|Dq|Li|Cm) ", "", page, flags=re.MULTILINE)
    return " ".join(page.replace("\\&", "").split())


def differ_options(page, usage):
    named, told = set(page_options(page)), set(help_options(usage))
    for option in sorted(told - named - GLOBAL):
        yield f"--help has {option}, the page has not"
    for option in sorted(named - told - GLOBAL):
        yield f"the page has {option}, --help has not"


def differ_numbers(page, usage):
    items = page_options(page)
    for option, text in help_options(usage).items():
        for number in re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d", text):
            if option in items and number not in items[option]:
                yield f"{option}: {number} is in --help, not in the page"


def differ_statuses(page, usage):
    told = usage.partition("Exit status:")[2]
    told = re.findall(r"(?:^|[;:] )(\d) ", " ".join(told.split()))
    named = re.findall(r"^\.It (\d)$", section(page, "EXIT STATUS"), re.MULTILINE)
    if not told or told != named:
        yield f"exit statuses: --help has {told}, the page has {named}"


def differ_references(directory):
    pages = {path.name: path for path in pathlib.Path(directory).iterdir()}
    for name, path in sorted(pages.items()):
        for target, number in re.findall(r"^\.Xr ((?:autoperf|perfpoint)\S*) (\d)", read(path),
                                         re.MULTILINE):
            if f"{target}.{number}" not in pages:
                yield f"{name} refers to {target}({number}), which does not exist"


def differ_links(documents):
    count = 0
    for document in map(pathlib.Path, documents):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(document)):
            count += 1
            if "://" not in link and not (document.parent / link).exists():
                yield f"{document} links to {link}, which does not exist"
    if not count:
        yield "no link was found in the documents"


def literals(code):
    """Adjacent string literals as one."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', code)).replace('\\"', "")


def differ_messages(page, sources):
    words, count = flat(page), 0
    for source in sources:
        for call in re.findall(r"\bcomplain\(\s*COMPLAINT_\w+,(.*?);\n", read(source), re.DOTALL):
            count += 1
            for part in re.split(r"%[-.\d]*z?l*[sdu]", literals(call)):
                part = part.strip(' ()":;')
                if len(part) > 3 and part not in words:
                    yield f"{source} says \"{part}\", the page does not"
    if not count:
        yield "no message was found in the sources"


def differ_losses(page, reader):
    code = read(reader).partition("recording_loss_text(")[2].partition("\n}")[0]
    texts = [literals(text) for text in re.findall(r"return(.*?);", code, re.DOTALL)]
    texts = [text for text in texts if text]
    named = re.findall(r"^\.It (.*)$", page, re.MULTILINE)
    if len(texts) < 10:
        yield f"only {len(texts)} losses were found in the source"
    for text in texts:
        if text not in named and "unknown" not in text:
            yield f"the page does not explain \"{text}\""


def main():
    mode, arguments = sys.argv[1], sys.argv[2:]
    if mode == "references":
        differences = differ_references(arguments[0])
    elif mode == "links":
        differences = differ_links(arguments)
    elif mode == "messages":
        differences = differ_messages(read(arguments[0]), arguments[1:])
    elif mode == "losses":
        differences = differ_losses(read(arguments[0]), arguments[1])
    else:
        compare = {"options": differ_options, "numbers": differ_numbers,
                   "statuses": differ_statuses}[mode]
        differences = compare(read(arguments[0]), sys.stdin.read())
    differences = list(differences)
    for difference in differences:
        print(difference)
    return 1 if differences else 0


sys.exit(main())
