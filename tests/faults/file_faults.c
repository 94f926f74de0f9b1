/// Preloaded into a program: sees every call of libc that makes, writes, flushes, renames or
/// removes a file of one folder, and makes one of them the last, or lets the disk be full from it
/// on.
///
/// DNAGPT_FAULT_FOLDER  the folder, without symbolic links
/// DNAGPT_FAULT_LOG     file for a line "call <tab> path <tab> number" of each call; optional
/// DNAGPT_FAULT_AT      "path <tab> number": the number-th call (from 1) on that path, relative to
///                      the folder ("." is the folder itself); optional
/// DNAGPT_FAULT_MODE    what happens there: "before" (SIGKILL instead of the call), "midway"
///                      (SIGKILL after it; of a write only the first half is done), "full" (from
///                      there on no call that takes space succeeds: ENOSPC, the first write does
///                      half), "broken" (from there on such calls and flushes fail: EIO),
///                      "unreadable" (no byte of that path can be read: EIO), "unlockable" (there
///                      is no flock: ENOLCK)
///
/// Calls on one path are counted, not those of the program: what two threads do to two files has no
/// order, what the program does to one file has.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { paths_kept = 512 };
enum action { go_on, end_before, end_midway, fail_half, fail };
enum kind { takes_space, flushes, other };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char path[PATH_MAX];
    long calls;
} counts[paths_kept];
static bool disk_fails;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void stop_with(char const* problem, char const* path) {
    dprintf(2, "file_faults: %s: %s\n", problem, path);
    _exit(99);
}

/// The path within the folder; NULL for a path outside.
static char const* within(char const* path) {
    char const* folder = getenv("DNAGPT_FAULT_FOLDER");
    size_t const length = folder == NULL ? 0 : strlen(folder);
    if (length == 0 || strncmp(path, folder, length) != 0) {
        return NULL;
    }
    if (path[length] == '\0') {
        return ".";
    }
    if (path[length] != '/') {
        return NULL;
    }
    path += length;
    while (*path == '/') {
        ++path;
    }
    return *path == '\0' ? "." : path;
}

static void of_descriptor(int descriptor, char* path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t const length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
}

static void absolute(int folder, char const* name, char* path) {
    char from[PATH_MAX] = "";
    if (name[0] != '/' && folder == AT_FDCWD) {
        if (getcwd(from, sizeof from) == NULL) {
            stop_with("the current folder is unknown", name);
        }
    } else if (name[0] != '/') {
        of_descriptor(folder, from);
    }
    size_t const length = strlen(from);
    if (length + strlen(name) + 2 > PATH_MAX) {
        stop_with("the path is too long", name);
    }
    memcpy(path, from, length);
    path[length] = '/';
    strcpy(path + (name[0] == '/' ? 0 : length + 1), name);
}

static long count_call(char const* path) {
    for (int i = 0; i < paths_kept; ++i) {
        if (counts[i].calls == 0) {
            strcpy(counts[i].path, path);
        }
        if (strcmp(counts[i].path, path) == 0) {
            return ++counts[i].calls;
        }
    }
    stop_with("more paths than can be kept", path);
    return 0;
}

static void note(char const* call, char const* path, long number) {
    char const* log = getenv("DNAGPT_FAULT_LOG");
    if (log == NULL) {
        return;
    }
    char line[PATH_MAX + 64];
    int const length = snprintf(line, sizeof line, "%s\t%s\t%ld\n", call, path, number);
    int const file =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0 || syscall(SYS_write, file, line, (size_t)length) != length) {
        stop_with("cannot write the log", log);
    }
    syscall(SYS_close, file);
}

static bool is_mode(char const* name) {
    char const* mode = getenv("DNAGPT_FAULT_MODE");
    return mode != NULL && strcmp(mode, name) == 0;
}

static bool is_place(char const* path, long number) {
    char const* at = getenv("DNAGPT_FAULT_AT");
    size_t const length = strlen(path);
    return at != NULL && strncmp(at, path, length) == 0 && at[length] == '\t' &&
           atol(at + length + 1) == number;
}

