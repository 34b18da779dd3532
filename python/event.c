/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * event.c: Python callbacks for the events of streams
 *
 * libvirt-streamdisk owns the listener of each callback, and frees it once the callback is
 * deregistered and does not run any more. It calls in threads that do not hold the GIL.
 */

#include "event.h"

#include "params.h"

typedef struct {
    PyObject *conn;
    PyObject *callback;
    PyObject *opaque;
} eventListener;

static eventListener *
eventListenerNew(PyObject *conn, PyObject *callback, PyObject *opaque)
{
    eventListener *listener = g_new0(eventListener, 1);

    listener->conn = Py_NewRef(conn);
    listener->callback = Py_NewRef(callback);
    listener->opaque = Py_NewRef(opaque);
    return listener;
}

/* A virFreeCallback */
static void
eventListenerFree(void *opaque)
{
    eventListener *listener = opaque;
    PyGILState_STATE gil = PyGILState_Ensure();

    Py_DECREF(listener->conn);
    Py_DECREF(listener->callback);
    Py_DECREF(listener->opaque);
    PyGILState_Release(gil);
    g_free(listener);
}

static void
eventListenerCall(eventListener *listener, virDomainPtr dom, const char *disk, int event,
                  virTypedParameterPtr params, int nparams)
{
    g_autoptr(PyObject) domain = objectNewDomain(listener->conn, dom);
    g_autoptr(PyObject) dict = domain ? paramsToDict(params, nparams) : NULL;
    g_autoptr(PyObject)
        result = dict ? PyObject_CallFunction(listener->callback, "OOsiOO", listener->conn, domain,
                                              disk, event, dict, listener->opaque)
                      : NULL;

    if (!result)
        PyErr_WriteUnraisable(listener->callback);
}

/* A virConnectStreamDiskEventCallback */
static void
eventListenerOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                     virTypedParameterPtr params, int nparams, void *opaque)
{
    PyGILState_STATE gil = PyGILState_Ensure();

    eventListenerCall(opaque, dom, disk, event, params, nparams);
    PyGILState_Release(gil);
}

static const char eventRegisterDoc[] =
    "streamDiskEventRegister($module, /, conn, dom, cb, opaque=None, flags=0)\n--\n\n"
    "Register a callback for the events of streams; virConnectStreamDiskEventRegister().\n"
    "\n"
    "cb(conn, dom, disk, event, params, opaque) is called from the libvirt event loop for\n"
    "every event of the domain dom, or of all domains if dom is None: event is one of\n"
    "VIR_DOMAIN_STREAM_DISK_EVENT_*, params a dict of VIR_DOMAIN_STREAM_DISK_STATS_*.\n"
    "An exception of cb's goes to sys.unraisablehook. conn, cb and opaque are kept until the\n"
    "callback is deregistered, which it may do itself; do so before closing conn.\n"
    "Returns the callback's id.";

static PyObject *
eventRegister(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "conn", "dom", "cb", "opaque", "flags", NULL };
    virConnectPtr conn;
    virDomainPtr dom;
    PyObject *object;
    PyObject *callback;
    PyObject *opaque = Py_None;
    eventListener *listener;
    unsigned int flags = 0;
    int id;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO&O|OO&:streamDiskEventRegister",
                                     (char **) names, &object, objectGetDomainOrNone, &dom,
                                     &callback, &opaque, objectGetUInt, &flags) ||
        !objectGetConnect(object, &conn))
        return NULL;
    if (!PyCallable_Check(callback))
        return PyErr_Format(PyExc_TypeError, "cb must be callable, not %s",
                            Py_TYPE(callback)->tp_name);

    listener = eventListenerNew(object, callback, opaque);
    Py_BEGIN_ALLOW_THREADS id = virConnectStreamDiskEventRegister(conn, dom, eventListenerOnEvent,
                                                                  listener, eventListenerFree,
                                                                  flags);
    Py_END_ALLOW_THREADS

        if (id < 0)
    {
        objectRaise("virConnectStreamDiskEventRegister");
        eventListenerFree(listener);
        return NULL;
    }
    return PyLong_FromLong(id);
}

static const char
    eventDeregisterDoc[] = "streamDiskEventDeregister($module, /, conn, callbackID)\n--\n\n"
                           "Remove a callback, by the id that streamDiskEventRegister() returned.";

static PyObject *
eventDeregister(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "conn", "callbackID", NULL };
    virConnectPtr conn;
    int id;
    int ret;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&i:streamDiskEventDeregister", (char **) names,
                                     objectGetConnect, &conn, &id))
        return NULL;

    Py_BEGIN_ALLOW_THREADS ret = virConnectStreamDiskEventDeregister(conn, id);
    Py_END_ALLOW_THREADS

        if (ret < 0) return objectRaise("virConnectStreamDiskEventDeregister");
    Py_RETURN_NONE;
}

PyMethodDef eventMethods[] = {
    OBJECT_METHOD("streamDiskEventRegister", eventRegister),
    OBJECT_METHOD("streamDiskEventDeregister", eventDeregister),
    { 0 },
};
