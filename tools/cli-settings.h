/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-settings.h: the options that set how a stream goes, of "start" and "set"
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>

/* Among a command's options */
#define CLI_SETTINGS_ENTRIES \
    { "bandwidth", \
      0, \
      0, \
      G_OPTION_ARG_CALLBACK, \
      cliSettingsOnBandwidth, \
      "Copy at most RATE bytes per second; 0: no limit", \
      "RATE" }, \
        { "guest-latency", \
          0, \
          0, \
          G_OPTION_ARG_CALLBACK, \
          cliSettingsOnLatency, \
          "How slow the guest's writes may be: 1.5x, or 2ms", \
          "LATENCY" }, \
        { "fast", \
          0, \
          G_OPTION_FLAG_NO_ARG, \
          G_OPTION_ARG_CALLBACK, \
          cliSettingsOnFast, \
          "Copy without regard for the guest", \
          NULL }, \
        { "deadline", \
          0, \
          0, \
          G_OPTION_ARG_CALLBACK, \
          cliSettingsOnDeadline, \
          "End within DURATION; 0: there is no hurry", \
          "DURATION" }

gboolean cliSettingsOnBandwidth(const char *option, const char *value, void *data, GError **error);
gboolean cliSettingsOnLatency(const char *option, const char *value, void *data, GError **error);
gboolean cliSettingsOnFast(const char *option, const char *value, void *data, GError **error);
gboolean cliSettingsOnDeadline(const char *option, const char *value, void *data, GError **error);

#define CLI_SETTINGS_MAX 3

/* Fills in @params, which has room for CLI_SETTINGS_MAX, with what was given of these
 * options; returns how many. */
int cliSettingsGet(virTypedParameterPtr params);
