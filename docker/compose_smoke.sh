#!/usr/bin/env bash
# The system in containers, in a project of its own: up, one job to SUCCEEDED, everything removed again.
# Ends as that job did. ANALYSIS_PROVIDER=openai MODEL_URL=… MODEL_NAME=… asks a real model.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! docker compose version >/dev/null 2>&1; then
    echo "error: docker compose is not here; it needs Docker Engine with the compose plugin 2.24.4 or newer." >&2
    echo "Without it, make smoke does the same with ordinary processes." >&2
    exit 1
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
SECRET_KEY=$(random)
POSTGRES_PASSWORD=$(random)
CLICKHOUSE_PASSWORD=$(random)
export SECRET_KEY POSTGRES_PASSWORD CLICKHOUSE_PASSWORD

compose=(docker compose -f compose.yml -f compose.e2e.yml)
trap '"${compose[@]}" down --volumes --remove-orphans' EXIT
"${compose[@]}" up --build --abort-on-container-exit --exit-code-from e2e
