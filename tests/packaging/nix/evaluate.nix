# What module.nix makes of a configuration, and package.nix of its arguments, without nixpkgs: as much of its library as
# they use. `provider`: what environment.memoryAllocator.provider is set to.
{ nix, system ? false, units ? [ ], options ? "", exceptions ? [ ], provider ? "libc" }:

let
  lib = rec {
    mkOption = option: option;
    mkIf = condition: content: if condition then content else { };
    mkMerge = contents: builtins.foldl' merge { } contents;
    elem = builtins.elem;
    optionalString = condition: text: if condition then text else "";
    concatMapStrings = make: list: builtins.concatStringsSep "" (map make list);
    literalExpression = text: text;
    cleanSource = path: toString path;
    licenses.mit = "mit";
    types = {
      package = null;
      bool = null;
      str = null;
      listOf = _: null;
      enum = values: values;
    };
    # Sets are merged, texts put one behind the other, lists joined: as the module system merges these options.
    merge = a: b:
      a // builtins.mapAttrs (name: value:
        if !(a ? ${name}) then value
        else if builtins.isAttrs value then merge a.${name} value
        else if builtins.isList value then a.${name} ++ value
        else a.${name} + value) b;
  };
  # The package as it would be built: its arguments are those that nixpkgs has, and a derivation is its attributes.
  package = import (nix + "/package.nix") {
    inherit lib;
    stdenv.mkDerivation = attributes: attributes;
    fetchurl = source: "/nix/store/${baseNameOf source.url}";
    cmake = null; ninja = null; pkg-config = null; cli11 = null; elfutils = null; fmt = null; libunwind = null; nlohmann_json = null; sqlite = null;
    systemd = null; zstd = null;
  };
  pkgs = {
    callPackage = _: _: "/nix/store/neap";
    runCommand = name: _: script: "/nix/store/${name}";
    writeTextDir = path: text: { inherit path text; };
  };
  config = {
    services.neap = { package = "/nix/store/neap"; inherit system units options exceptions; };
    environment.memoryAllocator.provider = module.options.environment.memoryAllocator.provider.apply provider;
    environment.etc."ld-nix.so.preload".source = "/nix/store/etc-preload";
    environment.etc."neap/except".source = "/nix/store/etc-except";
    systemd.services = { tor = { environment = { }; }; redis.environment.LD_PRELOAD = "/own.so"; };
  };
  module = import (nix + "/module.nix") {
    inherit config lib pkgs;
    options.environment.memoryAllocator.provider.definitions = [ provider ];
  };
in
{ config = module.config; default = module.options.services.neap.package.default; preConfigure = package.preConfigure; }
