/*
 * Makes every call that waits for the disk last DELAY_US microseconds longer, in each process
 * that is started with LD_PRELOAD naming this library. The caller sleeps; it burns no CPU.
 *
 * All calls of libc that sync are here, so that no subject of a comparison escapes by its
 * choice among them. Writes to files that were opened with O_SYNC are not: nobody here has any.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void sleep_first(void) {
  struct timespec rest = {DELAY_US / 1000000, (DELAY_US % 1000000) * 1000L};
  while (nanosleep(&rest, &rest) == -1 && errno == EINTR) {
  }
}

int fsync(int file) {
  sleep_first();
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  sleep_first();
  return (int)syscall(SYS_fdatasync, file);
}

int sync_file_range(int file, off64_t offset, off64_t octets, unsigned int flags) {
  sleep_first();
  return (int)syscall(SYS_sync_file_range, file, offset, octets, flags);
}

int syncfs(int file) {
  sleep_first();
  return (int)syscall(SYS_syncfs, file);
}

void sync(void) {
  sleep_first();
  syscall(SYS_sync);
}

int msync(void *start, size_t octets, int flags) {
  if (flags & MS_SYNC) sleep_first();
  return (int)syscall(SYS_msync, start, octets, flags);
}
