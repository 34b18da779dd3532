/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-settings.c: the options that set how a stream goes, of "start" and "set"
 */

#include "cli-option.h"
#include "cli-settings.h"

/* With an empty field what was not given */
static struct {
    virTypedParameter bandwidth;
    virTypedParameter guestLatency; /* for the guest */
    virTypedParameter deadline;
    const char *guestLatencyOption; /* that set it */
} cliSettings;

gboolean
cliSettingsOnBandwidth(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!cliOptionRate(option, value, &param.value.ul, error))
        return FALSE;
    cliSettings.bandwidth = param;
    return TRUE;
}

static gboolean
cliSettingsSetRegard(const char *option, const virTypedParameter *param, GError **error)
{
    if (g_strcmp0(cliSettings.guestLatencyOption ? cliSettings.guestLatencyOption : option,
                  option)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s and %s are mutually exclusive", cliSettings.guestLatencyOption, option);
        return FALSE;
    }
    cliSettings.guestLatency = *param;
    cliSettings.guestLatencyOption = option;
    return TRUE;
}

gboolean
cliSettingsOnLatency(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST, /* by default it is not */
        .type = VIR_TYPED_PARAM_BOOLEAN,
    };
    unsigned long long us;
    double factor;

    if (!cliOptionLatency(option, value, &factor, &us, error))
        return FALSE;
    if (factor > 0)
        param = (virTypedParameter) {
            .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR,
            .type = VIR_TYPED_PARAM_DOUBLE,
            .value.d = factor,
        };
    else if (us > 0)
        param = (virTypedParameter) {
            .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX,
            .type = VIR_TYPED_PARAM_ULLONG,
            .value.ul = us,
        };
    return cliSettingsSetRegard("--guest-latency", &param, error);
}

gboolean
cliSettingsOnFast(const char *option, const char *value, void *data, GError **error)
{
    const virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST,
        .type = VIR_TYPED_PARAM_BOOLEAN,
        .value.b = 1,
    };

    return cliSettingsSetRegard("--fast", &param, error);
}

gboolean
cliSettingsOnDeadline(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!cliOptionDuration(option, value, &param.value.ul, error))
        return FALSE;
    cliSettings.deadline = param;
    return TRUE;
}

int
cliSettingsGet(virTypedParameterPtr params)
{
    const virTypedParameter *const all[CLI_SETTINGS_MAX] = {
        &cliSettings.bandwidth,
        &cliSettings.guestLatency,
        &cliSettings.deadline,
    };
    int nparams = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (*all[i]->field)
            params[nparams++] = *all[i];
    }
    return nparams;
}
