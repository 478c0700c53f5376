# SPDX-License-Identifier: MIT
# For Nix: callPackage ./package.nix { src = ./zinc-1.0.0.tar.xz; }. Not tried.
{
  stdenv,
  libdrm,
  pkg-config,
  python3,
  src,
}:

stdenv.mkDerivation {
  pname = "zinc";
  version = "1.0.0";
  inherit src;

  nativeBuildInputs = [
    pkg-config
    python3
  ];
  buildInputs = [ libdrm ];

  makeFlags = [
    "PREFIX=$(out)"
    "TMPFILESDIR=$(out)/lib/tmpfiles.d"
  ];
  buildFlags = [
    "lib"
    "cli"
    "man"
  ];
  enableParallelBuilding = true;

  meta.description = "Named shared memory regions with notifications";
}
