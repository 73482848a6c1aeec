# NixOS: libneap for the whole system or for single services. For the system it is one more value of
# environment.memoryAllocator.provider; service by service, which that option does not give, it is a drop-in.
{ config, options, lib, pkgs, ... }:

let
  cfg = config.services.neap;

  # Alone in a package of its own: what every program of the system maps should not drag the command's closure along.
  library = pkgs.runCommand "libneap" { } ''
    mkdir -p $out/lib
    cp -L ${cfg.package}/lib/libneap.so.0 $out/lib/libneap.so.0
  '';
  path = "${library}/lib/libneap.so.0";
  preloadFile = "ld-nix.so.preload";
  exceptFile = "neap/except";
  rule = file: "/etc/${file} r,\n${config.environment.etc.${file}.source} r,\n";

  provider = options.environment.memoryAllocator.provider;
  system = cfg.system || lib.elem "neap" provider.definitions;

  # What the unit says itself stays behind libneap. It is read here and written to a drop-in, which wins.
  preloadOf = unit:
    let own = config.systemd.services.${unit}.environment.LD_PRELOAD or null;
    in if own == null then path else "${path}:${toString own}";
  dropIn = unit: pkgs.writeTextDir "etc/systemd/system/${unit}.service.d/50-neap.conf" ''
    [Service]
    Environment="LD_PRELOAD=${preloadOf unit}"
    ${lib.optionalString (cfg.options != "") ''Environment="NEAP_OPTIONS=${cfg.options}"''}
  '';
in
{
  options.services.neap = {
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package that holds the command and the library.";
    };
    system = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether every program of the system gets libneap as its malloc, as
        {option}`environment.memoryAllocator.provider` = "neap" says it too. A change reaches a program when it starts
        anew; programs that link their malloc statically keep it.
      '';
    };
    exceptions = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "firefox" "/run/current-system/sw/bin/java" ];
      description = "Programs that stay on libc's malloc under {option}`services.neap.system`, by name or path.";
    };
    units = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "tor" "redis" ];
      description = ''
        Services that run on libneap, by their names in {option}`systemd.services`. An LD_PRELOAD of theirs stays,
        behind libneap.
      '';
    };
    options = lib.mkOption {
      type = lib.types.str;
      default = "";
      example = "dirty_percent:10";
      description = "NEAP_OPTIONS of these services: see libneap(7).";
    };
  };

  # One more value; what the module of that option sees of it is "libc", so that it writes nothing of its own.
  options.environment.memoryAllocator.provider = lib.mkOption {
    type = lib.types.enum [ "neap" ];
    apply = value: if value == "neap" then "libc" else value;
  };

  config = lib.mkMerge [
    (lib.mkIf (system || cfg.units != [ ]) {
      environment.systemPackages = [ cfg.package ];
      security.apparmor.includes."abstractions/base" = "${path} mr,\n";
    })
    (lib.mkIf (cfg.units != [ ]) {
      systemd.packages = map dropIn cfg.units;
      assertions = map (unit: {
        assertion = config.systemd.services ? ${unit};
        message = "services.neap.units names \"${unit}\", and there is no systemd.services.${unit}.";
      }) cfg.units;
    })
    (lib.mkIf system {
      assertions = [
        {
          assertion = config.environment.memoryAllocator.provider == "libc";
          message = "services.neap.system and environment.memoryAllocator.provider both choose the system's malloc: leave the latter at \"libc\" or \"neap\".";
        }
      ];
      environment.etc.${preloadFile}.text = "${path}\n";
      security.apparmor.includes."abstractions/base" = rule preloadFile;
    })
    (lib.mkIf (system && cfg.exceptions != [ ]) {
      # A file of root's own, for libneap follows no link there.
      environment.etc.${exceptFile} = {
        text = lib.concatMapStrings (program: program + "\n") cfg.exceptions;
        mode = "0644";
      };
      security.apparmor.includes."abstractions/base" = rule exceptFile;
    })
  ];
}
