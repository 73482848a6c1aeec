"""The dashboard against a real Prometheus: each of its expressions returns series; what it says of a made fleet is what was put in; the
committed files are what the script makes; the page of Prometheus' consoles draws in a browser."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from made_fleet import MadeFleet
from prometheus import HANG_S, SOURCE, Prometheus

GRAFANA = os.path.join(SOURCE, "packaging/grafana")
RATIO = 0.6


def expressions(dashboard):
    found = []
    for panel in dashboard["panels"]:
        found += [(f'{panel["title"]} {target["refId"]}', target["expr"], target.get("instant", False)) for target in panel.get("targets", [])]
    found += [(each["name"], each["expr"], False) for each in dashboard["annotations"]["list"] if "expr" in each]
    return [(title, expr.replace("$instance", ".*").replace("$unit", ".*"), instant) for title, expr, instant in found]


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.now = int(time.time())
        cls.start = cls.now - 2 * 3600
        path = f"/tmp/neap-made-fleet-{os.getpid()}"
        cls.addClassCleanup(os.unlink, path)
        # To some minutes from now, so that what is asked at this moment has an answer.
        MadeFleet(cls.start, cls.now + 1800, relays=2, ratio=RATIO, switched=cls.start + 3600).write(path)
        cls.prometheus = Prometheus(path, rules_from=cls.start)
        cls.addClassCleanup(cls.prometheus.end)
        with open(os.path.join(GRAFANA, "neap-fleet.json")) as file:
            cls.dashboard = json.load(file)

    def test_every_expression_returns_series(self):
        asked = expressions(self.dashboard)
        self.assertGreater(len(asked), 25)
        for title, expr, instant in asked:
            with self.subTest(title):
                found = (self.prometheus.query(expr, time=self.now) if instant else
                         self.prometheus.query_range(expr, self.start, self.now))
                self.assertTrue(found, expr)
                for series in found:
                    self.assertNotIn("NaN", [value for _, value in series.get("values", [series.get("value")])], expr)

    def test_variables_have_values(self):
        for variable in self.dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]).groups()
                self.assertTrue(self.prometheus.ask(f"label/{label}/values", **{"match[]": selector.replace("$instance", ".*")}))

    def at_the_end(self, expr):
        """Of the recorded minutes, so that all figures are of one moment."""
        return self.prometheus.query(expr, time=self.now - 120)

    def test_what_it_says_is_what_was_put_in(self):
        ratio = self.at_the_end('experiment_group:neap_ratio_to_libc:geomean{group="neap"}')
        self.assertAlmostEqual(float(ratio[0]["value"][1]), RATIO, delta=0.12)
        low, high = (float(self.at_the_end(f'experiment_group:neap_ratio_to_libc:bound{{group="neap",bound="{bound}"}}')[0]["value"][1]) for bound in ("low", "high"))
        self.assertTrue(low < float(ratio[0]["value"][1]) < high < 1, (low, high))
        sums = {each["metric"]["running"]: float(each["value"][1]) for each in self.at_the_end("running:neap_proportional_bytes:sum")}
        self.assertTrue(sums["neap"] < sums["libc"])
        saved = float(self.at_the_end("sum(instance_template:neap_saved_bytes:baseline)")[0]["value"][1])
        self.assertAlmostEqual(saved, sums["libc"] - sums["neap"], delta=0.05 * saved)
        marks = next(each["expr"] for each in self.dashboard["annotations"]["list"] if "expr" in each)
        marks = self.prometheus.query(marks.replace("$instance", ".*").replace("$unit", ".*"))
        self.assertEqual({float(each["value"][1]) for each in marks}, {(self.start + 3600) * 1000.0})

    def test_the_files_are_what_the_script_makes(self):
        if not shutil.which("node") or not os.path.exists(os.path.join(GRAFANA, "node_modules")):
            self.skipTest("npm install in packaging/grafana first")
        for name in ("neap-fleet.json", "../prometheus/consoles/neap.html"):
            made = subprocess.run(["node", "build.mjs", "--stdout", name], cwd=GRAFANA, capture_output=True, text=True, check=True).stdout
            with open(os.path.join(GRAFANA, name)) as file:
                self.assertEqual(made, file.read(), f"{name}: npm run build")

    def test_grafana_knows_every_name(self):
        """Held to the types of Grafana's SDK; a dashboard with a misspelt name, a wrong word and a wrong type is refused."""
        if not shutil.which("node") or not os.path.exists(os.path.join(GRAFANA, "node_modules/ts-json-schema-generator")):
            self.skipTest("npm install in packaging/grafana first")
        check = lambda *file: subprocess.run(["node", "check.mjs", *file], cwd=GRAFANA, capture_output=True, text=True)
        good = check()
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        lines = next(panel for panel in self.dashboard["panels"] if panel["type"] == "timeseries")
        bad = json.loads(json.dumps({**self.dashboard, "timezone": 5, "panels": [lines]}))
        bad["panels"][0]["targets"][0]["exprs"] = bad["panels"][0]["targets"][0].pop("expr")
        bad["panels"][0]["options"]["legend"]["displayMode"] = "lines"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(bad, file)
            file.flush()
            said = check(file.name)
        self.assertEqual((said.returncode, said.stdout), (1, "1 panels and rows, 4 faults\n"), said.stderr)

    def test_the_page_draws(self):
        browser = shutil.which("chromium")
        if not browser:
            self.skipTest("no chromium")
        profile = os.path.join(self.prometheus.folder, "browser")
        line = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=1240,1210",
                "--virtual-time-budget=20000"]
        page = self.prometheus.url + '/consoles/neap.html#pctc{"duration":7200,"endTime":0}'
        drawn = subprocess.run([*line, "--dump-dom", page], capture_output=True, text=True, timeout=HANG_S).stdout
        panels = [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]
        lines = [panel for panel in panels if panel["type"] == "timeseries"]
        self.assertEqual(len(re.findall(r'class="[^"]*\brickshaw_legend\b', drawn)), len(lines))
        self.assertGreaterEqual(len(re.findall(r"<path[^>]* d=\"M", drawn)), len(lines))
        for panel in panels:
            self.assertIn(panel["title"], drawn)
        self.assertIn("tor@relay1.service", drawn)
        self.assertNotIn("Error loading graph", drawn)
        if picture := os.environ.get("NEAP_PICTURE"):
            subprocess.run([*line, f"--screenshot={picture}", page], capture_output=True, timeout=HANG_S, check=True)


if __name__ == "__main__":
    unittest.main()
