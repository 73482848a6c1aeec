"""The HTML report in headless Chromium: it draws, logs no error and asks for nothing from the network."""
import json
import re
import shutil
import subprocess
import unittest

import fixture
from neap_command import HANG_S, NeapTest, neap

# Runs in a copy of the page after its own scripts: counts the drawn pixels of each chart, points at the chart, and
# leaves what it saw in the document.
LOOK = """<script>
addEventListener("load", () => {
  const drawn = canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let at = 3; at < pixels.length; at += 4) if (pixels[at]) ++count;
    return count;
  };
  const charts = ["#common", ...[...document.querySelectorAll(".panels .plot")].map((_, at) => `.panel:nth-child(${at + 1}) .plot`)];
  const seen = charts.map(chart => Math.max(...[...document.querySelectorAll(chart + " canvas")].map(drawn)));
  const canvas = document.querySelector("#common canvas:last-of-type").getBoundingClientRect();
  const target = document.elementFromPoint(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
  target.dispatchEvent(new MouseEvent("mousemove", { bubbles: true, clientX: canvas.x + canvas.width / 2, clientY: canvas.y + canvas.height / 2 }));
  const read = [...document.querySelectorAll("#legend output")].map(output => output.textContent);
  const names = [...document.querySelectorAll(".end")].map(name => name.textContent);
  const more = [...document.querySelectorAll("#more button")].map(button => {
    button.click();
    return [button.textContent, document.querySelectorAll("#more .panel:not([hidden]) canvas").length > 0];
  });
  const clipped = [...document.querySelectorAll("#legend button")].filter(button => button.getBoundingClientRect().right > innerWidth).length;
  const result = document.createElement("pre");
  result.id = "seen";
  result.textContent = JSON.stringify({ drawn: seen, read, names, more, clipped, wide: document.documentElement.scrollWidth, resources: performance.getEntriesByType("resource").map(entry => entry.name) });
  document.body.append(result);
});
addEventListener("error", event => { document.title = "error: " + event.message; });
</script>"""


@unittest.skipUnless(shutil.which("chromium"), "chromium is not installed")
class Browser(NeapTest):
    def open_page(self, html):
        page = self.path("page.html")
        with open(page, "w") as file:
            file.write(html)
        result = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run", "--window-size=1240,1600", "--enable-logging=stderr", "--virtual-time-budget=4000",
             f"--user-data-dir={self.path('profile')}", f"--log-net-log={self.path('net.json')}", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--dump-dom", "file://" + page], capture_output=True, text=True, timeout=HANG_S)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def requested(self):
        """Addresses that the page asked the network for. The browser's own start-up is not the page's."""
        with open(self.path("net.json")) as file:
            urls = re.findall(r'"url":"((?:https?|wss?):[^"]*)"', file.read())
        return sorted(url for url in set(urls) if "google" not in url)

    def test_report(self):
        report = self.path("r.html")
        self.assertEqual(neap("report", *fixture.write_all(self.folder), "-o", report).returncode, 0)
        with open(report) as file:
            html = file.read()
        self.assertNotRegex(html, r"""(src|href)=["']?(https?:)?//""")
        result = self.open_page(html.replace("</body>", LOOK + "</body>"))
        console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
        self.assertEqual(console, [])
        self.assertNotIn("<title>error", result.stdout)
        seen = json.loads(re.search(r'<pre id="seen">(.*?)</pre>', result.stdout).group(1))
        self.assertEqual(len(seen["drawn"]), 3)  # together, libc, neap
        for pixels in seen["drawn"]:
            self.assertGreater(pixels, 1000)
        self.assertRegex(seen["read"][0], r"^2[0-3]\d\.\d MiB$")  # libc grows from 100 to 336: half-way
        self.assertEqual(seen["read"][2:], ["55.0 MiB"])  # the floor
        self.assertEqual(sorted(seen["names"]), ["libc", "neap"])  # at the lines' ends
        self.assertEqual(seen["more"], [["PSS", True], ["CPU", True], ["RSS over floor", True]])
        self.assertEqual(seen["clipped"], 0)
        self.assertLessEqual(seen["wide"], 1240)
        self.assertEqual(seen["resources"], [])
        self.assertEqual(self.requested(), [])

    def test_a_broken_page_would_be_noticed(self):
        result = self.open_page("<!DOCTYPE html><title>x</title><body><script>nonsense()</script></body>")
        self.assertIn("CONSOLE", result.stderr)

    def test_a_page_that_asks_the_network_would_be_noticed(self):
        self.open_page('<!DOCTYPE html><title>x</title><body><img src="http://example.invalid/a.png"></body>')
        self.assertEqual(self.requested(), ["http://example.invalid/a.png"])
