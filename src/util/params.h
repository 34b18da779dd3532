/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* params.h: checks of typed parameters that a caller gave */

#pragma once

#include <libvirt/libvirt.h>

/* Pairs of a name and its virTypedParameterType, then NULL: what may be given, each once.
 * Anything else is VIR_ERR_INVALID_ARG, naming the parameter. */
int paramsCheck(virTypedParameterPtr params, int nparams, ...) __attribute__((sentinel));

/* 1 and *speed; 0 if @name is not given; -1 if it is more than a job can be told. */
int paramsGetSpeed(virTypedParameterPtr params, int nparams, const char *name,
                   unsigned long long *speed);
