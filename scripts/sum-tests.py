#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sum-tests.py TESTLOG.json...: names what failed in meson's logs; the last line counts"""
import json
import sys

passed = failed = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as log:
        for test in map(json.loads, log):
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                passed += 1
            else:
                failed += 1
                print(f"{test['result']}: {test['name']} ({path})")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
