# SPDX-License-Identifier: MIT
"""DLPack capsules, which pass memory to tensor libraries.

Capsules before version 1.0 ("dltensor") cannot mark memory as read-only. Capsules of
1.x ("dltensor_versioned") can. A consumer renames the capsule that it consumes, and
calls the tensor's deleter when it no longer needs the memory. The destructor of a
capsule that was not consumed releases the memory.
"""

from __future__ import annotations

import ctypes
from typing import Any

VERSION = (1, 0)
READ_ONLY = 1 << 0
IS_COPIED = 1 << 1
CPU = (1, 0)  # kDLCPU
_UNSIGNED = (1, 8, 1)  # kDLUInt, bits, lanes


class _Tensor(ctypes.Structure):
    """DLTensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Managed(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = [
        ("tensor", _Tensor),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    ]


class _Versioned(ctypes.Structure):
    """DLManagedTensorVersioned."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


# exported tensors by address; the deleter removes an entry
_alive: dict[int, Any] = {}
_OLD = ctypes.c_char_p(b"dltensor")
_NEW = ctypes.c_char_p(b"dltensor_versioned")


def _api(name: str, result: Any, *arguments: Any) -> Any:
    """Make a private prototype: attributes of ctypes.pythonapi are shared by all modules."""
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_new = _api("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
# the destructor gets the capsule's address, as its reference count is already 0
_is_valid = _api("PyCapsule_IsValid", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)
_pointer = _api("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
_keep = _api("Py_IncRef", None, ctypes.py_object)


# Globals are bound as defaults: these run even after the module's globals are cleared.
def _delete_tensor(tensor: int, pop: Any = _alive.pop) -> None:
    pop(tensor, None)


def _drop_capsule(
    capsule: int,
    names: Any = (_OLD, _NEW),
    is_valid: Any = _is_valid,
    pointer: Any = _pointer,
    pop: Any = _alive.pop,
) -> None:
    for name in names:
        if is_valid(capsule, name):
            pop(pointer(capsule, name), None)


_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_delete = _CALLBACK(_delete_tensor)
_drop = _CALLBACK(_drop_capsule)
for _eternal in _delete, _drop, _OLD, _NEW:
    _keep(_eternal)


def check(stream: Any, dl_device: tuple[int, int] | None) -> None:
    """Refuse a stream, and a device other than the CPU."""
    if stream is not None:
        raise BufferError("expected no stream: the data are in the CPU's memory")
    if dl_device is not None and tuple(dl_device) != CPU:
        raise BufferError(f"expected the CPU {CPU}, got device {tuple(dl_device)}")


def capsule(  # pylint: disable=too-many-arguments,too-many-positional-arguments,too-many-locals
    address: int,
    shape: tuple[int, ...],
    keeps: Any,
    flags: int,
    max_version: tuple[int, int] | None,
    dtype: tuple[int, int, int] = _UNSIGNED,
    strides: tuple[int, ...] = (1,),
) -> Any:
    """Make a capsule of a tensor at address, with strides in elements.

    keeps is the object that owns the memory.
    """
    is_new = max_version is not None and max_version[0] >= VERSION[0]
    if flags & READ_ONLY and not is_new:
        raise BufferError(
            "a read-only region needs DLPack 1.0 or later: pass max_version, or open the region"
            " for writing"
        )
    managed: Any = _Versioned() if is_new else _Managed()
    sizes = (ctypes.c_int64 * len(shape))(*shape)
    steps = (ctypes.c_int64 * len(shape))(*strides)
    tensor = managed.tensor
    tensor.data = address
    tensor.device_type, tensor.device_id = CPU
    tensor.ndim = len(shape)
    tensor.code, tensor.bits, tensor.lanes = dtype
    tensor.shape, tensor.strides = sizes, steps
    managed.deleter = ctypes.cast(_delete, ctypes.c_void_p)
    if is_new:
        managed.major, managed.minor = VERSION
        managed.flags = flags
    place = ctypes.addressof(managed)
    _alive[place] = managed, sizes, steps, keeps
    try:
        return _new(place, _NEW if is_new else _OLD, ctypes.cast(_drop, ctypes.c_void_p))
    except BaseException:
        del _alive[place]
        raise
