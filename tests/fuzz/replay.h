/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.h: what each fuzzer defines, for libFuzzer or for replay.c to call */

#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
