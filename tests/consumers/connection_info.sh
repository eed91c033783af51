#!/usr/bin/env bash
# Atmos's connection document, taken apart by jq. A login and its outcome for each line of standard input.
set -euo pipefail

while read -r _; do
    secret=$(aws secretsmanager get-secret-value --secret-id "$SECRET" --query SecretString --output text)
    member() { jq --raw-output ".$1" <<<"$secret"; }
    PGHOST=$(member host) PGPORT=$(member port) PGDATABASE=$(member database) PGUSER=$(member username) PGPASSWORD=$(member password)
    export PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD
    if said=$(psql --no-psqlrc --no-password --command 'SELECT 1' 2>&1); then
        echo ok
    elif [[ $said == *"password authentication failed"* ]]; then
        echo refused
    else
        echo "$said" >&2
        exit 1
    fi
done
