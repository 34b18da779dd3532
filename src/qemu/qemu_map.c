/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_map.c: two walks over the disk, with queues of windows and of ranges */

#include "qemu/qemu_map.h"

/* An answer of one round trip for each extent of a remote chain: small windows, several at once */
#define QEMU_MAP_WINDOW (32 * 1024 * 1024ULL)
#define QEMU_MAP_WINDOWS_MAX 4

/* Enough ahead for the fastest copying while a window is answered */
#define QEMU_MAP_KNOWN_MAX (512 * 1024 * 1024ULL)
#define QEMU_MAP_RANGES_MAX 8192

/* Zeroes are copied in the biggest ranges that QEMU takes */
#define QEMU_MAP_ZERO_RANGE (32 * 1024 * 1024ULL)

typedef struct _qemuMapRange qemuMapRange;
struct _qemuMapRange {
    guint64 offset;
    guint64 len;
};

struct _qemuMap {
    guint64 size;
    guint32 deepest;
    bool zeroes;         /* the second walk */
    bool zeroesSeen;     /* there is something for it */
    guint64 asked;       /* up to where windows have been handed out */
    guint windows;       /* how many of them are not answered */
    GQueue again;        /* of qemuMapRange: parts of windows that were not told of */
    GQueue ranges;       /* of qemuMapRange: to copy, by offset within a window */
    guint64 known;       /* bytes in ranges */
};

qemuMap *
qemuMapNew(guint64 size, guint32 deepest)
{
    qemuMap *self = g_new0(qemuMap, 1);

    self->size = size;
    self->deepest = deepest;
    g_queue_init(&self->again);
    g_queue_init(&self->ranges);
    return self;
}

void
qemuMapFree(qemuMap *self)
{
    if (!self)
        return;
    g_queue_clear_full(&self->again, g_free);
    g_queue_clear_full(&self->ranges, g_free);
    g_free(self);
}

static void
qemuMapPush(GQueue *queue, guint64 offset, guint64 len)
{
    qemuMapRange *range = g_new(qemuMapRange, 1);

    *range = (qemuMapRange) { .offset = offset, .len = len };
    g_queue_push_tail(queue, range);
}

/* Begins the second walk, once the first is through, if there is reason. */
static void
qemuMapTurn(qemuMap *self)
{
    if (self->zeroes || !self->zeroesSeen || self->asked < self->size || self->windows > 0 ||
        self->ranges.length > 0 || self->again.length > 0)
        return;
    self->zeroes = true;
    self->asked = 0;
}

bool
qemuMapNextWindow(qemuMap *self, guint64 *offset, guint64 *len)
{
    qemuMapRange *again;

    if (self->windows >= QEMU_MAP_WINDOWS_MAX || self->known >= QEMU_MAP_KNOWN_MAX ||
        self->ranges.length >= QEMU_MAP_RANGES_MAX)
        return false;
    if ((again = g_queue_pop_head(&self->again))) {
        *offset = again->offset;
        *len = again->len;
        g_free(again);
        self->windows++;
        return true;
    }
    qemuMapTurn(self);
    if (self->asked >= self->size)
        return false;
    *offset = self->asked;
    *len = MIN(QEMU_MAP_WINDOW, self->size - self->asked);
    self->asked += *len;
    self->windows++;
    return true;
}

void
qemuMapAdd(qemuMap *self, guint64 offset, guint64 len, guint32 depth, bool zero)
{
    qemuMapRange *last = g_queue_peek_tail(&self->ranges);

    if (depth < 2 || depth > self->deepest || len == 0)
        return;
    if (zero != self->zeroes) { /* data of the second walk is what is being copied right now */
        self->zeroesSeen |= zero;
        return;
    }
    self->known += len;
    if (last && last->offset + last->len == offset)
        last->len += len;
    else
        qemuMapPush(&self->ranges, offset, len);
}

void
qemuMapWindowDone(qemuMap *self, guint64 offset, guint64 len, guint64 covered)
{
    self->windows--;
    if (covered < len)
        qemuMapPush(&self->again, offset + covered, len - covered);
}

bool
qemuMapNextRange(qemuMap *self, guint64 max, guint64 *offset, guint64 *len)
{
    qemuMapRange *range = g_queue_peek_head(&self->ranges);

    if (!range)
        return false;
    *offset = range->offset;
    *len = MIN(range->len, self->zeroes ? QEMU_MAP_ZERO_RANGE : max);
    range->offset += *len;
    range->len -= *len;
    self->known -= *len;
    if (range->len == 0)
        g_free(g_queue_pop_head(&self->ranges));
    return true;
}

bool
qemuMapIsDone(const qemuMap *self)
{
    return self->asked >= self->size && self->windows == 0 && self->ranges.length == 0 &&
           self->again.length == 0 && (self->zeroes || !self->zeroesSeen);
}

guint64
qemuMapKnown(const qemuMap *self)
{
    return self->known;
}
