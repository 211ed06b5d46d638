#!/bin/sh
# Once, before the first `docker compose up`: passwords, a keyring, and a certificate for nobody but yourself.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets/tls
[ -e secrets/postgres.env ] || {
    password=$(openssl rand -hex 24)
    printf 'POSTGRES_USER=gateway\nPOSTGRES_DB=gateway\nPOSTGRES_PASSWORD=%s\n' "$password" > secrets/postgres.env
    printf 'DATABASE_URL=postgresql://gateway:%s@postgres/gateway\nREDIS_URL=redis://valkey:6379/0\n' "$password" > secrets/gateway.env
}
[ -e secrets/tls/tls.key ] || openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=api.example.com \
    -addext subjectAltName=DNS:api.example.com -keyout secrets/tls/tls.key -out secrets/tls/tls.crt 2> secrets/tls/log
# Made by the image itself, and readable for its user.
[ -e secrets/keyring.json ] || docker run --rm --entrypoint sh gateway:local -c \
    'gateway keys init /tmp/keyring.json > /dev/null && cat /tmp/keyring.json' > secrets/keyring.json
chmod 644 secrets/keyring.json
