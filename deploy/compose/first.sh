#!/bin/sh
# Once, before the first `docker compose up`: passwords, a keyring, and a certificate for nobody but yourself. What is there is kept.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets/gateway secrets/tls

# Writes a file whole or not at all: what broke off is made the next time.
keep() {
    cat > "$1.new"
    [ -s "$1.new" ] || { echo "first.sh: $1 could not be made" >&2; exit 1; }
    mv "$1.new" "$1"
}

[ -e secrets/gateway/DATABASE_URL ] || {
    password=$(openssl rand -hex 24) key=$(openssl rand -hex 24)
    printf 'POSTGRES_USER=gateway\nPOSTGRES_DB=gateway\nPOSTGRES_PASSWORD=%s\n' "$password" | keep secrets/postgres.env
    printf 'SANDBOX_SERVICE_KEY=%s\n' "$key" | keep secrets/sandbox.env
    printf '%s' "$key" | keep secrets/gateway/AUTH_SERVICE_KEY
    printf 'redis://valkey:6379/0' | keep secrets/gateway/REDIS_URL
    printf 'postgresql://gateway:%s@postgres/gateway' "$password" | keep secrets/gateway/DATABASE_URL
}
[ -e secrets/tls/tls.crt ] || {
    openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=api.example.com \
        -addext subjectAltName=DNS:api.example.com -keyout secrets/tls/tls.key -out secrets/tls/new.crt 2> secrets/tls/log
    mv secrets/tls/new.crt secrets/tls/tls.crt
}
# Made by the image itself.
[ -e secrets/gateway/keyring.json ] || docker run --rm --entrypoint sh gateway:local -c \
    'gateway keys init /tmp/keyring.json > /dev/null && cat /tmp/keyring.json' | keep secrets/gateway/keyring.json
# Whoever may not look into secrets/ gets no further; the image's user has to read what is mounted from it.
chmod 755 secrets/gateway
chmod 644 secrets/gateway/*
