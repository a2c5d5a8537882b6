/* thread.h - starts threads that leave signals to the main thread. */
#pragma once
#include <pthread.h>

/* Starts a joinable thread as pthread_create(3) does, with all signals blocked in it. 0, or an errno. */
int dnc_thread_start(pthread_t *thread, void *(*run)(void *ctx), void *ctx);
