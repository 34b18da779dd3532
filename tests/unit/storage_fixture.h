/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * storage_fixture.h: QEMU's NBD server, with a chain of three images, without a guest
 *
 * What the chain has is told by a text with a character for each MiB: '1' to '3': data in the
 * overlay, the image in between, the template; '0': nowhere; 'z': zeroes in the template.
 */

#pragma once

#include <glib.h>

#define STORAGE_FIXTURE_UNIT (1024 * 1024ULL)
#define STORAGE_FIXTURE_EXPORT "streamdisk-vda"

typedef struct {
    char *dir;
    GPid server; /* 0: none runs */
} storageFixture;

/* Makes the images; @patches: what qemu-io is to write into the overlay, or NULL. */
void storageFixtureMake(storageFixture *fix, const char *layout, const char *patches);

#define STORAGE_FIXTURE_TEMPLATE "driver=file,filename=template"

/* Starts the server. @template: options of the node below the template's format; @depths:
 * whether it tells of depths */
void storageFixtureStart(storageFixture *fix, const char *template, gboolean depths);

/* A new connected socket */
int storageFixtureConnect(storageFixture *fix);

/* Now, as the layouts are, but for 'z': it is asked of the server. */
char *storageFixtureDepths(storageFixture *fix);

/* The checksum of what a guest would read */
char *storageFixtureSum(storageFixture *fix);

/* Kills the server; the clusters that it leaves without reference are freed. */
void storageFixtureKill(storageFixture *fix);

/* Ends the server, checks that the overlay is sound, and removes all. */
void storageFixtureClear(storageFixture *fix);
