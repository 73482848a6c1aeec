# What module.nix makes of a configuration, without nixpkgs: as much of its library as the module uses.
{ module, system, units, options }:

let
  lib = rec {
    mkOption = option: option;
    mkIf = condition: content: if condition then content else { };
    mkMerge = contents: builtins.foldl' merge { } contents;
    optionalAttrs = condition: set: if condition then set else { };
    genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
    literalExpression = text: text;
    types = {
      package = null;
      bool = null;
      str = null;
      listOf = _: null;
    };
    # Sets are merged, texts put one behind the other, lists joined: as the module system merges these options.
    merge = a: b:
      a // builtins.mapAttrs (name: value:
        if !(a ? ${name}) then value
        else if builtins.isAttrs value then merge a.${name} value
        else a.${name} + value) b;
  };
  pkgs = {
    callPackage = _: _: "/nix/store/neap";
    runCommand = name: _: script: "/nix/store/${name}";
  };
  config = {
    services.neap = { package = "/nix/store/neap"; inherit system units options; };
    environment.memoryAllocator.provider = "libc";
    environment.etc."ld-nix.so.preload".source = "/nix/store/etc-preload";
  };
in
(import module { inherit config lib pkgs; }).config
