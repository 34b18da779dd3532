/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* params.c: typed parameters against a list of what is known */

#include "util/params.h"

#include <glib.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

static const char *
paramsTypeName(int type)
{
    static const char *const names[] = {
        "unknown", "int", "uint", "llong", "ullong", "double", "boolean", "string",
    };

    return names[type > 0 && type < (int) G_N_ELEMENTS(names) ? type : 0];
}

/* The type that @name should have; 0 if it is not in the list. */
static int
paramsKnownType(const char *name, va_list known)
{
    const char *candidate;

    while ((candidate = va_arg(known, const char *))) {
        int type = va_arg(known, int);

        if (g_str_equal(candidate, name))
            return type;
    }
    return 0;
}

static int
paramsCheckOne(virTypedParameterPtr params, int i, int type)
{
    /* a field is an array that its writer may have filled to the brim */
    if (!memchr(params[i].field, '\0', sizeof(params[i].field))) {
        errorReport(VIR_ERR_INVALID_ARG, "%s", "the name of a parameter is too long");
        return -1;
    }
    if (type == 0) {
        errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' is not supported", params[i].field);
        return -1;
    }
    if (params[i].type != type) {
        errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' has type '%s', expected '%s'",
                    params[i].field, paramsTypeName(params[i].type), paramsTypeName(type));
        return -1;
    }
    for (int k = 0; k < i; k++) {
        if (g_str_equal(params[k].field, params[i].field)) {
            errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' occurs more than once",
                        params[i].field);
            return -1;
        }
    }
    return 0;
}

int
paramsCheck(virTypedParameterPtr params, int nparams, ...)
{
    for (int i = 0; i < nparams; i++) {
        g_autofree char *name = g_strndup(params[i].field, sizeof(params[i].field));
        va_list known;
        int type;

        va_start(known, nparams);
        type = paramsKnownType(name, known);
        va_end(known);
        if (paramsCheckOne(params, i, type) < 0)
            return -1;
    }
    return 0;
}

int
paramsGetSpeed(virTypedParameterPtr params, int nparams, const char *name,
               unsigned long long *speed)
{
    unsigned long long value;
    int rc = virTypedParamsGetULLong(params, nparams, name, &value);

    if (rc != 1)
        return rc;
    if (value > LLONG_MAX) {
        errorReport(VIR_ERR_OVERFLOW, "%s must be at most %lld", name, LLONG_MAX);
        return -1;
    }
    *speed = value;
    return 1;
}
