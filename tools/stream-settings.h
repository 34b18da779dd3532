/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-settings.h: the options that set how a stream goes, of "start" and "set"
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>

/* Among a command's options */
#define STREAM_SETTINGS_ENTRIES \
    { "bandwidth", \
      0, \
      0, \
      G_OPTION_ARG_CALLBACK, \
      streamSettingsOnBandwidth, \
      "Copy at most RATE bytes per second; 0: no limit", \
      "RATE" }, \
        { "guest-latency", \
          0, \
          0, \
          G_OPTION_ARG_CALLBACK, \
          streamSettingsOnLatency, \
          "How slow the guest's writes may be: 1.5x, or 2ms", \
          "LATENCY" }, \
        { "fast", \
          0, \
          G_OPTION_FLAG_NO_ARG, \
          G_OPTION_ARG_CALLBACK, \
          streamSettingsOnFast, \
          "Copy without regard for the guest", \
          NULL }, \
        { "deadline", \
          0, \
          0, \
          G_OPTION_ARG_CALLBACK, \
          streamSettingsOnDeadline, \
          "End within DURATION; 0: there is no hurry", \
          "DURATION" }

gboolean streamSettingsOnBandwidth(const char *option, const char *value, void *data,
                                   GError **error);
gboolean streamSettingsOnLatency(const char *option, const char *value, void *data, GError **error);
gboolean streamSettingsOnFast(const char *option, const char *value, void *data, GError **error);
gboolean streamSettingsOnDeadline(const char *option, const char *value, void *data,
                                  GError **error);

#define STREAM_SETTINGS_MAX 3

/* Fills in @params, which has room for STREAM_SETTINGS_MAX, with what was given of these
 * options; returns how many. */
int streamSettingsGet(virTypedParameterPtr params);
