"""What the scripts of this folder know of bounds.json and of peaks files."""

import json
import re

FORMAT = 1
FRAME = 4096

# "name bound peak", and what else /proc/reserve says in the columns behind.
MARK = re.compile(r"([A-Za-z_][\w.:-]*)\s+(\d+)\s+(\d+)((?:\s+\d+)*)\s*")
HEADING = re.compile(r"(?:call|row|name)\s+bound\s+peak\b")


def load(path):
    """bounds.json; exits with a message if it is none of ours."""
    try:
        with open(path) as f:
            data = json.load(f)
        found = data["tool"]["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path}: not the analyzer's JSON: {error}")
    if found != FORMAT:
        raise SystemExit(f"{path}: format {found}, and this is for {FORMAT}")
    return data


def stacks_by_name(data):
    """The release kernel's stacks, and what only other kernels have."""
    out = {}
    for s in data.get("stack", []):
        if s["name"] not in out or s["kernel"] == "release":
            out[s["name"]] = s
    return out


def class_frames(count, cls):
    """Frames of so many objects of a class."""
    return -(-count // cls["per_frame"])


def events(node):
    """The allocations of a path, in its order."""
    if "class" in node:
        yield node
    for kid in node.get("calls", []):
        yield from events(kid)


def weigh(row, classes):
    """Give each node of the row's path "w": its share of the bound, in bytes.

    Whole frames are shared out among the objects that fill them, so that the
    path and what other paths need on top (leaves with "other") add up to the
    bound.
    """
    tree = row["path"]
    taken = {}
    for event in events(tree):
        if event["count"] > 0:
            taken[event["class"]] = \
                taken.get(event["class"], 0) + event["count"]
    each, others = {}, []
    for name, need in row["need"].items():
        whole = class_frames(need, classes[name]) * FRAME
        other = row["elsewhere"].get(name, 0)
        if name in taken:
            each[name] = whole * (need - other) / need / taken[name]
        if other:
            others.append({"fn": "other paths", "at": row["at"],
                           "class": name, "count": other, "turns": 1,
                           "other": True, "w": whole * other / need})

    def walk(node):
        if "class" in node:
            node["w"] = max(node["count"], 0) * each.get(node["class"], 0)
        else:
            node["w"] = sum(walk(kid) for kid in node.get("calls", []))
        return node["w"]

    walk(tree)
    tree.setdefault("calls", []).extend(others)
    tree["w"] += sum(leaf["w"] for leaf in others)


def read_marks(path):
    """Yield (name, bound, peak): a peaks file, or any log with /proc/reserve.

    In a log only what stands below the heading of the table of calls counts,
    and the table has more columns.
    """
    with open(path, errors="replace") as f:
        lines = [line.rstrip("\r\n") for line in f]
    in_log = any(HEADING.match(line) for line in lines)
    inside = not in_log
    for line in lines:
        if HEADING.match(line):
            inside = True
            continue
        m = MARK.fullmatch(line)
        if m and inside and in_log == bool(m[4]):
            yield m[1], int(m[2]), int(m[3])
        elif in_log:
            inside = False
        elif line.strip() and not line.startswith("#"):
            raise SystemExit(f"{path}: not \"name bound peak\": {line}")


def merge_marks(paths):
    """{name: (bound, peak)}: the highest peak of each row, and the breaches."""
    best, breaches = {}, []
    for path in paths:
        for name, bound, peak in read_marks(path):
            if peak > bound:
                breaches.append((name, bound, peak, path))
            old = best.get(name)
            if old is None or (peak, -bound) > (old[1], -old[0]):
                best[name] = (bound, peak)
    return best, breaches
