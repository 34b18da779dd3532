/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli-stats-test.c: statistics as words, and those that are not known */

#include "cli-stats.h"

static cliStats
statsNew(int state, unsigned long long done, unsigned long long total)
{
    cliStats stats = { 0 };
    int max = 0;

    virTypedParamsAddInt(&stats.params, &stats.nparams, &max, VIR_DOMAIN_STREAM_DISK_STATS_STATE,
                         state);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, done);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, total);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, 0);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, 65000);
    virTypedParamsAddDouble(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, 1.5);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, 500);
    virTypedParamsAddBoolean(&stats.params, &stats.nparams, &max, VIR_DOMAIN_STREAM_DISK_PARAM_FAST,
                             0);
    virTypedParamsAddULLong(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, 90);
    virTypedParamsAddBoolean(&stats.params, &stats.nparams, &max,
                             VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, 1);
    virTypedParamsAddString(&stats.params, &stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_REASON, "No space left on device");
    return stats;
}

static void
statsAssert(const cliStats *stats, const char *field, const char *expected)
{
    g_autofree char *text = cliStatsText(stats, field);

    g_assert_cmpstr(text, ==, expected);
}

static void
statsTestText(void)
{
    g_auto(cliStats) stats = statsNew(VIR_DOMAIN_STREAM_DISK_STATE_FAILED, 1 << 20, 2 << 20);
    g_autofree char *sizes = cliStatsSizes(&stats);

    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_STATS_STATE, "failed");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, "1.0 MiB");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, "none");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, "1m05s");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, "1.5x");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, "0.5 ms");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_PARAM_FAST, "no");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, "1m30s");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, "yes");
    statsAssert(&stats, VIR_DOMAIN_STREAM_DISK_STATS_REASON, "No space left on device");
    g_assert_cmpstr(sizes, ==, "1024.0/2048.0 KiB");
}

static void
statsTestUnknown(void)
{
    const cliStats none = { 0 };
    g_autofree char *sizes = cliStatsSizes(&none);

    g_assert_cmpstr(sizes, ==, "-");
    statsAssert(&none, VIR_DOMAIN_STREAM_DISK_STATS_STATE, "-");
    statsAssert(&none, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, "-");
    statsAssert(&none, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, "-");
    statsAssert(&none, VIR_DOMAIN_STREAM_DISK_STATS_BASE, "-");
    statsAssert(&none, VIR_DOMAIN_STREAM_DISK_PARAM_FAST, "-");
    g_assert_cmpint(cliStatsState(&none), ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_assert_cmpint(cliStatsPercent(&none), ==, 0);
}

static void
statsTestFinishing(void)
{
    const cliStats none = { 0 };
    g_auto(cliStats) stats = { 0 };
    int max = 0;

    virTypedParamsAddInt(&stats.params, &stats.nparams, &max, VIR_DOMAIN_STREAM_DISK_STATS_PHASE,
                         VIR_DOMAIN_STREAM_DISK_PHASE_FINISH);
    g_assert_true(cliStatsIsFinishing(&stats));
    stats.params[0].value.i = VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
    g_assert_false(cliStatsIsFinishing(&stats));
    g_assert_false(cliStatsIsFinishing(&none));
}

static void
statsTestPercent(void)
{
    g_auto(cliStats) running = statsNew(VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, 100, 100);
    g_auto(cliStats) half = statsNew(VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, 50, 100);
    g_auto(cliStats) completed = statsNew(VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, 0, 0);

    g_assert_cmpint(cliStatsPercent(&running), ==, 99);
    g_assert_cmpint(cliStatsPercent(&half), ==, 50);
    g_assert_cmpint(cliStatsPercent(&completed), ==, 100);
}

static void
statsAssertHmp(int state, const char *expected)
{
    g_auto(cliStats) stats = statsNew(state, 1 << 20, 2 << 20);
    g_autofree char *line = NULL;

    stats.params[3].value.ul = 65536; /* the bandwidth */
    line = cliStatsHmp(&stats, "vda");
    g_assert_cmpstr(line, ==, expected);
}

/* hmp_info_block_jobs() of QEMU has these words. */
static void
statsTestHmp(void)
{
    static const char line[] = "Streaming device vda: Completed 1048576 of 2097152 bytes, "
                               "speed limit 65536 bytes/s";
    const cliStats none = { 0 };
    g_autofree char *unknown = cliStatsHmp(&none, "sda");

    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_STARTING, line);
    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, line);
    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, line);
    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL);
    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL);
    statsAssertHmp(VIR_DOMAIN_STREAM_DISK_STATE_FAILED, NULL);
    g_assert_cmpstr(unknown, ==,
                    "Streaming device sda: Completed 0 of 0 bytes, speed limit 0 bytes/s");
}

static void
statsTestWord(void)
{
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_PHASE,
                                 VIR_DOMAIN_STREAM_DISK_PHASE_WAIT),
                    ==, "wait");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                                 VIR_DOMAIN_STREAM_DISK_BASIS_POSITION),
                    ==, "position");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_PHASE,
                                 VIR_DOMAIN_STREAM_DISK_PHASE_FINISH),
                    ==, "finish");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                                 VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE),
                    ==, "estimate");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                                 VIR_DOMAIN_STREAM_DISK_BASIS_MAP),
                    ==, "map");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_STATE, -1), ==, "unknown");
    g_assert_cmpstr(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_STATE, 99), ==, "unknown");
    g_assert_null(cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, 0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/stats/text", statsTestText);
    g_test_add_func("/stats/unknown", statsTestUnknown);
    g_test_add_func("/stats/finishing", statsTestFinishing);
    g_test_add_func("/stats/percent", statsTestPercent);
    g_test_add_func("/stats/hmp", statsTestHmp);
    g_test_add_func("/stats/word", statsTestWord);
    return g_test_run();
}
