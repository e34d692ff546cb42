# shellcheck shell=bash
# Finds a Python for the virtual environment. Sourced by bootstrap.sh and by its tests.

# True if the given command is a Python >= 3.12 that really runs: a pyenv shim of a version that is not
# activated is on PATH and fails.
python_runs() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

# True if it can also make an environment with pip (Debian ships ensurepip in a package of its own).
python_makes_venv() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Where a Python may be, best first, one a line.
python_candidates() {
    if [[ -n ${HEIMDALL_PYTHON:-} ]]; then
        printf '%s\n' "$HEIMDALL_PYTHON"
    fi
    printf '%s\n' python3.14 python3.13 python3.12 python3
    # Versions that pyenv holds but does not activate.
    find "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions" -maxdepth 3 -path '*/bin/python3' 2>/dev/null | sort -rV
}

# Prints the first candidate that runs and makes environments; 1 if there is none.
find_python() {
    local candidate
    while read -r candidate; do
        if python_runs "$candidate" && python_makes_venv "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done < <(python_candidates)
    return 1
}

# True if .venv runs, was built at this place (its scripts name their interpreter by path), and was not
# left in the middle of an installation.
venv_is_whole() {
    [[ ! -e $PWD/.venv/.installing ]] \
        && python_runs "$PWD/.venv/bin/python" \
        && grep -qF "$PWD/.venv/bin/python" "$PWD/.venv/bin/pip" 2>/dev/null
}

# True if an environment exists already or can be built without a package of the system.
python_available() {
    venv_is_whole || find_python >/dev/null || command -v uv >/dev/null
}

# Prints the apt packages, one a line, that would give a usable Python: the missing half of one that runs, or the
# distribution's own if it is new enough. Nothing if apt cannot help.
python_packages() {
    local candidate version
    while read -r candidate; do
        if python_runs "$candidate" && [[ $(command -v "$candidate") == /usr/bin/* ]]; then
            "$candidate" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
            return 0
        fi
    done < <(python_candidates)
    version=$(apt_candidate python3)
    if [[ -n $version ]] && dpkg --compare-versions "$version" ge 3.12; then
        printf '%s\n' python3 python3-venv
    fi
}

# True if there is a Python or apt can bring one. Asked before anything is installed for nothing.
python_obtainable() {
    python_available || [[ -n $(python_packages) ]]
}

# Prints a Python that uv provides; 1 without uv.
python_from_uv() {
    command -v uv >/dev/null || return 1
    uv python install 3.13 >&2 && uv python find --no-project 3.13
}

no_python_message() {
    cat <<'TEXT'
error: no Python >= 3.12 that runs was found (on PATH, under pyenv, by uv). Two ways to get one:
  1. install python3.12 or newer, by your package manager or by pyenv (pyenv install 3.13)
  2. install uv (https://docs.astral.sh/uv/); it then fetches Python by itself
HEIMDALL_PYTHON=/path/to/python3 names one in another place.
TEXT
}
