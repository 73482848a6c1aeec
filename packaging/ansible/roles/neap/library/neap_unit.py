#!/usr/bin/python3
"""Ansible module neap_unit: a systemd service on an allocator, by the neap command."""
import json

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: neap_unit
short_description: Put a systemd service on an allocator, or give it its own malloc back
description:
  - Calls C(neap enable) and C(neap disable), which check, journal, verify and roll back.
  - Knows from neap itself whether anything changes, for every form of allocator, template and instance.
options:
  name:
    description: The service; a template (C(tor@)) stands for its instances.
    required: true
    type: str
  allocator:
    description: A name, with settings or not, or the path of a library. See C(neap allocators).
    default: neap
    type: str
  state:
    description: C(present) is on the allocator, C(absent) is as it was before neap.
    choices: [present, absent]
    default: present
    type: str
  restart:
    description: Restart the service with a change, verify and watch it. Otherwise the change waits for its next start.
    default: true
    type: bool
  watch:
    description: How long to watch after a restart, C(10) or C(5min).
    type: str
  probation:
    description: For how long to look again afterwards, and roll back if it fails or flaps, C(24h).
    type: str
  canary:
    description: Of a template, how many instances go first.
    type: int
  step:
    description: Of a template, how many instances, or which part of them, at a time, C(5) or C(10%).
    type: str
"""
EXAMPLES = r"""
- neap_unit: {name: tor@default}
- neap_unit: {name: "tor@", allocator: "jemalloc:dirty_decay_ms=0", canary: 2, step: 10%, probation: 24h}
- neap_unit: {name: redis-server, state: absent}
"""
RETURN = r"""
targets:
  description: What came of the service, as neap tells it (changed, restarted, verified, error).
  returned: always
  type: list
log:
  description: What neap said on the way.
  returned: always
  type: list
"""
OF_A_RESTART = ("watch", "probation", "canary", "step")


def command_of(parameters, check):
    command = ["neap", "--json", "enable" if parameters["state"] == "present" else "disable", parameters["name"]]
    if parameters["state"] == "present":
        command += ["--allocator", parameters["allocator"]]
    if parameters["restart"]:
        command.append("--restart")
    if parameters["restart"] and parameters["state"] == "present":
        for option in OF_A_RESTART:
            if parameters[option] is not None:
                command += ["--" + option, str(parameters[option])]
    return command + (["--dry-run"] if check else [])


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "allocator": {"type": "str", "default": "neap"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "restart": {"type": "bool", "default": True},
            "watch": {"type": "str"},
            "probation": {"type": "str"},
            "canary": {"type": "int"},
            "step": {"type": "str"},
        },
        supports_check_mode=True,
    )
    code, out, err = module.run_command(command_of(module.params, module.check_mode))
    log = err.splitlines()
    try:
        answer = json.loads(out)
    except ValueError:
        module.fail_json(msg=(log or ["neap said nothing"])[-1], rc=code, log=log)
    errors = [target["error"] for target in answer["targets"] if "error" in target]
    if code != 0:
        module.fail_json(msg="; ".join(errors) or "neap ended with %d" % code, rc=code, log=log, targets=answer["targets"])
    module.exit_json(changed=answer["changed"], targets=answer["targets"], log=log)


if __name__ == "__main__":
    main()
