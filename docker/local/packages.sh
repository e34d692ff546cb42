# shellcheck shell=bash
# Finds out which system packages are missing and installs them by apt. Sourced by bootstrap.sh and its tests.

is_root() {
    ((EUID == 0))
}

# Prints the version that apt would install; nothing if there is none.
apt_candidate() {
    command -v apt-cache >/dev/null || return 0
    apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)' || true
}

# Prints the first of the given packages that apt knows, else the last.
first_known() {
    local package
    for package; do
        if [[ -n $(apt_candidate "$package") ]]; then
            break
        fi
    done
    echo "$package"
}

has_java() {
    local version
    version=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
    [[ -n $version ]] && ((version >= 17))
}

# PostgreSQL keeps its server programs off PATH, by version.
has_postgres() {
    local server version
    for server in "${POSTGRES_ROOT:-/usr/lib/postgresql}"/*/bin/postgres; do
        version=${server%/bin/postgres}
        version=${version##*/}
        if [[ -x $server && $version =~ ^[0-9]+$ ]] && ((version >= 13)); then
            return 0
        fi
    done
    return 1
}

# Chromium of the system, or the one that playwright fetched.
has_browser() {
    command -v chromium >/dev/null || command -v google-chrome >/dev/null \
        || compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-${HOME:-}/.cache/ms-playwright}/chromium-*" >/dev/null
}

# Prints the missing packages, one a line. Arguments: profile (run, dev or lint).
missing_packages() {
    python_available || python_packages
    if [[ $1 == lint ]]; then
        return 0
    fi
    has_java || first_known openjdk-21-jre-headless openjdk-17-jre-headless default-jre-headless
    command -v mvn >/dev/null || echo maven
    has_postgres || echo postgresql
    command -v redis-server >/dev/null || echo redis-server
    # Ubuntu has no chromium package (only a stub that wants snap): bootstrap.sh asks playwright there.
    if [[ $1 == dev ]] && ! has_browser && [[ -n $(apt_candidate chromium) ]]; then
        echo chromium
    fi
}

# Installs what is missing after saying what; without root says which command would. Arguments: profile.
ensure_packages() {
    local -a missing
    mapfile -t missing < <(missing_packages "$1")
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    if ! is_root; then
        python_obtainable || no_python_message
        printf 'error: system packages are missing: %s. Install them with:\n' "${missing[*]}"
        printf '  sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n' "${missing[*]}"
        return 1
    fi >&2
    if ! command -v apt-get >/dev/null; then
        printf 'error: missing and there is no apt-get here to install them: %s\n' "${missing[*]}" >&2
        return 1
    fi
    apt-get update -q=2 || echo "apt-get update failed; trying with the lists that are there" >&2
    # Fresh lists may know better packages than the stale or empty ones that were asked before.
    mapfile -t missing < <(missing_packages "$1")
    if ! python_obtainable; then
        no_python_message >&2
        return 1
    fi
    printf 'Installing system packages by apt: %s\n' "${missing[*]}"
    install_quietly "${missing[@]}"
}

# Installs packages in a subshell whose end puts back what keeps Debian's own servers from starting: the
# stack runs its own, and a PostgreSQL or Redis that nobody asked for would only hold ports and memory.
install_quietly() (
    set -euo pipefail
    policy=/usr/sbin/policy-rc.d
    cluster=/etc/postgresql-common/createcluster.d/heimdall.conf
    new_redis=no
    undo=("$cluster")
    trap 'rm -f "${undo[@]}"' EXIT
    trap 'exit 130' INT TERM
    if [[ ! -e $policy ]]; then
        undo+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' >"$cluster"
    if [[ " $* " == *" redis-server "* ]]; then
        new_redis=yes
    fi
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -q=2 -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >.local/apt.log 2>&1; then
        tail -n 30 .local/apt.log >&2
        exit 1
    fi
    if [[ $new_redis == yes ]] && command -v systemctl >/dev/null; then
        systemctl disable --quiet --now redis-server.service || true
    fi
)
