# SPDX-License-Identifier: MIT
"""The declarations of zinc.h and zinc-lock.h that the package uses if they are missing."""

CDEF = """
#define ZINC_LAZY 1
#define ZINC_REPLACE 2
#define ZINC_RDONLY 4
#define ZINC_NO_DATA 8
#define ZINC_CONTIGUOUS 16
#define ZINC_CPU_READ 1
#define ZINC_CPU_WRITE 2
typedef struct zinc_region *zinc_handle;
int32_t zinc_create(const char *name, uintptr_t capacity, zinc_handle *out);
int32_t zinc_open(const char *name, zinc_handle *out);
uint8_t *zinc_ptr(zinc_handle handle);
uintptr_t zinc_capacity(zinc_handle handle);
void zinc_close(zinc_handle handle);
int32_t zinc_try_wait(zinc_handle handle);
uint32_t zinc_version(void);
enum zinc_backend_kind {
    ZINC_BACKEND_AUTO = 0,
    ZINC_BACKEND_KMOD = 1,
    ZINC_BACKEND_SHM = 2
};
#define ZINC_LIFETIME_REFS 0
#define ZINC_LIFETIME_CREATOR 1
#define ZINC_LIFETIME_PERSIST 2
struct zinc_options {
    uint32_t size;
    uint32_t flags;
    uint32_t mode;
    uint32_t lifetime;
    uint32_t backend;
    uint32_t reserved;
};
int32_t zinc_create_with(const char *name, uintptr_t capacity, const struct zinc_options
    *options, zinc_handle *out);
int32_t zinc_open_with(const char *name, const struct zinc_options *options, zinc_handle *out);
int32_t zinc_open_wait(const char *name, const struct zinc_options *options, uint64_t
    deadline_ns, zinc_handle *out);
int32_t zinc_unlink(const char *name);
int32_t zinc_unlink_stale(const char *name);
int32_t zinc_close_keep_data(zinc_handle handle, void **data, size_t *length);
void zinc_unmap_data(void *data, size_t length);
int32_t zinc_fd(zinc_handle handle);
int32_t zinc_from_fd(int fd, const struct zinc_options *options, zinc_handle *out);
int32_t zinc_notify_checked(zinc_handle handle);
#define ZINC_WAIT_GONE 8
int32_t zinc_wait_with(zinc_handle handle, uint64_t deadline_ns, uint32_t flags);
uint32_t zinc_sequence(zinc_handle handle);
struct zinc_region_info {
    uint32_t size;
    uint32_t backend;
    uint64_t id;
    uint64_t capacity;
    uint64_t resident;
    uint64_t created_at;
    uint32_t flags;
    uint32_t lifetime;
    uint32_t uid;
    uint32_t gid;
    uint32_t mode;
    int32_t creator_pid;
    uint32_t handles;
    uint32_t waiters;
    uint32_t sequence;
    uint32_t cursor;
    char name[256];
    uint32_t attachments;
    uint32_t fences;
    uint32_t fence_errors;
    int32_t fence_error;
};
int32_t zinc_info(zinc_handle handle, struct zinc_region_info *info);
int32_t zinc_stat(const char *name, struct zinc_region_info *info);
int32_t zinc_list(struct zinc_region_info **list, size_t *count, size_t entry_size);
void zinc_list_free(struct zinc_region_info *list);
int32_t zinc_features(zinc_handle handle, uint64_t *features);
int32_t zinc_export_dmabuf(zinc_handle handle, uint32_t flags);
int32_t zinc_export_dmabuf_part(zinc_handle handle, uint64_t offset, uint64_t length,
    uint32_t flags);
int32_t zinc_import_dmabuf(int dmabuf_fd, const char *name, const struct zinc_options *options,
    zinc_handle *out);
int32_t zinc_notify_on_fence(zinc_handle handle, int fence_fd);
int32_t zinc_begin_cpu_access(zinc_handle handle, uint32_t access);
int32_t zinc_end_cpu_access(zinc_handle handle, uint32_t access);
const char *zinc_strerror(int32_t error);
#define ZINC_EXCLUSIVE 0
#define ZINC_SHARED 1
#define ZINC_DEVICE_NAME_MAX 63
struct zinc_flock_request {
    uint32_t size;
    uint32_t mode;
    uint32_t timeout_ms;
    uint32_t reserved;
    const char *path;
    const char *context;
    const char *remediation;
};
int32_t zinc_flock_acquire(const struct zinc_flock_request *request, char **why);
void zinc_flock_release(int fd);
struct zinc_lock_holder {
    int32_t pid;
    char cmdline[412];
    uint32_t mode;
    int32_t taken_by;
};
int32_t zinc_flock_holders_of(const char *const *paths, size_t n, struct zinc_lock_holder **holders,
    size_t *counts, size_t entry_size);
void zinc_holders_free(struct zinc_lock_holder *holders);
struct zinc_device_claim {
    const char *device;
    uint32_t mode;
    uint32_t reserved;
};
int32_t zinc_reserve(const struct zinc_device_claim *claims, size_t count, size_t entry_size,
    uint32_t timeout_ms, char **why);
int32_t zinc_reserve_queue(const struct zinc_device_claim *claims, size_t count, size_t entry_size);
struct zinc_reservation_holder {
    uint64_t id;
    uint64_t since;
    int32_t pid;
    uint32_t uid;
    uint32_t mode;
    uint32_t waiting;
    char comm[16];
    char device[64];
};
int32_t zinc_reservations(const char *device, struct zinc_reservation_holder **holders, size_t
    *count, size_t entry_size);
void zinc_reservations_free(struct zinc_reservation_holder *holders);
int32_t zinc_gpu_lock_path(char *buf, size_t size, const char *backend, uint32_t index);
int32_t zinc_gpu_device(char *buf, size_t size, const char *gpu);
struct zinc_gpu_lock {
    uint32_t size;
    uint32_t held;
    int file;
    int reservation;
    int more[2];
    int reserved[2];
};
struct zinc_gpu_identity {
    char name[64];
    char physical[64];
    char part[64];
    char seed[64];
    char uuid[96];
    char driver[32];
    uint32_t vendor;
    uint32_t reserved;
};
int32_t zinc_gpu_resolve(const char *gpu, struct zinc_gpu_identity *identity, size_t size, char
    **why);
int32_t zinc_gpu_environment(const struct zinc_gpu_identity *gpus, size_t count, size_t entry_size,
    char **text);
int32_t zinc_gpu_lock_acquire_device(const char *gpu, uint32_t flags, uint32_t timeout_ms, struct
    zinc_gpu_lock *lock, char **why);
void zinc_gpu_lock_release(struct zinc_gpu_lock *lock);
int32_t zinc_gpu_holders(const char *gpu, struct zinc_lock_holder **holders, size_t *count, size_t
    entry_size);
struct zinc_gpu {
    char device[ZINC_DEVICE_NAME_MAX + 1];
};
int32_t zinc_gpus(struct zinc_gpu **gpus, size_t *count, size_t entry_size);
void zinc_gpus_free(struct zinc_gpu *gpus);
struct zinc_gpu_request {
    uint32_t size;
    uint32_t want;
    uint32_t mode;
    uint32_t timeout_ms;
    uint32_t reserved;
    const char *vendor;
    const char *driver;
};
int32_t zinc_gpu_lock_any(const struct zinc_gpu_request *request, struct zinc_gpu_lock *locks, size_t
    lock_size, struct zinc_gpu *taken, size_t gpu_size, char **why);
struct zinc_cpu_place {
    uint32_t cpu;
    uint32_t llc;
    int32_t node;
    uint32_t reserved;
};
int32_t zinc_cpu_places(struct zinc_cpu_place **places, size_t *count, size_t entry_size);
void zinc_cpu_places_free(struct zinc_cpu_place *places);
struct zinc_cpu_request {
    uint32_t size;
    uint32_t want;
    uint32_t llcs;
    uint32_t timeout_ms;
    const char *list;
    uint32_t mode;
    uint32_t reserved;
};
struct zinc_cpu_locks {
    uint32_t size;
    uint32_t reserved;
    size_t count;
    size_t fds_count;
    uint32_t *numbers;
    int *fds;
};
int32_t zinc_cpu_lock_acquire(const struct zinc_cpu_request *request, struct zinc_cpu_locks *locks, char
    **why);
void zinc_cpu_lock_release(struct zinc_cpu_locks *locks);
"""
