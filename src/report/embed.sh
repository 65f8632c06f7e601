#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a C file of the page, so that the tool needs no other file to write one.
#
# usage: embed.sh PAGE OUTPUT
set -eu
{
	echo '/* Made by src/report/embed.sh of src/report/page.html. */'
	echo '#include "report/html_template.h"'
	echo 'const unsigned char html_template[] = {'
	od -An -v -tu1 "$1" | sed 's/\([0-9][0-9]*\)/\1,/g'
	echo '};'
	echo 'const size_t html_template_bytes = sizeof(html_template);'
} >"$2"
