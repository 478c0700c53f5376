# SPDX-License-Identifier: MIT
"""The C library: its declarations, its constants, and the file itself.

The declarations are those of zinc.h and zinc-lock.h, which lie in include/ in the
package; if one is missing, those of _cdef.py.

The library is looked for at $ZINC_LIBRARY, and there only if that is set; else
beside the package's modules; in the build of the source tree that the package
lies in; where the system has its libraries. Of the names, libzinc-kmod.so.1
comes before libzinc_core.so.
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
    """What cffi understands of zinc.h: types and functions."""
    text = _DIRECTIVE.sub("", _CPLUSPLUS.sub("", _COMMENT.sub("", header)))
    text = text.replace("ZINC_API ", "")
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def constants(header: str) -> str:
    """Those macros of zinc.h that are plain numbers, as cffi understands them."""
    found = []
    for name, plain, number, shift in _CONSTANT.findall(_COMMENT.sub("", header)):
        value = int(plain, 0) if plain else int(number, 0) << int(shift, 0)
        found.append(f"#define {name} {value}\n")
    return "".join(found)


def header_cdef() -> str:
    """The declarations to use."""
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
    if (_HERE.parents[1] / "zinc.h").exists():
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
                raise OSError(f"{candidate}: has region format {version}, not {FORMAT}")
            library.zinc_close_keep_data  # pylint: disable=pointless-statement
            return library
        except OSError as error:
            tried.append(str(error))
        except AttributeError as error:
            tried.append(f"{candidate} is not the library of this Zinc: {error}")
    raise ImportError(
        f"zinc: no libzinc-kmod: install it (make install, ldconfig), or let {VARIABLE} name the"
        " file: " + "; ".join(tried)
    )


ffi: Any = cffi.FFI()
ffi.cdef(header_cdef())
ffi.cdef("void free(void *);")
lib: Any = _load()
