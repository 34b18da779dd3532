/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h: checks of arguments that every public call and every driver makes alike
 */

#pragma once

#include "util/error.h"

/* In a driver's slot: refuse flags it does not know. */
#define virCheckFlags(supported, retval) \
    do { \
        unsigned int unsupported_ = flags & ~(unsigned int) (supported); \
        if (unsupported_) { \
            errorReport(VIR_ERR_INVALID_ARG, "unsupported flags (0x%x) in function %s", \
                        unsupported_, __func__); \
            return retval; \
        } \
    } while (0)

/* In a public call: refuse a NULL argument. */
#define virCheckNonNullArgGoto(arg, label) \
    do { \
        if (!(arg)) { \
            errorReport(VIR_ERR_INVALID_ARG, "%s in %s must not be NULL", #arg, __func__); \
            goto label; \
        } \
    } while (0)

/* In a public call: refuse typed parameters that are no array. */
#define virCheckParamsGoto(params, nparams, label) \
    do { \
        if ((nparams) < 0) { \
            errorReport(VIR_ERR_INVALID_ARG, "%s in %s must be zero or greater", #nparams, \
                        __func__); \
            goto label; \
        } \
        if ((nparams) > 0) \
            virCheckNonNullArgGoto(params, label); \
    } while (0)
