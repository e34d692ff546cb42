#!/usr/bin/env bash
# Everything that must exist before the first line of our Python runs: system packages, a Python, .venv.
#
#   docker/local/bootstrap.sh run   what `make up` needs
#   docker/local/bootstrap.sh dev   and what the tests and checks need
#   docker/local/bootstrap.sh lint  only Python and its packages, no services and no browser
#
# Fast when nothing is missing, safe to run twice at once, and repairs an environment that was cut short,
# moved with its checkout, or built on a Python that is gone.
set -euo pipefail

profile=${1:-run}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD
venv=$here/.venv
# shellcheck source=docker/local/python.sh
source docker/local/python.sh
# shellcheck source=docker/local/packages.sh
source docker/local/packages.sh

case $profile in
    run) requirements=(requirements.txt) ;;
    dev | lint) requirements=(requirements.txt requirements-dev.txt) ;;
    *)
        echo "error: no profile $profile: there are run, dev and lint" >&2
        exit 2
        ;;
esac

build_venv() {
    local python
    if ! python=$(find_python) && ! python=$(python_from_uv); then
        no_python_message >&2
        exit 1
    fi
    echo "Building .venv with $python ($("$python" --version))"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# The stamp names what was installed where; a moved or rebuilt environment does not carry a valid one.
stamp() {
    { echo "$venv" && cat "${requirements[@]}"; } | sha256sum | cut -d' ' -f1
}

install_requirements() {
    local file=$venv/.installed-${#requirements[@]} wanted
    wanted=$(stamp)
    if [[ $(cat "$file" 2>/dev/null) == "$wanted" ]] && python_runs "$venv/bin/python"; then
        return 0
    fi
    venv_is_whole || build_venv
    echo "Installing ${requirements[*]} into .venv"
    local status=0
    touch "$venv/.installing"
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
        "${requirements[@]/#/--requirement=}" || status=$?
    rm "$venv/.installing"
    if ((status == 0)); then
        echo "$wanted" >"$file"
    fi
    return "$status"
}

# Where apt has no browser, playwright fetches its own; only root can also install the libraries it needs.
ensure_browser() {
    local -a with_libraries=()
    if [[ $profile == dev ]] && ! has_browser; then
        if is_root; then
            with_libraries=(--with-deps)
        fi
        "$venv/bin/python" -m playwright install "${with_libraries[@]}" chromium
    fi
}

mkdir -p .local
exec 9>.local/bootstrap.lock
flock 9
ensure_packages "$profile"
install_requirements
ensure_browser
