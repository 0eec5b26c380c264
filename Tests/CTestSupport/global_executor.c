#define _GNU_SOURCE
#include "GlobalExecutor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

// The runtime's hook (swift/Runtime/Concurrency.h).
typedef __attribute__((swiftcall)) void (*enqueue_original)(void *job);
typedef __attribute__((swiftcall)) void (*enqueue_hook)(void *job, enqueue_original original);
extern enqueue_hook swift_task_enqueueGlobal_hook;

static const char *watched = "";
static atomic_long count;

static __attribute__((swiftcall)) void counted(void *job, enqueue_original original) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (strncmp(name, watched, strlen(watched)) == 0) {
        atomic_fetch_add(&count, 1);
    }
    original(job);
}

void global_executor_watch(const char *prefix) {
    watched = prefix;
    swift_task_enqueueGlobal_hook = counted;
}

long global_executor_count(void) {
    return atomic_load(&count);
}
