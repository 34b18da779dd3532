#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-python.sh: flake8 finds nothing in what is written in Python; .flake8
cd "$(dirname "$0")/.." || exit 1
command -v flake8 > /dev/null || { echo "$0: 'flake8' is missing: scripts/install-deps.sh" >&2; exit 1; }
exec flake8 bench docs examples python scripts src tests
