#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The Python module on a real session: tests/python, by virtstreamd and in process.
source "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img
source "$(dirname "$0")/python_tests.sh"

start_daemon
python_tests daemon test_module test_calls test_events test_read_only test_asyncio
stop_daemon
python_tests libvirtd test_calls test_events test_asyncio
