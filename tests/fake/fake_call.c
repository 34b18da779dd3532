/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_call.c: the lines, and the rules that calls are answered by */

#include "fake_call.h"

#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define FAKE_CALL_WAIT_MAX (20 * G_USEC_PER_SEC)

typedef enum {
    FAKE_CALL_REFUSE,
    FAKE_CALL_HOLD,
} fakeCallAnswer;

typedef struct {
    fakeCallAnswer answer;
    char *calls;
    int code;
    char *text;
    bool once;
    const char *line; /* the one call that a rule for one is for; NULL: it is still to come */
} fakeCallRule;

static struct {
    GMutex lock;
    GCond cond; /* any of it has changed */
    GString *lines;
    GPtrArray *rules;
    GPtrArray *held; /* the calls that are not answered yet */
} fakeCalls;

static void
fakeCallRuleFree(void *opaque)
{
    fakeCallRule *rule = opaque;

    g_free(rule->calls);
    g_free(rule->text);
    g_free(rule);
}

void
fakeCallSetUp(void)
{
    fakeCalls.lines = g_string_new(NULL);
    fakeCalls.rules = g_ptr_array_new_with_free_func(fakeCallRuleFree);
    fakeCalls.held = g_ptr_array_new();
}

void
fakeCallTearDown(void)
{
    g_assert_cmpuint(fakeCalls.held->len, ==, 0);
    g_string_free(fakeCalls.lines, TRUE);
    g_ptr_array_unref(fakeCalls.rules);
    g_ptr_array_unref(fakeCalls.held);
}

static void
fakeCallAddRule(fakeCallAnswer answer, const char *calls, int code, const char *text, bool once)
{
    fakeCallRule *rule = g_new(fakeCallRule, 1);
    LOCK_SCOPE(&fakeCalls.lock);

    *rule = (fakeCallRule) { answer, g_strdup(calls), code, g_strdup(text), once };
    g_ptr_array_add(fakeCalls.rules, rule);
}

static void
fakeCallDropRule(const char *calls, bool hold)
{
    LOCK_SCOPE(&fakeCalls.lock);

    for (guint i = fakeCalls.rules->len; i > 0; i--) {
        const fakeCallRule *rule = g_ptr_array_index(fakeCalls.rules, i - 1);

        if (g_str_equal(rule->calls, calls) && (rule->answer == FAKE_CALL_HOLD) == hold)
            g_ptr_array_remove_index(fakeCalls.rules, i - 1);
    }
    g_cond_broadcast(&fakeCalls.cond);
}

void
fakeCallFail(const char *calls, int code, const char *text)
{
    fakeCallAddRule(FAKE_CALL_REFUSE, calls, code, text, true);
}

void
fakeCallRefuse(const char *calls, int code, const char *text)
{
    fakeCallAddRule(FAKE_CALL_REFUSE, calls, code, text, false);
}

void
fakeCallAccept(const char *calls)
{
    fakeCallDropRule(calls, false);
}

void
fakeCallHold(const char *calls)
{
    fakeCallAddRule(FAKE_CALL_HOLD, calls, 0, NULL, false);
}

void
fakeCallHoldNext(const char *calls)
{
    fakeCallAddRule(FAKE_CALL_HOLD, calls, 0, NULL, true);
}

void
fakeCallRelease(const char *calls)
{
    fakeCallDropRule(calls, true);
}

static bool
fakeCallIsHeld(const char *calls)
{
    for (guint i = 0; i < fakeCalls.held->len; i++) {
        if (g_str_has_prefix(g_ptr_array_index(fakeCalls.held, i), calls))
            return true;
    }
    return false;
}

static bool
fakeCallIsLine(const char *calls)
{
    g_autofree char *begin = g_strconcat("\n", calls, NULL);

    return g_str_has_prefix(fakeCalls.lines->str, calls) || strstr(fakeCalls.lines->str, begin);
}

static void
fakeCallAwaitThat(bool (*that)(const char *calls), const char *calls)
{
    gint64 until = g_get_monotonic_time() + FAKE_CALL_WAIT_MAX;
    LOCK_SCOPE(&fakeCalls.lock);

    while (!that(calls)) {
        if (!g_cond_wait_until(&fakeCalls.cond, &fakeCalls.lock, until))
            g_error("no call '%s' in:\n%s", calls, fakeCalls.lines->str);
    }
}

void
fakeCallAwaitHeld(const char *calls)
{
    fakeCallAwaitThat(fakeCallIsHeld, calls);
}

void
fakeCallAwait(const char *calls)
{
    fakeCallAwaitThat(fakeCallIsLine, calls);
}

char *
fakeCallTake(void)
{
    LOCK_SCOPE(&fakeCalls.lock);
    char *taken = g_strdup(fakeCalls.lines->str);

    g_string_truncate(fakeCalls.lines, 0);
    return taken;
}

bool
fakeCallIsNoted(const char *calls)
{
    LOCK_SCOPE(&fakeCalls.lock);

    return fakeCallIsLine(calls);
}

/* Under the lock */
static fakeCallRule *
fakeCallFindRule(const char *line, fakeCallAnswer answer)
{
    for (guint i = 0; i < fakeCalls.rules->len; i++) {
        fakeCallRule *rule = g_ptr_array_index(fakeCalls.rules, i);

        if (rule->answer == answer && g_str_has_prefix(line, rule->calls) &&
            (!rule->line || rule->line == line))
            return rule;
    }
    return NULL;
}

/* Under the lock */
static void
fakeCallWait(char *line)
{
    fakeCallRule *rule = fakeCallFindRule(line, FAKE_CALL_HOLD);

    if (!rule)
        return;
    if (rule->once)
        rule->line = line;
    g_ptr_array_add(fakeCalls.held, line);
    g_cond_broadcast(&fakeCalls.cond);
    while (fakeCallFindRule(line, FAKE_CALL_HOLD))
        g_cond_wait(&fakeCalls.cond, &fakeCalls.lock);
    g_ptr_array_remove(fakeCalls.held, line);
}

static int
fakeCallDo(char *line, bool note)
{
    fakeCallRule *rule;
    LOCK_SCOPE(&fakeCalls.lock);

    if (note)
        g_string_append_printf(fakeCalls.lines, "%s\n", line);
    g_cond_broadcast(&fakeCalls.cond);
    fakeCallWait(line);
    if (!(rule = fakeCallFindRule(line, FAKE_CALL_REFUSE)))
        return 0;
    errorReport(rule->code, "%s", rule->text);
    if (rule->once)
        g_ptr_array_remove(fakeCalls.rules, rule);
    return -1;
}

int
fakeCallMake(const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return fakeCallDo(line, true);
}

int
fakeCallAsk(const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return fakeCallDo(line, false);
}

void
fakeCallNote(const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    LOCK_SCOPE(&fakeCalls.lock);

    g_string_append_printf(fakeCalls.lines, "%s\n", line);
    g_cond_broadcast(&fakeCalls.cond);
}
