#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # nothing is to be expanded in the sources
# autoperf annotate: what gets a marker, what does not and why, and that erasing restores it all.

load common
load git

setup() {
	common_setup
	git_setup
	HEADERS=$(dirname "$PERFPOINT_LIBRARY_DIR")/../include
	mkdir src
}

# annotates FILE OPTIONS...: with the compiler's options; keeps FILE.orig.
annotates() {
	local file=$1
	shift
	cp "$file" "$file.orig"
	autoperf 0 annotate "$file" -- "$@"
}

# restored FILE...: erases, and finds the bytes of before.
restored() {
	local file
	autoperf 0 annotate --erase "$@"
	for file; do cmp "$file" "$file.orig"; done
}

marked() { grep -cF "PERFPOINT_SCOPE(\"$2\");/*autoperf*/" "$1"; }

@test "functions of C get a marker, and the file builds without a warning" {
	cat >a.c <<-'END'
		#define _GNU_SOURCE
		#include <stdio.h>
		static int one(int x) { return x + 1; }
		static int tabbed(int x)
		{
			int y = x;
			return y;
		}
		int kr(a, b)
			int a;
			int b;
		{
			return a + b;
		}
		__attribute__((noinline)) static int attributed(void) { return 0; }
		int main(void) {
			int l = __LINE__;
			return one(-1) + tabbed(0) + kr(0, 0) + attributed() + (l != 17);
		}
	END
	annotates a.c
	stderr_has "5 of 5 functions annotated in 1 file"
	for name in one tabbed kr attributed main; do marked a.c "$name"; done
	[ "$(sed -n 1,2p a.c)" = $'#include <perfpoint.h> /*autoperf*/\n#line 1 /*autoperf*/' ]
	cc -std=gnu99 -Wall -Wextra -Werror -Wno-old-style-definition -Wcast-qual \
		-Wdeclaration-after-statement -I"$HEADERS" a.c -o a
	./a
	autoperf 0 record -n 1 -o a.apdb -- ./a
	autoperf 0 info a.apdb
	stdout_has tabbed attributed
	restored a.c
}

@test "functions of C++ get a marker by their qualified names" {
	cat >a.cc <<-'END'
		#include <stdexcept>
		namespace outer { namespace {
		template <class T> struct box {
			box(T v) try : value(v) { if (!v) throw 1; } catch (...) { throw; }
			~box() { value = T(); }
			operator int() const { return value; }
			bool operator<(const box &o) const { return value < o.value; }
			friend int befriended(const box &) { return 7; }
			T value;
		};
		} int free_one() { auto l = [](int x) { return x; }; return l(0); } }
		unsigned operator""_u(unsigned long long v) { return (unsigned)v; }
		int main() { return outer::box<int>(2) < outer::box<int>(1) || 0_u || outer::free_one(); }
	END
	annotates a.cc -std=c++17
	stderr_has "8 of 8 functions annotated"
	marked a.cc "outer::(anonymous)::box::box"
	marked a.cc "outer::(anonymous)::box::~box"
	marked a.cc "outer::(anonymous)::box::operator int"
	marked a.cc "outer::(anonymous)::box::operator<"
	marked a.cc "outer::free_one"
	marked a.cc 'operator\"\"_u'
	! grep -q '\[\](int x) {PERF' a.cc
	c++ -std=c++17 -Wall -Wextra -Werror -I"$HEADERS" a.cc -o a
	./a
	restored a.cc
}

@test "what may not have a marker has none, and -v says why" {
	cat >a.cc <<-'END'
		#include <csignal>
		constexpr int square(int x) { return x * x; }
		static void on_signal(int) { }
		#define DEFINE(name) int name() { return square(1); }
		DEFINE(from_macro)
		__attribute__((naked)) void bare() { __asm__("ret"); }
		int marked_already() { extern void perfpoint_START(int); return 0; }
		int main() { std::signal(SIGINT, on_signal); return 0; }
	END
	cp a.cc a.cc.orig
	autoperf 0 annotate -v a.cc -- -std=c++17
	stdout_has "a.cc:2: square: constexpr" "a.cc:3: on_signal: a signal handler" \
		"a.cc:5: from_macro: comes from a macro" "a.cc:6: bare: naked" \
		"a.cc:7: marked_already: has markers already" "a.cc:8: main: annotated"
	stderr_has "1 of 6 functions annotated in 1 file"
	restored a.cc
	cat >b.c <<-'END'
		inline int shared(int x) { return x; }
		static inline int own(int x) { return x; }
		int f(void) { return own(0); }
	END
	annotates b.c -std=gnu99
	stderr_has "2 of 3 functions annotated" "inline with external linkage in C"
	cc -std=gnu99 -Wall -Wextra -Werror -I"$HEADERS" -c b.c -o b.o
	restored b.c
}

@test "CRLF, a byte order mark, tabs and no last newline are kept" {
	printf '\xef\xbb\xbfint f(void)\r\n{\r\n\treturn 0;\r\n}\r\n' >a.c
	printf 'int\tg(void){return 0;}' >b.c
	annotates a.c
	annotates b.c
	head -c 3 a.c | cmp - <(printf '\xef\xbb\xbf')
	! grep -qv $'\r$' a.c
	cc -Wall -Werror -I"$HEADERS" -c a.c b.c
	restored a.c b.c
}

