#ifndef SPAWN_H
#define SPAWN_H

/// Starts a program without any of this process's descriptors; the process, or a negative errno.
int spawn_alone(const char *path, char *const *arguments);

#endif
