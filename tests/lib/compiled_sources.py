"""Prints the committed .c files that a build directory's compile_commands.json knows, one a line."""
import json
import os
import subprocess
import sys

build = sys.argv[1]
with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
    commands = json.load(file)
compiled = {os.path.relpath(os.path.join(c["directory"], c["file"])) for c in commands}
tracked = subprocess.run(["git", "ls-files", "*.c"], check=True, capture_output=True, text=True)
for path in tracked.stdout.split():
    if path in compiled:
        print(path)
