"""
Edits of sources, as mutants/ and planted/ keep them: small files that say what
they change and what must come of it, and fail loudly when the source is no
longer what they were written for.

	what: one line for people
	expect: ...				(read by the runner)
	edit: kernel/file/eventfd.c
	<<<
	text that stands in the file exactly once
	===
	what replaces it
	>>>

A file may have several edits, of several files.
"""
import os
import re

from tool import TOP, Failed

EDIT = re.compile(r"^edit: (\S+)\n<<<\n(.*?)^===\n(.*?)^>>>\n", re.M | re.S)


class Edits:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path) as f:
            text = f.read()
        self.edits = EDIT.findall(text)
        rest = EDIT.sub("", text)
        self.keys = re.findall(r"^(\w+): (.*)$", rest, re.M)
        left = re.sub(r"^(\w+): .*$|^#.*$", "", rest, flags=re.M).strip()
        if left or not self.edits or not self.all("what"):
            raise Failed(f"{path} cannot be read at \"{left[:40]}\"")

    def all(self, key):
        return [value for k, value in self.keys if k == key]

    def apply(self, folder):
        """Write the edited files below folder; their paths in the tree."""
        texts = {}
        for file, old, new in self.edits:
            if file not in texts:
                with open(os.path.join(TOP, file)) as f:
                    texts[file] = f.read()
            if texts[file].count(old) != 1:
                raise Failed(f"{file} has changed: it has "
                             f"{texts[file].count(old)} times\n{old}"
                             "mend the edit")
            texts[file] = texts[file].replace(old, new)
        for file, text in texts.items():
            path = os.path.join(folder, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        return sorted(texts)
