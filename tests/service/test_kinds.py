"""Every kind of unit of kinds.py there and back: the result that the table says, and the files byte for byte as before.

NEAP_KINDS_STEP=N takes every Nth; NEAP_KINDS_TABLE=FILE writes the table of docs/units.md."""
import os
import unittest

from kinds import BACK, KINDS, LEFT, MULTIARCH_Z, NOTHING, REFUSED, UNDER_NEAP, VERIFIED
from machine import HANG_S, MULTIARCH, MachineTest

STEP = int(os.environ.get("NEAP_KINDS_STEP", "1"))
STATE = "find /etc/systemd/system /var/lib/neap /etc/default -type f ! -name lock -exec md5sum {} + | sort; find /etc/systemd/system -type d"
CODES = {VERIFIED: 0, LEFT: 0, REFUSED: 2, BACK: 125, NOTHING: 125}
PREPARE = r"""
mkdir -p /srv/empty /srv/bound/usr /srv/bound/lib /srv/bound/lib64 /srv/bound/bin
printf '#!/bin/sh\nexec sleep 1000\n' >/usr/local/bin/kind-script; chmod 755 /usr/local/bin/kind-script
for kind in account session; do echo $kind required pam_permit.so; done >/etc/pam.d/kind
ln -sfn /nowhere /etc/default/kind-dangling
neap enable nginx; neap disable nginx
"""


class Kinds(MachineTest):
    def test_kinds(self):
        self.machine.shell(PREPARE)
        preload = MULTIARCH_Z.replace("$MULTIARCH", MULTIARCH)
        self.machine.shell(f"echo LD_PRELOAD={preload} >/etc/default/kind; cp {preload} /opt/kind.so")
        rows = []
        for group, what, service, result, says in KINDS[::STEP]:
            with self.subTest(kind=what):
                self.there_and_back(service.replace("$MULTIARCH", MULTIARCH), result, says)
                rows.append(f"| {group} | {what} | {result} | {'nothing was changed' if result in (REFUSED, NOTHING) else 'byte for byte'} |")
            self.doCleanups()
        print(f"{len(rows)} of {len(KINDS[::STEP])} kinds as the table says")
        if "NEAP_KINDS_TABLE" in os.environ:
            with open(os.environ["NEAP_KINDS_TABLE"], "w") as table:
                table.write("| group | kind of unit | `neap enable --restart` | way back |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")

    def there_and_back(self, service, result, says):
        unit = self.unit("kind", service)
        self.machine.run("systemctl", "start", "--no-block", unit)
        if result not in (REFUSED, LEFT):
            self.machine.shell(f"timeout {HANG_S} sh -c 'until [ -z \"$(systemctl list-jobs --no-legend {unit})\" ]; do sleep 0.05; done'")
        if result == LEFT:
            self.until(f"[ $(systemctl show -P MainPID {unit}) != 0 ]")
        old = self.machine.shell(STATE).stdout
        self.addCleanup(self.machine.run, "neap", "disable", "-q", unit, check=False)
        # What fails under it ends the watch, however late that is; what does not run it counts when the watch is over.
        watch = "0" if result != BACK else "600" if UNDER_NEAP in service else "2"
        self.neap("enable", unit, "--restart", "--watch", watch, code=CODES[result], says=says or None)
        if result == VERIFIED:
            row = self.row(unit)
            self.assertEqual(row["state"], "on", row)
            self.assertTrue(all(each["allocator"] == "neap" for each in row["processes"]) or "older" in row["remark"], row)
        if result in (VERIFIED, LEFT):
            self.neap("disable", unit, "--restart")
        elif result == BACK:
            self.assertEqual(self.show(unit, "ActiveState"), "active")
        self.assertEqual(self.machine.shell(STATE).stdout, old)
        row = self.row(unit)
        self.assertTrue(row is None or row["configured"] == "", row)


if __name__ == "__main__":
    unittest.main()
