#!/bin/sh
# From a log to its result by curl: submit, wait, timeline, stream, cancel, redrive, export.
# HEIMDALL_URL, HEIMDALL_STREAM_URL, HEIMDALL_USER and HEIMDALL_PASSWORD say where and as whom; the
# defaults are those of `make up`.
set -eu
url=${HEIMDALL_URL:-http://127.0.0.1:8000}/api/v1
streams=${HEIMDALL_STREAM_URL:-http://127.0.0.1:8001}/stream
login=${HEIMDALL_USER:-operator}:${HEIMDALL_PASSWORD:-heimdall-demo}

ask() { curl --silent --show-error --fail-with-body --user "$login" --header 'Content-Type: application/json' "$@"; }
field() { sed -nE "s/.*\"$1\": ?\"?([^\",}]*).*/\\1/p" | head -n 1; }

echo '--- submit'
accepted=$(ask "$url/analysis/request" --header "Idempotency-Key: example-$$" --data '{
  "log_content": "2026-11-21 09:14:57 ERROR orders: Connection is not available, request timed out",
  "service_name": "orders", "environment": "production", "priority": "HIGH"}')
echo "$accepted"
id=$(echo "$accepted" | field analysis_id)

echo '--- follow live, for at most a few seconds (the stream ends by itself when the job has ended)'
curl --silent --no-buffer --max-time "${FOLLOW:-5}" --user "$login" "$streams/jobs/$id" || test $? = 28

echo '--- result, timeline'
ask "$url/analysis/result/$id"; echo
ask "$url/jobs/$id/timeline"; echo

echo '--- cancel a job of low priority'
other=$(ask "$url/analysis/request" --data '{"log_content": "WARN slow", "service_name": "orders",
  "environment": "production", "priority": "LOW"}' | field analysis_id)
ask "$url/jobs/$other/cancel" --data '{"reason": "not needed any more"}' || echo '  (it had ended already: 409)'

echo '--- what would a redrive of all that failed in orders do?'
ask "$url/jobs/redrive" --data '{"filters": {"status": ["FAILED", "CANCELLED"], "service": "orders"}, "dry_run": true}'
echo
echo '--- send the cancelled one again'
ask "$url/jobs/$other/redrive" --header "Idempotency-Key: again-$$" --data '{"reason": "needed after all"}' ||
  echo '  (it has its result: 409)'

echo '--- figures, and the list as a file'
ask "$url/jobs/stats" >/dev/null
ask "$url/jobs/export?format=csv&service=orders" --output "${OUT:-jobs.csv}"
echo "${OUT:-jobs.csv}: $(wc -l <"${OUT:-jobs.csv}") lines"
