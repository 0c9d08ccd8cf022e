/* What a node's operating system does to it in a siege, between the node and the C library: flushes that take long or fail
 * after their writes were taken, a disk without room, a wall clock that is off, and connections that lead through a proxy. Preloaded
 * (LD_PRELOAD); src/shim.rs compiles it, and writes the control block that all of it is read from at each call.
 * The monotonic clock is left alone: a kernel never moves it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ROUTES 8

/* As `Control::encode` in src/shim.rs writes it. */
struct control {
    int64_t clock_ahead_ms;
    uint32_t flush_ms;
    uint32_t flush_fails;
    uint32_t is_full;
    uint32_t unused;
    struct { uint16_t from, to; } routes[ROUTES];
};

static volatile const struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TRONGDONG_FAULTS");
    if (!path) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) _exit(97);
    void *at = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) _exit(98);
    close(file);
    control = at;
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int64_t ahead_ms(void) { return control ? control->clock_ahead_ms : 0; }

static void move(struct timespec *time, int64_t ms) {
    int64_t nanos = (int64_t)time->tv_nsec + (ms % 1000) * 1000000;
    time->tv_sec += ms / 1000;
    if (nanos >= 1000000000) { time->tv_sec += 1; nanos -= 1000000000; }
    if (nanos < 0) { time->tv_sec -= 1; nanos += 1000000000; }
    time->tv_nsec = nanos;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) move(time, ahead_ms());
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

/* A deadline was computed by the clock that is off, and the kernel waits by the one that is not. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    /* By version: the oldest one, which a plain look-up may find, has another layout. */
    if (!real) real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec moved = *until;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    /* Condition variables may wait by the monotonic clock; its times are nowhere near the wall clock's. */
    if (moved.tv_sec > now.tv_sec / 2) move(&moved, -ahead_ms());
    return real(cond, mutex, &moved);
}

/* The writes before it were taken. */
static int flush(int (*real)(int), int file) {
    if (control && control->flush_ms) {
        struct timespec wait = { control->flush_ms / 1000, (long)(control->flush_ms % 1000) * 1000000 };
        nanosleep(&wait, NULL);
    }
    if (control && control->flush_fails) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fdatasync(int file) {
    REAL(int, fdatasync, int);
    return flush(real, file);
}

int fsync(int file) {
    REAL(int, fsync, int);
    return flush(real, file);
}

/* A file on a disk without room. Sockets are none, and what a program says on its output is not on that disk. */
static int is_refused(int file) {
    struct stat what;
    return control && control->is_full && file > STDERR_FILENO && fstat(file, &what) == 0 && S_ISREG(what.st_mode);
}

#define NO_ROOM(file) if (is_refused(file)) { errno = ENOSPC; return -1; }

ssize_t write(int file, const void *from, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    NO_ROOM(file)
    return real(file, from, length);
}

ssize_t pwrite(int file, const void *from, size_t length, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    NO_ROOM(file)
    return real(file, from, length, at);
}

ssize_t pwrite64(int file, const void *from, size_t length, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    NO_ROOM(file)
    return real(file, from, length, at);
}

int connect(int file, const struct sockaddr *address, socklen_t length) {
    REAL(int, connect, int, const struct sockaddr *, socklen_t);
    if (!control || address->sa_family != AF_INET || length < sizeof(struct sockaddr_in)) return real(file, address, length);
    struct sockaddr_in to = *(const struct sockaddr_in *)address;
    for (int route = 0; route < ROUTES; route++) {
        if (control->routes[route].from && to.sin_port == htons(control->routes[route].from)) {
            to.sin_port = htons(control->routes[route].to);
            break;
        }
    }
    return real(file, (const struct sockaddr *)&to, sizeof to);
}
