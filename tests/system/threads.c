/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * threads.c: many threads use one connection, while events arrive
 *
 *   threads NTHREADS NCALLS GUEST...
 *
 * Each thread makes NCALLS calls, chosen at random, for the disk vda of a guest chosen at random. Calls
 * that cannot be refused must succeed; a start may be told that the disk streams already, a stop that
 * it does not. In the end there are no more open files than after one thread has made its calls.
 */

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_NSTATES 4

static virConnectPtr threadsConn;
static virDomainPtr *threadsDoms;
static int threadsNdoms;
static int threadsNcalls;

static gint threadsRunning; /* atomic, as those below */
static gint threadsDone;
static gint threadsRefused;
static gint threadsFailed;
static gint threadsEvents;

static void
threadsIgnoreError(void *opaque, virErrorPtr err)
{
}

static void
threadsOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
               virTypedParameterPtr params, int nparams, void *opaque)
{
    g_atomic_int_inc(&threadsEvents);
}

/* @result: the call's; @refusals: the codes of errors that are no failure, 0 for none. */
static void
threadsCount(const char *call, long long result, const int refusals[2])
{
    int code = virGetLastErrorCode();

    if (result >= 0) {
        g_atomic_int_inc(&threadsDone);
    } else if (code != VIR_ERR_OK && (code == refusals[0] || code == refusals[1])) {
        g_atomic_int_inc(&threadsRefused);
    } else {
        g_atomic_int_inc(&threadsFailed);
        printf("%s: error %d: %s\n", call, code, virGetLastErrorMessage());
    }
}

static void
threadsStats(virDomainPtr dom)
{
    const int refusals[] = { VIR_ERR_INVALID_ARG, 0 };
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    threadsCount("stats", virDomainStreamDiskGetStats(dom, "vda", &params, &nparams, 0), refusals);
    virTypedParamsFree(params, nparams);
}

static void
threadsList(void)
{
    const int refusals[] = { 0, 0 };
    virDomainStreamDiskRecordPtr *records = NULL;
    int n = virConnectListAllStreamDisks(threadsConn, &records, 0);

    threadsCount("list", n, refusals);
    if (n >= 0)
        virDomainStreamDiskRecordListFree(records);
}

static void
threadsCall(virDomainPtr dom, int which)
{
    const int running[] = { VIR_ERR_OPERATION_UNSUPPORTED, VIR_ERR_BLOCK_COPY_ACTIVE };
    const int stopped[] = { VIR_ERR_INVALID_ARG, 0 };
    const int never[] = { 0, 0 };
    virDomainStreamDiskState states[THREADS_NSTATES];

    switch (which) {
    case 0:
        threadsCount("start", virDomainStreamDisk(dom, "vda", 0, VIR_DOMAIN_STREAM_DISK_START),
                     running);
        break;
    case 1:
        threadsCount("stop", virDomainStreamDisk(dom, "vda", 0, VIR_DOMAIN_STREAM_DISK_STOP),
                     stopped);
        break;
    case 2:
        threadsCount("info", virDomainStreamDiskInfo(dom, states, THREADS_NSTATES, 0), never);
        break;
    case 3: threadsList(); break;
    default: threadsStats(dom); break;
    }
}

static void *
threadsRun(void *opaque)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(GPOINTER_TO_UINT(opaque));

    for (int i = 0; i < threadsNcalls; i++) {
        virDomainPtr dom = threadsDoms[g_rand_int_range(chance, 0, threadsNdoms)];

        threadsCall(dom, g_rand_int_range(chance, 0, 5));
    }
    if (g_atomic_int_dec_and_test(&threadsRunning))
        g_main_context_wakeup(NULL);
    return NULL;
}

/* Returns how many files are open in the end. */
static guint
threadsRunAll(int nthreads)
{
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    g_autoptr(GDir) dir = NULL;
    guint nfiles = 0;

    threadsRunning = nthreads;
    for (int i = 0; i < nthreads; i++)
        g_ptr_array_add(threads, g_thread_new("threads", threadsRun, GINT_TO_POINTER(i + 1)));
    while (g_atomic_int_get(&threadsRunning) > 0)
        virEventRunDefaultImpl();
    for (int i = 0; i < nthreads; i++)
        g_thread_join(g_ptr_array_index(threads, i));

    dir = g_dir_open("/proc/self/fd", 0, NULL);
    while (g_dir_read_name(dir))
        nfiles++;
    return nfiles;
}

static int
threadsOpen(char **names)
{
    if (virEventRegisterDefaultImpl() < 0 || !(threadsConn = virConnectOpen(NULL)))
        return -1;
    threadsDoms = g_new0(virDomainPtr, threadsNdoms);
    for (int i = 0; i < threadsNdoms; i++) {
        if (!(threadsDoms[i] = virDomainLookupByName(threadsConn, names[i])))
            return -1;
    }
    return virConnectStreamDiskEventRegister(threadsConn, NULL, threadsOnEvent, NULL, NULL, 0);
}

int
main(int argc, char **argv)
{
    guint before;
    guint after;
    int id;

    virSetErrorFunc(NULL, threadsIgnoreError);
    if (argc < 4)
        return EXIT_FAILURE;
    threadsNcalls = atoi(argv[2]);
    threadsNdoms = argc - 3;
    if ((id = threadsOpen(argv + 3)) < 0) {
        fprintf(stderr, "threads: %s\n", virGetLastErrorMessage());
        return EXIT_FAILURE;
    }

    before = threadsRunAll(1);
    after = threadsRunAll(atoi(argv[1]));

    virConnectStreamDiskEventDeregister(threadsConn, id);
    for (int i = 0; i < threadsNdoms; i++)
        virDomainFree(threadsDoms[i]);
    g_free(threadsDoms);
    virConnectClose(threadsConn);
    printf("%d done, %d refused, %d failed, %d events, %u then %u files\n", threadsDone,
           threadsRefused, threadsFailed, threadsEvents, before, after);
    return threadsFailed == 0 && threadsEvents > 0 && after <= before ? EXIT_SUCCESS : EXIT_FAILURE;
}
