#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-format.sh [-i]: every C file is as clang-format has it, by .clang-format (-i: make it so).
# Left out is what has libvirt's own layout: the public header, and the functions it declares.
cd "$(dirname "$0")/.." || exit 1
tool=clang-format-19 # another version lays out otherwise
command -v $tool > /dev/null || { echo "$0: '$tool' is missing: scripts/install-deps.sh" >&2; exit 1; }
[ "${1:-}" = -i ] || set -- --dry-run -Werror
find src tools python tests bench examples -name '*.[ch]' ! -path src/libvirt-domain.c -print0 |
  xargs -0 $tool "$@"
