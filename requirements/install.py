"""Creates the virtual environment and installs the pinned dependencies and the project into it.

Usage: install.py VENV runtime|dev

Runs under any Python since 3.6, so that an old one can be told what is missing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)
STEP = re.compile(r"\[(\d+)/(\d+)\] ")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def main():
    """Install everything, and say what takes long."""
    venv, kind = Path(sys.argv[1]), sys.argv[2]
    if sys.version_info < OLDEST:
        sys.exit(
            f"NAILA needs Python 3.11 or newer, and {sys.executable} is older: install one (apt-get install python3.11 "
            "python3.11-venv) and say make PYTHON=python3.11"
        )
    python = str(venv / "bin" / "python")
    if not Path(python).exists():
        _create(venv)
    to_build = subprocess.call([python, "-c", "import llama_cpp"], **QUIET) != 0
    if to_build:
        _need_compiler()
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    _say("Installing the build tools ...")
    _run([*pip, "--quiet", "--require-hashes", "-r", _lock("build")])
    if to_build:
        _say("Building llama.cpp for this processor. It takes 3 to 10 minutes, once: the model runs in it, and code")
        _say("made for it alone is several times faster than code for all. README.md tells of prebuilt ones.")
        _forget_earlier_builds(python)
    _build([*pip, "--verbose", "--no-build-isolation", "--require-hashes", "-r", _lock(kind)])
    _run([*pip, "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(HERE.parent)])
    _say("Installed.")


def _create(venv):
    _say(f"Creating {venv} ...")
    if subprocess.call([sys.executable, "-m", "venv", str(venv)]):
        shutil.rmtree(str(venv), ignore_errors=True)
        sys.exit("Python's venv module is missing: apt-get install python3-venv")


def _forget_earlier_builds(python):
    """Have pip build anew: what it keeps of an earlier build may be for another processor, or without our flags."""
    subprocess.call([python, "-m", "pip", "cache", "remove", "llama_cpp_python"], **QUIET)


def _need_compiler():
    for choices in (("cc", "gcc", "clang"), ("c++", "g++", "clang++")):
        if not any(shutil.which(compiler) for compiler in choices):
            sys.exit(
                "llama.cpp is built on this machine and needs a C and C++ compiler: apt-get install build-essential "
                "(macOS: xcode-select --install)"
            )


def _build(command):
    """Run pip, showing the compiler's steps as one moving line; its last words are shown only where it fails."""
    environment = dict(os.environ)
    environment.setdefault("CMAKE_ARGS", "-DLLAVA_BUILD=OFF")  # pictures and sound are not what NAILA reads
    environment["CXXFLAGS"] = '-include "{}" {}'.format(HERE / "amx_tiles.h", environment.get("CXXFLAGS", ""))
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )
    tail, shown = [], -1
    for line in process.stdout:
        tail = [*tail[-60:], line]
        step = STEP.search(line)
        if step:
            shown = _show(int(step.group(1)), int(step.group(2)), shown)
    if shown >= 0 and sys.stdout.isatty():
        _say("")
    if process.wait():
        sys.stderr.writelines(tail)
        sys.exit("Installing failed: the lines above are pip's and the compiler's last words.")


def _show(done, total, shown):
    percent = 100 * done // total
    if sys.stdout.isatty():
        sys.stdout.write(f"\r  compiling {done}/{total} ({percent} %) ")
        sys.stdout.flush()
    elif percent // 10 != shown // 10:
        _say(f"  compiling {done}/{total} ({percent} %)")
    return percent


def _lock(name):
    return str(HERE / (name + ".txt"))


def _run(command):
    if subprocess.call(command):
        sys.exit("Failed: {}".format(" ".join(command)))


def _say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
