/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* params.c: from dicts to typed parameters and back */

#include "params.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name;
    virTypedParameterType type;
} paramsKnown[] = {
    { VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH, VIR_TYPED_PARAM_ULLONG },
    { VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE, VIR_TYPED_PARAM_BOOLEAN },
    { VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL, VIR_TYPED_PARAM_ULLONG },
    { VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, VIR_TYPED_PARAM_DOUBLE },
    { VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, VIR_TYPED_PARAM_ULLONG },
    { VIR_DOMAIN_STREAM_DISK_PARAM_FAST, VIR_TYPED_PARAM_BOOLEAN },
    { VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, VIR_TYPED_PARAM_ULLONG },
    { VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, VIR_TYPED_PARAM_BOOLEAN },
};

void
paramsGivenClear(paramsGiven *given)
{
    virTypedParamsFree(given->list, given->n);
    *given = (paramsGiven) { 0 };
}

/* TypeError: returns -1. */
static int
paramsRefuse(const char *name, const char *expected, PyObject *value)
{
    PyErr_Format(PyExc_TypeError, "parameter '%s' must be %s, not %s", name, expected,
                 Py_TYPE(value)->tp_name);
    return -1;
}

/* OverflowError: returns -1. */
static int
paramsRefuseRange(const char *name, PyObject *value)
{
    PyErr_Format(PyExc_OverflowError, "parameter '%s' is out of range: %R", name, value);
    return -1;
}

/* UTF-8 that lives as long as @object, which is @what; NULL with an exception. */
static const char *
paramsGetText(PyObject *object, const char *what)
{
    Py_ssize_t length;
    const char *text;

    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %s", what, Py_TYPE(object)->tp_name);
        return NULL;
    }
    if ((text = PyUnicode_AsUTF8AndSize(object, &length)) && strlen(text) != (size_t) length) {
        PyErr_Format(PyExc_ValueError, "%s has a null character in it", what);
        return NULL;
    }
    return text;
}

static bool
paramsIsInt(PyObject *value)
{
    return PyLong_Check(value) && !PyBool_Check(value);
}

/* -1 with an exception */
static int
paramsGetType(const char *name, PyObject *value)
{
    int overflow;

    for (size_t i = 0; i < G_N_ELEMENTS(paramsKnown); i++) {
        if (strcmp(paramsKnown[i].name, name) == 0)
            return paramsKnown[i].type;
    }
    if (PyBool_Check(value))
        return VIR_TYPED_PARAM_BOOLEAN;
    if (PyLong_Check(value))
        return PyLong_AsLongLongAndOverflow(value, &overflow) >= 0 || overflow > 0
                 ? VIR_TYPED_PARAM_ULLONG
                 : VIR_TYPED_PARAM_LLONG;
    if (PyFloat_Check(value))
        return VIR_TYPED_PARAM_DOUBLE;
    if (PyUnicode_Check(value))
        return VIR_TYPED_PARAM_STRING;
    return paramsRefuse(name, "int, float, bool or str", value);
}

static int
paramsAddULLong(paramsGiven *given, const char *name, PyObject *value)
{
    unsigned long long number;

    if (!paramsIsInt(value))
        return paramsRefuse(name, "int", value);
    number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred())
        return paramsRefuseRange(name, value);
    return virTypedParamsAddULLong(&given->list, &given->n, &given->room, name, number);
}

static int
paramsAddLLong(paramsGiven *given, const char *name, PyObject *value)
{
    long long number = PyLong_AsLongLong(value);

    if (PyErr_Occurred())
        return paramsRefuseRange(name, value);
    return virTypedParamsAddLLong(&given->list, &given->n, &given->room, name, number);
}

static int
paramsAddDouble(paramsGiven *given, const char *name, PyObject *value)
{
    double number;

    if (!paramsIsInt(value) && !PyFloat_Check(value))
        return paramsRefuse(name, "float", value);
    number = PyFloat_AsDouble(value);
    if (PyErr_Occurred())
        return paramsRefuseRange(name, value);
    return virTypedParamsAddDouble(&given->list, &given->n, &given->room, name, number);
}

static int
paramsAddBoolean(paramsGiven *given, const char *name, PyObject *value)
{
    if (!PyBool_Check(value))
        return paramsRefuse(name, "bool", value);
    return virTypedParamsAddBoolean(&given->list, &given->n, &given->room, name, value == Py_True);
}

static int
paramsAddString(paramsGiven *given, const char *name, PyObject *value)
{
    const char *text = paramsGetText(value, name);

    return text ? virTypedParamsAddString(&given->list, &given->n, &given->room, name, text) : -1;
}

static int
paramsAdd(paramsGiven *given, PyObject *key, PyObject *value)
{
    const char *name = paramsGetText(key, "the name of a parameter");
    int rc = -1;

    if (!name)
        return -1;
    switch (paramsGetType(name, value)) {
    case VIR_TYPED_PARAM_ULLONG: rc = paramsAddULLong(given, name, value); break;
    case VIR_TYPED_PARAM_LLONG: rc = paramsAddLLong(given, name, value); break;
    case VIR_TYPED_PARAM_DOUBLE: rc = paramsAddDouble(given, name, value); break;
    case VIR_TYPED_PARAM_BOOLEAN: rc = paramsAddBoolean(given, name, value); break;
    case VIR_TYPED_PARAM_STRING: rc = paramsAddString(given, name, value); break;
    default: break;
    }
    if (rc < 0 && !PyErr_Occurred())
        objectRaise("virTypedParamsAdd"); /* libvirt's error: the name is too long */
    return rc;
}

int
paramsFromDict(PyObject *dict, void *given)
{
    PyObject *key;
    PyObject *value;
    Py_ssize_t position = 0;

    if (dict == Py_None)
        return 1;
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "params must be dict, not %s", Py_TYPE(dict)->tp_name);
        return 0;
    }
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (paramsAdd(given, key, value) < 0)
            return 0;
    }
    return 1;
}

static PyObject *
paramsGetValue(const virTypedParameter *param)
{
    switch ((virTypedParameterType) param->type) {
    case VIR_TYPED_PARAM_INT: return PyLong_FromLong(param->value.i);
    case VIR_TYPED_PARAM_UINT: return PyLong_FromUnsignedLong(param->value.ui);
    case VIR_TYPED_PARAM_LLONG: return PyLong_FromLongLong(param->value.l);
    case VIR_TYPED_PARAM_ULLONG: return PyLong_FromUnsignedLongLong(param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE: return PyFloat_FromDouble(param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN: return PyBool_FromLong(param->value.b);
    case VIR_TYPED_PARAM_STRING: return PyUnicode_FromString(param->value.s);
    }
    return PyErr_Format(PyExc_LookupError, "parameter '%s' is of an unknown type, %d", param->field,
                        param->type);
}

PyObject *
paramsToDict(const virTypedParameter *params, int nparams)
{
    g_autoptr(PyObject) dict = PyDict_New();

    for (int i = 0; dict && i < nparams; i++) {
        g_autoptr(PyObject) name = PyUnicode_FromString(params[i].field);
        g_autoptr(PyObject) value = paramsGetValue(&params[i]);

        if (!name || !value || PyDict_SetItem(dict, name, value) < 0)
            return NULL;
    }
    return g_steal_pointer(&dict);
}
