/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object.c: from the module libvirt's objects to C's and back */

#include "object.h"

/* A class of the module libvirt, which is imported by now; NULL with an exception. */
static PyObject *
objectClass(const char *name)
{
    g_autoptr(PyObject) libvirt = PyImport_ImportModule("libvirt");

    return libvirt ? PyObject_GetAttrString(libvirt, name) : NULL;
}

/* Stores what is in the capsule of an object of @class: a @type, NULL if it has been given up. */
static int
objectGetPointer(PyObject *object, const char *class, const char *type, void **pointer)
{
    g_autoptr(PyObject) expected = objectClass(class);
    g_autoptr(PyObject) capsule = NULL;
    int matches = expected ? PyObject_IsInstance(object, expected) : -1;

    if (matches < 0)
        return 0;
    if (!matches) {
        PyErr_Format(PyExc_TypeError, "expected a libvirt.%s, not %s", class,
                     Py_TYPE(object)->tp_name);
        return 0;
    }
    if (!(capsule = PyObject_GetAttrString(object, "_o")))
        return 0;
    *pointer = NULL;
    return capsule == Py_None || (*pointer = PyCapsule_GetPointer(capsule, type));
}

int
objectGetDomain(PyObject *object, void *dom)
{
    return objectGetPointer(object, "virDomain", "virDomainPtr", dom);
}

int
objectGetDomainOrNone(PyObject *object, void *dom)
{
    if (object != Py_None)
        return objectGetDomain(object, dom);
    *(virDomainPtr *) dom = NULL;
    return 1;
}

int
objectGetConnect(PyObject *object, void *conn)
{
    return objectGetPointer(object, "virConnect", "virConnectPtr", conn);
}

int
objectGetULLong(PyObject *object, void *value)
{
    g_autoptr(PyObject) number = PyNumber_Index(object);
    unsigned long long converted = number ? PyLong_AsUnsignedLongLong(number) : 0;

    if (PyErr_Occurred())
        return 0;
    *(unsigned long long *) value = converted;
    return 1;
}

int
objectGetUInt(PyObject *object, void *value)
{
    unsigned long long converted;

    if (!objectGetULLong(object, &converted))
        return 0;
    if (converted > UINT_MAX) {
        PyErr_Format(PyExc_OverflowError, "%R is more than %u", object, UINT_MAX);
        return 0;
    }
    *(unsigned int *) value = (unsigned int) converted;
    return 1;
}

PyObject *
objectNewDomain(PyObject *conn, virDomainPtr dom)
{
    g_autoptr(PyObject) class = objectClass("virDomain");
    g_autoptr(PyObject) capsule = PyCapsule_New(dom, "virDomainPtr", NULL);
    PyObject *object = NULL;

    /* the object frees its domain, as every libvirt.virDomain does */
    virDomainRef(dom);
    if (class && capsule)
        object = PyObject_CallFunctionObjArgs(class, conn, capsule, NULL);
    if (!object)
        virDomainFree(dom);
    return object;
}

PyObject *
objectRaise(const char *call)
{
    g_autoptr(PyObject) class = objectClass("libvirtError");
    g_autoptr(PyObject)
        error = class ? PyObject_CallFunction(class, "N", PyUnicode_FromFormat("%s() failed", call))
                      : NULL;

    if (error)
        PyErr_SetObject(class, error);
    return NULL;
}
