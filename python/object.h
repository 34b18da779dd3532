/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * object.h: the objects and errors of the module libvirt, on which this one works
 *
 * All are called with the GIL held. Converters are for PyArg_Parse's "O&": they return 1,
 * or 0 with an exception.
 */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>

/* For g_autoptr; NULL is accepted */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PyObject, Py_DecRef)

/* The entry of @function, which takes keywords, with @function##Doc, in a table of methods */
#define OBJECT_METHOD(name, function) \
    { name, (PyCFunction) (void (*)(void)) function, METH_VARARGS | METH_KEYWORDS, function##Doc }

/* Converters to a virDomainPtr or virConnectPtr, which stays the object's: of a
 * libvirt.virDomain, of one or None (NULL), of a libvirt.virConnect (NULL once closed). */
int objectGetDomain(PyObject *object, void *dom);
int objectGetDomainOrNone(PyObject *object, void *dom);
int objectGetConnect(PyObject *object, void *conn);

/* Converters to an unsigned int and an unsigned long long; OverflowError for what does not fit */
int objectGetUInt(PyObject *object, void *value);
int objectGetULLong(PyObject *object, void *value);

/* A new libvirt.virDomain, of the libvirt.virConnect @conn, with a reference of its own on
 * @dom; NULL with an exception. */
PyObject *objectNewDomain(PyObject *conn, virDomainPtr dom);

/* Raises libvirt.libvirtError, which takes the thread's last error; @call has failed.
 * Returns NULL. */
PyObject *objectRaise(const char *call);
