#!/usr/bin/env bash
# Brings docker/stack.yml up on the Swarm that this machine manages, or takes it down.
#
#   docker/stack.sh up | down
#
# Says everything that is missing at once, each with the command that mends it, and changes nothing then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

stack=${HEIMDALL_STACK:-heimdall}
secrets=(heimdall-secret-key heimdall-database-url heimdall-postgres-password heimdall-clickhouse-url heimdall-clickhouse-password)

complain() {
    printf '  - %s\n' "$@" >&2
}

# Without an engine that is a Swarm manager nothing else can be asked.
need_manager() {
    if ! command -v docker >/dev/null; then
        echo "error: the command docker is not here. A Swarm needs Docker Engine (https://docs.docker.com/engine/install/);" >&2
        echo "without it, make up runs the same system as ordinary processes." >&2
        exit 1
    fi
    local state
    if ! state=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>&1); then
        echo "error: the Docker engine does not answer: ${state##*$'\n'}" >&2
        exit 1
    fi
    if [[ $state != "active true" ]]; then
        echo "error: this engine manages no Swarm ($state): docker swarm init, or go to a manager" >&2
        exit 1
    fi
}

missing() {
    local name known
    for name in HEIMDALL_IMAGE ALLOWED_HOSTS; do
        [[ -n ${!name:-} ]] || echo "the variable $name is not set (docs/deployment.md, Swarm)"
    done
    known=$(docker secret ls --format '{{.Name}}')
    for name in "${secrets[@]}"; do
        grep -qxF "$name" <<<"$known" || echo "the secret $name: printf '%s' … | docker secret create $name -"
    done
    [[ -n $(docker node ls --quiet --filter node.label=heimdall.data=true) ]] \
        || echo "a node for the data: docker node update --label-add heimdall.data=true NODE"
}

up() {
    mapfile -t lacking < <(missing)
    if ((${#lacking[@]})); then
        echo "error: the stack cannot be deployed; missing:" >&2
        complain "${lacking[@]}"
        exit 1
    fi
    docker stack deploy --compose-file stack.yml --with-registry-auth --prune --detach=true "$stack"
    echo "Deployed. docker stack ps $stack shows how far it is; make stack-down takes it down."
}

down() {
    docker stack rm "$stack"
    echo "Taken down. Data (volumes ${stack}_kafka, _postgres, _redis, _clickhouse on their node) and secrets stay."
}

case ${1:-} in
    up | down)
        need_manager
        "$1"
        ;;
    *)
        echo "usage: docker/stack.sh up | down" >&2
        exit 2
        ;;
esac
