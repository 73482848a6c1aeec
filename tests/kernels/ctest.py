"""The tests of a build tree, as a guest runs them."""
import json
import subprocess


def tests(build, *selection):
    """What ctest, with its own words of selection (-L kernel, -R REGEX, -E REGEX), would run."""
    told = subprocess.run(["ctest", "--show-only=json-v1", "--test-dir", build, *selection], capture_output=True, text=True, check=True)
    return [taken(test) for test in json.loads(told.stdout)["tests"] if test.get("command")]  # without one it is not built


def taken(test):
    properties = {each["name"]: each["value"] for each in test.get("properties", [])}
    environment = dict(line.split("=", 1) for line in properties.get("ENVIRONMENT", []) if line)
    return {"name": test["name"], "command": test["command"], "environment": environment}


def command(build, line, name=None):
    """A bash command as a test; NEAP is the library."""
    return {"name": name or line, "command": ["bash", "-c", line], "environment": {"NEAP": str((build / "libneap.so").resolve())}}
