/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connect.c: the calls on a connection but events' */

#include "connect.h"

#include "params.h"

static const char connectListAllStreamDisksDoc[] =
    "listAllStreamDisks($module, /, conn, flags=0)\n--\n\n"
    "The active streams of all domains of a connection; virConnectListAllStreamDisks().\n"
    "\n"
    "Returns a list of dicts: 'dom' (a libvirt.virDomain), 'disk' (its target, 'vda') and\n"
    "'params' (a dict of VIR_DOMAIN_STREAM_DISK_STATS_*).";

static PyObject *
connectNewRecord(PyObject *conn, virDomainStreamDiskRecordPtr record)
{
    g_autoptr(PyObject) dom = objectNewDomain(conn, record->dom);
    g_autoptr(PyObject) params = dom ? paramsToDict(record->params, record->nparams) : NULL;

    return params
             ? Py_BuildValue("{s:O,s:s,s:O}", "dom", dom, "disk", record->disk, "params", params)
             : NULL;
}

static PyObject *
connectNewRecords(PyObject *conn, virDomainStreamDiskRecordPtr *records, int n)
{
    g_autoptr(PyObject) list = PyList_New(n);

    for (int i = 0; list && i < n; i++) {
        PyObject *record = connectNewRecord(conn, records[i]);

        if (!record)
            return NULL;
        PyList_SET_ITEM(list, i, record);
    }
    return g_steal_pointer(&list);
}

static PyObject *
connectListAllStreamDisks(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "conn", "flags", NULL };
    virDomainStreamDiskRecordPtr *records = NULL;
    virConnectPtr conn;
    PyObject *object;
    PyObject *list;
    unsigned int flags = 0;
    int n;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O&:listAllStreamDisks", (char **) names,
                                     &object, objectGetUInt, &flags) ||
        !objectGetConnect(object, &conn))
        return NULL;

    Py_BEGIN_ALLOW_THREADS n = virConnectListAllStreamDisks(conn, &records, flags);
    Py_END_ALLOW_THREADS

        if (n < 0) return objectRaise("virConnectListAllStreamDisks");
    list = connectNewRecords(object, records, n);
    virDomainStreamDiskRecordListFree(records);
    return list;
}

PyMethodDef connectMethods[] = {
    OBJECT_METHOD("listAllStreamDisks", connectListAllStreamDisks),
    { 0 },
};
