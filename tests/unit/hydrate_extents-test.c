/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_extents-test.c: answers that agree, that differ, and that make no sense */

#include "hydrate/hydrate_extents.h"

#define OFFSET 1000
#define LEN 100
#define ZERO 2
#define HOLE 1

/* What the map was told: "OFFSET+LENGTH:DEPTH[z] ..." and, in the end, "= COVERED" */
static GString *testTold;

/* These stand in for hydrate_map.c. */
void
hydrateMapAdd(hydrateMap *self, guint64 offset, guint64 len, guint32 depth, bool zero)
{
    g_string_append_printf(testTold, "%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT ":%u%s ",
                           offset - OFFSET, len, depth, zero ? "z" : "");
}

void
hydrateMapWindowDone(hydrateMap *self, guint64 offset, guint64 len, guint64 covered)
{
    g_assert_cmpuint(offset, ==, OFFSET);
    g_assert_cmpuint(len, ==, LEN);
    g_string_append_printf(testTold, "= %" G_GUINT64_FORMAT, covered);
}

#define NUMBERS 8

typedef struct {
    const char *name;
    guint32 depths[NUMBERS];
    gsize ndepths;
    guint32 states[NUMBERS];
    gsize nstates;
    const char *told;
    guint64 covered;
} testCase;

static const testCase testCases[] = {
    { "one", { 100, 1 }, 2, { 100, 0 }, 2, "0+100:1 = 100", 100 },
    { "flags",
      { 100, 2 },
      2,
      { 40, HOLE, 30, HOLE | ZERO, 30, ZERO },
      6,
      "0+40:2 40+30:2z 70+30:2z = 100",
      100 },
    { "crossed",
      { 40, 1, 60, 2 },
      4,
      { 50, 0, 30, ZERO, 20, 0 },
      6,
      "0+40:1 40+10:2 50+30:2z 80+20:2 = 100",
      100 },
    { "together", { 50, 1, 50, 2 }, 4, { 50, ZERO, 50, 0 }, 4, "0+50:1z 50+50:2 = 100", 100 },
    { "too-long", { 4096, 3 }, 2, { 60, 0, 4096, ZERO }, 4, "0+60:3 60+40:3z = 100", 100 },
    { "depths-end", { 30, 1, 20, 2 }, 4, { 100, 0 }, 2, "0+30:1 30+20:2 = 50", 50 },
    { "states-end", { 100, 2 }, 2, { 70, 0 }, 2, "0+70:2 = 70", 70 },
    { "no-depths", { 0 }, 0, { 100, 0 }, 2, "= 0", 0 },
    { "no-states", { 100, 1 }, 2, { 0 }, 0, "= 0", 0 },
    { "half-an-extent", { 100, 1 }, 2, { 40, 0, 60 }, 3, "0+40:1 = 40", 40 },
    { "of-nothing", { 10, 1, 0, 2, 90, 3 }, 6, { 100, 0 }, 2, "0+10:1 = 10", 10 },
};

static void
testFill(const void *opaque)
{
    const testCase *this = opaque;
    hydrateExtents *extents = hydrateExtentsNew(OFFSET, LEN);

    testTold = g_string_new(NULL);
    hydrateExtentsAddDepths(extents, this->depths, this->ndepths);
    hydrateExtentsAddStates(extents, this->states, this->nstates);
    g_assert_cmpuint(hydrateExtentsFill(extents, NULL), ==, this->covered);
    g_assert_cmpstr(testTold->str, ==, this->told);
    g_string_free(testTold, TRUE);
    hydrateExtentsFree(extents);
}

/* An answer may come in several parts, and the two of them mixed. */
static void
testParts(void)
{
    static const guint32 depths[] = { 60, 1, 40, 2 };
    static const guint32 states[] = { 80, 0, 20, ZERO };
    hydrateExtents *extents = hydrateExtentsNew(OFFSET, LEN);

    testTold = g_string_new(NULL);
    hydrateExtentsAddStates(extents, states, 2);
    hydrateExtentsAddDepths(extents, depths, 2);
    hydrateExtentsAddDepths(extents, depths + 2, 2);
    hydrateExtentsAddStates(extents, states + 2, 2);
    g_assert_cmpuint(hydrateExtentsFill(extents, NULL), ==, LEN);
    g_assert_cmpstr(testTold->str, ==, "0+60:1 60+20:2 80+20:2z = 100");
    g_string_free(testTold, TRUE);
    hydrateExtentsFree(extents);
    hydrateExtentsFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(testCases); i++) {
        g_autofree char *path = g_strconcat("/hydrate_extents/", testCases[i].name, NULL);

        g_test_add_data_func(path, &testCases[i], testFill);
    }
    g_test_add_func("/hydrate_extents/parts", testParts);
    return g_test_run();
}
