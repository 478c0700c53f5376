# SPDX-License-Identifier: MIT
# Reads the message of hello.c, and answers it: python3 hello.py
import struct
from zinc import SharedRegion

with SharedRegion.open("greeting") as region:
    assert region.wait(60000)
    data = region.as_buffer()
    length, text = struct.unpack_from("I56s", data, 4)
    print("read:", text[:length].decode())
    struct.pack_into("I56s", data, 4, 11, b"Python read")
    struct.pack_into("I", data, 0, 1)
    region.notify()