/// Counts and notes the call, and says what is to become of it.
static enum action meet(char const* call, enum kind kind, char const* absolute_path) {
    char const* path = within(absolute_path);
    if (path == NULL) {
        return go_on;
    }
    pthread_mutex_lock(&mutex);
    long const number = count_call(path);
    note(call, path, number);
    bool const here = is_place(path, number);
    bool const first = here && !disk_fails;
    if (here && (is_mode("full") || is_mode("broken"))) {
        disk_fails = true;
    }
    bool const fails =
        disk_fails && (kind == takes_space || (kind == flushes && is_mode("broken")));
    pthread_mutex_unlock(&mutex);
    if (here && is_mode("before")) {
        return end_before;
    }
    if (here && is_mode("midway")) {
        return end_midway;
    }
    if (fails) {
        return first && is_mode("full") ? fail_half : fail;
    }
    return go_on;
}

static enum action meet_at(char const* call, enum kind kind, int folder, char const* name) {
    char path[PATH_MAX];
    absolute(folder, name, path);
    return meet(call, kind, path);
}

static enum action meet_open(char const* call, enum kind kind, int descriptor) {
    char path[PATH_MAX];
    of_descriptor(descriptor, path);
    return meet(call, kind, path);
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

static int error_of_disk(void) {
    return is_mode("broken") ? EIO : ENOSPC;
}

/// Runs `call` as `action` says: `failed` where the disk fails, the end before it or after it.
#define PERFORM(action, type, failed, call)              \
    do {                                                 \
        if ((action) == end_before) {                    \
            end();                                       \
        }                                                \
        if ((action) == fail || (action) == fail_half) { \
            errno = error_of_disk();                     \
            return failed;                               \
        }                                                \
        type const result = call;                        \
        if ((action) == end_midway) {                    \
            end();                                       \
        }                                                \
        return result;                                   \
    } while (0)

/// The same for writes, of which half is done.
#define PERFORM_WRITE(action, size, call, half)                          \
    do {                                                                 \
        if ((action) == end_before) {                                    \
            end();                                                       \
        }                                                                \
        if ((action) == fail || ((action) == fail_half && (size) < 2)) { \
            errno = error_of_disk();                                     \
            return -1;                                                   \
        }                                                                \
        ssize_t const result = (action) == go_on ? (call) : (half);      \
        if ((action) == end_midway) {                                    \
            end();                                                       \
        }                                                                \
        return result;                                                   \
    } while (0)

static mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

static bool changes(int flags) {
    return (flags & (O_CREAT | O_TRUNC)) != 0;
}

#define DEFINE_OPEN(name)                                                          \
    int name(char const* path, int flags, ...) {                                   \
        va_list rest;                                                              \
        va_start(rest, flags);                                                     \
        mode_t const mode = mode_of(flags, rest);                                  \
        va_end(rest);                                                              \
        enum action const action =                                                 \
            changes(flags) ? meet_at("open", takes_space, AT_FDCWD, path) : go_on; \
        PERFORM(action, int, -1, REAL(name)(path, flags, mode));                   \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

int openat(int folder, char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = mode_of(flags, rest);
    va_end(rest);
    enum action const action = changes(flags) ? meet_at("open", takes_space, folder, path) : go_on;
    PERFORM(action, int, -1, REAL(openat)(folder, path, flags, mode));
}

int creat(char const* path, mode_t mode) {
    enum action const action = meet_at("open", takes_space, AT_FDCWD, path);
    PERFORM(action, int, -1, REAL(creat)(path, mode));
}

static bool writes(char const* mode) {
    return strpbrk(mode, "wa") != NULL;
}

FILE* fopen(char const* path, char const* mode) {
    enum action const action = writes(mode) ? meet_at("open", takes_space, AT_FDCWD, path) : go_on;
    PERFORM(action, FILE*, NULL, REAL(fopen)(path, mode));
}

FILE* fopen64(char const* path, char const* mode) {
    enum action const action = writes(mode) ? meet_at("open", takes_space, AT_FDCWD, path) : go_on;
    PERFORM(action, FILE*, NULL, REAL(fopen64)(path, mode));
}

ssize_t write(int file, void const* data, size_t size) {
    enum action const action = meet_open("write", takes_space, file);
    PERFORM_WRITE(action, size, REAL(write)(file, data, size), REAL(write)(file, data, size / 2));
}

ssize_t pwrite(int file, void const* data, size_t size, off_t offset) {
    enum action const action = meet_open("pwrite", takes_space, file);
    PERFORM_WRITE(action, size, REAL(pwrite)(file, data, size, offset),
                  REAL(pwrite)(file, data, size / 2, offset));
}

ssize_t pwrite64(int file, void const* data, size_t size, off64_t offset) {
    enum action const action = meet_open("pwrite", takes_space, file);
    PERFORM_WRITE(action, size, REAL(pwrite64)(file, data, size, offset),
                  REAL(pwrite64)(file, data, size / 2, offset));
}

/// Half of a vector of pieces is half of its pieces.
ssize_t writev(int file, struct iovec const* pieces, int count) {
    enum action const action = meet_open("writev", takes_space, file);
    PERFORM_WRITE(action, (size_t)count, REAL(writev)(file, pieces, count),
                  REAL(writev)(file, pieces, count / 2));
}

int ftruncate(int file, off_t length) {
    enum action const action = meet_open("ftruncate", other, file);
    PERFORM(action, int, -1, REAL(ftruncate)(file, length));
}

int ftruncate64(int file, off64_t length) {
    enum action const action = meet_open("ftruncate", other, file);
    PERFORM(action, int, -1, REAL(ftruncate64)(file, length));
}

int truncate(char const* path, off_t length) {
    enum action const action = meet_at("truncate", other, AT_FDCWD, path);
    PERFORM(action, int, -1, REAL(truncate)(path, length));
}

int posix_fallocate(int file, off_t offset, off_t length) {
    enum action const action = meet_open("fallocate", takes_space, file);
    PERFORM(action, int, error_of_disk(), REAL(posix_fallocate)(file, offset, length));
}

int posix_fallocate64(int file, off64_t offset, off64_t length) {
    enum action const action = meet_open("fallocate", takes_space, file);
    PERFORM(action, int, error_of_disk(), REAL(posix_fallocate64)(file, offset, length));
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    enum action const action = meet_open("fallocate", takes_space, file);
    PERFORM(action, int, -1, REAL(fallocate)(file, mode, offset, length));
}

int fsync(int file) {
    enum action const action = meet_open("fsync", flushes, file);
    PERFORM(action, int, -1, REAL(fsync)(file));
}

int fdatasync(int file) {
    enum action const action = meet_open("fdatasync", flushes, file);
    PERFORM(action, int, -1, REAL(fdatasync)(file));
}

int rename(char const* from, char const* to) {
    enum action const action = meet_at("rename", other, AT_FDCWD, from);
    PERFORM(action, int, -1, REAL(rename)(from, to));
}

int renameat(int folder, char const* from, int to_folder, char const* to) {
    enum action const action = meet_at("rename", other, folder, from);
    PERFORM(action, int, -1, REAL(renameat)(folder, from, to_folder, to));
}

int unlink(char const* path) {
    enum action const action = meet_at("unlink", other, AT_FDCWD, path);
    PERFORM(action, int, -1, REAL(unlink)(path));
}

int unlinkat(int folder, char const* path, int flags) {
    enum action const action = meet_at("unlink", other, folder, path);
    PERFORM(action, int, -1, REAL(unlinkat)(folder, path, flags));
}

int remove(char const* path) {
    enum action const action = meet_at("unlink", other, AT_FDCWD, path);
    PERFORM(action, int, -1, REAL(remove)(path));
}

int mkdir(char const* path, mode_t mode) {
    enum action const action = meet_at("mkdir", takes_space, AT_FDCWD, path);
    PERFORM(action, int, -1, REAL(mkdir)(path, mode));
}

int link(char const* from, char const* to) {
    enum action const action = meet_at("link", takes_space, AT_FDCWD, to);
    PERFORM(action, int, -1, REAL(link)(from, to));
}

int symlink(char const* from, char const* to) {
    enum action const action = meet_at("link", takes_space, AT_FDCWD, to);
    PERFORM(action, int, -1, REAL(symlink)(from, to));
}

/// Reads are not counted: only the path of DNAGPT_FAULT_AT matters.
static bool is_unreadable(int file) {
    char path[PATH_MAX];
    of_descriptor(file, path);
    char const* name = is_mode("unreadable") ? within(path) : NULL;
    return name != NULL && is_place(name, 1);
}

ssize_t pread(int file, void* data, size_t size, off_t offset) {
    if (is_unreadable(file)) {
        errno = EIO;
        return -1;
    }
    return REAL(pread)(file, data, size, offset);
}

ssize_t pread64(int file, void* data, size_t size, off64_t offset) {
    if (is_unreadable(file)) {
        errno = EIO;
        return -1;
    }
    return REAL(pread64)(file, data, size, offset);
}

int flock(int file, int operation) {
    if (is_mode("unlockable")) {
        errno = ENOLCK;
        return -1;
    }
    return REAL(flock)(file, operation);
}
