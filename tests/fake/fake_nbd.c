/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_nbd.c: stands in for hydrate/hydrate_nbd.c: of an export whose tail is zeroes, or not yet */

#include "hydrate/hydrate_nbd.h"

#include <unistd.h>

#include "fake_call.h"
#include "fake_disk.h"
#include "fake_time.h"
#include "util/error.h"
#include "util/lock.h"

struct _hydrateNbd {
    char *name; /* the disk's */
    char *error;
    GPtrArray *answers; /* of fakeNbdAnswer, still to come */
};

/* To a question about a window of @map; or to a request (@map NULL) */
typedef struct {
    hydrateMap *map;
    guint64 offset;
    guint64 len;
    hydrateNbdDone done;
    void *opaque;
} fakeNbdAnswer;

hydrateNbd *
hydrateNbdNew(int fd, const char *name)
{
    hydrateNbd *self;

    g_assert_cmpint(close(fd), ==, 0);
    if (fakeCallAsk("nbd_new %s", name) < 0)
        return NULL;
    self = g_new0(hydrateNbd, 1);
    self->name = g_strdup(name);
    self->answers = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void
hydrateNbdFree(hydrateNbd *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->answers);
    g_free(self->name);
    g_free(self->error);
    g_free(self);
}

guint64
hydrateNbdGetSize(const hydrateNbd *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return fakeDiskFindByName(self->name)->size;
}

const char *
hydrateNbdGetError(const hydrateNbd *self)
{
    return self->error;
}

bool
hydrateNbdIsIdle(const hydrateNbd *self)
{
    return self->answers->len == 0;
}

static void
fakeNbdAdd(hydrateNbd *self, fakeNbdAnswer answer)
{
    g_ptr_array_add(self->answers, g_memdup2(&answer, sizeof(answer)));
}

void
hydrateNbdBlockStatus(hydrateNbd *self, guint64 offset, guint64 len, hydrateMap *map)
{
    fakeNbdAdd(self, (fakeNbdAnswer) { .map = map, .offset = offset, .len = len });
}

void
hydrateNbdCache(hydrateNbd *self, guint64 offset, guint64 len, hydrateNbdDone done, void *opaque)
{
    fakeCallNote("nbd_cache %s %lu %lu", self->name, (unsigned long) offset, (unsigned long) len);
    fakeNbdAdd(self, (fakeNbdAnswer) { .len = len, .done = done, .opaque = opaque });
}

void
hydrateNbdFlush(hydrateNbd *self, hydrateNbdDone done, void *opaque)
{
    fakeNbdAdd(self, (fakeNbdAnswer) { .done = done, .opaque = opaque });
}

static bool
fakeNbdIsSilent(const hydrateNbd *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return fakeDiskFindByName(self->name)->nbdSilent;
}

static bool
fakeNbdIsFilled(const hydrateNbd *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return fakeDiskFindByName(self->name)->filled;
}

static void
fakeNbdFill(const hydrateNbd *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    fakeDiskFindByName(self->name)->filled = true;
}

static void
fakeNbdAnswerNext(hydrateNbd *self)
{
    g_autofree fakeNbdAnswer *answer = g_memdup2(g_ptr_array_index(self->answers, 0),
                                                 sizeof(fakeNbdAnswer));

    g_ptr_array_remove_index(self->answers, 0);
    if (answer->map) {
        hydrateMapAdd(answer->map, answer->offset, answer->len, fakeNbdIsFilled(self) ? 1 : 0,
                      true);
        hydrateMapWindowDone(answer->map, answer->offset, answer->len, answer->len);
    } else {
        fakeNbdFill(self);
        answer->done(answer->len, 1, answer->opaque);
    }
}

/* Silence takes no time: the clock is set forward. */
void
hydrateNbdWait(hydrateNbd *self, gint64 us, int wake)
{
    if (self->error)
        return;
    if (fakeCallAsk("nbd_wait %s", self->name) < 0)
        self->error = g_strdup(errorText());
    else if (fakeNbdIsSilent(self))
        fakeTimeSkip(us);
    else if (self->answers->len > 0)
        fakeNbdAnswerNext(self);
}
