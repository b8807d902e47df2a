/* Makes the disk fail and the clock jump under one process, as a file says that may change at any time.

   cc -shared -fPIC -O2 -o faults.so faults.c -ldl
   LD_PRELOAD=./faults.so FAULTS=/path/of/the/control/file program

   The control file is one `struct control`, mapped into the process: whoever writes it is obeyed by the next call.
   Writes and syncs count where the path of their file holds `pattern`; everything else goes through untouched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t clock_ns;     /* added to CLOCK_REALTIME */
    int64_t sync_us;      /* how much longer a sync takes */
    int32_t write_errno;  /* 0: writes work */
    int32_t sync_errno;   /* 0: syncs work */
    uint64_t writes;      /* how many writes were made to fail, for the test to see */
    uint64_t syncs;       /* how many syncs were made to fail or to wait */
    char pattern[64];
};

static volatile struct control *control;

__attribute__((constructor)) static void open_control(void) {
    const char *path = getenv("FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

/* Looked at only while something is to fail. */
static int meant(int fd) {
    char link[32], path[4096], pattern[sizeof control->pattern];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    memcpy(pattern, (const void *)control->pattern, sizeof pattern);
    pattern[sizeof pattern - 1] = 0;
    return strstr(path, pattern) != NULL;
}

static int write_fails(int fd) {
    if (!control || !control->write_errno || !meant(fd))
        return 0;
    __atomic_fetch_add(&control->writes, 1, __ATOMIC_RELAXED);
    errno = control->write_errno;
    return 1;
}

static int sync_fails(int fd) {
    if (!control || !(control->sync_errno || control->sync_us) || !meant(fd))
        return 0;
    __atomic_fetch_add(&control->syncs, 1, __ATOMIC_RELAXED);
    /* in short steps, so that it ends soon after it is told to */
    struct timespec step = {0, 10 * 1000 * 1000};
    for (int64_t waited = 0; waited < control->sync_us; waited += 10 * 1000)
        nanosleep(&step, NULL);
    if (!control->sync_errno)
        return 0;
    errno = control->sync_errno;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FORWARD(name, ...)                  \
    static __typeof__(&name) next;          \
    if (!next)                              \
        next = NEXT(name);                  \
    return next(__VA_ARGS__)

ssize_t write(int fd, const void *bytes, size_t count) {
    if (write_fails(fd))
        return -1;
    FORWARD(write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (write_fails(fd))
        return -1;
    FORWARD(pwrite, fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    if (write_fails(fd))
        return -1;
    FORWARD(pwrite64, fd, bytes, count, offset);
}

int fsync(int fd) {
    if (sync_fails(fd))
        return -1;
    FORWARD(fsync, fd);
}

int fdatasync(int fd) {
    if (sync_fails(fd))
        return -1;
    FORWARD(fdatasync, fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        next = NEXT(clock_gettime);
    int result = next(clock, now);
    if (!result && control && control->clock_ns && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t all = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + control->clock_ns;
        now->tv_sec = all / 1000000000;
        now->tv_nsec = all % 1000000000;
    }
    return result;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where)
        *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
