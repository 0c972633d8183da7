#!/bin/sh
# Writes deploy/.env from .env.example, with passwords made by this machine. One that is there stays as it is.
set -eu
cd "$(dirname "$0")"

[ ! -e .env ] || { echo "deploy/.env is there already" >&2; exit 1; }
umask 077
made() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
while IFS= read -r line; do
    case $line in
        *_PASSWORD= | QDRANT_API_KEY=) printf '%s%s\n' "$line" "$(made)" ;;
        *) printf '%s\n' "$line" ;;
    esac
done <.env.example >.env.new
mv .env.new .env
echo "deploy/.env is written; GRAFANA_PASSWORD in it is for the user admin"
