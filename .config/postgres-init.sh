#!/bin/sh
# Run by the postgres image when its volume is new: makes the roles and gives them the passwords of the environment.
set -eu

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --file=/tenantry/roles.sql

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\getenv owner_password TENANTRY_OWNER_PASSWORD
\getenv app_password TENANTRY_APP_PASSWORD
\getenv worker_password TENANTRY_WORKER_PASSWORD
\getenv keys_password TENANTRY_KEYS_PASSWORD
\getenv operator_password TENANTRY_OPERATOR_PASSWORD
alter role tenantry_owner password :'owner_password';
alter role tenantry_app password :'app_password';
alter role tenantry_worker password :'worker_password';
alter role tenantry_keys password :'keys_password';
alter role tenantry_operator password :'operator_password';
SQL
