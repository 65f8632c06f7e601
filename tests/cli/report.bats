#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# autoperf report: findings in every format, from files and pipes, whoever named the regions.
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2016 # what is not to be expanded

load common

setup() { common_setup; }

# findings.json of a slow run of a program with source none.
make_findings() {
	autoperf 0 record --source none -n 6 -o normal.apdb -- "$EXAMPLES/hash_table-good" 2 40
	autoperf 0 train normal.apdb -o model.safetensors
	autoperf 0 record --source none -n 6 -o new.apdb -- "$EXAMPLES/hash_table-good" 2 40
	run --separate-stderr "$AUTOPERF" detect model.safetensors new.apdb --json -o findings.json
	run --separate-stderr "$AUTOPERF" detect model.safetensors new.apdb -v -o findings.txt
	[ -s findings.json ]
}

# The same with names that mean something to terminals, HTML, XML, Markdown and workflows.
make_hostile() {
	make_findings
	/usr/bin/python3 - <<-'PYTHON'
		import json
		name = "</script>]]>&\"'|`x``y`*_[a](b)\n::error::pwned\r\x1b[31m\u202e%0A%" + "z" * 10000
		d = json.load(open("findings.json"))
		d["verdict"] = "regression"
		region = d["regions"][0]
		region["verdict"] = "regression"
		region["name"] = region["reason"] = name
		d["summary"] = name
		d["warnings"] = [name]
		d["before"]["model"] = d["after"]["profile"] = name
		d["changes"] = [{"path": "a b/ü,:%\n::x.c", "first": 3, "count": 2}]
		region["changes"] = d["changes"]
		d["regions"] = [region] * 14
		d["not_judged"] = [{"name": name, "reason": name}]
		json.dump(d, open("hostile.json", "w"))
	PYTHON
}

@test "what detect says is what report says of its JSON, in every format" {
	make_findings
	autoperf 0 report findings.json -v
	[ "$output" = "$(cat findings.txt)" ]
	autoperf 0 report findings.json --json
	[ "$output" = "$(cat findings.json)" ]
	for format in text json html junit sarif github markdown; do
		run --separate-stderr "$AUTOPERF" detect model.safetensors new.apdb --format "$format"
		local detected=$output
		autoperf 0 report findings.json --format "$format"
		[ "$output" = "$detected" ]
		autoperf 0 report - --format "$format" <findings.json
		[ "$output" = "$detected" ]
	done
}

@test "the exit status says that it was written, not what" {
	make_hostile
	autoperf 0 report hostile.json
	stdout_has "REGRESSION"
}

@test "the output's name tells the format" {
	make_findings
	autoperf 0 report findings.json -o out.json
	cmp out.json findings.json
	autoperf 0 report findings.json -o out.xml
	grep -q "<testsuites>" out.xml
	autoperf 0 report findings.json -o out.sarif
	grep -q '"version": "2.1.0"' out.sarif
	autoperf 0 report findings.json -o out.md
	grep -q "^### AutoPerf" out.md
	autoperf 0 report findings.json -o out.txt
	autoperf 0 report findings.json --format json -o out.txt --force
	cmp out.txt findings.json
	autoperf 1 report findings.json -o out.txt
	stderr_has "--force"
}

@test "JUnit is XML with a case for each region, whatever their names" {
	make_hostile
	autoperf 0 report hostile.json -o out.xml
	/usr/bin/python3 - <<-'PYTHON'
		import xml.etree.ElementTree as tree
		suite = tree.parse("out.xml").getroot().find("testsuite")
		cases = suite.findall("testcase")
		assert len(cases) == int(suite.get("tests")) == 15, len(cases)
		assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) == 14
		assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped")) == 1
		name = cases[0].get("name")
		assert name.startswith("</script>]]>&\"'|`x``y`*_[a](b)\\x0a::error"), name[:80]
		assert "\\x1b[31m\\u202e" in name and name.endswith("z" * 10000)
	PYTHON
}

@test "SARIF has what code hosts ask for: rules, places, fingerprints" {
	make_hostile
	autoperf 0 report hostile.json -o out.sarif
	/usr/bin/python3 - <<-'PYTHON'
		import json, urllib.parse
		d = json.load(open("out.sarif"))
		assert d["version"] == "2.1.0" and d["$schema"].endswith("sarif-2.1.0.json")
		run, = d["runs"]
		rules = run["tool"]["driver"]["rules"]
		ids = [rule["id"] for rule in rules]
		assert len(set(ids)) == len(ids) and "false-sharing" in ids and "regression" in ids
		assert len(run["results"]) == 14
		for result in run["results"]:
		    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
		    assert result["level"] == "error" and result["message"]["text"]
		    place = result["locations"][0]["physicalLocation"]
		    uri = place["artifactLocation"]["uri"]
		    assert urllib.parse.urlparse(uri).scheme == "" and not uri.startswith("/")
		    assert urllib.parse.unquote(uri) == "a b/ü,:%\n::x.c", uri
		    assert place["region"] == {"startLine": 3, "endLine": 4}
		    assert result["partialFingerprints"]
		    assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
	PYTHON
}

@test "annotations: at most ten, and no name makes one of its own" {
	make_hostile
	autoperf 0 report hostile.json --format github
	[ "$(grep -c '^::' <<<"$output")" -eq 10 ]
	[ "$(grep -c '^::error file=a b/ü%2C%3A%25%0A%3A%3Ax.c,line=3,endLine=4,title=' <<<"$output")" -eq 9 ]
	[ "$(wc -l <<<"$output")" -eq 11 ]
	stdout_has "::error title=AutoPerf::5 more regions"
	stdout_lacks $'\033' $'\r'
}

