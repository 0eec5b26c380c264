#define _GNU_SOURCE
#include "Spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

int spawn_alone(const char *path, char *const *arguments) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    pid_t process = 0;
    int status = posix_spawn(&process, path, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0 ? process : -status;
}
