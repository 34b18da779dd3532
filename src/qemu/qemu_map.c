/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_map.c: one walk over the disk, and queues of ranges */

#include "qemu/qemu_map.h"

/* An answer of one round trip for each extent of a remote chain: small windows, several at once */
#define QEMU_MAP_WINDOW (32 * 1024 * 1024ULL)
#define QEMU_MAP_WINDOWS_MAX 4

/* Beyond the images below nobody far away is asked. */
#define QEMU_MAP_WINDOW_TAIL (1024 * 1024 * 1024ULL)

/* Of memory a MiB; more only by what the answers under way tell */
#define QEMU_MAP_RANGES_MAX 16384

/* Zeroes are copied in bigger ranges, since they are not written; at most what QEMU takes */
#define QEMU_MAP_ZERO_FACTOR 8
#define QEMU_MAP_ZERO_MAX (32 * 1024 * 1024ULL)

typedef struct _qemuMapRange qemuMapRange;
struct _qemuMapRange {
    guint64 offset;
    guint64 len;
};

struct _qemuMap {
    guint64 size;
    guint32 deepest;
    bool tail;       /* what is not in the disk's own image is zeroes, whatever it is */
    guint64 window;
    guint64 asked;   /* up to where windows have been handed out */
    guint64 untold;  /* bytes of the disk that no answer told of so far, nor need to */
    guint64 told;    /* bytes that answers told of */
    guint64 found;   /* of these, what was to be copied */
    guint64 known;   /* of these, what is not handed out */
    guint windows;   /* how many are not answered */
    GQueue again;    /* of qemuMapRange: parts of windows that were not told of */
    GQueue data;     /* of qemuMapRange: to copy, by offset */
    GQueue zeroes;   /* the same */
};

static qemuMap *
qemuMapNewFrom(guint64 begin, guint64 size, guint64 window)
{
    qemuMap *self = g_new0(qemuMap, 1);

    self->size = size;
    self->window = window;
    self->asked = begin;
    self->untold = size - begin;
    g_queue_init(&self->again);
    g_queue_init(&self->data);
    g_queue_init(&self->zeroes);
    return self;
}

qemuMap *
qemuMapNew(guint64 size, guint32 deepest)
{
    qemuMap *self = qemuMapNewFrom(0, size, QEMU_MAP_WINDOW);

    self->deepest = deepest;
    return self;
}

qemuMap *
qemuMapNewTail(guint64 size, guint64 begin)
{
    qemuMap *self = qemuMapNewFrom(MIN(begin, size), size, QEMU_MAP_WINDOW_TAIL);

    self->tail = true;
    return self;
}

void
qemuMapFree(qemuMap *self)
{
    if (!self)
        return;
    g_queue_clear_full(&self->again, g_free);
    g_queue_clear_full(&self->data, g_free);
    g_queue_clear_full(&self->zeroes, g_free);
    g_free(self);
}

static qemuMapRange *
qemuMapRangeNew(guint64 offset, guint64 len)
{
    qemuMapRange *range = g_new(qemuMapRange, 1);

    *range = (qemuMapRange) { .offset = offset, .len = len };
    return range;
}

/* Adds a range at its place: near the end, for windows are answered in about their order. */
static void
qemuMapInsert(GQueue *queue, guint64 offset, guint64 len)
{
    GList *before = queue->tail;
    qemuMapRange *range;

    while (before && ((qemuMapRange *) before->data)->offset > offset)
        before = before->prev;
    range = before ? before->data : NULL;
    if (range && range->offset + range->len == offset)
        range->len += len;
    else
        g_queue_insert_after(queue, before, qemuMapRangeNew(offset, len));
}

/* Takes up to @max bytes off the queue's first range. */
static guint64
qemuMapTake(qemuMap *self, GQueue *queue, guint64 max)
{
    qemuMapRange *range = g_queue_peek_head(queue);
    guint64 len = MIN(range->len, max);

    range->offset += len;
    range->len -= len;
    self->known -= len;
    if (range->len == 0)
        g_free(g_queue_pop_head(queue));
    return len;
}

