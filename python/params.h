/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* params.h: typed parameters as dicts, both ways; called with the GIL held */

#pragma once

#include "object.h"

/* What is given to a call: freed by itself, with g_auto */
typedef struct {
    virTypedParameterPtr list;
    int n;
    int room;
} paramsGiven;

void paramsGivenClear(paramsGiven *given);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(paramsGiven, paramsGivenClear)

/* A converter for PyArg_Parse's "O&", to a paramsGiven that is empty so far: from a dict, or
 * None. A parameter that is known has its own type; any other goes by its value's (bool, int,
 * float, str), and whether there is such a parameter is for the call to say. */
int paramsFromDict(PyObject *dict, void *given);

/* A new dict; NULL with an exception. */
PyObject *paramsToDict(const virTypedParameter *params, int nparams);
