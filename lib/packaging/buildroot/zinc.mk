# SPDX-License-Identifier: MIT
################################################################################
#
# zinc
#
################################################################################
# For Buildroot: package/zinc/, beside the tarball of `make dist` in dl/zinc/.
# Not tried.

ZINC_VERSION = 1.0.0
ZINC_SOURCE = zinc-$(ZINC_VERSION).tar.xz
ZINC_SITE_METHOD = file
ZINC_SITE = $(BR2_EXTERNAL)/dl
ZINC_LICENSE = MIT (library, command), GPL-2.0 (module)
ZINC_LICENSE_FILES = COPYING COPYING.MIT COPYING.GPL-2.0
ZINC_INSTALL_STAGING = YES
ZINC_DEPENDENCIES = host-pkgconf $(if $(BR2_PACKAGE_LIBDRM),libdrm)

ZINC_OPTIONS = PREFIX=/usr RPATH= TMPFILESDIR=/usr/lib/tmpfiles.d \
	DRM=$(if $(BR2_PACKAGE_LIBDRM),1)

define ZINC_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(MAKE) -C $(@D) lib cli $(ZINC_OPTIONS)
endef

define ZINC_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(MAKE) -C $(@D)/lib \
		O=$(@D)/build/lib install DESTDIR=$(STAGING_DIR) $(ZINC_OPTIONS)
endef

define ZINC_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(MAKE) -C $(@D)/lib \
		O=$(@D)/build/lib install DESTDIR=$(TARGET_DIR) $(ZINC_OPTIONS)
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(MAKE) -C $(@D)/lib/cli \
		O=$(@D)/build/bin LIB=$(@D)/build/lib install \
		DESTDIR=$(TARGET_DIR) $(ZINC_OPTIONS)
	$(MAKE) -C $(@D) udev-install DESTDIR=$(TARGET_DIR)
endef

ifeq ($(BR2_PACKAGE_ZINC_MODULE),y)
$(eval $(kernel-module))
endif
$(eval $(generic-package))
