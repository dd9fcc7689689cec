"""Creates the virtual environment and installs the pinned dependencies and the project into it.

Usage: install.py VENV runtime|dev

Runs under any Python 3, so that an old one can be told what is missing.
"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = re.compile(r"\[(\d+)/(\d+)\] ")


def main():
    venv, kind = sys.argv[1:]
    if sys.version_info < (3, 11):
        sys.exit("NAILA needs Python 3.11 or newer, and {} is {}.{}: install one (apt-get install python3.11 "
                 "python3.11-venv) and say make PYTHON=python3.11".format(sys.executable, *sys.version_info[:2]))
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(python):
        create(venv)
    to_build = not has_llama_cpp(python)
    if to_build:
        need_compiler()
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes"]
    say("Installing the build tools ...")
    run([*pip, "--quiet", "-r", lock("build")])
    if to_build:
        say("Building llama.cpp for this processor. It takes 3 to 10 minutes, once: the model runs in it, and code made")
        say("for this very processor is several times faster than code made for all. README.md tells of prebuilt ones.")
    build([*pip, "--verbose", "--no-build-isolation", "-r", lock(kind)])
    run([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--editable", os.path.dirname(HERE)])
    say("Installed.")


def create(venv):
    say("Creating {} ...".format(venv))
    if subprocess.call([sys.executable, "-m", "venv", venv]):
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit("Python's venv module is missing: apt-get install python3-venv")


def has_llama_cpp(python):
    return subprocess.call([python, "-c", "import llama_cpp"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def need_compiler():
    if not (shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")) or not (
        shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    ):
        sys.exit("llama.cpp is built on this machine and needs a C and C++ compiler: apt-get install build-essential "
                 "(macOS: xcode-select --install)")


def build(command):
    """Run pip, showing the compiler's steps as one moving line; its whole output is shown only where it fails."""
    environment = dict(os.environ)
    environment.setdefault("CMAKE_ARGS", "-DLLAVA_BUILD=OFF")  # pictures and sound are not what NAILA reads
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace")
    tail, shown = [], -1
    for line in process.stdout:
        tail = [*tail[-60:], line]
        step = STEP.search(line)
        if step:
            shown = progress(int(step.group(1)), int(step.group(2)), shown)
    if shown >= 0 and sys.stdout.isatty():
        say("")
    if process.wait():
        sys.stderr.writelines(tail)
        sys.exit("Installing failed: the lines above are pip's and the compiler's last words.")


def progress(done, total, shown):
    percent = 100 * done // total
    if sys.stdout.isatty():
        sys.stdout.write("\r  compiling {}/{} ({}%) ".format(done, total, percent))
        sys.stdout.flush()
    elif percent // 10 != shown // 10:
        say("  compiling {}/{} ({}%)".format(done, total, percent))
    return percent


def lock(name):
    return os.path.join(HERE, name + ".txt")


def run(command):
    if subprocess.call(command):
        sys.exit("Failed: {}".format(" ".join(command)))


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
