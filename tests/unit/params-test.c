/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* params-test.c: what callers may give, and what they may not */

#include "util/params.h"

#include <limits.h>

#include "expect.h"

/* What the tests' caller knows */
static int
testCheck(virTypedParameterPtr params, int nparams)
{
    return paramsCheck(params, nparams, "bandwidth", VIR_TYPED_PARAM_ULLONG, "relative",
                       VIR_TYPED_PARAM_BOOLEAN, NULL);
}

static void
testKnown(void)
{
    virTypedParameter params[] = {
        { .field = "relative", .type = VIR_TYPED_PARAM_BOOLEAN },
        { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG },
    };

    g_assert_cmpint(testCheck(NULL, 0), ==, 0);
    g_assert_cmpint(testCheck(params, 1), ==, 0);
    g_assert_cmpint(testCheck(params, 2), ==, 0);
}

static void
testUnknown(void)
{
    virTypedParameter params[] = {
        { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG },
        { .field = "bandwidths", .type = VIR_TYPED_PARAM_ULLONG },
    };

    g_assert_cmpint(testCheck(params, 2), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "parameter 'bandwidths' is not supported");
    params[0].field[0] = '\0';
    g_assert_cmpint(testCheck(params, 1), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "parameter '' is not supported");
    g_assert_cmpint(paramsCheck(params, 1, NULL), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "parameter '' is not supported");
}

static void
testDoubled(void)
{
    virTypedParameter params[] = {
        { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG },
        { .field = "relative", .type = VIR_TYPED_PARAM_BOOLEAN },
        { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG },
    };

    g_assert_cmpint(testCheck(params, 3), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "parameter 'bandwidth' occurs more than once");
}

static void
testType(void)
{
    static const struct {
        int type;
        const char *name;
    } types[] = {
        { VIR_TYPED_PARAM_INT, "int" },
        { VIR_TYPED_PARAM_UINT, "uint" },
        { VIR_TYPED_PARAM_LLONG, "llong" },
        { VIR_TYPED_PARAM_DOUBLE, "double" },
        { VIR_TYPED_PARAM_BOOLEAN, "boolean" },
        { VIR_TYPED_PARAM_STRING, "string" },
        { 0, "unknown" },
        { -1, "unknown" },
        { 8, "unknown" },
        { INT_MAX, "unknown" },
    };
    virTypedParameter param = { .field = "bandwidth" };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char
            *text = g_strdup_printf("parameter 'bandwidth' has type '%s', expected 'ullong'",
                                    types[i].name);

        param.type = types[i].type;
        g_assert_cmpint(testCheck(&param, 1), ==, -1);
        expectError(VIR_ERR_INVALID_ARG, text);
    }
}

/* A field without its end: nothing behind it is read. */
static void
testUnterminated(void)
{
    virTypedParameter params[2] = {
        { .field = "relative", .type = VIR_TYPED_PARAM_BOOLEAN },
    };

    memset(params[1].field, 'x', sizeof(params[1].field));
    params[1].type = VIR_TYPED_PARAM_ULLONG;
    g_assert_cmpint(testCheck(params, 2), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "the name of a parameter is too long");

    memcpy(params[1].field, "bandwidth", strlen("bandwidth"));
    g_assert_cmpint(testCheck(params, 2), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "the name of a parameter is too long");
}

static void
testSpeed(void)
{
    virTypedParameter param = { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG };
    unsigned long long speed = 42;

    g_assert_cmpint(paramsGetSpeed(NULL, 0, "bandwidth", &speed), ==, 0);
    g_assert_cmpint(paramsGetSpeed(&param, 1, "other", &speed), ==, 0);
    g_assert_cmpuint(speed, ==, 42);

    g_assert_cmpint(paramsGetSpeed(&param, 1, "bandwidth", &speed), ==, 1);
    g_assert_cmpuint(speed, ==, 0);
    param.value.ul = LLONG_MAX;
    g_assert_cmpint(paramsGetSpeed(&param, 1, "bandwidth", &speed), ==, 1);
    g_assert_cmpuint(speed, ==, LLONG_MAX);

    speed = 42;
    param.value.ul = LLONG_MAX + 1ULL;
    g_assert_cmpint(paramsGetSpeed(&param, 1, "bandwidth", &speed), ==, -1);
    expectError(VIR_ERR_OVERFLOW, "bandwidth must be at most 9223372036854775807");
    param.type = VIR_TYPED_PARAM_INT;
    g_assert_cmpint(paramsGetSpeed(&param, 1, "bandwidth", &speed), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "bandwidth");
    g_assert_cmpuint(speed, ==, 42);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/params/known", testKnown);
    g_test_add_func("/params/unknown", testUnknown);
    g_test_add_func("/params/doubled", testDoubled);
    g_test_add_func("/params/type", testType);
    g_test_add_func("/params/unterminated", testUnterminated);
    g_test_add_func("/params/speed", testSpeed);
    return g_test_run();
}
