// hiredis' reply reader and command formatter; its own sockets are not used.
#ifndef CHIREDIS_SHIM_H
#define CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>

// `redisReaderSetPrivdata` is a macro, which Swift does not see.
static inline void martlet_redis_set_context(redisReader *reader, void *context) {
    reader->privdata = context;
}

#endif