static bool
qemuMapIsFull(const qemuMap *self)
{
    return self->data.length + self->zeroes.length >= QEMU_MAP_RANGES_MAX;
}

bool
qemuMapNextWindow(qemuMap *self, guint64 *offset, guint64 *len)
{
    qemuMapRange *again;

    if (self->windows >= QEMU_MAP_WINDOWS_MAX || qemuMapIsFull(self))
        return false;
    if ((again = g_queue_pop_head(&self->again))) {
        *offset = again->offset;
        *len = again->len;
        g_free(again);
        self->windows++;
        return true;
    }
    if (self->asked >= self->size)
        return false;
    *offset = self->asked;
    *len = MIN(self->window, self->size - self->asked);
    self->asked += *len;
    self->windows++;
    return true;
}

void
qemuMapAdd(qemuMap *self, guint64 offset, guint64 len, guint32 depth, bool zero)
{
    if (len == 0 || (self->tail ? depth == 1 : depth < 2 || depth > self->deepest))
        return;
    self->found += len;
    self->known += len;
    qemuMapInsert(zero || self->tail ? &self->zeroes : &self->data, offset, len);
}

void
qemuMapWindowDone(qemuMap *self, guint64 offset, guint64 len, guint64 covered)
{
    self->windows--;
    self->told += covered;
    self->untold -= covered;
    if (covered < len)
        g_queue_push_tail(&self->again, qemuMapRangeNew(offset + covered, len - covered));
}

guint64
qemuMapPass(qemuMap *self, guint64 position)
{
    GQueue *const queues[] = { &self->data, &self->zeroes };
    guint64 passed = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(queues); i++) {
        const qemuMapRange *range;

        while ((range = g_queue_peek_head(queues[i])) && range->offset < position)
            passed += qemuMapTake(self, queues[i], position - range->offset);
    }
    position = MIN(position, self->size);
    if (self->asked < position) {
        self->untold -= position - self->asked;
        self->asked = position;
    }
    return passed;
}

/* The queue that is handed out of now; NULL: nothing is. */
static GQueue *
qemuMapGetNext(qemuMap *self)
{
    if (self->data.length > 0)
        return &self->data;
    return self->zeroes.length > 0 && (self->untold == 0 || qemuMapIsFull(self)) ? &self->zeroes
                                                                                 : NULL;
}

/* What one range of the queue may be, if one of data may be @max */
static guint64
qemuMapGetMax(const qemuMap *self, const GQueue *queue, guint64 max)
{
    if (queue == &self->data)
        return max;
    return MIN(max, QEMU_MAP_ZERO_MAX / QEMU_MAP_ZERO_FACTOR) * QEMU_MAP_ZERO_FACTOR;
}

bool
qemuMapNextRange(qemuMap *self, guint64 max, guint64 *offset, guint64 *len)
{
    GQueue *queue = qemuMapGetNext(self);

    if (!queue)
        return false;
    *offset = ((const qemuMapRange *) g_queue_peek_head(queue))->offset;
    *len = qemuMapTake(self, queue, qemuMapGetMax(self, queue, max));
    return true;
}

bool
qemuMapNextZeroes(qemuMap *self, guint64 max, guint64 *offset, guint64 *len)
{
    if (qemuMapGetNext(self) != &self->zeroes)
        return false;
    *offset = ((const qemuMapRange *) g_queue_peek_head(&self->zeroes))->offset;
    *len = qemuMapTake(self, &self->zeroes, max);
    return true;
}

bool
qemuMapIsLast(qemuMap *self, guint64 max)
{
    GQueue *queue = qemuMapGetNext(self);

    return queue && self->untold == 0 && self->known <= qemuMapGetMax(self, queue, max) &&
           self->data.length + self->zeroes.length == 1;
}

bool
qemuMapIsDone(const qemuMap *self)
{
    return self->untold == 0 && self->known == 0;
}

guint64
qemuMapLeft(const qemuMap *self, bool *exact)
{
    double share = self->told > 0 ? (double) self->found / (double) self->told : 1;

    *exact = self->untold == 0;
    return self->known + (guint64) ((double) self->untold * share);
}
