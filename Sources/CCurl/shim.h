#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>

/* curl's setters are variadic macros with a type check: one typed inline for each argument type. */

static inline CURLcode martlet_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode martlet_curl_set_headers(CURL *easy, struct curl_slist *list) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}

typedef size_t (*martlet_curl_data)(char *bytes, size_t size, size_t count, void *context);

static inline void martlet_curl_set_data(CURL *easy, CURLoption option, martlet_curl_data callback) {
    if (option == CURLOPT_WRITEFUNCTION) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    if (option == CURLOPT_HEADERFUNCTION) curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    if (option == CURLOPT_READFUNCTION) curl_easy_setopt(easy, CURLOPT_READFUNCTION, callback);
}

typedef int (*martlet_curl_ready)(void *context, char *peer, char *local, int peer_port, int local_port);

static inline void martlet_curl_set_ready(CURL *easy, martlet_curl_ready callback, void *context) {
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
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

typedef int (*martlet_curl_socket)(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned);
typedef int (*martlet_curl_timer)(CURLM *multi, long milliseconds, void *context);

static inline void martlet_curl_set_multi(
    CURLM *multi, martlet_curl_socket socket, martlet_curl_timer timer, void *context, long connections
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

static inline void *martlet_curl_private(CURL *easy) {
    void *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

static inline long martlet_curl_new_connections(CURL *easy) {
    long value = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &value);
    return value;
}

#endif
