#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>

/* curl's setters are variadic macros with a type check: one typed inline for each argument type. */

static inline CURLcode martlet_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef int (*martlet_curl_open)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline void martlet_curl_set_open(CURL *easy, martlet_curl_open callback, void *context) {
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, callback);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, context);
}

typedef int (*martlet_curl_close)(void *context, curl_socket_t socket);

static inline void martlet_curl_set_close(CURL *easy, martlet_curl_close callback, void *context) {
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, callback);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context);
}

typedef int (*martlet_curl_socket)(
    CURL *easy, curl_socket_t socket, int what, void *context, void *assigned);
typedef int (*martlet_curl_timer)(CURLM *multi, long milliseconds, void *context);

static inline void martlet_curl_set_multi(
    CURLM *multi, martlet_curl_socket socket, martlet_curl_timer timer, void *context,
    long connections
) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

/* The next finished transfer and its result, or NULL. */
static inline CURL *martlet_curl_next_done(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/* What a transfer of curl's own receives: lines of headers and trailers, and the body. */
typedef size_t (*martlet_curl_bytes)(char *bytes, size_t size, size_t count, void *context);

static inline void martlet_curl_set_receivers(
    CURL *easy, martlet_curl_bytes header, martlet_curl_bytes body, void *context
) {
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

/* The body of a POST, which curl copies. */
static inline CURLcode martlet_curl_set_post(CURL *easy, const void *bytes, size_t length) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

static inline CURLcode martlet_curl_set_headers(CURL *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

/* The status of the answer, 0 without one; whether it came by HTTP/2. */
static inline long martlet_curl_status(CURL *easy, int *is_http2) {
    long status = 0, version = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    *is_http2 = version == CURL_HTTP_VERSION_2_0;
    return status;
}

static inline void *martlet_curl_private(CURL *easy) {
    void *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

static inline curl_socket_t martlet_curl_socket_of(CURL *easy) {
    curl_socket_t value = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &value);
    return value;
}

static inline const char *martlet_curl_peer(CURL *easy, long *port) {
    char *address = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, port);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    return address;
}

/* One sendmsg of two pieces: bytes the kernel took, or an error's number below zero. */
static inline ssize_t martlet_send(int socket, const void *first, size_t first_length,
                                   const void *second, size_t second_length) {
    struct iovec pieces[2] = {{(void *)first, first_length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = second_length > 0 ? 2 : 1};
    ssize_t count;
    do count = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

/* Bytes received, 0 at the end, or an error's number below zero. */
static inline ssize_t martlet_receive(int socket, void *room, size_t length) {
    ssize_t count;
    do count = recv(socket, room, length, MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

#endif
