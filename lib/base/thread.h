/* thread.h - starts threads that leave signals to the main one. */
#pragma once
#include <pthread.h>

/* As pthread_create(3), with all signals blocked in the new thread. 0, or an errno. */
int dnc_thread_start(pthread_t *thread, void *(*run)(void *ctx), void *ctx);
