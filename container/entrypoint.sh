#!/bin/sh
# Starts Cairn in a container. Secrets in the environment are written into the secrets file at the first start; the missing ones are made
# then, and printed once. Later starts print no secret, and never replace one.
set -eu

umask 077
is_first=false
if [ ! -e "$DEV_VARS" ]; then
  is_first=true
  for name in ACCOUNT_ID ROOT_TOKEN_ID ROOT_TOKEN MASTER_KEY OLD_MASTER_KEYS QUEUES_API_TOKEN; do
    eval "value=\${$name:-}"
    case $value in *\'*) echo "$name must not contain a single quote." >&2; exit 1 ;; esac
    if [ -n "$value" ]; then printf "%s='%s'\n" "$name" "$value" >>"$DEV_VARS"; fi
  done
fi
given=${ROOT_TOKEN:-}
unset ACCOUNT_ID ROOT_TOKEN_ID ROOT_TOKEN MASTER_KEY OLD_MASTER_KEYS QUEUES_API_TOKEN

bin=${CAIRN_BIN:-/app/node_modules/cairn/dist/cli/bin.js}
if [ "$is_first" = true ] && [ -z "$given" ] && [ "${1:-serve}" = serve ]; then
  echo 'These credentials are printed once. They are kept in the volume.'
  CAIRN_HOST=127.0.0.1 node "$bin" credentials
fi
exec node "$bin" "$@"
