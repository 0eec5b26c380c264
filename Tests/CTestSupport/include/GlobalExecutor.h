#ifndef GLOBAL_EXECUTOR_H
#define GLOBAL_EXECUTOR_H

/// From now on counts the jobs that threads whose name begins with `prefix` hand to Swift's
/// global executor. `prefix` must stay valid.
void global_executor_watch(const char *prefix);

/// Jobs counted so far.
long global_executor_count(void);

#endif
