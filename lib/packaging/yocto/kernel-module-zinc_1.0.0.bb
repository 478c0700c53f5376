# SPDX-License-Identifier: MIT
# For Yocto: the module, beside zinc_1.0.0.bb. Not tried.
SUMMARY = "Shared memory regions in the kernel"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://COPYING.GPL-2.0;md5=b234ee4d69f5fce4486a80fdaf4a4263"
SRC_URI = "file://zinc-${PV}.tar.xz"
S = "${WORKDIR}/zinc-${PV}"

inherit module

EXTRA_OEMAKE += "-C ${STAGING_KERNEL_BUILDDIR} M=${S}"
MODULES_INSTALL_TARGET = "modules_install"
