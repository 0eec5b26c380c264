#ifndef CSIMDJSON_FAULT_H
#define CSIMDJSON_FAULT_H

#include "csimdjson.h"

struct Fault {
    csimdjson_code code;
    size_t offset;
};

constexpr Fault NONE = {CSIMDJSON_OK, 0};

/// Where the first stage, which tells no offset, must have stopped. Reads the document again.
Fault locate_fault(const uint8_t *bytes, size_t count);

#endif
