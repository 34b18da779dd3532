/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module.c: the extension module libvirt_streamdisk._native: every call of libvirt-streamdisk.h
 *
 * It has no state: what it needs of the module libvirt it looks up there.
 */

#include "connect.h"
#include "domain.h"
#include "event.h"

static int
moduleFill(PyObject *module)
{
    PyMethodDef *methods[] = { domainMethods, connectMethods, eventMethods };

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (PyModule_AddFunctions(module, methods[i]) < 0)
            return -1;
    }
    return 0;
}

static PyModuleDef_Slot moduleSlots[] = {
    { Py_mod_exec, moduleFill },
    { 0, NULL },
};

static PyModuleDef moduleDef = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "The calls of libvirt-streamdisk.h, by the rules that libvirt_streamdisk tells.",
    .m_slots = moduleSlots,
};

PyMODINIT_FUNC PyInit__native(void);

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&moduleDef);
}
