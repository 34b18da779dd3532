/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_hydration.c: the table */

#include "stream/stream_hydration.h"

#define IDLE STREAM_HYDRATION_IDLE
#define WORKING STREAM_HYDRATION_WORKING
#define RESTING STREAM_HYDRATION_RESTING
#define YIELDING STREAM_HYDRATION_YIELDING
#define DONE STREAM_HYDRATION_DONE
#define OFF STREAM_HYDRATION_OFF

/* clang-format off */
static const streamHydrationState
streamHydrationTable[STREAM_HYDRATION_STATE_LAST][STREAM_HYDRATION_EVENT_LAST] = {
    /*              BEGUN     FAILED    REFUSED   THROUGH   STOPPED   YIELDED   GIVEN_BACK CUT */
    [IDLE] =      { WORKING,  RESTING,  OFF,      IDLE,     IDLE,     IDLE,     IDLE,      OFF  },
    [WORKING] =   { WORKING,  RESTING,  OFF,      DONE,     IDLE,     YIELDING, WORKING,   DONE },
    [RESTING] =   { WORKING,  RESTING,  OFF,      RESTING,  RESTING,  RESTING,  RESTING,   OFF  },
    [YIELDING] =  { YIELDING, YIELDING, YIELDING, YIELDING, RESTING,  YIELDING, RESTING,   OFF  },
    [DONE] =      { DONE,     DONE,     DONE,     DONE,     DONE,     DONE,     DONE,      DONE },
    [OFF] =       { OFF,      OFF,      OFF,      OFF,      OFF,      OFF,      OFF,       OFF  },
};
/* clang-format on */

streamHydrationState
streamHydrationNext(streamHydrationState state, streamHydrationEvent event)
{
    return streamHydrationTable[state][event];
}
