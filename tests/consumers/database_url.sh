#!/usr/bin/env bash
# Atmos's database URL: libpq takes it as it is. A login and its outcome for each line of standard input.
set -euo pipefail

while read -r _; do
    url=$(aws secretsmanager get-secret-value --secret-id "$SECRET" --query SecretString --output text)
    if said=$(psql "$url" --no-psqlrc --no-password --command 'SELECT 1' 2>&1); then
        echo ok
    elif [[ $said == *"password authentication failed"* ]]; then
        echo refused
    else
        echo "$said" >&2
        exit 1
    fi
done
