# SPDX-License-Identifier: MIT
"""The C library: its declarations, its constants, and the loaded shared object.

The declarations come from zinc.h and zinc-lock.h in the package's include/ folder,
or from _cdef.py if one of them is missing.

If $ZINC_LIBRARY is set, only that file is loaded. Otherwise the package's own
folder, the build folder of its source tree, and the loader's path are searched, in
this order. In each, libzinc-kmod.so.1 is tried before libzinc_core.so.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import cffi  # type: ignore[import]

from ._cdef import CDEF

NAMES = ("libzinc-kmod.so.1", "libzinc_core.so")
HEADERS = ("zinc.h", "zinc-lock.h")
VARIABLE = "ZINC_LIBRARY"
FORMAT = 2
_HERE = Path(__file__).resolve().parent

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus$.*?^#endif$", re.DOTALL | re.MULTILINE)
_DIRECTIVE = re.compile(r"^#(?:.*\\\n)*.*$", re.MULTILINE)
_NUMBER = r"(0x[0-9A-Fa-f]+|[0-9]+)[uU]?"
_CONSTANT = re.compile(
    rf"^#define[ \t]+(ZINC_\w+)[ \t]+(?:{_NUMBER}|\({_NUMBER}[ \t]*<<[ \t]*{_NUMBER}\))[ \t]*$",
    re.MULTILINE,
)


def declarations(header: str) -> str:
    """Extract the types and functions of a header, in the syntax that cffi accepts."""
    text = _DIRECTIVE.sub("", _CPLUSPLUS.sub("", _COMMENT.sub("", header)))
    text = text.replace("ZINC_API ", "")
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def constants(header: str) -> str:
    """Extract the macros of a header that are plain numbers."""
    found = []
    for name, plain, number, shift in _CONSTANT.findall(_COMMENT.sub("", header)):
        value = int(plain, 0) if plain else int(number, 0) << int(shift, 0)
        found.append(f"#define {name} {value}\n")
    return "".join(found)


def header_cdef() -> str:
    """Return the declarations for cffi."""
    folder = _HERE / "include"
    try:
        header = "".join((folder / name).read_text(encoding="utf-8") for name in HEADERS)
    except FileNotFoundError:
        return CDEF
    return constants(header) + declarations(header)


def _candidates() -> list[str]:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return [chosen]
    folders = [_HERE]
    if (_HERE.parents[1] / "include" / "zinc.h").exists():
        folders.append(_HERE.parents[2] / "build" / "lib")
    found = [str(path) for folder in folders for name in NAMES if (path := folder / name).exists()]
    return found + list(NAMES)


def _load() -> Any:
    tried = []
    for candidate in _candidates():
        try:
            library = ffi.dlopen(candidate)
            version = library.zinc_version() >> 16
            if version != FORMAT:
                raise OSError(f"{candidate}: expected region format {FORMAT}, found {version}")
            library.zinc_close_keep_data  # pylint: disable=pointless-statement
            return library
        except OSError as error:
            tried.append(str(error))
        except AttributeError as error:
            tried.append(f"{candidate}: a library of another version of Zinc: {error}")
    raise ImportError(
        f"zinc: cannot load libzinc-kmod: install it (make install, ldconfig), or set {VARIABLE}"
        " to its path: " + "; ".join(tried)
    )


ffi: Any = cffi.FFI()
ffi.cdef(header_cdef())
ffi.cdef("void free(void *);")
lib: Any = _load()
