/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c: the calls on a domain */

#include "domain.h"

#include "params.h"

/* Most guests have fewer disks, and need one call. */
#define DOMAIN_STATES 16

static const char domainStreamDiskDoc[] =
    "streamDisk($module, /, dom, disk, offset=0, flags=0)\n--\n\n"
    "Start or stop streaming a disk of a running domain; virDomainStreamDisk().\n"
    "\n"
    "disk is its target ('vda'), the path of its top image, or its alias. With\n"
    "VIR_DOMAIN_STREAM_DISK_START the whole disk is streamed in the background, with\n"
    "VIR_DOMAIN_STREAM_DISK_STOP the stream ends and what is copied stays.\n"
    "Returns 0. VIR_DOMAIN_STREAM_DISK_ONE is refused.";

static PyObject *
domainStreamDisk(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "dom", "disk", "offset", "flags", NULL };
    virDomainPtr dom;
    const char *disk;
    unsigned long long offset = 0;
    unsigned int flags = 0;
    long long ret;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&s|O&O&:streamDisk", (char **) names,
                                     objectGetDomain, &dom, &disk, objectGetULLong, &offset,
                                     objectGetUInt, &flags))
        return NULL;

    Py_BEGIN_ALLOW_THREADS ret = virDomainStreamDisk(dom, disk, offset, flags);
    Py_END_ALLOW_THREADS

            return ret < 0
        ? objectRaise("virDomainStreamDisk")
        : PyLong_FromLongLong(ret);
}

static const char domainStreamDiskInfoDoc[] =
    "streamDiskInfo($module, /, dom, flags=0)\n--\n\n"
    "The active streams of a running domain, the oldest first; virDomainStreamDiskInfo().\n"
    "\n"
    "Returns a list of dicts: 'alias' ('virtio-disk0'), 'target' ('vda'), 'offset' and\n"
    "'size' (where it is and where it ends, in bytes).";

static PyObject *
domainNewStates(virDomainStreamDiskStatePtr states, int n)
{
    g_autoptr(PyObject) list = PyList_New(n);

    for (int i = 0; list && i < n; i++) {
        PyObject *state = Py_BuildValue("{s:s,s:s,s:K,s:K}", "alias", states[i].alias, "target",
                                        states[i].target, "offset", states[i].offset, "size",
                                        states[i].size);

        if (!state)
            return NULL;
        PyList_SET_ITEM(list, i, state);
    }
    return g_steal_pointer(&list);
}

static PyObject *
domainStreamDiskInfo(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "dom", "flags", NULL };
    g_autofree virDomainStreamDiskStatePtr states = NULL;
    virDomainPtr dom;
    unsigned int flags = 0;
    int room = DOMAIN_STATES;
    int n;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|O&:streamDiskInfo", (char **) names,
                                     objectGetDomain, &dom, objectGetUInt, &flags))
        return NULL;

    Py_BEGIN_ALLOW_THREADS states = g_new(virDomainStreamDiskState, room);
    while ((n = virDomainStreamDiskInfo(dom, states, room, flags)) > room) {
        room = n;
        states = g_renew(virDomainStreamDiskState, states, room);
    }
    Py_END_ALLOW_THREADS

            return n < 0
        ? objectRaise("virDomainStreamDiskInfo")
        : domainNewStates(states, n);
}

static const char domainStreamDiskStartDoc[] =
    "streamDiskStart($module, /, dom, disk, base=None, params=None, flags=0)\n--\n\n"
    "Stream a disk in the background; virDomainStreamDiskStart().\n"
    "\n"
    "base is the image of the disk's chain that stays as its backing, by path or as\n"
    "'vda[2]'; None for none. params is a dict of VIR_DOMAIN_STREAM_DISK_PARAM_*.";

static PyObject *
domainStreamDiskStart(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "dom", "disk", "base", "params", "flags", NULL };
    g_auto(paramsGiven) params = { 0 };
    virDomainPtr dom;
    const char *disk;
    const char *base = NULL;
    unsigned int flags = 0;
    int ret;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&s|zO&O&:streamDiskStart", (char **) names,
                                     objectGetDomain, &dom, &disk, &base, paramsFromDict, &params,
                                     objectGetUInt, &flags))
        return NULL;

    Py_BEGIN_ALLOW_THREADS ret = virDomainStreamDiskStart(dom, disk, base, params.list, params.n,
                                                          flags);
    Py_END_ALLOW_THREADS

        if (ret < 0) return objectRaise("virDomainStreamDiskStart");
    Py_RETURN_NONE;
}

static const char domainStreamDiskSetParametersDoc[] =
    "streamDiskSetParameters($module, /, dom, disk, params, flags=0)\n--\n\n"
    "Change parameters of a stream while it runs; virDomainStreamDiskSetParameters().\n"
    "\n"
    "params is a dict of VIR_DOMAIN_STREAM_DISK_PARAM_*.";

static PyObject *
domainStreamDiskSetParameters(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "dom", "disk", "params", "flags", NULL };
    g_auto(paramsGiven) params = { 0 };
    virDomainPtr dom;
    const char *disk;
    unsigned int flags = 0;
    int ret;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&sO&|O&:streamDiskSetParameters",
                                     (char **) names, objectGetDomain, &dom, &disk, paramsFromDict,
                                     &params, objectGetUInt, &flags))
        return NULL;

    Py_BEGIN_ALLOW_THREADS ret = virDomainStreamDiskSetParameters(dom, disk, params.list, params.n,
                                                                  flags);
    Py_END_ALLOW_THREADS

        if (ret < 0) return objectRaise("virDomainStreamDiskSetParameters");
    Py_RETURN_NONE;
}

static const char domainStreamDiskGetStatsDoc[] =
    "streamDiskGetStats($module, /, dom, disk, flags=0)\n--\n\n"
    "All that is known of a stream; virDomainStreamDiskGetStats().\n"
    "\n"
    "Returns a dict of VIR_DOMAIN_STREAM_DISK_STATS_*. What is not known is left out.";

static PyObject *
domainStreamDiskGetStats(PyObject *module, PyObject *args, PyObject *kwargs)
{
    const char *names[] = { "dom", "disk", "flags", NULL };
    virTypedParameterPtr params = NULL;
    PyObject *dict;
    virDomainPtr dom;
    const char *disk;
    unsigned int flags = 0;
    int nparams = 0;
    int ret;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&s|O&:streamDiskGetStats", (char **) names,
                                     objectGetDomain, &dom, &disk, objectGetUInt, &flags))
        return NULL;

    Py_BEGIN_ALLOW_THREADS ret = virDomainStreamDiskGetStats(dom, disk, &params, &nparams, flags);
    Py_END_ALLOW_THREADS

        if (ret < 0) return objectRaise("virDomainStreamDiskGetStats");
    dict = paramsToDict(params, nparams);
    virTypedParamsFree(params, nparams);
    return dict;
}

PyMethodDef domainMethods[] = {
    OBJECT_METHOD("streamDisk", domainStreamDisk),
    OBJECT_METHOD("streamDiskInfo", domainStreamDiskInfo),
    OBJECT_METHOD("streamDiskStart", domainStreamDiskStart),
    OBJECT_METHOD("streamDiskSetParameters", domainStreamDiskSetParameters),
    OBJECT_METHOD("streamDiskGetStats", domainStreamDiskGetStats),
    { 0 },
};
