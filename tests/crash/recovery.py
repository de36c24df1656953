"""
What e2fsck makes of a disk whose machine has ended, and what is then on it.
"""
import re
import struct
import subprocess

import ext4

# What e2fsck -p may have to do after a crash that is no fault: inodes that were
# open or half freed, and sums that it keeps up to date on the way.
HARMLESS = re.compile(
    r"recovering journal|(Clearing|Truncating) orphaned inode|clean,|^$|"
    r"\d+/\d+ files|Setting free (inodes|blocks) count|"
    r"Setting filesystem .* timestamp")


def run(*words):
    r = subprocess.run(words, stdout=subprocess.PIPE, check=False,
                       stderr=subprocess.STDOUT)
    return r.returncode, r.stdout.decode("latin-1")


def replay(path, had_errors=False):
    """
    Replay the log, and finish what was under way with orphans, which e2fsck -p
    does though the file system is clean. An inode without a name that is on no
    list of orphans stays, for a full check to find. What is wrong, or None.
    had_errors: its kernel may have noted errors, in
    the journal or the superblock. e2fsck then throws the orphan list away and
    calls what was on it a fault; so debugfs replays, and the note is wiped.
    """
    if had_errors:
        run("debugfs", "-w", "-n", "-R", "journal_run", path)
        run("debugfs", "-w", "-n", "-R", "set_super_value state 1", path)
    else:
        status, said = run("e2fsck", "-p", "-E", "journal_only", path)
        if status not in (0, 1):
            return f"e2fsck cannot replay: {said}"
    status, said = run("e2fsck", "-p", path)
    odd = [line for line in said.splitlines() if not HARMLESS.search(line)]
    if status not in (0, 1) or odd:
        return f"e2fsck -p after the replay: {said}"
    return None


def recover(path, had_errors=False):
    """Recover an image: (what is wrong with it or None, what is on it: {path:
    Node} without lost+found)."""
    why = replay(path, had_errors)
    if why:
        return why, None
    status, said = run("e2fsck", "-fn", path)
    if status:
        return f"e2fsck -fn: {said}", None
    with open(path, "rb") as f:
        image = f.read()
    try:
        tree = ext4.Image(image).tree()
    except (ValueError, struct.error) as e:
        return f"cannot be read: {e}", None
    return None, {p: n for p, n in tree.items() if p != "lost+found"}


def below(tree, folder):
    """What is in a folder, by the paths there."""
    return {path[len(folder) + 1:]: node for path, node in tree.items()
            if path.startswith(folder + "/")}
