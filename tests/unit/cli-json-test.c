/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli-json-test.c: every object of --json, literally */

#include "cli-json.h"

#define UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"
#define DISK "\"domain\":\"test\",\"uuid\":\"" UUID "\",\"disk\":\"vda\""

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
    cliStats stats;
} jsonFixture;

static void
jsonSetUp(jsonFixture *fix, gconstpointer opaque)
{
    int max = 0;

    fix->conn = virConnectOpen("test:///default");
    g_assert_nonnull(fix->conn);
    fix->dom = virDomainLookupByName(fix->conn, "test");
    g_assert_nonnull(fix->dom);
    virTypedParamsAddInt(&fix->stats.params, &fix->stats.nparams, &max,
                         VIR_DOMAIN_STREAM_DISK_STATS_STATE, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    virTypedParamsAddULLong(&fix->stats.params, &fix->stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, G_MAXUINT64);
    virTypedParamsAddString(&fix->stats.params, &fix->stats.nparams, &max,
                            VIR_DOMAIN_STREAM_DISK_STATS_BASE, "/a \"b\"\xff");
}

static void
jsonTearDown(jsonFixture *fix, gconstpointer opaque)
{
    cliStatsClear(&fix->stats);
    virDomainFree(fix->dom);
    virConnectClose(fix->conn);
}

static void
jsonAssert(json_object *object, const char *expected)
{
    g_assert_cmpstr(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE),
                    ==, expected);
    json_object_put(object);
}

#define STATS \
    "\"state\":\"running\",\"data_total\":18446744073709551615," \
    "\"base\":\"/a \\\"b\\\"\xef\xbf\xbd\""

static void
jsonTestStreams(jsonFixture *fix, gconstpointer opaque)
{
    json_object *streams = json_object_new_array();

    json_object_array_add(streams, cliJsonStream(fix->dom, "vda", &fix->stats));
    jsonAssert(cliJsonStreams(streams), "{\"streams\":[{" DISK "," STATS "}]}");
    jsonAssert(cliJsonStreams(json_object_new_array()), "{\"streams\":[]}");
}

static void
jsonTestResult(jsonFixture *fix, gconstpointer opaque)
{
    const cliStats none = { 0 };

    jsonAssert(cliJsonResult("started", fix->dom, "vda", &none, NULL),
               "{\"result\":\"started\"," DISK "}");
    jsonAssert(cliJsonResult("stopped", fix->dom, "vda", &fix->stats, "timed out"),
               "{\"result\":\"stopped\"," DISK "," STATS ",\"reason\":\"timed out\"}");
}

static void
jsonTestEvent(jsonFixture *fix, gconstpointer opaque)
{
    jsonAssert(cliJsonEvent("progress", NULL, fix->dom, "vda", &fix->stats),
               "{\"event\":\"progress\"," DISK "," STATS "}");
    jsonAssert(cliJsonEvent("progress", "now", fix->dom, "vda", &fix->stats),
               "{\"event\":\"progress\",\"timestamp\":\"now\"," DISK "," STATS "}");
}

static void
jsonTestTypes(jsonFixture *fix, gconstpointer opaque)
{
    virTypedParameter params[] = {
        { .field = "i", .type = VIR_TYPED_PARAM_INT, .value.i = -1 },
        { .field = "ui", .type = VIR_TYPED_PARAM_UINT, .value.ui = G_MAXUINT },
        { .field = "l", .type = VIR_TYPED_PARAM_LLONG, .value.l = G_MININT64 },
        { .field = "d", .type = VIR_TYPED_PARAM_DOUBLE, .value.d = 0.5 },
        { .field = "b", .type = VIR_TYPED_PARAM_BOOLEAN, .value.b = 1 },
    };
    const cliStats stats = { params, G_N_ELEMENTS(params) };

    jsonAssert(cliJsonStream(fix->dom, "vda", &stats),
               "{" DISK ",\"i\":-1,\"ui\":4294967295,\"l\":-9223372036854775808,\"d\":0.5,"
               "\"b\":true}");
}

static void
jsonTestError(jsonFixture *fix, gconstpointer opaque)
{
    jsonAssert(cliJsonError(42, "failed to get domain 'x'"),
               "{\"error\":{\"code\":42,\"message\":\"failed to get domain 'x'\"}}");
}

#define ADD(name, func) g_test_add("/json/" name, jsonFixture, NULL, jsonSetUp, func, jsonTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("streams", jsonTestStreams);
    ADD("result", jsonTestResult);
    ADD("event", jsonTestEvent);
    ADD("types", jsonTestTypes);
    ADD("error", jsonTestError);
    return g_test_run();
}
