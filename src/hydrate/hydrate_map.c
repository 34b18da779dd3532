/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_map.c: one walk over the disk, and queues of ranges */

#include "hydrate/hydrate_map.h"

/* An answer of one round trip for each extent of a remote chain: small windows, several at once */
#define HYDRATE_MAP_WINDOW (32 * 1024 * 1024ULL)
#define HYDRATE_MAP_WINDOWS_MAX 4

/* Beyond the images below nobody far away is asked. */
#define HYDRATE_MAP_WINDOW_TAIL (1024 * 1024 * 1024ULL)

/* Of memory a MiB; more only by what the answers under way tell */
#define HYDRATE_MAP_RANGES_MAX 16384

/* Zeroes are copied in bigger ranges, since they are not written; at most what QEMU takes */
#define HYDRATE_MAP_ZERO_FACTOR 8
#define HYDRATE_MAP_ZERO_MAX (32 * 1024 * 1024ULL)

typedef struct _hydrateMapRange hydrateMapRange;
struct _hydrateMapRange {
    guint64 offset;
    guint64 len;
};

struct _hydrateMap {
    guint64 size;
    guint32 deepest;
    bool tail; /* what is not in the disk's own image is zeroes, whatever it is */
    guint64 window;
    guint64 asked;  /* up to where windows have been handed out */
    guint64 untold; /* bytes of the disk that no answer told of so far, nor need to */
    guint64 told;   /* bytes that answers told of */
    guint64 found;  /* of these, what was to be copied */
    guint64 known;  /* of these, what is not handed out */
    guint windows;  /* how many are not answered */
    GQueue again;   /* of hydrateMapRange: parts of windows that were not told of */
    GQueue data;    /* of hydrateMapRange: to copy, by offset */
    GQueue zeroes;  /* the same */
};

static hydrateMap *
hydrateMapNewFrom(guint64 begin, guint64 size, guint64 window)
{
    hydrateMap *self = g_new0(hydrateMap, 1);

    self->size = size;
    self->window = window;
    self->asked = begin;
    self->untold = size - begin;
    g_queue_init(&self->again);
    g_queue_init(&self->data);
    g_queue_init(&self->zeroes);
    return self;
}

hydrateMap *
hydrateMapNew(guint64 size, guint32 deepest)
{
    hydrateMap *self = hydrateMapNewFrom(0, size, HYDRATE_MAP_WINDOW);

    self->deepest = deepest;
    return self;
}

hydrateMap *
hydrateMapNewTail(guint64 size, guint64 begin)
{
    hydrateMap *self = hydrateMapNewFrom(MIN(begin, size), size, HYDRATE_MAP_WINDOW_TAIL);

    self->tail = true;
    return self;
}

void
hydrateMapFree(hydrateMap *self)
{
    if (!self)
        return;
    g_queue_clear_full(&self->again, g_free);
    g_queue_clear_full(&self->data, g_free);
    g_queue_clear_full(&self->zeroes, g_free);
    g_free(self);
}

static hydrateMapRange *
hydrateMapRangeNew(guint64 offset, guint64 len)
{
    hydrateMapRange *range = g_new(hydrateMapRange, 1);

    *range = (hydrateMapRange) { .offset = offset, .len = len };
    return range;
}

/* Adds a range at its place: near the end, for windows are answered in about their order. */
static void
hydrateMapInsert(GQueue *queue, guint64 offset, guint64 len)
{
    GList *before = queue->tail;
    hydrateMapRange *range;

    while (before && ((hydrateMapRange *) before->data)->offset > offset)
        before = before->prev;
    range = before ? before->data : NULL;
    if (range && range->offset + range->len == offset)
        range->len += len;
    else
        g_queue_insert_after(queue, before, hydrateMapRangeNew(offset, len));
}

