# SPDX-License-Identifier: MIT
# A counter that survives the restart of its service, since systemd keeps the region's
# descriptor. The unit has Type=notify and FileDescriptorStoreMax=1.
import array
import os
import signal
import socket
import struct

from zinc import SharedRegion

NAME = os.environ.get("REGION", "counter")


def tell_systemd(text: str, *descriptors: int) -> None:
    """As sd_pid_notify_with_fds(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        address = os.environ["NOTIFY_SOCKET"]
        channel.connect("\0" + address[1:] if address[0] == "@" else address)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        channel.sendmsg([text.encode()], rights if descriptors else [])


stop = {signal.SIGTERM, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, stop)
if os.environ.get("LISTEN_FDNAMES") == NAME:
    region = SharedRegion.from_fd(3)  # the first descriptor that systemd passes
else:
    region = SharedRegion.create(NAME, 65536)
    tell_systemd(f"FDSTORE=1\nFDNAME={NAME}\nFDPOLL=0", region.fileno())
with region, region.as_buffer() as data:
    starts = struct.unpack_from("Q", data)[0] + 1
    struct.pack_into("Q", data, 0, starts)
    region.notify()
    tell_systemd(f"READY=1\nSTATUS=start number {starts}")
    signal.sigwait(stop)