@test "Markdown: names stay in their cells and mean nothing" {
	make_hostile
	autoperf 0 report hostile.json --format markdown
	printf '%s\n' "$output" >out.md
	stdout_has "### AutoPerf: Regression" "| Region | Before |" "<details>"
	stdout_lacks $'\033' $'\r'
	# Every row of the table of regions has its nine bars, those of names are escaped.
	/usr/bin/python3 - <<-'PYTHON'
		import re
		text = open("out.md").read()
		rows = [l for l in text.splitlines() if l.startswith("| ") and "**regression**" in l]
		assert len(rows) == 14
		for row in rows:
		    assert len(re.findall(r"(?<!\\)\|", row)) == 9, row[:200]
		plain = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
		assert "</script>" not in plain and "[a](b)" not in plain
		assert re.findall(r"(?<!\\)<.*?>", plain.replace("</", "<")) \
		    == ["<details>", "<summary>", "<summary>", "<details>"] * 13
	PYTHON
}

# page_data FILE KEY...: what the page embeds, at that path, as JSON.
page_data() {
	/usr/bin/python3 - "$@" <<-'PYTHON'
		import json, sys
		page = open(sys.argv[1]).read()
		data = page.split('id="autoperf-data">')[1].split("</script>")[0]
		assert "<" not in data
		data = json.loads(data)
		for key in sys.argv[2:]:
		    data = data[int(key) if key.isdigit() else key]
		print(json.dumps(data))
	PYTHON
}

@test "a page shows samples of both sides, and says what it cannot show" {
	make_findings
	autoperf 0 report findings.json normal.apdb -o all.html
	[ "$(page_data all.html notes)" = "[]" ]
	[[ $(page_data all.html regions 0 samples side) == *n*f* ]]
	[[ $(page_data all.html regions 0 scores threshold) == *.* ]]
	[[ $(page_data all.html regions 0 latent layer) == *" of "* || $(page_data all.html regions 0 latent layer) == *feature* ]]
	[ "$(page_data all.html regions 0 training epochs)" != "[]" ]
	[ "$(stat -c %s all.html)" -lt 2000000 ]
	# The findings are in it unchanged.
	diff <(page_data all.html findings) <(/usr/bin/python3 -c \
		'import json; print(json.dumps(json.load(open("findings.json"))))')
	mkdir elsewhere
	mv model.safetensors new.apdb elsewhere
	autoperf 0 report findings.json -o alone.html
	[[ $(page_data alone.html notes) == *"model could not"*"no longer where"*"new runs could not"*"normal runs could not"* ]]
	autoperf 0 report findings.json normal.apdb elsewhere/new.apdb --model elsewhere/model.safetensors -o again.html
	cmp all.html again.html
	autoperf 1 report findings.json nowhere.apdb -o no.html
	stderr_has "nowhere.apdb"
	autoperf 1 report findings.json normal.apdb --model new.apdb -o no.html
	[ ! -e no.html ]
}

@test "a page of hostile findings opens no device that they name" {
	make_hostile
	autoperf 0 report hostile.json -o out.html
	[[ $(page_data out.html regions 0 name) == *'</script>'* ]]
	/usr/bin/python3 - <<-'PYTHON'
		import json
		d = json.load(open("findings.json"))
		d["before"]["model"], d["after"]["profile"] = "/dev/zero", "pipe"
		json.dump(d, open("device.json", "w"))
	PYTHON
	mkfifo pipe
	autoperf 0 report device.json -o device.html
	[[ $(page_data device.html notes) == *"is no file"*"is no file"* ]]
}

@test "what is no findings is refused by name" {
	echo "no JSON" >bad.json
	autoperf 1 report bad.json
	stderr_has "'bad.json' is no JSON document"
	echo '{"format": "autoperf-findings", "version": 99}' >bad.json
	autoperf 1 report bad.json
	stderr_has "newer AutoPerf" "version 99"
	echo '{}' >bad.json
	autoperf 1 report bad.json
	stderr_has "holds no findings" "--format json"
	make_findings
	head -c 2000 findings.json >bad.json
	autoperf 1 report bad.json
	stderr_has "only a part"
	autoperf 1 report - <bad.json
	stderr_has "standard input"
	autoperf 1 report nowhere.json
	stderr_has "nowhere.json"
	autoperf 1 report "$PWD"
	autoperf 1 report model.safetensors
	stderr_has "model.safetensors"
	[ ! -e out.json ]
	autoperf 1 report bad.json -o out.json
	[ ! -e out.json ]
}

@test "a full disk is an error" {
	make_findings
	run --separate-stderr bash -c '"$AUTOPERF" report findings.json >/dev/full'
	[ "$status" -eq 1 ]
	autoperf 1 report findings.json -o /nowhere/out.json
	stderr_has "/nowhere/out.json"
}

@test "wrong usage is refused" {
	autoperf 2 report
	stderr_has "name the findings"
	autoperf 2 report a b
	autoperf 2 report --format pdf a
	stderr_has "text, json, html, junit, sarif, github or markdown, not 'pdf'"
	autoperf 2 report a b c d
	autoperf 2 report a normal.apdb
	stderr_has "for --format html"
	autoperf 2 report a --model m
	autoperf 2 report --json --format text a
	autoperf 2 report --nonsense a
	autoperf 0 report --help
	stdout_has "Usage: autoperf report"
}
