/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record.c: an nbdkit plugin that serves a raw image, and records what is written to it
 *
 *     nbdkit build/tests/crash/record.so file=IMAGE record=RECORD
 *
 * RECORD is a sequence of operations: three 64-bit integers in the host's byte order (kind, offset,
 * length), followed by the data of a write. replay.py reads it.
 *
 * A write is in the record before it is acknowledged. A flush is recorded when it is received: the
 * writes before it in the record were done by then, so it covers them; a write that was under way
 * comes after it, and is not covered. There is nothing but reads, writes and flushes: nbdkit
 * makes writes of zeroes of what a client asks to be zeroed, and clients flush instead of forcing
 * unit access.
 */

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL /* a flush does not wait for writes under way */

enum { RECORD_WRITE = 1, RECORD_FLUSH = 2 };

struct recordHeader {
    uint64_t kind;
    uint64_t offset;
    uint64_t length; /* of the data that follows */
};

static int recordImage = -1; /* file descriptors */
static int recordLog = -1;

/* Keeps the order of the writes to the image and of their records the same. */
static pthread_mutex_t recordLock = PTHREAD_MUTEX_INITIALIZER;

static int
recordConfig(const char *key, const char *value)
{
    int *fd = NULL;
    int flags = O_CLOEXEC;

    if (strcmp(key, "file") == 0) {
        fd = &recordImage;
        flags |= O_RDWR;
    } else if (strcmp(key, "record") == 0) {
        fd = &recordLog;
        flags |= O_WRONLY | O_CREAT | O_TRUNC | O_APPEND;
    } else {
        nbdkit_error("unknown parameter '%s'", key);
        return -1;
    }
    *fd = open(value, flags, 0600);
    if (*fd < 0) {
        nbdkit_error("cannot open '%s': %m", value);
        return -1;
    }
    return 0;
}

static int
recordConfigComplete(void)
{
    if (recordImage < 0 || recordLog < 0) {
        nbdkit_error("the parameters file= and record= are required");
        return -1;
    }
    return 0;
}

static void *
recordOpen(int readonly)
{
    return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t
recordGetSize(void *handle)
{
    struct stat sb;

    if (fstat(recordImage, &sb) < 0) {
        nbdkit_error("cannot get the size of the image: %m");
        return -1;
    }
    return sb.st_size;
}

static int
recordCanFua(void *handle)
{
    return NBDKIT_FUA_NONE;
}

/* Returns 0, or -1 after having reported why not all of it was transferred. */
static int
recordCheck(const char *what, ssize_t done, size_t wanted)
{
    if (done == (ssize_t) wanted)
        return 0;
    if (done >= 0)
        errno = EIO;
    nbdkit_error("cannot %s: %m", what);
    return -1;
}

static int
recordPread(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
    return recordCheck("read the image", pread(recordImage, buf, count, offset), count);
}

/* Appends one operation to the record. */
static int
recordAppend(uint64_t kind, uint64_t offset, const void *data, size_t length)
{
    struct recordHeader header = { kind, offset, length };
    struct iovec parts[] = {
        { &header, sizeof(header) },
        { (void *) data, length },
    };

    return recordCheck("write the record", writev(recordLog, parts, 2), sizeof(header) + length);
}

static int
recordPwrite(void *handle, const void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
    int ret;

    pthread_mutex_lock(&recordLock);
    ret = recordCheck("write the image", pwrite(recordImage, buf, count, offset), count);
    if (ret == 0)
        ret = recordAppend(RECORD_WRITE, offset, buf, count);
    pthread_mutex_unlock(&recordLock);
    return ret;
}

static int
recordFlush(void *handle, uint32_t flags)
{
    int ret;

    pthread_mutex_lock(&recordLock);
    ret = recordAppend(RECORD_FLUSH, 0, NULL, 0);
    pthread_mutex_unlock(&recordLock);
    return ret;
}

static struct nbdkit_plugin plugin = {
    .name = "record",
    .errno_is_preserved = 1,
    .config = recordConfig,
    .config_complete = recordConfigComplete,
    .config_help = "file=IMAGE      (required) The raw image that is served.\n"
                   "record=RECORD   (required) The record of the writes to it.",
    .open = recordOpen,
    .get_size = recordGetSize,
    .can_fua = recordCanFua,
    .pread = recordPread,
    .pwrite = recordPwrite,
    .flush = recordFlush,
};

struct nbdkit_plugin *plugin_init(void);

NBDKIT_REGISTER_PLUGIN(plugin)
