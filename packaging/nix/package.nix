# The packages of neap, built from this tree:   pkgs.callPackage ./package.nix { }
{
  lib,
  stdenv,
  fetchurl,
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
  # For the charts of the reports: the npm package, of which dist/dygraph.min.js and dist/dygraph.min.css are built in.
  dygraphs ? fetchurl {
    url = "https://registry.npmjs.org/dygraphs/-/dygraphs-2.2.1.tgz";
    hash = "sha512-xnuvsvh2H/FKvJjTSlXgJpwCOhLOi3u0sHw1gsJg/Bmf29y6bnO14PbTz8MwHOa3GIbKqqgKVBMSOi+Z1gI2Gg==";
  },
}:

stdenv.mkDerivation {
  pname = "neap";
  version = builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile ../../VERSION);
  src = lib.cleanSource ../..;

  nativeBuildInputs = [ cmake ninja pkg-config ];
  buildInputs = [ cli11 elfutils fmt libunwind nlohmann_json sqlite systemd zstd ];
  preConfigure = ''
    tar -xzf ${dygraphs} -C "$TMPDIR" package/dist package/LICENSE.txt
    cmakeFlagsArray+=("-DNEAP_DYGRAPHS=$TMPDIR/package/dist")
  '';
  cmakeFlags = [
    "-DBUILD_TESTING=OFF"
    "-DNEAP_BENCH=OFF"
    "-DCMAKE_INSTALL_LIBDIR=lib"
  ];

  meta = {
    description = "Malloc whose resident memory stays close to the live bytes, and the command that proves it";
    license = lib.licenses.mit;
    mainProgram = "neap";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
