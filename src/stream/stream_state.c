/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_state.c: the table of states */

#include "stream/stream_state.h"

/* streamStateMay[from][to] */
/* clang-format off */
static const bool streamStateMay[][VIR_DOMAIN_STREAM_DISK_STATE_FAILED + 1] = {
    /*                 STARTING RUNNING STOPPING COMPLETED STOPPED FAILED */
    /* STARTING  */  { false,   true,   false,   true,     true,   true },
    /* RUNNING   */  { false,   false,  true,    true,     true,   true },
    /* STOPPING  */  { false,   true,   false,   true,     true,   true },
    /* COMPLETED */  { false,   false,  false,   false,    false,  false },
    /* STOPPED   */  { false,   false,  false,   false,    false,  false },
    /* FAILED    */  { false,   false,  false,   false,    false,  false },
};
/* clang-format on */

bool
streamStateIsActive(virDomainStreamDiskStateType state)
{
    return state < VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
}

static int
streamStateEndEvent(virDomainStreamDiskStateType state)
{
    switch (state) {
    case VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED: return VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED;
    case VIR_DOMAIN_STREAM_DISK_STATE_STOPPED: return VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED;
    case VIR_DOMAIN_STREAM_DISK_STATE_FAILED: return VIR_DOMAIN_STREAM_DISK_EVENT_FAILED;
    default: return STREAM_STATE_NO_EVENT;
    }
}

bool
streamStateStep(virDomainStreamDiskStateType *state, virDomainStreamDiskStateType wanted,
                int *event)
{
    if (!streamStateMay[*state][wanted])
        return false;
    if (*state == VIR_DOMAIN_STREAM_DISK_STATE_STARTING) {
        *state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
        *event = VIR_DOMAIN_STREAM_DISK_EVENT_STARTED;
        return true;
    }
    *state = wanted;
    *event = streamStateEndEvent(wanted);
    return true;
}
