"""What each shell offers for a line, by the shell itself."""
import os
import subprocess
import tempfile
import unittest

from manual import SHARE, all_verbs, help_of, needs, options_of, parts_of

BASH = SHARE / "bash-completion/completions/neap"
ZSH = SHARE / "zsh/vendor-completions/_neap"
FISH = SHARE / "fish/vendor_completions.d/neap.fish"


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    if result.returncode != 0 or result.stderr:
        raise AssertionError(f"{command}: exit code {result.returncode}: {result.stderr}")
    return result.stdout


def bash(line):
    """The candidates for the last word of `line`, as bash would call the function."""
    script = """source "$1"; read -ra COMP_WORDS <<<"$2"; [[ $2 != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _neap; printf '%s\\n' "${COMPREPLY[@]}" """
    return run("bash", "--norc", "-c", script, "bash", BASH, line).split()


def fish(line):
    return [each.split("\t")[0] for each in
            run("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', FISH, line).splitlines()]


class Completion(unittest.TestCase):
    def offers(self, shell):
        self.assertEqual(sorted(shell("neap tr")), ["trace", "trim"])
        self.assertEqual(shell("neap tra"), ["trace"])
        self.assertEqual(sorted(shell("neap trace ")), sorted(parts_of(help_of("trace"))))
        self.assertEqual(shell("neap trace rec"), ["record"])
        self.assertIn("--allocator", shell("neap run --al"))
        self.assertIn("jemalloc-decay0", shell("neap run -a jem"))
        self.assertIn("libc,mimalloc", shell("neap compare --allocators libc,mi"))
        self.assertNotIn("probe", shell("neap "))
        for verb in all_verbs():
            with self.subTest(verb=verb):
                line = f"neap {' '.join(verb)} -"
                self.assertEqual(set(options_of(help_of(*verb))) - set(shell(line) + shell(line + "-")), set())

    def test_bash(self):
        self.offers(bash)
        self.assertIn("true", bash("neap run -- tru"))
        with tempfile.TemporaryDirectory() as folder:
            open(f"{folder}/one.neaprec", "w").close()
            self.assertEqual(bash(f"neap report {folder}/on"), [f"{folder}/one.neaprec"])

    @needs("fish")
    def test_fish(self):
        with tempfile.TemporaryDirectory() as home:
            os.environ["HOME"] = home
            self.offers(fish)

    @needs("zsh")
    def test_zsh_reads_it(self):
        run("zsh", "-n", ZSH)

    @needs("zsh")
    def test_zsh(self):
        """A shell on a pseudo-terminal, a line, a TAB: what it writes must come to hold the completed line."""
        script = r"""
            zmodload zsh/zpty; zpty shell zsh -f -i
            zpty -w shell "PS1=''; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; stty columns 200; print re''ady"
            while zpty -r shell line; do [[ $line != *ready* ]] || break; done
            zpty -w -n shell "$2"$'\t'
            for ((wait = 0; wait < 1500; ++wait)); do
                while zpty -r -t shell line; do written+=$line; done
                [[ $written != *"$3"* ]] || break
                sleep 0.2
            done
            print -r -- "$written"; zpty -d shell"""
        for line, wanted in (("neap tra", "neap trace"), ("neap trace rec", "neap trace record"), ("neap run --alloc", "neap run --allocator")):
            with self.subTest(line=line):
                self.assertIn(wanted, run("zsh", "-f", "-c", script, "zsh", ZSH.parent, line, wanted))
