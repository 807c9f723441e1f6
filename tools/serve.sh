#!/usr/bin/env bash
# Start the app on 127.0.0.1:$PORT (8501 unless told otherwise) and print its address. Ctrl-C stops it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PORT=${PORT:-8501}

if ! [[ $PORT =~ ^[0-9]{1,5}$ ]] || ((10#$PORT < 1 || 10#$PORT > 65535)); then
    echo "PORT must be a number from 1 to 65535, got '$PORT'." >&2
    exit 2
fi
PORT=$((10#$PORT))
if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
    echo "Port $PORT is taken: perhaps SenseCF already runs at http://127.0.0.1:$PORT. Stop that program, or choose another port: make run PORT=$((PORT + 1))" >&2
    exit 1
fi

# It prints its address, with the token that a browser has to show once.
exec .venv/bin/python -m sensecf_core.ui.server --port "$PORT"
