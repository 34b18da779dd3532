#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-tidy.sh: clang-tidy finds nothing in what is compiled in BUILD_DIR, but for generated files;
# .clang-tidy
cd "$(dirname "$0")/.." || exit 1
tool=run-clang-tidy-19 # another version finds other things
command -v $tool > /dev/null || { echo "$0: '$tool' is missing: scripts/install-deps.sh" >&2; exit 1; }
build=${BUILD_DIR:-$PWD/build}
exec nice $tool -quiet -p "$build" -j "$(nproc)" "^(?!$build/)"
