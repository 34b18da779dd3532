/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wire.h: for tests that are one end of a connection themselves, byte by byte */

#pragma once

#include "rpc/rpc_message.h"

/* Two connected sockets: fds[0] for the code under test, fds[1] blocking for wire*() */
void wirePair(int fds[2]);

/* A blocking socket to a listener */
int wireConnect(const char *path);

void wireWrite(int fd, const void *bytes, size_t len);

/* Sends @header with a payload of @filter, if that is not NULL. */
void wireSend(int fd, const rpc_header *header, xdrproc_t filter, const void *data);

/* Sends what asks whether this end is alive. */
void wirePing(int fd);

/* Waits for one message; FALSE if the other end closes instead. */
gboolean wireReceive(int fd, rpcMessage *msg);

/* Waits for the other end to close, dropping what comes before. */
void wireExpectClosed(int fd);

/* The error in an error reply; the caller frees the text. */
char *wireErrorText(const rpcMessage *msg, int *code);
