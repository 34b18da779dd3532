/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_metadata.h: an element of a domain's <metadata>, as plain data
 *
 * Asking libvirt for it instead would be an error, which the application's handler hears,
 * whenever it is not there.
 */

#pragma once

#include <glib.h>

typedef struct _domainMetadata domainMetadata;
struct _domainMetadata {
    char *name;
    char **names;        /* of the attributes, in their order */
    char **values;       /* of the same */
    GPtrArray *children; /* of domainMetadata, in their order */
};

/* The element @name of the namespace @uri in the XML of a domain; NULL if there is none. Of
 * what is in it, only elements of the same namespace count. */
domainMetadata *domainMetadataFind(const char *xml, const char *uri, const char *name);

/* The value of an attribute, or NULL. */
const char *domainMetadataGet(const domainMetadata *self, const char *attribute);

void domainMetadataFree(domainMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(domainMetadata, domainMetadataFree)
