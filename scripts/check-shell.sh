#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-shell.sh: shellcheck finds nothing in what is written for a shell; .shellcheckrc
cd "$(dirname "$0")/.." || exit 1
command -v shellcheck > /dev/null ||
  { echo "$0: 'shellcheck' is missing: scripts/install-deps.sh" >&2; exit 1; }
{
  find bash-completion bench demo examples scripts tests tools -name '*.sh' -print0
  grep -rlZE '^#!/bin/(ba)?sh' .ci bench demo examples run scripts tests tools
  printf 'bash-completion/virt-stream\0'
} | sort -zu | xargs -0 -P "$(nproc)" -n 8 shellcheck --