@test "lines keep their numbers, for the compiler and for debuggers" {
	# Headers, too; lines end as they did.
	printf 'static inline int in_header(void)\r\n{\r\n\tvolatile int l = __LINE__;\r\n\treturn l;\r\n}\r\n' >h.h
	printf '#include "h.h"\r\n#include <stdio.h>\r\n\r\nint f(void);\r\nint f(void)\r\n{\r\n' >a.c
	printf '\tvolatile int l = __LINE__;\r\n\treturn l;\r\n}\r\nint main(void)\r\n{\r\n' >>a.c
	printf '\tprintf("%%d %%d %%s\\n", f(), in_header(), __FILE__);\r\n}\r\n' >>a.c
	cp a.c a.cc
	local compiler source
	for compiler in cc c++ clang clang++; do
		source=a.c
		[[ $compiler == *++ ]] && source=a.cc
		autoperf 0 annotate $source h.h -- -g
		stderr_has "3 of 3 functions annotated in 2 files"
		"$compiler" -g -O0 -Wall -I"$HEADERS" $source -o a
		autoperf 0 annotate --erase $source h.h
		[ "$(./a)" = "7 3 $source" ]
		objdump --dwarf=decodedline a | awk '/^[ah]\.(c|cc|h) / { print $1 ":" $2 }' | sort -u >lines
		cat lines
		grep -qx "$source:7" lines
		grep -qx "h.h:3" lines
		# Neither the include nor anything else moved what is below.
		! grep -qE "$source:(1[4-9]|[2-9][0-9])|h.h:[6-9]" lines
	done
}

@test "patterns and lengths choose" {
	cat >a.cc <<-'END'
		namespace n { int one() { return 1; } int other() { return 2; } }
		int long_one()
		{
			return 3;
		}
	END
	cp a.cc a.cc.orig
	autoperf 0 annotate --only 'n::*' --exclude other --json a.cc --
	[ "$(jq_like annotated)" = 1 ]
	marked a.cc n::one
	restored a.cc
	autoperf 0 annotate --min-lines 4 a.cc --
	marked a.cc long_one
	stderr_has "1 of 3 functions annotated" "shorter than --min-lines"
}

# jq_like KEY: of the JSON in $output.
jq_like() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$output"; }

@test "annotating again adds what is new only" {
	echo 'int f(void) { return 0; }' >a.c
	cp a.c a.c.orig
	autoperf 0 annotate a.c --
	cp a.c once
	autoperf 0 annotate a.c --
	stderr_has "0 of 1 function annotated" "has markers already"
	cmp a.c once
	echo 'int g(void) { return 0; }' >>a.c
	autoperf 0 annotate a.c --
	stderr_has "1 of 2 functions annotated"
	[ "$(grep -c '#include <perfpoint.h>' a.c)" = 1 ]
	autoperf 0 annotate --erase a.c
	[ "$(cat a.c)" = "$(cat a.c.orig; echo 'int g(void) { return 0; }')" ]
}

@test "a diff applies, and nothing is written" {
	printf 'int f(void)\n{\n\treturn 0;\n}\n\n\n\n\n\n\n\nint g(void) { return 1; }' >src/a.c
	cp src/a.c before
	autoperf 0 annotate --dry-run src --
	cmp src/a.c before
	echo "$output" >it.diff
	git apply --stat it.diff >/dev/null
	patch -s -p1 <it.diff
	cp src/a.c patched
	cp before src/a.c
	autoperf 0 annotate src --
	cmp src/a.c patched
}

@test "compile commands are found, and headers come with who includes them" {
	mkdir build src/third_party
	echo 'inline int in_header() { return 1; }' >src/h.hpp
	echo 'inline int unused() { return 1; }' >src/lonely.hpp
	echo 'int vendored() { return 1; }' >src/third_party/v.cc
	printf '#include "h.hpp"\n#ifdef ON\nint f() { return in_header(); }\n#endif\n' >src/a.cc
	printf '#include "h.hpp"\nint g() { return in_header(); }\n' >"src/b c.cc"
	cat >build/compile_commands.json <<-END
		[{"directory": "$PWD/build", "file": "../src/a.cc",
		  "command": "c++ -fno-such-thing -DON='1' -c ../src/a.cc -o a.o"},
		 {"directory": "$PWD/build", "file": "../src/b c.cc",
		  "arguments": ["c++", "-Wall", "-c", "../src/b c.cc"]}]
	END
	autoperf 0 annotate src
	stderr_has "3 of 3 functions annotated in 3 files" \
		"1  file: from elsewhere" "1  file: no compile command is for it"
	[ "$(marked src/h.hpp in_header)" = 1 ]
	marked "src/b c.cc" g
}

