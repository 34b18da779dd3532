/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_init.c DISK COMMANDS ACKS: process 1 of the test guest
 *
 * Says on the console when it is ready, lets the writer work without end, and
 * carries out the commands that the host sends, one word a line: "verify", "latency",
 * "stop" (the writer) and "poweroff". Every line it prints begins with "guest:".
 */

#include "guest_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

/* Reads beyond the end of the template, after each batch of writes */
#define GUEST_INIT_TAIL_READS 8

static void
guestInitMount(const char *type, const char *path)
{
    if (mount(type, path, type, 0, NULL) < 0)
        printf("guest: cannot mount '%s': %s\n", path, strerror(errno));
}

static void
guestInitPowerOff(void)
{
    reboot(RB_POWER_OFF);
}

static void
guestInitDropCaches(void)
{
    FILE *caches = fopen("/proc/sys/vm/drop_caches", "w");

    if (!caches || fputs("3", caches) < 0 || fclose(caches) != 0)
        printf("guest: cannot drop caches: %s\n", strerror(errno));
}

static void
guestInitVerify(guestWriter *writer)
{
    uint64_t wrong;
    int status;

    guestInitDropCaches();
    status = system("set -o pipefail; busybox sha256sum -c /manifest 2>&1 | "
                    "busybox sed -n '/: OK$/!s/^/guest: /p'");
    wrong = guestWriterVerify(writer);
    printf("guest: verify %s, %" PRIu64 " writes\n", status == 0 && wrong == 0 ? "OK" : "FAILED",
           guestWriterCount(writer));
}

/* Returns whether the writer is to go on. */
static bool
guestInitCommand(guestWriter *writer, const char *command, bool writing)
{
    if (strcmp(command, "verify") == 0) {
        guestInitVerify(writer);
    } else if (strcmp(command, "latency") == 0) {
        guestWriterPrintLatency(writer);
    } else if (strcmp(command, "stop") == 0) {
        printf("guest: stopped, %" PRIu64 " writes\n", guestWriterCount(writer));
        return false;
    } else if (strcmp(command, "poweroff") == 0) {
        guestInitPowerOff();
    } else {
        printf("guest: unknown command '%s'\n", command);
    }
    return writing;
}

static int
guestInitReadTail(guestWriter *writer)
{
    for (unsigned int i = 0; i < GUEST_INIT_TAIL_READS; i++) {
        if (guestWriterReadTail(writer) < 0)
            return -1;
    }
    return 0;
}

/* Returns false when the content of the disk is wrong: what follows would only hide it. */
static bool
guestInitWork(guestWriter *writer)
{
    if (guestWriterBatch(writer) == 0 && guestWriterReadBack(writer) == 0 &&
        guestInitReadTail(writer) == 0)
        return true;

    printf("guest: error after %" PRIu64 " writes: %s\n", guestWriterCount(writer),
           strerror(errno));
    if (errno == EILSEQ)
        return false;
    sleep(1);
    return true;
}

/* As the template says itself; 0 if it does not */
static uint64_t
guestInitTemplateSize(void)
{
    FILE *file = fopen("/size", "re");
    uint64_t size = 0;

    if (file && fscanf(file, "%" SCNu64, &size) != 1)
        size = 0;
    if (file)
        fclose(file);
    return size;
}

int
main(int argc, char **argv)
{
    struct pollfd commands = { .events = POLLIN };
    guestWriter *writer = NULL;
    struct timespec uptime;
    bool writing = true;
    char command[64];
    ssize_t length;

    setvbuf(stdout, NULL, _IOLBF, 0);
    guestInitMount("proc", "/proc");
    guestInitMount("devtmpfs", "/dev");

    commands.fd = argc == 4 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
    if (commands.fd >= 0)
        writer = guestWriterNew(argv[1], argv[3], guestInitTemplateSize());
    if (!writer) {
        printf("guest: cannot open its devices: %s\n", strerror(errno));
        guestInitPowerOff();
        return EXIT_FAILURE;
    }

    clock_gettime(CLOCK_BOOTTIME, &uptime);
    printf("guest: ready after %.1f s\n", uptime.tv_sec + uptime.tv_nsec / 1e9);

    while (true) {
        if (poll(&commands, 1, writing ? 0 : -1) > 0 &&
            (length = read(commands.fd, command, sizeof(command) - 1)) > 0) {
            command[length] = '\0';
            for (char *word = strtok(command, "\n"); word; word = strtok(NULL, "\n"))
                writing = guestInitCommand(writer, word, writing);
        }
        if (writing)
            writing = guestInitWork(writer);
    }
}
