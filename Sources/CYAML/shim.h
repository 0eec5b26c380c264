// libyaml's event parser. The inlines flatten its unions, so that the Swift side reads fields.
#ifndef CYAML_SHIM_H
#define CYAML_SHIM_H

#include <yaml.h>

// The text of a scalar event; may hold NUL bytes.
static inline const unsigned char *cyaml_scalar_value(const yaml_event_t *event) {
    return event->data.scalar.value;
}

static inline size_t cyaml_scalar_length(const yaml_event_t *event) {
    return event->data.scalar.length;
}

static inline int cyaml_scalar_is_plain(const yaml_event_t *event) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

// The anchor of a scalar, sequence or mapping event, or NULL.
static inline const char *cyaml_anchor(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.anchor;
    default: return NULL;
    }
}

// The explicit tag of a scalar, sequence or mapping event, or NULL.
static inline const char *cyaml_tag(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.tag;
    default: return NULL;
    }
}

// How many %TAG directives a document-start event brings, and whether it has a %YAML one.
static inline int cyaml_has_directives(const yaml_event_t *event) {
    return event->data.document_start.version_directive != NULL
        || event->data.document_start.tag_directives.start
            != event->data.document_start.tag_directives.end;
}

#endif
