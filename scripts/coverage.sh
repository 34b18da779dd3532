#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh: the share of lines and branches of src and tools that all tests together reach
set -eu
cd "$(dirname "$0")/.."

[ -f build-coverage/build.ninja ] || meson setup build-coverage -Db_coverage=true \
    -Dc_args=-fprofile-update=atomic > /dev/null
ninja -C build-coverage
# as root, the system tests run as another user, and write their counts here as well
[ "$(id -u)" != 0 ] || chmod -R a+rwX build-coverage
find build-coverage -name '*.gcda' -delete
meson test --no-rebuild --print-errorlogs --num-processes $(($(nproc) * 2)) -C build-coverage \
  --suite unit --suite fuzz --suite system
gcovr --root . --filter src/ --filter tools/ --exclude-throw-branches --sort-percentage \
  --print-summary build-coverage
