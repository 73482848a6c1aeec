"""The operators' CSV (timestamp, server, type, nickname, rss_kb) as OpenMetrics with times: what neap metrics would have said of those relays.
For `promtool tsdb create-blocks-from openmetrics`.   history.py CSV OUT GROUP=FILE..."""
import csv
import datetime
import sys

GAP_S = 240  # a reading is repeated until the next, as a series that is scraped has no holes longer than five minutes
LONGEST_S = 26 * 3600


def seconds(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


def read_groups(arguments):
    groups = {}
    for argument in arguments:
        label, path = argument.split("=", 1)
        with open(path) as file:
            groups.update((line.strip(), label) for line in file if line.strip() and not line.startswith("#"))
    return groups


def readings(path, groups, since=0):
    """{(server, nickname): [(second, bytes)]} in order of time; of relays in a group."""
    found = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            if row["type"] == "relay" and row["nickname"] in groups and seconds(row["timestamp"]) >= since:
                found.setdefault((row["server"], row["nickname"]), {})[seconds(row["timestamp"])] = int(row["rss_kb"]) * 1024
    return {relay: sorted(values.items()) for relay, values in found.items()}


def held(values):
    """Each reading again and again until the next one."""
    for (at, value), following in zip(values, [at for at, _ in values[1:]] + [values[-1][0] + 1]):
        for again in range(at, min(following, at + LONGEST_S), GAP_S):
            yield again, value


def write(path, relays, groups, experiment="guards"):
    families = {"neap_unit_info": [], "neap_unit_resident_bytes": [], "neap_unit_proportional_bytes": [], "neap_unit_processes": []}
    for (server, nickname), values in relays.items():
        unit = f'instance="{server}",job="node",unit="tor@{nickname}.service"'
        group = groups[nickname]
        info = f'{unit},template="tor@.service",unit_instance="{nickname}",configured="{group}",running="{group}",state="on",experiment="{experiment}",group="{group}"'
        for at, value in held(values):
            families["neap_unit_info"].append(f"neap_unit_info{{{info}}} 1 {at}\n")
            families["neap_unit_processes"].append(f"neap_unit_processes{{{unit}}} 1 {at}\n")
            for name in ("resident", "proportional"):
                families[f"neap_unit_{name}_bytes"].append(f"neap_unit_{name}_bytes{{{unit}}} {value} {at}\n")
    with open(path, "w") as file:
        for name, lines in families.items():
            file.write(f"# TYPE {name} gauge\n")
            file.writelines(lines)
        file.write("# EOF\n")


if __name__ == "__main__":
    members = read_groups(sys.argv[3:])
    write(sys.argv[2], readings(sys.argv[1], members), members)
