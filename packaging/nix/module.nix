# NixOS: libneap for the whole system or for single services. The semantics of environment.memoryAllocator.provider: the
# loader's preload file for all programs, and what AppArmor's profiles need to map the library; and beside it, service by
# service, which that option does not give.
{ config, lib, pkgs, ... }:

let
  cfg = config.services.neap;

  # Alone in a package of its own: what every program of the system maps should not drag the command's closure along.
  library = pkgs.runCommand "libneap" { } ''
    mkdir -p $out/lib
    cp -L ${cfg.package}/lib/libneap.so.0 $out/lib/libneap.so.0
  '';
  path = "${library}/lib/libneap.so.0";
  preloadFile = "ld-nix.so.preload";

  environment = { LD_PRELOAD = path; } // lib.optionalAttrs (cfg.options != "") { NEAP_OPTIONS = cfg.options; };
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
        Whether every program of the system gets libneap as its malloc. A change reaches a program when it starts
        anew; programs that link their malloc statically keep it.
      '';
    };
    units = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "tor" "redis" ];
      description = "Services that run on libneap, by their names in systemd.services.";
    };
    options = lib.mkOption {
      type = lib.types.str;
      default = "";
      example = "dirty_percent:10";
      description = "NEAP_OPTIONS of these services: see libneap(7).";
    };
  };

  config = lib.mkMerge [
    (lib.mkIf (cfg.system || cfg.units != [ ]) {
      environment.systemPackages = [ cfg.package ];
      security.apparmor.includes."abstractions/base" = ''
        ${path} mr,
      '';
    })
    (lib.mkIf (cfg.units != [ ]) {
      systemd.services = lib.genAttrs cfg.units (_: { inherit environment; });
    })
    (lib.mkIf cfg.system {
      assertions = [
        {
          assertion = config.environment.memoryAllocator.provider == "libc";
          message = "services.neap.system and environment.memoryAllocator.provider both choose the system's malloc: leave the latter at \"libc\".";
        }
      ];
      environment.etc.${preloadFile}.text = "${path}\n";
      security.apparmor.includes."abstractions/base" = ''
        /etc/${preloadFile} r,
        ${config.environment.etc.${preloadFile}.source} r,
      '';
    })
  ];
}
