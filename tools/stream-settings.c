/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-settings.c: the options that set how a stream goes, of "start" and "set"
 */

#include "stream-option.h"
#include "stream-settings.h"

/* With an empty field what was not given */
static struct {
    virTypedParameter bandwidth;
    virTypedParameter guestLatency; /* for the guest */
    virTypedParameter deadline;
    const char *guestLatencyOption; /* that set it */
} streamSettings;

gboolean
streamSettingsOnBandwidth(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!streamOptionRate(option, value, &param.value.ul, error))
        return FALSE;
    streamSettings.bandwidth = param;
    return TRUE;
}

static gboolean
streamSettingsSetRegard(const char *option, const virTypedParameter *param, GError **error)
{
    if (g_strcmp0(streamSettings.guestLatencyOption ? streamSettings.guestLatencyOption : option,
                  option)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s and %s are mutually exclusive", streamSettings.guestLatencyOption, option);
        return FALSE;
    }
    streamSettings.guestLatency = *param;
    streamSettings.guestLatencyOption = option;
    return TRUE;
}

gboolean
streamSettingsOnLatency(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST, /* by default it is not */
        .type = VIR_TYPED_PARAM_BOOLEAN,
    };
    unsigned long long us;
    double factor;

    if (!streamOptionLatency(option, value, &factor, &us, error))
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
    return streamSettingsSetRegard("--guest-latency", &param, error);
}

gboolean
streamSettingsOnFast(const char *option, const char *value, void *data, GError **error)
{
    const virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST,
        .type = VIR_TYPED_PARAM_BOOLEAN,
        .value.b = 1,
    };

    return streamSettingsSetRegard("--fast", &param, error);
}

gboolean
streamSettingsOnDeadline(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!streamOptionDuration(option, value, &param.value.ul, error))
        return FALSE;
    streamSettings.deadline = param;
    return TRUE;
}

int
streamSettingsGet(virTypedParameterPtr params)
{
    const virTypedParameter *const all[STREAM_SETTINGS_MAX] = {
        &streamSettings.bandwidth,
        &streamSettings.guestLatency,
        &streamSettings.deadline,
    };
    int nparams = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (*all[i]->field)
            params[nparams++] = *all[i];
    }
    return nparams;
}