@test "only functions with changed lines, against a revision" {
	git init -q .
	printf 'int f(void)\n{\n\treturn 0;\n}\nint g(void)\n{\n\treturn 0;\n}\n' >src/a.c
	commit one
	sed -i '7s/0/1/' src/a.c
	printf 'int new_one(void) { return 0; }\n' >src/b.c
	autoperf 0 annotate --diff HEAD src --
	stderr_has "2 of 3 functions annotated in 2 files" "not changed"
	marked src/a.c g
	marked src/b.c new_one
	autoperf 1 annotate --diff nosuch src --
	stderr_has nosuch
	autoperf 1 annotate --diff HEAD missing --
	stderr_has "cannot find 'missing'"
}

@test "what cannot be parsed is left alone, with the compiler's message" {
	echo 'int f(void) { return }' >src/bad.c
	echo 'int g(void) { return 0; }' >src/good.c
	printf '#include "missing.h"\nint h(void) { return 0; }\n' >src/missing.c
	printf 'int outer(void) { int nested(void) { return 1; } return nested(); }\n' >src/nested.c
	cp -r src before
	autoperf 0 annotate src --
	stderr_has "src/bad.c:1:22: error: expected expression" "'missing.h' file not found" \
		"nested.c:1" "1 of 1 function annotated in 1 file" "3  files: cannot be parsed"
	marked src/good.c g
	cp before/good.c src/good.c
	diff -r src before
	rm src/good.c
	autoperf 1 annotate src --
	stderr_has "no file could be parsed"
}

@test "bad input is told with what to do" {
	autoperf 2 annotate
	stderr_has "name files or directories"
	autoperf 1 annotate nosuch --
	stderr_has "cannot find nosuch"
	autoperf 1 annotate src --
	stderr_has "no C or C++ file is in src"
	echo 'int f(void) { return 0; }' >src/a.c
	autoperf 1 annotate src
	stderr_has "compile_commands.json" "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"
	echo '{}' >compile_commands.json
	autoperf 1 annotate src
	stderr_has "is no list of compile commands"
	echo '[{"file": "src/a.c"}]' >compile_commands.json
	autoperf 1 annotate src
	stderr_has "entry 0 has no directory"
	echo '[' >compile_commands.json
	autoperf 1 annotate -p . src
	stderr_has "is no list of compile commands"
	autoperf 2 annotate --erase --dry-run src
	stderr_has "--erase takes out all markers"
	autoperf 2 annotate --min-lines x src --
	autoperf 2 annotate -p . src -- -O2
	[ "$(cat src/a.c)" = 'int f(void) { return 0; }' ]
}

@test "a file that is generated is annotated only when it is named" {
	printf '/* DO NOT EDIT */\nint f(void) { return 0; }\n' >src/gen.c
	echo 'int g(void) { return 0; }' >src/a.c
	autoperf 0 annotate src --
	stderr_has "1 of 1 function annotated" "1  file: generated"
	autoperf 0 annotate src/gen.c --
	marked src/gen.c f
}

@test "files that .gitattributes call generated or vendored are annotated only when named" {
	git init -q .
	git init -q src/sub
	mkdir src/deep
	for file in gen vend off deep/gen sub/gen sub/own; do
		echo "int ${file//\//_}_f(void) { return 0; }" >"src/$file.c"
	done
	cp -r src before
	cat >.gitattributes <<-'END'
		gen.c linguist-generated
		src/vend.c linguist-vendored=true
		src/off.c linguist-generated=false -linguist-vendored
	END
	# A repository in this one has its own.
	echo 'own.c linguist-generated' >src/sub/.gitattributes
	autoperf 0 annotate src --
	stderr_has "2 of 2 functions annotated in 2 files" \
		"3  files: linguist-generated in .gitattributes; name the file itself" \
		"1  file: linguist-vendored in .gitattributes"
	marked src/off.c off_f
	marked src/sub/gen.c sub_gen_f
	autoperf 0 annotate --json src --
	[ "$(json '[f["state"][:18] for f in d["files"] if f["path"].endswith("deep/gen.c")]')" = \
		"['linguist-generated']" ]
	autoperf 0 annotate src/gen.c src/vend.c --
	marked src/gen.c gen_f
	marked src/vend.c vend_f
	autoperf 0 annotate --erase src
	rm src/sub/.gitattributes
	diff -r src before
	# Without the repository they say nothing.
	rm -rf .git src/sub
	autoperf 0 annotate src --
	stderr_has "4 of 4 functions annotated"
}

@test "marks that were reformatted are left, and told" {
	printf 'int f(void)\n{\n\tPERFPOINT_SCOPE("f"); /*autoperf*/\n\treturn 0;\n}\n' >src/a.c
	cp src/a.c before
	autoperf 0 annotate --erase src
	stderr_has "1 mark left that no longer looks like ours, the first at" "src/a.c:3"
	cmp src/a.c before
}

@test "modes and links stay" {
	echo 'int f(void) { return 0; }' >real.c
	chmod 0640 real.c
	ln -s ../real.c src/link.c
	autoperf 0 annotate src/link.c --
	[ -L src/link.c ]
	[ "$(stat -c %a real.c)" = 640 ]
	marked real.c f
}
