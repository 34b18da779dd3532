/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_backup.h: backups that libvirt is said to begin and to end, told in the thread that listens */

#pragma once

#include "fake_guest.h"

void fakeBackupBegin(fakeGuest *guest);
void fakeBackupEnd(fakeGuest *guest);
