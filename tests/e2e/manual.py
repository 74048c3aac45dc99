"""Manual pages and shell completions: what they say is what the programs take."""
import os
import re
import subprocess
import unittest

from tests.lib import programs

MADE = os.path.join(programs.BUILD, "docs", "manual")
CTL = os.path.join(programs.BUILD, "control", "meridianctl")
PAGES = ["meridianctl.1", "meridiand.yaml.5", "meridian-control.yaml.5", "meridiand.8", "meridian-control.8"]
DAEMONS = {"meridiand": "dataplane", "meridian-control": "control"}


def said(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **options).stdout


def page(name):
    """A page as people read it, without line breaks within words."""
    text = said("mandoc", "-Tascii", "-Owidth=1000", os.path.join(MADE, name))
    return re.sub(r".\x08", "", text)


def commands():
    """Command -> its own --help."""
    usage = said(CTL, "--help")
    names = re.findall(r"^  ([a-z]+) {2,}", usage, re.M)
    return {name: said(CTL, name, "--help") for name in names}


def options_of(text):
    return set(re.findall(r"^  (--[a-z-]+)", text, re.M))


class Pages(unittest.TestCase):
    def test_both_formatters_read_them_without_complaint(self):
        for name in PAGES:
            with self.subTest(name):
                path = os.path.join(MADE, name)
                lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", path], capture_output=True, text=True)
                # They carry no date, so that the same source makes the same bytes.
                complaints = [line for line in lint.stdout.splitlines() if "missing date" not in line]
                self.assertEqual(complaints, [])
                groff = subprocess.run(["groff", "-man", "-ww", "-Tutf8", path], capture_output=True, text=True)
                self.assertEqual((groff.returncode, groff.stderr), (0, ""))

    def test_every_command_and_its_options_are_described(self):
        text = page("meridianctl.1")
        known = commands()
        self.assertGreaterEqual(len(known), 13)
        for name, own_help in known.items():
            section = text[re.search(rf"^ +{name} ?", text, re.M).start():]
            section = section[:section.index("Options:") + 400].split("Options:", 1)
            self.assertEqual(options_of(own_help), set(re.findall(r"--[a-z-]+", section[1].split("\n\n")[0])), name)
            summary = own_help.splitlines()[2][:40]
            self.assertIn(summary, section[0], name)

    def test_daemons_options_and_exit_statuses(self):
        for name, folder in DAEMONS.items():
            own_help = said(os.path.join(programs.BUILD, folder, name), "--help")
            text = page(f"{name}.8")
            for option in options_of(own_help):
                self.assertIn(option, text)
            statuses = re.findall(r"^  (\d)  (.+)$", own_help, re.M)
            self.assertGreaterEqual(len(statuses), 3)
            for status, meaning in statuses:
                self.assertRegex(text, rf"(?m)^ +{status} +{re.escape(meaning)}\.$")

    def test_every_key_of_the_configuration_files(self):
        for name, folder in DAEMONS.items():
            own_help = said(os.path.join(programs.BUILD, folder, name), "--help")
            keys = re.findall(r"^ +([a-z0-9_]+): (.+)$", own_help[own_help.index("Keys of"):], re.M)
            self.assertGreater(len(keys), 10)
            text = page(f"{name}.yaml.5")
            for key, kind in keys:
                self.assertIn(f"{key}: {kind}", text)


class Bash(unittest.TestCase):
    def complete(self, *words, name="meridianctl"):
        script = (f'source "{os.path.join(MADE, name)}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  f'_{name}; printf "%s\\n" "${{COMPREPLY[@]}}"')
        return said("bash", "--norc", "-c", script, "bash", name, *words, cwd=programs.ROOT).split()

    def test_commands(self):
        self.assertEqual(set(self.complete("")) - {"--help", "--version"}, set(commands()))
        self.assertEqual(self.complete("roll"), ["rollback"])

    def test_options_of_each_command_and_no_others(self):
        for name, own_help in commands().items():
            self.assertEqual(set(self.complete(name, "--")), options_of(own_help) | {"--help"}, name)

    def test_files_and_directories(self):
        self.assertEqual(self.complete("check", "table"), ["table"])
        self.assertIn("README.md", self.complete("dump", "READ"))
        self.assertEqual(self.complete("check", "README"), [])  # a directory is wanted
        self.assertEqual(self.complete("compile", "--zones", "tab"), ["table"])

    def test_daemons(self):
        for name, folder in DAEMONS.items():
            own_help = said(os.path.join(programs.BUILD, folder, name), "--help")
            self.assertEqual(set(self.complete("--", name=name)), options_of(own_help[:own_help.index("Keys of")]))


class Zsh(unittest.TestCase):
    def expect(self, line, shown):
        """A tab behind `line` in a zsh of its own, on a pty, brings `shown`; else this times out."""
        said("zsh", "-f", "-c", f"""
            zmodload zsh/zpty
            zpty -b z zsh -f -i
            zpty -w z 'PS1=; stty cols 200; fpath=({MADE} $fpath); autoload -Uz compinit; compinit -u -D'
            zpty -w z 'bindkey "^I" complete-word; print re""ady'
            zpty -r -m z text '*ready*'
            zpty -w -n z {line!r}$'\\t'
            zpty -r -m z text '*{shown}*'
        """)

    def test_syntax(self):
        for name in ["meridianctl", *DAEMONS]:
            said("zsh", "-n", os.path.join(MADE, f"_{name}"))

    def test_commands_and_options(self):
        self.expect("meridianctl rol", "rollback")
        self.expect("meridianctl apply --chec", "--checksum")
        self.expect("meridiand --check", "--check-config")
