# SPDX-License-Identifier: GPL-2.0-only
#
# What a machine needs beside the module itself; included by the top Makefile.
# TOP, VERSION and DESTDIR come from there. These paths are where udev, systemd
# and DKMS look, so that PREFIX has no part in them.

UDEVDIR ?= /usr/lib/udev/rules.d
MODULESLOADDIR ?= /usr/lib/modules-load.d
DKMSDIR ?= /usr/src/zinc-$(VERSION)

.PHONY: udev-install udev-uninstall dkms-install dkms-uninstall

# /dev/zinc gets its group, and is there after a boot.
udev-install:
	install -D -m 644 $(TOP)/kmod/60-zinc.rules $(DESTDIR)$(UDEVDIR)/60-zinc.rules
	install -D -m 644 $(TOP)/kmod/modules-load.conf $(DESTDIR)$(MODULESLOADDIR)/zinc.conf

udev-uninstall:
	rm -f $(DESTDIR)$(UDEVDIR)/60-zinc.rules $(DESTDIR)$(MODULESLOADDIR)/zinc.conf

# The sources, for `dkms install zinc/VERSION`.
dkms-install:
	install -d $(DESTDIR)$(DKMSDIR)/kmod $(DESTDIR)$(DKMSDIR)/uapi/linux
	install -m 644 $(TOP)/kmod/dkms.conf $(TOP)/Kbuild $(DESTDIR)$(DKMSDIR)/
	install -m 644 $(TOP)/kmod/*.[ch] $(DESTDIR)$(DKMSDIR)/kmod/
	install -m 644 $(TOP)/uapi/linux/zinc.h $(DESTDIR)$(DKMSDIR)/uapi/linux/

dkms-uninstall:
	rm -rf $(DESTDIR)$(DKMSDIR)
