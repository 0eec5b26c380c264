#ifndef CLIBUV_SHIM_H
#define CLIBUV_SHIM_H

#include <uv.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <stdlib.h>
#include <malloc.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netdb.h>

/* Handles are passed to libuv under their base types: C has the casts, Swift must rebind. */
static inline uv_handle_t *martlet_uv_handle(void *handle) { return (uv_handle_t *)handle; }
static inline uv_stream_t *martlet_uv_stream(void *handle) { return (uv_stream_t *)handle; }

static inline void *martlet_uv_data(const void *handle) {
    return uv_handle_get_data((const uv_handle_t *)handle);
}

static inline void martlet_uv_set_data(void *handle, void *data) {
    uv_handle_set_data((uv_handle_t *)handle, data);
}

/* getaddrinfo's list elements as a flat address, for uv_tcp_bind's and bind(2)'s use. */
static inline socklen_t martlet_sockaddr_un(
    struct sockaddr_un *address, const char *path, size_t length
) {
    if (length >= sizeof address->sun_path) return 0;
    address->sun_family = AF_UNIX;
    for (size_t i = 0; i < length; i++) address->sun_path[i] = path[i];
    address->sun_path[length] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static inline int martlet_bind(int descriptor, const void *address, socklen_t length) {
    return bind(descriptor, (const struct sockaddr *)address, length);
}

static inline int martlet_connect(int descriptor, const void *address, socklen_t length) {
    return connect(descriptor, (const struct sockaddr *)address, length);
}

/* A descriptor that can be read from once a number was written to it; -1 where none is left. */
static inline int martlet_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* Names the calling thread; 15 bytes are kept. */
static inline void martlet_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* Has the allocator keep up to `bytes` of freed memory an arena (mallopt(3)), and take blocks up to
   that size from there. */
static inline void martlet_keep_freed_memory(int bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, bytes);
}

/* Bytes the kernel keeps because the peer has not acknowledged them. */
static inline int martlet_unacknowledged(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, TIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

static inline void martlet_reset_on_close(int descriptor) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

#endif
