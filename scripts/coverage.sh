#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh: the share of lines and branches of src and tools that all tests together reach
set -eu
cd "$(dirname "$0")/.."

[ -f build-coverage/build.ninja ] || meson setup build-coverage -Db_coverage=true
ninja -C build-coverage
find build-coverage -name '*.gcda' -delete
if [ "$(id -u)" = 0 ]; then
  # the system tests then run as another user, and add to the same counts
  umask 0
  find build-coverage -type d -exec chmod a+rwx {} +
fi
meson test --no-rebuild --print-errorlogs --num-processes $(($(nproc) * 2)) -C build-coverage \
  --suite unit --suite fuzz --suite system
gcovr --filter src/ --filter tools/ --sort-percentage --print-summary build-coverage
