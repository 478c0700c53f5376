# SPDX-License-Identifier: MIT
# For Yocto: a layer's recipes-support/zinc/. The tarball of `make dist` is in
# files/. Not tried.
SUMMARY = "Named shared memory regions with notifications"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://COPYING.MIT;md5=ddb4f48f4ab8285f2011fae5aa9b329e"
SRC_URI = "file://zinc-${PV}.tar.xz"

DEPENDS = "python3-native"
PACKAGECONFIG ??= "drm"
PACKAGECONFIG[drm] = ",,libdrm"

inherit pkgconfig

PATHS = "PREFIX=${prefix} LIBDIR=${libdir} INCLUDEDIR=${includedir} RPATH= \
    TMPFILESDIR=${nonarch_libdir}/tmpfiles.d \
    DRM=${@bb.utils.contains('PACKAGECONFIG', 'drm', '1', '', d)}"

do_compile() {
    oe_runmake lib cli man ${PATHS}
}

do_install() {
    oe_runmake install udev-install DESTDIR=${D} ${PATHS}
}

PACKAGES =+ "${PN}-drm ${PN}-tools"
FILES:${PN}-drm = "${libdir}/libzinc-drm.so.*"
FILES:${PN}-tools = "${bindir} ${datadir}/bash-completion ${datadir}/fish ${datadir}/zsh \
    ${nonarch_libdir}/tmpfiles.d"
# programs load the library by this name, too
FILES:${PN} += "${libdir}/libzinc_core.so ${nonarch_libdir}/udev ${nonarch_libdir}/modules-load.d"
FILES_SOLIBSDEV = "${libdir}/libzinc-kmod.so ${libdir}/libzinc-drm.so"
INSANE_SKIP:${PN} += "dev-so"
RRECOMMENDS:${PN} += "kernel-module-zinc"
