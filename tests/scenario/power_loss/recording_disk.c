/*
 * Records what of a folder would survive a power cut. Loaded before a process with
 * LD_PRELOAD, it records each change of a name, each write and each successful sync, so
 * that a test can kill the process and then remove what was never synced.
 *
 * DAYBOOK_DISK_FOLDER  the recorded folder, as an absolute path
 * DAYBOOK_DISK_RECORD  the file that the record is appended to, outside that folder
 * DAYBOOK_DISK_KEPT    a folder on the same file system: every created file gets a second
 *                      name in it, its inode number, so that its content can be found
 *                      when its name in the recorded folder is gone
 * DAYBOOK_DISK_FAIL    while this path exists, the next fdatasync of a recorded file fails
 *                      with EIO, and the path is removed. As on Linux, the sync after it
 *                      succeeds, and what the failed one should have written is lost
 *
 * A line is written after the call has succeeded and before it returns to the process, so
 * everything that the process relies on is in the record, whenever it is killed. Only calls
 * that libc makes for `deno` are recorded.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder, *kept, *failing;
static int record = -1;
/* A call and its line are one step, so that lines are in call order. */
static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("DAYBOOK_DISK_RECORD");
  folder = getenv("DAYBOOK_DISK_FOLDER");
  kept = getenv("DAYBOOK_DISK_KEPT");
  failing = getenv("DAYBOOK_DISK_FAIL");
  if (folder == NULL || path == NULL || kept == NULL) {
    folder = NULL;
    return;
  }
  record = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (record < 0) {
    perror("recording disk");
    abort();
  }
}

static int is_watched(const char *path) {
  if (folder == NULL || path == NULL) return 0;
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void note(const char *format, ...) {
  char line[2 * PATH_MAX + 64];
  int before = errno;
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  /* Without the record a run proves nothing. */
  if (REAL(write)(record, line, length) != length) abort();
  errno = before;
}

/* Gives a new file its second name, and records its first. */
static void note_created(const char *path) {
  struct stat found;
  char second[PATH_MAX];
  if (stat(path, &found) != 0) return;
  snprintf(second, sizeof second, "%s/%llu", kept, (unsigned long long)found.st_ino);
  if (link(path, second) != 0 && errno != EEXIST) abort();
  note("create\t%llu\t%s\n", (unsigned long long)found.st_ino, path);
}

static int open_watched(int (*real)(const char *, int, ...), const char *path, int flags,
                        mode_t mode) {
  pthread_mutex_lock(&names);
  int is_new = access(path, F_OK) != 0;
  int file = real(path, flags, mode);
  if (file >= 0 && is_new) note_created(path);
  pthread_mutex_unlock(&names);
  return file;
}

#define MODE_OF(flags)                \
  mode_t mode = 0;                    \
  if ((flags) & O_CREAT) {            \
    va_list values;                   \
    va_start(values, flags);          \
    mode = va_arg(values, mode_t);    \
    va_end(values);                   \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags);
  if ((flags & O_CREAT) && is_watched(path)) return open_watched(REAL(open), path, flags, mode);
  return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags);
  if ((flags & O_CREAT) && is_watched(path)) return open_watched(REAL(open64), path, flags, mode);
  return REAL(open64)(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
  if (!is_watched(path)) return REAL(mkdir)(path, mode);
  pthread_mutex_lock(&names);
  int result = REAL(mkdir)(path, mode);
  if (result == 0) note("mkdir\t%s\n", path);
  pthread_mutex_unlock(&names);
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_watched(from)) return REAL(rename)(from, to);
  pthread_mutex_lock(&names);
  int result = REAL(rename)(from, to);
  if (result == 0) note("rename\t%s\t%s\n", from, to);
  pthread_mutex_unlock(&names);
  return result;
}

int unlink(const char *path) {
  if (!is_watched(path)) return REAL(unlink)(path);
  pthread_mutex_lock(&names);
  int result = REAL(unlink)(path);
  if (result == 0) note("unlink\t%s\n", path);
  pthread_mutex_unlock(&names);
  return result;
}

/* The current path of an open file; returns whether it is recorded. */
static int watched_path(int file, char *path) {
  char link[64];
  if (folder == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return is_watched(path);
}

static int sync_watched(int (*real)(int), int file, const char *path, int may_fail) {
  struct stat before;
  if (fstat(file, &before) != 0) return -1;
  unsigned long long inode = before.st_ino, size = before.st_size;
  if (may_fail && failing != NULL && REAL(unlink)(failing) == 0) {
    note("fail\t%llu\t%llu\n", inode, size);
    errno = EIO;
    return -1;
  }
  if (S_ISDIR(before.st_mode)) {
    /* No name can change between the sync and its line. */
    pthread_mutex_lock(&names);
    int result = real(file);
    if (result == 0) note("syncfolder\t%s\n", path);
    pthread_mutex_unlock(&names);
    return result;
  }
  int result = real(file);
  if (result == 0) note("sync\t%llu\t%llu\n", inode, size);
  return result;
}

ssize_t write(int file, const void *bytes, size_t count) {
  struct stat found;
  char path[PATH_MAX];
  int is_ours = folder != NULL && file != record && fstat(file, &found) == 0 &&
                S_ISREG(found.st_mode) && watched_path(file, path);
  if (!is_ours) return REAL(write)(file, bytes, count);
  long long from = lseek(file, 0, SEEK_CUR);
  ssize_t written = REAL(write)(file, bytes, count);
  if (written > 0) {
    note("write\t%llu\t%lld\t%lld\n", (unsigned long long)found.st_ino, from, from + written);
  }
  return written;
}

int fsync(int file) {
  char path[PATH_MAX];
  if (!watched_path(file, path)) return REAL(fsync)(file);
  return sync_watched(REAL(fsync), file, path, 0);
}

int fdatasync(int file) {
  char path[PATH_MAX];
  if (!watched_path(file, path)) return REAL(fdatasync)(file);
  return sync_watched(REAL(fdatasync), file, path, 1);
}