/* Takes up to @max bytes off the queue's first range. */
static guint64
hydrateMapTake(hydrateMap *self, GQueue *queue, guint64 max)
{
    hydrateMapRange *range = g_queue_peek_head(queue);
    guint64 len = MIN(range->len, max);

    range->offset += len;
    range->len -= len;
    self->known -= len;
    if (range->len == 0)
        g_free(g_queue_pop_head(queue));
    return len;
}

static bool
hydrateMapIsFull(const hydrateMap *self)
{
    return self->data.length + self->zeroes.length >= HYDRATE_MAP_RANGES_MAX;
}

bool
hydrateMapNextWindow(hydrateMap *self, guint64 *offset, guint64 *len)
{
    hydrateMapRange *again;

    if (self->windows >= HYDRATE_MAP_WINDOWS_MAX || hydrateMapIsFull(self))
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
hydrateMapAdd(hydrateMap *self, guint64 offset, guint64 len, guint32 depth, bool zero)
{
    if (len == 0 || (self->tail ? depth == 1 : depth < 2 || depth > self->deepest))
        return;
    self->found += len;
    self->known += len;
    hydrateMapInsert(zero || self->tail ? &self->zeroes : &self->data, offset, len);
}

void
hydrateMapWindowDone(hydrateMap *self, guint64 offset, guint64 len, guint64 covered)
{
    self->windows--;
    self->told += covered;
    self->untold -= covered;
    if (covered < len)
        g_queue_push_tail(&self->again, hydrateMapRangeNew(offset + covered, len - covered));
}

guint64
hydrateMapPass(hydrateMap *self, guint64 position)
{
    GQueue *const queues[] = { &self->data, &self->zeroes };
    guint64 passed = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(queues); i++) {
        const hydrateMapRange *range;

        while ((range = g_queue_peek_head(queues[i])) && range->offset < position)
            passed += hydrateMapTake(self, queues[i], position - range->offset);
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
hydrateMapGetNext(hydrateMap *self)
{
    if (self->data.length > 0)
        return &self->data;
    return self->zeroes.length > 0 && (self->untold == 0 || hydrateMapIsFull(self)) ? &self->zeroes
                                                                                    : NULL;
}

/* What one range of the queue may be, if one of data may be @max */
static guint64
hydrateMapGetMax(const hydrateMap *self, const GQueue *queue, guint64 max)
{
    if (queue == &self->data)
        return max;
    return MIN(max, HYDRATE_MAP_ZERO_MAX / HYDRATE_MAP_ZERO_FACTOR) * HYDRATE_MAP_ZERO_FACTOR;
}

bool
hydrateMapNextRange(hydrateMap *self, guint64 max, guint64 *offset, guint64 *len)
{
    GQueue *queue = hydrateMapGetNext(self);

    if (!queue)
        return false;
    *offset = ((const hydrateMapRange *) g_queue_peek_head(queue))->offset;
    *len = hydrateMapTake(self, queue, hydrateMapGetMax(self, queue, max));
    return true;
}

bool
hydrateMapNextZeroes(hydrateMap *self, guint64 max, guint64 *offset, guint64 *len)
{
    if (hydrateMapGetNext(self) != &self->zeroes)
        return false;
    *offset = ((const hydrateMapRange *) g_queue_peek_head(&self->zeroes))->offset;
    *len = hydrateMapTake(self, &self->zeroes, max);
    return true;
}

bool
hydrateMapIsLast(hydrateMap *self, guint64 max)
{
    GQueue *queue = hydrateMapGetNext(self);

    return queue && self->untold == 0 && self->known <= hydrateMapGetMax(self, queue, max) &&
           self->data.length + self->zeroes.length == 1;
}

bool
hydrateMapIsDone(const hydrateMap *self)
{
    return self->untold == 0 && self->known == 0;
}

guint64
hydrateMapLeft(const hydrateMap *self, bool *exact)
{
    double share = self->told > 0 ? (double) self->found / (double) self->told : 1;

    *exact = self->untold == 0;
    return self->known + (guint64) ((double) self->untold * share);
}
