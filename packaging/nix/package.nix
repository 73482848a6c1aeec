# The packages of neap, built from this tree:   pkgs.callPackage ./package.nix { }
{
  lib,
  stdenv,
  cmake,
  ninja,
  pkg-config,
  cli11,
  elfutils,
  fmt,
  libunwind,
  nlohmann_json,
  sqlite,
  systemd,
  zstd,
  # dygraph.min.js and dygraph.min.css, for the charts of the reports
  dygraphs,
}:

stdenv.mkDerivation {
  pname = "neap";
  version = "0.1.0";
  src = lib.cleanSource ../..;

  nativeBuildInputs = [ cmake ninja pkg-config ];
  buildInputs = [ cli11 elfutils fmt libunwind nlohmann_json sqlite systemd zstd ];
  cmakeFlags = [
    "-DBUILD_TESTING=OFF"
    "-DNEAP_BENCH=OFF"
    "-DCMAKE_INSTALL_LIBDIR=lib"
    "-DNEAP_DYGRAPHS=${dygraphs}"
  ];

  meta = {
    description = "Malloc whose resident memory stays close to the live bytes, and the command that proves it";
    license = lib.licenses.mit;
    mainProgram = "neap";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
