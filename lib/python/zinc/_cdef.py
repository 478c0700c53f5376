# SPDX-License-Identifier: MIT
"""What of zinc.h the package needs, for when that is missing."""

CDEF = """
#define ZINC_LAZY 1
#define ZINC_REPLACE 2
#define ZINC_READONLY 4
#define ZINC_NO_DATA 8
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
enum zinc_lifetime_kind {
    ZINC_LIVES_REFS = 0,
    ZINC_LIVES_CREATOR = 1,
    ZINC_LIVES_PERSIST = 2
};
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
int32_t zinc_unlink(const char *name);
int32_t zinc_close_keep_data(zinc_handle handle, void **data, size_t *length);
void zinc_unmap_data(void *data, size_t length);
int32_t zinc_fd(zinc_handle handle);
int32_t zinc_from_fd(int fd, const struct zinc_options *options, zinc_handle *out);
int32_t zinc_notify_checked(zinc_handle handle);
int32_t zinc_wait_until(zinc_handle handle, uint64_t deadline_ns);
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
    int32_t owner_pid;
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
int32_t zinc_import_dmabuf(int dmabuf_fd, const char *name, const struct zinc_options *options,
    zinc_handle *out);
int32_t zinc_notify_on_fence(zinc_handle handle, int fence_fd);
int32_t zinc_begin_cpu_access(zinc_handle handle, uint32_t access);
int32_t zinc_end_cpu_access(zinc_handle handle, uint32_t access);
const char *zinc_strerror(int32_t error);
"""
