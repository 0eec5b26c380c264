// Linux's epoll, which Swift's Glibc module leaves out; for the benchmark tools alone.
#pragma once

#include <sys/epoll.h>
